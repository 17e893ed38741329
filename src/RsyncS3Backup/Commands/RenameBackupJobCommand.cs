using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Gives a job another name: its file, its state, its history, its mirror's marker and its schedule follow, the key prefix stays.
/// </summary>
[Cmdlet(VerbsCommon.Rename, "BackupJob", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupJob))]
public sealed class RenameBackupJobCommand : AsyncCmdlet
{
    private readonly InputErrors errors;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public RenameBackupJobCommand()
    {
        errors = new InputErrors(this);
        jobs = new JobInput(this, errors);
    }

    /// <summary>The job's name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The name that it gets.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string NewName { get; set; } = "";

    /// <summary>Emit the job as it is then.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (JobFile job in jobs.Select([WildcardPattern.Escape(Name)]).Where(job => job.Name != NewName))
            errors.TryRead<object>(() => { Rename(job); return job; });
    }

    private void Rename(JobFile job)
    {
        ParameterValues.Demand(nameof(NewName), NewName, KeyRule.JobName);
        JobList all = JobList.Read();
        JobRename rename = new(job, NewName);
        if (rename.Obstacle(all) is { } obstacle)
            throw new BackupException(obstacle);
        IReadOnlyList<NativeEntry> entries = Run(null, (_, token) => MachineSchedules.Current.OfJobAsync(job.Name, token));
        if (!ShouldProcess($"job '{job.Name}' ('{job.Path}')", $"Rename to '{NewName}'"))
            return;
        Run(null, async (observer, token) =>
        {
            await rename.RunAsync(token).ConfigureAwait(false);
            foreach (NativeEntry entry in entries)
            {
                IReadOnlyList<string> warnings = await BackupSchedules
                    .RenameAsync(entry, NewName, rename.NewPath, token).ConfigureAwait(false);
                foreach (string warning in warnings)
                    observer.Warning(warning);
            }

            return rename;
        });
        if (job.Configuration?.Options.Rsync.SyncToS3.Lifecycle is not null)
        {
            WriteWarning(
                "Lifecycle rules that the job has in its bucket are known by its old name. Get-BackupLifecycle shows them, Remove-BackupLifecycle -RuleId "
                + "removes them, and Set-BackupLifecycle writes those of the new name then.");
        }

        JobList now = JobList.Read();
        if (PassThru && now.Jobs.FirstOrDefault(found => found.Name == NewName) is { } renamed)
            WriteObject(JobReport.Of(renamed, WriteWarning, now));
    }
}
