using System.Collections.Immutable;

namespace RsyncS3Backup;

/// <summary>One job: what <c>docs/configuration.md</c> describes, as read from a file. Immutable.</summary>
public sealed record BackupConfiguration
{
    internal static TimeSpan DefaultHistoryRetention { get; } = TimeSpan.FromDays(400);

    /// <summary>The job's name: <c>name</c>, or the file's name without its extension.</summary>
    public required string Name { get; init; }

    /// <summary>Always <c>rsync-to-s3</c>.</summary>
    public string BackupType { get; init; } = "rsync-to-s3";

    /// <summary>What is backed up; at least one.</summary>
    public required IReadOnlyList<BackupSource> Sources { get; init; }

    /// <summary>How it is backed up.</summary>
    public required BackupOptions Options { get; init; }

    /// <summary>Where stage 2 goes; null only in a job whose stage 2 is disabled.</summary>
    public S3Destination? Destination { get; init; }

    /// <summary>When the job is due; null for a job that is started by hand.</summary>
    public BackupScheduleOptions? Schedule { get; init; }

    /// <summary>How old the last run may be that did all of the job; null: twice the longest gap of the schedule, if there is one.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>The time of the day, in the schedule's zone, at which a run ends, done or not: <c>07:00</c>; null: none.</summary>
    public string? StopAt { get; init; }

    /// <summary>Whether the machine is kept from going to sleep while a run lasts.</summary>
    public bool KeepAwake { get; init; }

    /// <summary>How its copies are tested by a schedule (<c>Register-BackupSchedule -Task Test</c>).</summary>
    public IReadOnlyList<TestOptions> Tests { get; init; } = [];

    /// <summary>What is run around the stages; null: nothing.</summary>
    public HookOptions? Hooks { get; init; }

    /// <summary>Who is told how a run ended.</summary>
    public IReadOnlyList<NotificationOptions> Notifications { get; init; } = [];

    /// <summary>How long the job's history keeps a run. Default: 400 days.</summary>
    public TimeSpan HistoryRetention { get; init; } = DefaultHistoryRetention;

    /// <summary>When a stage is tried again after a fault of the network or of the store; null: as <see cref="RetryOptions"/> says by itself.</summary>
    public RetryOptions? Retry { get; init; }

    /// <summary>Where a run is logged beside its own log file.</summary>
    public LogOptions Log { get; init; } = new();

    /// <summary>Where each run leaves the job's figures for a monitoring system; null: nowhere.</summary>
    public MetricOptions? Metrics { get; init; }

    /// <summary>What the store asks for, where that is not what the module's own table says; null: what that says.</summary>
    public PriceOptions? Prices { get; init; }

    /// <summary>The file it was read from; null for one made in memory.</summary>
    public string? Path { get; init; }

    /// <summary>The other files that it takes values from, absolute: what it extends, and the defaults of its folder.</summary>
    internal IReadOnlyList<string> BaseFiles { get; init; } = [];

    /// <summary>Every file that has a part in it.</summary>
    internal IEnumerable<string> Files => Path is null ? BaseFiles : BaseFiles.Prepend(Path);

    /// <summary>The job's name.</summary>
    public override string ToString() => Name;
}

/// <summary>
/// The <c>retry</c> of a job: how stage 2 goes on after a fault that may pass, such as a lost connection or a store that is overloaded. What
/// another try would meet again (denied access, a bucket that does not exist, a guard) is never tried again. Stage 1 is tried again when the
/// machine of a source was not reached and nothing was copied yet.
/// </summary>
public sealed record RetryOptions
{
    /// <summary>How often a stage is tried in all; 1: never again. Default: 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>The wait before the second try; each further one is twice as long, and never more than an hour or this. Default: 10 seconds.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The <c>metrics</c> of a job.</summary>
public sealed record MetricOptions
{
    /// <summary>The folder that the job's file of metrics is written to.</summary>
    public required string Path { get; init; }
}

/// <summary>The <c>log</c> of a job.</summary>
public sealed record LogOptions
{
    /// <summary>Tell the system's own log (the journal of systemd, or syslog; the event log of Windows) of start, end, warnings and errors. Default: false.</summary>
    public bool System { get; init; }
}

/// <summary>One source of a job.</summary>
public sealed record BackupSource
{
    /// <summary>
    /// The folder, absolute; or a folder on another machine: <c>[user@]host:path</c> (ssh), <c>[user@]host::module/path</c> or
    /// <c>rsync://[user@]host[:port]/module/path</c> (an rsync daemon).
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The source's folder in the mirror when a job has several sources; null: the last part of <see cref="Path"/>.</summary>
    public string? Name { get; init; }

