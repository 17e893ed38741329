using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Parameters of cmdlets that work on jobs: which ones, by name, by file, or as objects. A cmdlet that gives one of them another place or
/// another parameter set overrides it with attributes of its own; one that has no use for one overrides it without any.
/// </summary>
public abstract class JobCmdlet : BackupCmdlet
{
    internal const string ByName = "Name";
    internal const string ByPath = "ConfigPath";
    internal const string ByConfig = "Config";

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public virtual string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public virtual string[] ConfigPath { get; set; } = [];

    /// <summary>Configurations: from Get-BackupJob or Import-BackupConfiguration, as hashtables or custom objects, or files.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [ValidateNotNullOrEmpty]
    public virtual object[] Config { get; set; } = [];

    /// <summary>Demands that what names a stage without a configuration is one name, or none.</summary>
    /// <exception cref="BackupException">It is several, or none that a job can have.</exception>
    private protected static void DemandOneJobName(string[] names)
    {
        if (names.Length > 1)
            throw new BackupException(ParameterErrors.SeveralNames(names));
        Demand(nameof(Name), names.SingleOrDefault(), ConfigurationRules.JobName, ConfigurationRules.JobNameAllowed);
    }

    /// <summary>
    /// The jobs that the parameters name; in ProcessRecord those of the record at hand. Each that is missing or not good is one
    /// non-terminating error.
    /// </summary>
    private protected IEnumerable<BackupConfiguration> ReadJobs() => ParameterSetName switch
    {
        ByName => ReadNamedJobs(Name),
        ByPath => ReadConfigurationFiles(ConfigPath),
        ByConfig => ReadConfigurations(Config),
        _ => [],
    };
}
