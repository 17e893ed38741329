using System.Management.Automation;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Commands;

/// <summary>Says what is wrong in configuration files: a <see cref="ConfigurationProblem"/> for each thing, nothing for a good file.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupConfiguration", DefaultParameterSetName = "Name")]
[OutputType(typeof(ConfigurationProblem), typeof(bool))]
public sealed class TestBackupConfigurationCommand : ConfigurationFileCmdlet
{
    /// <summary>Emit true or false for each file instead.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        JobList all = JobList.Read();
        foreach (IReadOnlyList<ConfigurationProblem> problems in Jobs.ReadAll(this).Select(read => WithOverlaps(read.Configuration, read.Problems)))
        {
            if (Quiet)
                WriteObject(problems.Count == 0);
            else
                WriteObject(problems, enumerateCollection: true);
        }

        IReadOnlyList<ConfigurationProblem> WithOverlaps(BackupConfiguration? job, IReadOnlyList<ConfigurationProblem> problems)
        {
            if (job is null)
                return problems;
            Warn(job);
            return [.. problems, .. PatternFile.ProblemsOf(job), .. all.OverlapsOf(job)];
        }
    }

    // What refuses no run is a warning, and no problem.
    private void Warn(BackupConfiguration job)
    {
        if (!Quiet && job.Schedule is { } schedule && JobDoubts.RareRuns(job, schedule, DateTimeOffset.Now) is { } rare)
            WriteWarning($"{job.Name}: {rare}");
    }
}
