using System.Collections;
using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>
/// A parameter for each key of a configuration. <c>ConfigurationDocumentsTests</c> makes it from the table of keys: what
/// is to be different is changed there.
/// </summary>
public abstract class ConfigurationParametersCmdlet : AsyncCmdlet
{
    private protected ConfigurationParametersCmdlet()
    {
    }

    /// <summary>Delete from the mirror what the sources no longer have.</summary>
    [Parameter]
    public SwitchParameter DeleteExtraneous { get; set; }

    /// <summary>What is left out, as rsync's exclude patterns.</summary>
    [Parameter]
    public string[]? ExcludePattern { get; set; }

    /// <summary>Keep hard links as hard links ('rsync -H').</summary>
    [Parameter]
    public SwitchParameter HardLinks { get; set; }

    /// <summary>rsync's include patterns.</summary>
    [Parameter]
    public string[]? IncludePattern { get; set; }

    /// <summary>
    /// Files with a pattern a line, as rsync's '--exclude-from' reads them: a line is an exclude pattern, '+ ' before it makes it
    /// an include pattern, empty lines and those that begin with '#' or ';' are ignored.
    /// </summary>
    [Parameter]
    public string[]? PatternFile { get; set; }

    /// <summary>
    /// Delete from the mirror what the patterns exclude, as if the sources no longer had it ('rsync --delete-excluded'), within
    /// 'maxDelete'.
    /// </summary>
    [Parameter]
    public SwitchParameter DeleteExcluded { get; set; }

    /// <summary>
    /// What becomes of a run when rsync could not copy single entries (exit code 23), such as a file that nobody may read: 'stop'
    /// fails stage 1 and skips stage 2; 'continue' lets stage 2 send what the mirror has, without deleting anything, and the run
    /// is at best 'SucceededWithWarnings'.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? OnPartial { get; set; }

    /// <summary>Owners and groups in the mirror.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? Ownership { get; set; }

    /// <summary>Keep access control lists ('rsync -A').</summary>
    [Parameter]
    public SwitchParameter Acls { get; set; }

    /// <summary>Keep extended attributes ('rsync -X').</summary>
    [Parameter]
    public SwitchParameter ExtendedAttributes { get; set; }

    /// <summary>Compare contents by checksum in every run instead of by size and time ('rsync -c').</summary>
    [Parameter]
    public SwitchParameter Checksum { get; set; }

    /// <summary>Compare contents by checksum in the first run, and then in the first run after this time.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ChecksumEvery { get; set; }

    /// <summary>The most bytes a second, at least 1024: a number, or text such as '10MiB' or '500kB'.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? BandwidthLimit { get; set; }

    /// <summary>Keep owners and groups by number instead of by name.</summary>
    [Parameter]
    public SwitchParameter NumericIds { get; set; }

    /// <summary>
    /// Write changes into the mirror's files instead of replacing the files: less room and fewer writes for large files, but a
    /// file is inconsistent while it is written and after a run that was stopped in it, until the next run.
    /// </summary>
    [Parameter]
    public SwitchParameter Inplace { get; set; }

    /// <summary>Keep runs of zeros as holes.</summary>
    [Parameter]
    public SwitchParameter Sparse { get; set; }

    /// <summary>Further rsync arguments.</summary>
    [Parameter]
    public string[]? ExtraArgument { get; set; }

    /// <summary>
    /// How much one run may delete, in the mirror and in the bucket: a number of entries ('100'), a share of what is there
    /// ('25%'), or 'default': half of what is there or 100 entries, whichever is more.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxDelete { get; set; }

    /// <summary>
    /// How many files that S3 has may come with new content in one run, as after an attack that encrypts everything: a number
    /// ('1000'), a share ('25%'), the larger of both ('60% or 500', which 'New-BackupConfiguration' writes), or 'off'.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxChange { get; set; }

    /// <summary>How many drives take turns at 'localDestination'.</summary>
    [Parameter]
    public int Drives { get; set; }

    /// <summary>
    /// Demand that the mirror is on another file system than '/', so that a drive that is not mounted is noticed.
    /// </summary>
    [Parameter]
    public SwitchParameter RequireMountPoint { get; set; }

