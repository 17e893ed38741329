using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that read the copies of a backup: of jobs, or of a bucket alone, without configuration and state.</summary>
public abstract class RecoveryCmdlet : S3ConnectionCmdlet, IBucketParameters
{
    internal const string ByBucket = "Bucket";

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public override string[] Name { get; set; } = [];

    /// <summary>The bucket's name, for a bucket without a job.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByBucket)]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>What every key starts with; may hold the date tokens of dated snapshots; empty, which is the default, for the bucket's root.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [AllowEmptyString]
    public virtual string KeyPrefix { get; set; } = "";

    /// <summary>The bucket's region. Default: what the profile or the environment says.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [ArgumentCompleter(typeof(RegionCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Region { get; set; }

    /// <summary>The profile of the shared AWS files. Default: the AWS SDK's own chain.</summary>
    [Parameter(ParameterSetName = ByBucket)]
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

    /// <summary>Whether checksums go with every request or only where S3 demands one. Default: WhenSupported.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    public S3ChecksumMode ChecksumMode { get; set; }

    /// <summary>The bucket that the parameters name.</summary>
    /// <exception cref="BackupException">A value is not allowed.</exception>
    private protected S3SyncRequest ReadBucket() => WithCredentials(new S3SyncRequest
    {
        MirrorPath = "",
        Destination = ReadDestination(this),
        Options = new S3SyncOptions { S3Prefix = KeyPrefix },
    });
}