    /// <summary>rsync exclude patterns of this source alone; they come before those of the job.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>How ssh reaches the source's machine; null: as ssh's own configuration says.</summary>
    public SshOptions? Ssh { get; init; }

    /// <summary>The file whose first line is the password for an rsync daemon (rsync <c>--password-file</c>); null: none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The path.</summary>
    public override string ToString() => Path;
}

/// <summary>The <c>ssh</c> of a source. What is left out is as ssh's own configuration says.</summary>
public sealed record SshOptions
{
    /// <summary>The port.</summary>
    public int? Port { get; init; }

    /// <summary>The private key to log in with, and no other.</summary>
    public string? IdentityFile { get; init; }

    /// <summary>The file with the host's key, instead of the user's own.</summary>
    public string? KnownHostsFile { get; init; }

    /// <summary>How long to wait for the connection. Default: 30 seconds.</summary>
    public TimeSpan? ConnectTimeout { get; init; }
}

/// <summary>The <c>options</c> of a job.</summary>
public sealed record BackupOptions
{
    /// <summary>Stage 1, and inside it stage 2.</summary>
    public required RsyncOptions Rsync { get; init; }
}

/// <summary>The <c>options.rsync</c> of a job: stage 1.</summary>
public sealed record RsyncOptions
{
    /// <summary>The mirror's root folder, absolute.</summary>
    public required string LocalDestination { get; init; }

    /// <summary>Delete from the mirror what the sources no longer have. Default: false.</summary>
    public bool DeleteExtraneous { get; init; }

    /// <summary>rsync exclude patterns, with rsync's own meaning.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>Keep hard links as hard links (rsync <c>-H</c>). Default: false.</summary>
    public bool HardLinks { get; init; }

    /// <summary>rsync include patterns; they come before all exclude patterns, and the first pattern that matches counts.</summary>
    public IReadOnlyList<string> IncludePatterns { get; init; } = [];

    /// <summary>Files with exclude patterns, as rsync's <c>--exclude-from</c> reads them. They come last.</summary>
    public IReadOnlyList<string> PatternFiles { get; init; } = [];

    /// <summary>Delete from the mirror what the patterns exclude, as if the sources no longer had it.</summary>
    public bool DeleteExcluded { get; init; }

    /// <summary>What becomes of a run when rsync could not copy single entries (exit code 23).</summary>
    public PartialTransferAction OnPartial { get; init; }

    /// <summary>What becomes of owners and groups in the mirror. Default: kept where its drive keeps them.</summary>
    public MirrorOwnership Ownership { get; init; }

    /// <summary>The patterns of those pattern files that rsync itself would not read as what they are.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<string>> PatternsOfFiles { get; init; } =
        ImmutableSortedDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>What rsync is told because of what the mirror's drive can keep; null: that it keeps everything.</summary>
    internal IReadOnlyList<string>? DriveArguments { get; init; }

    /// <summary>Keep access control lists (rsync <c>-A</c>). Default: false.</summary>
    public bool Acls { get; init; }

    /// <summary>Keep extended attributes (rsync <c>-X</c>). Default: false.</summary>
    public bool ExtendedAttributes { get; init; }

    /// <summary>Compare contents by checksum in every run (rsync <c>-c</c>). Default: false.</summary>
    public bool Checksum { get; init; }

    /// <summary>Compare contents by checksum in the first run after this time; null: never.</summary>
    public TimeSpan? ChecksumEvery { get; init; }

    /// <summary>The most bytes a second; null: no limit, or a <see cref="BandwidthTimetable"/>.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>The limit as a timetable in the schedule's zone, e.g. <c>08:00 1MiB, 23:00 off</c>; null: it does not change.</summary>
    public string? BandwidthTimetable { get; init; }

    /// <summary>Keep owners and groups by number instead of by name. Default: false.</summary>
    public bool NumericIds { get; init; }

    /// <summary>Write into the mirror's files instead of replacing them. Default: false.</summary>
    public bool Inplace { get; init; }

    /// <summary>Keep runs of zeros as holes. Default: false.</summary>
    public bool Sparse { get; init; }

    /// <summary>Further rsync arguments, of those that leave the guards alone.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>How much one run may delete; applies to the mirror and to the bucket.</summary>
    public DeleteLimit MaxDelete { get; init; } = DeleteLimit.Default;

    /// <summary>How many files that S3 has may come with new content in one run; stage 2 refuses more. Default: off.</summary>
    public ChangeLimit MaxChange { get; init; }

    /// <summary>How many drives take turns at <see cref="LocalDestination"/>. Default: 1.</summary>
    public int Drives { get; init; } = 1;