    /// <summary>
    /// What becomes of a run when the mirror's drive is not there: 'fail', or 'skip', for a drive that is away for days: the run
    /// is 'Skipped', with exit code 0 and without a message, and 'maxAge' tells when the last backup is too old.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? WhenAbsent { get; set; }

    /// <summary>
    /// How long a run waits for the mirror's drive to be there, for a NAS that has to wake up or a drive that is just being
    /// mounted.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? WakeWait { get; set; }

    /// <summary>The rsync program, an absolute path.</summary>
    [Parameter]
    public string? RsyncPath { get; set; }

    /// <summary>
    /// The storage class of new objects: 'STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER',
    /// 'DEEP_ARCHIVE' or 'REDUCED_REDUNDANCY'.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? StorageClass { get; set; }

    /// <summary>What every key starts with.</summary>
    [Parameter]
    [Alias("Prefix")]
    public string? KeyPrefix { get; set; }

    /// <summary>How many of the newest dated snapshots are kept, from 1.</summary>
    [Parameter]
    public int KeepLast { get; set; }

    /// <summary>Of how many days with snapshots the newest one is kept.</summary>
    [Parameter]
    public int KeepDaily { get; set; }

    /// <summary>Of how many weeks (ISO 8601: Monday to Sunday) with snapshots the newest one is kept.</summary>
    [Parameter]
    public int KeepWeekly { get; set; }

    /// <summary>Of how many months with snapshots the newest one is kept.</summary>
    [Parameter]
    public int KeepMonthly { get; set; }

    /// <summary>Of how many years with snapshots the newest one is kept.</summary>
    [Parameter]
    public int KeepYearly { get; set; }

    /// <summary>Delete from the bucket, under the prefix, what the mirror no longer has.</summary>
    [Parameter]
    public SwitchParameter DeleteFromS3 { get; set; }

    /// <summary>
    /// With 'deleteFromS3': how long S3 keeps a file after the run that found it gone from the mirror, also in buckets that keep
    /// no versions.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? DeleteAfter { get; set; }

    /// <summary>How differences are found: 'auto' takes the cheapest way that is safe.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? SyncMode { get; set; }

    /// <summary>How often at least the mirror is compared with a full listing.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ReconcileEvery { get; set; }

    /// <summary>How many requests to S3 may be in flight, 1 to 1024.</summary>
    [Parameter]
    [Alias("ThrottleLimit")]
    public int RequestLimit { get; set; }

    /// <summary>
    /// The storage class of objects under 128 KiB, 'STANDARD', 'INTELLIGENT_TIERING' or 'REDUCED_REDUNDANCY', when 'storageClass'
    /// is 'STANDARD_IA', 'ONEZONE_IA' or 'GLACIER_IR': those bill each object as at least 128 KiB.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? SmallObjectStorageClass { get; set; }

    /// <summary>
    /// The checksum with which S3 verifies each upload, and which it keeps with the object: 'CRC32', 'CRC64NVME' or 'SHA256'.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ChecksumAlgorithm { get; set; }

    /// <summary>
    /// Which folders get an object of their own, whose key ends in '/': 'empty' those with nothing in them, 'all' each one, so
    /// that its owner, permissions and time are kept, or 'none'.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? DirectoryMarkers { get; set; }

    /// <summary>rsync patterns of what does not go to S3 although it is in the mirror.</summary>
    [Parameter]
    public string[]? S3ExcludePattern { get; set; }

    /// <summary>Tags of every object that is written: at most 10, keys up to 128 and values up to 256 characters.</summary>
    [Parameter]
    public Hashtable? Tag { get; set; }

    /// <summary>
    /// Bytes a second that stage 2 may send, at least 1024: a number, or text such as '10MiB'; or a timetable in
    /// 'schedule.timezone' such as '08:00 1MiB, 18:00 4MiB, 23:00 off', which a run follows under way.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? S3BandwidthLimit { get; set; }

    /// <summary>
    /// Bytes that may be sent to S3 on one day (of 'schedule.timezone', else the machine's), over all runs of the job: a number,
    /// or text such as '20GiB', at least 1 MiB.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxUpload { get; set; }

    /// <summary>The run ends when nothing has moved for that long.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? S3Timeout { get; set; }

