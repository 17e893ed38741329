using System.Management.Automation;
using RsyncS3Backup.Completers;

namespace RsyncS3Backup.Commands;

/// <summary>Reads configuration files and emits a <see cref="BackupConfiguration"/> for each.</summary>
[Cmdlet(VerbsData.Import, "BackupConfiguration", DefaultParameterSetName = "Path")]
[OutputType(typeof(BackupConfiguration))]
public sealed class ImportBackupConfigurationCommand : BackupCmdlet
{
    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Path")]
    [Alias("FullName", "ConfigPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(
        ParameterSetName == "Name" ? ReadNamedJobs(Name) : ReadConfigurationFiles(Path), enumerateCollection: true);
}
