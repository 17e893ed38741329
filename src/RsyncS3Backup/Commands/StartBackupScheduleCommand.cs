using System.Management.Automation;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>Lets the scheduler start jobs now, due or not, as it would start them at their time.</summary>
[Cmdlet(VerbsLifecycle.Start, "BackupSchedule", DefaultParameterSetName = "Name", SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
public sealed class StartBackupScheduleCommand : ScheduleCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(
        entry => $"Let the scheduler start {entry} now.", (entry, _, token) => BackupSchedules.StartAsync(entry, token),
        // The check of tests makes only those that are due.
        (entry, isTaskNamed) => isTaskNamed || entry.Registration is not { Task: BackupScheduleTask.Test });
}