    /// <summary>When objects go to which storage class, such as to 'GLACIER_IR' after 90 days.</summary>
    [Parameter]
    public object[]? LifecycleTransition { get; set; }

    /// <summary>
    /// Objects of fewer bytes are not moved: most classes bill each object as at least 128 KiB, or 40 KiB more than it has.
    /// </summary>
    [Parameter]
    public int LifecycleSmallestSize { get; set; }

    /// <summary>
    /// After how many days without being current a version goes for good, and with the last version of a deleted object its
    /// delete marker.
    /// </summary>
    [Parameter]
    public int NoncurrentExpireAfterDays { get; set; }

    /// <summary>
    /// How many of the newest noncurrent versions of each object stay although they have expired, 1 to 100; those of a deleted
    /// object stay for ever.
    /// </summary>
    [Parameter]
    public int NoncurrentKeepNewest { get; set; }

    /// <summary>When noncurrent versions go to which storage class.</summary>
    [Parameter]
    public object[]? NoncurrentTransition { get; set; }

    /// <summary>After how many days S3 gives up uploads in parts that nobody completed, whose parts are paid for.</summary>
    [Parameter]
    public int AbortUnfinishedUploadsAfterDays { get; set; }

    /// <summary>
    /// What becomes of new permissions, owners and times of a file whose object is in an archive, where S3 cannot change them:
    /// 'keep' keeps them in the job's catalog, and a restore on this machine sets them; 'upload' sends the whole file again.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ArchivedAttributes { get; set; }

    /// <summary>The bucket must keep versions, so that what is replaced or deleted can be brought back.</summary>
    [Parameter]
    public SwitchParameter RequireVersioning { get; set; }

    /// <summary>
    /// Who may undo a lock before its time: with 'governance' whoever has the right 's3:BypassGovernanceRetention', with
    /// 'compliance' nobody, not even you.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ObjectLockMode { get; set; }

    /// <summary>For how many days from when it is written an object is locked.</summary>
    [Parameter]
    public int ObjectLockDays { get; set; }

    /// <summary>Whether a run renews the locks of which less than half of the days is left.</summary>
    [Parameter]
    public SwitchParameter ObjectLockRenew { get; set; }

    /// <summary>The bucket's region.</summary>
    [Parameter]
    [Alias("RegionToCall")]
    [ArgumentCompleter(typeof(RegionCompleter))]
    public string? Region { get; set; }

    /// <summary>The endpoint of an S3-compatible store: 'https://' or 'http://', host and port, nothing else.</summary>
    [Parameter]
    public string? EndpointUrl { get; set; }

    /// <summary>Address the bucket by path ('host/bucket') instead of by host name ('bucket.host').</summary>
    [Parameter]
    public SwitchParameter ForcePathStyle { get; set; }

    /// <summary>'whenSupported' sends a CRC32 with every upload, and Content-MD5 to a store that refuses it.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? ChecksumMode { get; set; }

    /// <summary>The profile of the shared AWS configuration files.</summary>
    [Parameter]
    [Alias("StoredCredentials", "AWSProfileName")]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string? ProfileName { get; set; }

    /// <summary>
    /// 'SSE-S3' uses keys of S3's own, 'SSE-KMS' those of the Key Management Service, 'DSSE-KMS' the latter in two layers.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? EncryptionMode { get; set; }

    /// <summary>The id, ARN or alias of the KMS key; only with 'SSE-KMS' and 'DSSE-KMS'.</summary>
    [Parameter]
    public string? KmsKeyId { get; set; }

    /// <summary>Ask KMS once a bucket and not once an object, which costs less; only with 'SSE-KMS'.</summary>
    [Parameter]
    public SwitchParameter BucketKey { get; set; }

    /// <summary>The 12 digits of the account that must own the bucket.</summary>
    [Parameter]
    public string? ExpectedBucketOwner { get; set; }

    /// <summary>Use AWS's endpoint that has IPv6 addresses too.</summary>
    [Parameter]
    public SwitchParameter UseDualStack { get; set; }

    /// <summary>Use AWS's endpoint with cryptography that is validated by FIPS 140; not every region has one.</summary>
    [Parameter]
    public SwitchParameter UseFips { get; set; }