    /// <summary>Demand that the mirror is on another file system than <c>/</c>. Default: false.</summary>
    public bool RequireMountPoint { get; init; }

    /// <summary>What becomes of a run when the mirror's drive is not there. Default: it fails.</summary>
    public AbsentMirrorAction WhenAbsent { get; init; }

    /// <summary>How long a run waits for the mirror's drive to be there; null: not at all.</summary>
    public TimeSpan? WakeWait { get; init; }

    /// <summary>The rsync program; null: the first one on the PATH.</summary>
    public string? RsyncPath { get; init; }

    /// <summary>Stage 2.</summary>
    public S3SyncOptions SyncToS3 { get; init; } = new();
}

/// <summary>The <c>options.rsync.syncToS3</c> of a job: stage 2.</summary>
public sealed record S3SyncOptions
{
    /// <summary>False makes a local-only job. Default: true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The storage class of new objects, one of <see cref="S3StorageClasses.All"/>. Default: STANDARD.</summary>
    public string StorageClass { get; init; } = S3StorageClasses.Standard;

    /// <summary>What every key starts with; may hold date tokens; null: <c>rsync/{job name}/</c>.</summary>
    public string? S3Prefix { get; init; }

    /// <summary>Delete from the bucket, under the prefix, what the mirror no longer has. Default: false.</summary>
    public bool DeleteFromS3 { get; init; }

    /// <summary>
    /// With <see cref="DeleteFromS3"/>: how long S3 keeps a file after the run that found it gone from the mirror; null: deleted at once.
    /// </summary>
    public TimeSpan? DeleteAfter { get; init; }

    /// <summary>How many of the newest dated snapshots are kept; null: this says nothing about any.</summary>
    public int? KeepLast { get; init; }

    /// <summary>Of how many days with snapshots the newest one is kept; null: of none.</summary>
    public int? KeepDaily { get; init; }

    /// <summary>Of how many weeks (ISO 8601) with snapshots the newest one is kept; null: of none.</summary>
    public int? KeepWeekly { get; init; }

    /// <summary>Of how many months with snapshots the newest one is kept; null: of none.</summary>
    public int? KeepMonthly { get; init; }

    /// <summary>Of how many years with snapshots the newest one is kept; null: of none.</summary>
    public int? KeepYearly { get; init; }

    /// <summary>How differences are found. Default: auto.</summary>
    public S3SyncMode SyncMode { get; init; } = S3SyncMode.Auto;

    /// <summary>How often at least the mirror is compared with a full listing. Default: 7 days.</summary>
    public TimeSpan ReconcileEvery { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How many requests may be in flight; null: chosen by the module.</summary>
    public int? ThrottleLimit { get; init; }

    /// <summary>
    /// The storage class of objects smaller than 128 KiB when <see cref="StorageClass"/> bills each object as at least that large; null: none.
    /// </summary>
    public string? SmallObjectStorageClass { get; init; }

    /// <summary>The checksum that goes with uploads, and that S3 keeps: CRC32, CRC64NVME or SHA256. Default: CRC32.</summary>
    public string ChecksumAlgorithm { get; init; } = S3ChecksumAlgorithms.Crc32;

    /// <summary>Which folders get an object of their own. Default: empty ones.</summary>
    public S3DirectoryMarkers DirectoryMarkers { get; init; } = S3DirectoryMarkers.Empty;

    /// <summary>What of the mirror does not go to S3, in rsync's patterns.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>Bytes a second that stage 2 may send; null: no limit, or a <see cref="BandwidthTimetable"/>.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>The limit as a timetable in the schedule's zone, e.g. <c>08:00 1MiB, 23:00 off</c>; null: it does not change.</summary>
    public string? BandwidthTimetable { get; init; }

    /// <summary>Bytes that stage 2 may send to S3 on one day of the schedule's zone; null: no limit.</summary>
    public long? MaxUpload { get; init; }

    /// <summary>A run ends when nothing has moved for that long. Default: 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Tags of every object that is written: at most 10, keys up to 128 and values up to 256 characters.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What S3 itself does with the objects as they grow old; null: nothing that the job knows of.</summary>
    public LifecycleOptions? Lifecycle { get; init; }

    /// <summary>What becomes of new attributes of a file whose object is in an archive. Default: they are kept in the catalog.</summary>
    public ArchivedAttributes ArchivedAttributes { get; init; } = ArchivedAttributes.Keep;

    /// <summary>What keeps the objects from being lost even when somebody has the job's credentials; null: nothing of the job's own.</summary>
    public ProtectionOptions? Protection { get; init; }
}

/// <summary>
/// What becomes of new attributes (a chmod, a touch) of a file whose object is in an archive: S3 changes those of an object by a copy, and copies
/// nothing that is archived.
/// </summary>
public enum ArchivedAttributes : long
{
    /// <summary>The job's catalog keeps them, and a restore that has the catalog sets them.</summary>
    Keep,

