using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Ownership;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Lists the jobs of the job folders, a <see cref="BackupJob"/> for each, broken ones among them; or the jobs of all machines that back up into a bucket, a
/// <see cref="BackupBucketJob"/> for each.
/// </summary>
[Cmdlet(VerbsCommon.Get, "BackupJob", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupJob), ParameterSetName = [ByName])]
[OutputType(typeof(BackupBucketJob), ParameterSetName = [ByBucket])]
public sealed class GetBackupJobCommand : NamedJobsCmdlet, IJobParameters, IBucketParameters, IConnectionParameters
{
    private readonly JobInput jobs;
    private readonly GivenKeys keys;
    private readonly GivenBucket bucket;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupJobCommand()
    {
        jobs = new JobInput(this, Errors);
        keys = new GivenKeys(this, Errors);
        bucket = new GivenBucket(this);
    }

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>The bucket whose jobs are listed, whichever machines they are of.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByBucket)]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>What the jobs' keys start with. Default: the whole bucket.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("Prefix")]
    [AllowEmptyString]
    public string KeyPrefix { get; set; } = "";

    /// <summary>The bucket's region. Default: what the profile or the environment says.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("RegionToCall")]
    [ArgumentCompleter(typeof(RegionCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Region { get; set; }

    /// <summary>The profile of the shared AWS files. Default: the AWS SDK's own chain.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("StoredCredentials", "AWSProfileName")]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? ProfileName { get; set; }

    /// <summary>The endpoint of an S3-compatible store. Default: AWS.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [ValidateNotNullOrEmpty]
    public string? EndpointUrl { get; set; }

    /// <summary>Address the bucket by path instead of by host name. Default: by path when there is an endpoint of its own.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    public SwitchParameter ForcePathStyle { get; set; }

    /// <summary>An access key as user name and its secret key as password. Default: the AWS SDK's own chain, or the profile.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The access key id; goes with <see cref="SecretKey"/>.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("AK")]
    public string? AccessKey { get; set; }

    /// <summary>The secret access key. It stays in the shell's history: prefer <see cref="Credential"/>.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("SK", "SecretAccessKey")]
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [Alias("ST")]
    public string? SessionToken { get; set; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    public SwitchParameter AllowInsecureEndpoint { get; set; }

    // Nothing is sent.
    S3ChecksumMode IBucketParameters.ChecksumMode => S3ChecksumMode.WhenSupported;

    /// <inheritdoc/>
    protected override void BeginProcessing() => keys.Read();

    /// <inheritdoc/>
    protected override void ProcessRecord() => Named.Add(this);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName == ByBucket)
        {
            Errors.Try(ListBucket);
            return;
        }

        if (Named.IsNothing)
            return;
        JobList all = JobList.Read();
        IReadOnlyList<JobFile> chosen = Named.Names.Count == 0
            ? jobs.Select(["*"], isMissingWildcardAnError: false)
            : Named.Files(isMissingWildcardAnError: false);
        NextRuns next = NextRuns.Of(chosen, schedules => Run(null, (_, token) => schedules.ListAsync(token)), WriteVerbose);
        foreach (JobFile job in chosen)
            WriteObject(next.Report(job, all, WriteWarning));
    }

    private void ListBucket()
    {
        S3CopyRequest request = keys.For(new S3CopyRequest
        {
            Destination = bucket.Read(this),
            Options = new S3SyncOptions { S3Prefix = KeyPrefix },
        });
        WriteObject(Run(activity: null, (_, token) => BucketJobs.ListAsync(request, token)), enumerateCollection: true);
    }
}
