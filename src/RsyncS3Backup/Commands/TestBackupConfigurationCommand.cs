using System.Management.Automation;
using RsyncS3Backup.Completers;

namespace RsyncS3Backup.Commands;

/// <summary>Says what is wrong in configuration files: a <see cref="ConfigurationProblem"/> for each thing, nothing for a good file.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupConfiguration")]
[OutputType(typeof(ConfigurationProblem), typeof(bool))]
public sealed class TestBackupConfigurationCommand : BackupCmdlet
{
    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "ConfigPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>Emit true or false for each file instead.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (string file in Path.SelectMany(path => TryRead(() => ResolveConfigurationFiles(path)) ?? []))
        {
            IReadOnlyList<ConfigurationProblem> problems = ConfigurationReader.ReadFile(file).Problems;
            if (Quiet)
                WriteObject(problems.Count == 0);
            else
                WriteObject(problems, enumerateCollection: true);
        }
    }
}