    /// <summary>The whole file is sent again.</summary>
    Upload,
}

/// <summary>Which folders get an object of their own, with a key that ends in a slash.</summary>
public enum S3DirectoryMarkers : long
{
    /// <summary>Those with nothing in them, which would be lost otherwise.</summary>
    Empty,

    /// <summary>All, so that owner, permissions and time of each are kept.</summary>
    All,

    /// <summary>None.</summary>
    None,
}

/// <summary>How stage 2 finds what is different.</summary>
public enum S3SyncMode : long
{
    /// <summary>The cheapest way that is safe.</summary>
    Auto,

    /// <summary>What stage 1 changed, against the catalog: reads neither the mirror's tree nor a listing.</summary>
    Journal,

    /// <summary>The mirror's tree against the catalog: no listing.</summary>
    Catalog,

    /// <summary>The mirror's tree, the catalog and a full listing of the bucket; heals both.</summary>
    Reconcile,
}

/// <summary>The <c>destination</c> of a job: the bucket and how to reach it. Credentials are never in it.</summary>
public sealed record S3Destination
{
    /// <summary>The bucket's name.</summary>
    public required string Bucket { get; init; }

    /// <summary>The bucket's region; null: what the profile or the environment says.</summary>
    public string? Region { get; init; }

    /// <summary>The endpoint of an S3-compatible store; null: AWS.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>Address the bucket by path instead of by host name; null: by path when there is an endpoint of its own.</summary>
    public bool? ForcePathStyle { get; init; }

    /// <summary>Whether checksums go with every request or only where S3 demands one. Default: whenSupported.</summary>
    public S3ChecksumMode ChecksumMode { get; init; } = S3ChecksumMode.WhenSupported;

    /// <summary>The profile of the shared AWS configuration; null: the SDK's own chain.</summary>
    public string? Profile { get; init; }

    /// <summary>How S3 encrypts new objects; null: as the bucket's own settings say.</summary>
    public S3Encryption? Encryption { get; init; }

    /// <summary>The 12-digit account that must own the bucket; S3 refuses every request when another one does. Null: not checked.</summary>
    public string? ExpectedBucketOwner { get; init; }

    /// <summary>Use AWS's endpoint that has IPv6 addresses too; null: as the profile or the environment says.</summary>
    public bool? UseDualStack { get; init; }

    /// <summary>Use AWS's endpoint with FIPS 140 validated cryptography; null: as the profile or the environment says.</summary>
    public bool? UseFips { get; init; }

    /// <summary>Use AWS's endpoint for transfer acceleration; null: no.</summary>
    public bool? UseAccelerate { get; init; }

    /// <summary>Say with each request that whoever makes it pays for it.</summary>
    public bool RequesterPays { get; init; }

    /// <summary>The bucket's name.</summary>
    public override string ToString() => Bucket;
}

/// <summary>The <c>destination.encryption</c> of a job: what S3 encrypts new objects with.</summary>
public sealed record S3Encryption
{
    /// <summary>The AWS account that must own the bucket, or whose keys are used.</summary>
    public required S3EncryptionMode Mode { get; init; }

    /// <summary>The id, ARN or alias of the KMS key; null: the account's own key for S3.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Ask KMS once a bucket and not once an object; null: as the bucket's own settings say.</summary>
    public bool? BucketKey { get; init; }
}

/// <summary>Who holds the keys that S3 encrypts objects with.</summary>
public enum S3EncryptionMode : long
{
    /// <summary>S3 itself (SSE-S3).</summary>
    SseS3,

    /// <summary>The Key Management Service (SSE-KMS).</summary>
    SseKms,

    /// <summary>The Key Management Service, in two layers (DSSE-KMS).</summary>
    DsseKms,
}

/// <summary>When checksums are sent; stores that know no trailing checksums need <see cref="WhenRequired"/>.</summary>
public enum S3ChecksumMode : long
{
    /// <summary>A CRC32 with every upload.</summary>
    WhenSupported,

    /// <summary>Content-MD5 only, which every store verifies.</summary>
    WhenRequired,
}

/// <summary>The <c>schedule</c> of a job.</summary>
public sealed record BackupScheduleOptions
{
    /// <summary>Five fields, as in cron.</summary>
    public required string CronExpression { get; init; }

    /// <summary>The IANA time zone in which the expression is meant; null: the machine's.</summary>
    public string? Timezone { get; init; }
}
