using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that look into or after the buckets of jobs, each job by itself.</summary>
public abstract class JobBucketCmdlet : AsyncCmdlet, IJobParameters, IConnectionParameters
{
    private protected JobBucketCmdlet()
    {
        Errors = new InputErrors(this);
        Jobs = new JobInput(this, Errors);
        Keys = new GivenKeys(this, Errors);
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

    /// <summary>Configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

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

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration job in Jobs.Read(this))
            Errors.Try(() => Process(job));
    }

    /// <summary>Works on the bucket of one job.</summary>
    /// <exception cref="BackupException">It cannot be done; the next job is tried.</exception>
    private protected abstract void Process(BackupConfiguration job);
}
