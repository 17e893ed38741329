using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Parameters of cmdlets that need no more of a job than its name. -Name each declares itself: what completes it, and whether it may be left out,
/// differs.
/// </summary>
public abstract class NamedJobsCmdlet : AsyncCmdlet
{
    private protected NamedJobsCmdlet()
    {
        Errors = new InputErrors(this);
        Named = new NamedJobs(this, Errors);
    }

    /// <summary>The jobs' configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>The jobs' configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Names, files, jobs, and whatever this module emits that names its job.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public object[] InputObject { get; set; } = [];

    /// <summary>Tells what is wrong with the input.</summary>
    private protected InputErrors Errors { get; }

    /// <summary>The jobs that were named so far.</summary>
    private protected NamedJobs Named { get; }
}
