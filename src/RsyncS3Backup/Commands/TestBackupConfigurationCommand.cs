using System.Management.Automation;
using RsyncS3Backup.Completers;

namespace RsyncS3Backup.Commands;

/// <summary>Says what is wrong in configuration files: a <see cref="ConfigurationProblem"/> for each thing, nothing for a good file.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupConfiguration", DefaultParameterSetName = "Path")]
[OutputType(typeof(ConfigurationProblem), typeof(bool))]
public sealed class TestBackupConfigurationCommand : BackupCmdlet
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

    /// <summary>Emit true or false for each file instead.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<IReadOnlyList<ConfigurationProblem>> checkedFiles = ParameterSetName == "Name"
            ? SelectJobs(Name).Select(job => job.Problems)
            : Path.SelectMany(path => TryRead(() => ResolveConfigurationFiles(path)) ?? []).Select(file => ConfigurationReader.ReadFile(file).Problems);
        foreach (IReadOnlyList<ConfigurationProblem> problems in checkedFiles)
        {
            if (Quiet)
                WriteObject(problems.Count == 0);
            else
                WriteObject(problems, enumerateCollection: true);
        }
    }
}