    /// <summary>
    /// Use AWS's endpoint for transfer acceleration, which the bucket must allow and which costs more; the estimates know nothing
    /// of that.
    /// </summary>
    [Parameter]
    public SwitchParameter UseAccelerate { get; set; }

    /// <summary>Say with each request that whoever makes it pays for it, as the owner of a bucket may ask for.</summary>
    [Parameter]
    public SwitchParameter RequesterPays { get; set; }

    /// <summary>
    /// Five fields: minute (0–59), hour (0–23), day of month (1–31), month (1–12), day of week (0–7, 0 and 7 are Sunday).
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? CronExpression { get; set; }

    /// <summary>
    /// The IANA time zone ('America/New_York') in which the expression, and date tokens in 's3Prefix', are meant; Windows' own
    /// names are known as well.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    public string? TimeZone { get; set; }

    /// <summary>How old the last good run may be: the last one in which every stage of the job succeeded.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxAge { get; set; }

    /// <summary>
    /// The time of the day (of 'schedule.timezone', else the machine's) at which a run ends, done or not: as 'Paused', and the
    /// next one goes on.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? StopAt { get; set; }

    /// <summary>
    /// Keep the machine from going to sleep by itself while a run lasts, on Linux with systemd also by a user's command.
    /// </summary>
    [Parameter]
    public SwitchParameter KeepAwake { get; set; }

    /// <summary>How the copies are tested by a schedule.</summary>
    [Parameter]
    public object[]? Test { get; set; }

    /// <summary>Run before the first stage.</summary>
    [Parameter]
    public object? BeforeHook { get; set; }

    /// <summary>Run after a run that succeeded, with or without warnings.</summary>
    [Parameter]
    public object? AfterSuccessHook { get; set; }

    /// <summary>Run after a run that failed, was refused by a guard, or was cancelled.</summary>
    [Parameter]
    public object? AfterFailureHook { get; set; }

    /// <summary>Run last, however the run ended, and after the notifications.</summary>
    [Parameter]
    public object? FinallyHook { get; set; }

    /// <summary>Who is told how a run ended.</summary>
    [Parameter]
    public object[]? Notification { get; set; }

    /// <summary>How long the job's history ('Get-BackupHistory') keeps a run and its log.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? HistoryRetention { get; set; }

    /// <summary>How often a stage is tried in all, from 1 (never again) to 100.</summary>
    [Parameter]
    public int RetryAttempts { get; set; }

    /// <summary>The wait before the second try.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? RetryDelay { get; set; }

    /// <summary>Tell the system's own log too: that a run starts, how it ends, its warnings and errors.</summary>
    [Parameter]
    public SwitchParameter SystemLog { get; set; }

    /// <summary>The folder that the textfile collector of node_exporter or windows_exporter reads.</summary>
    [Parameter]
    public string? MetricPath { get; set; }

    /// <summary>The currency of all prices, three letters.</summary>
    [Parameter]
    public string? PriceCurrency { get; set; }

    /// <summary>
    /// What counts where these keys say nothing: 'aws-us-east-1', the list prices of AWS that the module knows, with their
    /// smallest sizes and days; or 'none', for another store: what is not given costs nothing then.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? PriceTable { get; set; }

    /// <summary>What a GB costs a month, by storage class.</summary>
    [Parameter]
    public Hashtable? StoragePrice { get; set; }

    /// <summary>What 1,000 requests cost that write (PUT, COPY, POST), by storage class.</summary>
    [Parameter]
    public Hashtable? PutRequestPrice { get; set; }

    /// <summary>What 1,000 requests cost that read (GET, HEAD), by storage class.</summary>
    [Parameter]
    public Hashtable? GetRequestPrice { get; set; }

    /// <summary>What it costs to read a GB of a storage class.</summary>
    [Parameter]
    public Hashtable? RetrievalPrice { get; set; }

    /// <summary>What 1,000 requests cost that bring objects back from an archive, by the same names.</summary>
    [Parameter]
    public Hashtable? RetrievalRequestPrice { get; set; }

    /// <summary>What a GB costs that leaves the store.</summary>
    [Parameter]
    public decimal TransferOutPrice { get; set; }

    /// <summary>For how many days at least an object is billed, by storage class.</summary>
    [Parameter]
    public Hashtable? MinimumBilledDays { get; set; }
}
