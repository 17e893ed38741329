using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;

namespace RsyncS3Backup.Commands;

/// <summary>Says what is wrong in configuration files: a <see cref="ConfigurationProblem"/> for each thing, nothing for a good file.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupConfiguration", DefaultParameterSetName = ByPath)]
[OutputType(typeof(ConfigurationProblem), typeof(bool))]
public sealed class TestBackupConfigurationCommand : ConfigurationFileCmdlet
{
    private readonly FileSystemPaths paths;

    /// <summary>Made by the engine, once for each command.</summary>
    public TestBackupConfigurationCommand() => paths = new FileSystemPaths(this);

    /// <summary>Emit true or false for each file instead.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<IReadOnlyList<ConfigurationProblem>> checkedFiles = ParameterSetName == ByName
            ? Jobs.Select(Name).Select(job => job.Problems)
            : Path.SelectMany(path => Errors.TryRead(() => paths.ResolveConfigurations(path)) ?? []).Select(file => ConfigurationReader.ReadFile(file).Problems);
        foreach (IReadOnlyList<ConfigurationProblem> problems in checkedFiles)
        {
            if (Quiet)
                WriteObject(problems.Count == 0);
            else
                WriteObject(problems, enumerateCollection: true);
        }
    }
}
