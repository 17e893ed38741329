using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Parameters of cmdlets that read configurations, good ones or not: by the names of jobs, as files, or as objects.</summary>
public abstract class ConfigurationFileCmdlet : AsyncCmdlet, IJobParameters
{
    private protected ConfigurationFileCmdlet()
    {
        Errors = new InputErrors(this);
        Jobs = new JobInput(this, Errors);
    }

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath", "Path")]
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
    /// Jobs as objects: from Get-BackupJob, hashtables or custom objects with a configuration's keys, names, files, and whatever this
    /// module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>Tells what is wrong with the input.</summary>
    private protected InputErrors Errors { get; }

    /// <summary>Reads the configurations that are given.</summary>
    private protected JobInput Jobs { get; }
}
