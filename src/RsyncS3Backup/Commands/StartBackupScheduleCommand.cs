using System.Management.Automation;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>Lets the scheduler start jobs now, due or not, as it would start them at their time.</summary>
[Cmdlet(VerbsLifecycle.Start, "BackupSchedule", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class StartBackupScheduleCommand : ScheduleCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(
        "Start now", (entry, _, token) => BackupSchedules.StartAsync(entry, token),
        // The check of tests makes only those that are due.
        entry => Task is not null || entry.Registration is not { Task: BackupScheduleTask.Test });
}
