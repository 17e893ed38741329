using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Sync;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that read the copies of a backup: of jobs, or of a bucket alone, without configuration and state.</summary>
public abstract class RecoveryCmdlet : AsyncCmdlet, IJobParameters, IConnectionParameters
{
    private readonly GivenBucket bucket;

    private protected RecoveryCmdlet()
    {
        Errors = new InputErrors(this);
        Jobs = new JobInput(this, Errors);
        Keys = new GivenKeys(this, Errors);
        bucket = new GivenBucket(this);
    }

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>The bucket's name, for a bucket without a job.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByBucket)]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>The bucket's region. Default: what the profile or the environment says.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [ArgumentCompleter(typeof(RegionCompleter))]
    [ValidateNotNullOrEmpty]
    [Alias("RegionToCall")]
    public string? Region { get; set; }

    /// <summary>The profile of the shared AWS files. Default: that of the job, else the AWS SDK's own chain.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    [ValidateNotNullOrEmpty]
    [Alias("StoredCredentials", "AWSProfileName")]
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

    /// <summary>An access key as user name and its secret key as password. Default: the AWS SDK's own chain, or the profile.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>The access key id; goes with <see cref="SecretKey"/>.</summary>
    [Parameter]
    [Alias("AK")]
    public string? AccessKey { get; set; }

    /// <summary>The secret access key. It stays in the shell's history: prefer <see cref="Credential"/>.</summary>
    [Parameter]
    [Alias("SK", "SecretAccessKey")]
    public string? SecretKey { get; set; }

    /// <summary>The session token of temporary keys.</summary>
    [Parameter]
    [Alias("ST")]
    public string? SessionToken { get; set; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    [Parameter]
    public SwitchParameter AllowInsecureEndpoint { get; set; }

    /// <summary>Tells what is wrong with the input.</summary>
    private protected InputErrors Errors { get; }

    /// <summary>Reads the jobs that are given.</summary>
    private protected JobInput Jobs { get; }

    /// <summary>The keys that are given.</summary>
    private protected GivenKeys Keys { get; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Keys.Read();

    /// <summary>The most bytes a second that come from S3, as a parameter says it; what is no limit ends the cmdlet.</summary>
    private protected long? ReadReceived(string? limit)
    {
        try
        {
            return ParameterValues.ReadBandwidthLimit(limit);
        }
        catch (BackupException exception)
        {
            Errors.Throw(exception.Error);
            throw;
        }
    }

    /// <summary>The bucket that the parameters name.</summary>
    /// <param name="given">The cmdlet itself: what it says of its prefix is its own.</param>
    /// <exception cref="BackupException">A value is not allowed.</exception>
    private protected S3CopyRequest ReadBucket(IBucketParameters given) => Keys.For(new S3CopyRequest
    {
        Destination = bucket.Read(given),
        Options = new S3SyncOptions { S3Prefix = given.KeyPrefix },
    });
}
