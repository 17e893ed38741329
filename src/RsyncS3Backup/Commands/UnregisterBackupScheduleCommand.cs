using System.Management.Automation;
using RsyncS3Backup.Input;

namespace RsyncS3Backup.Commands;

/// <summary>Takes jobs away from the operating system's scheduler. Configurations, mirrors and histories stay.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "BackupSchedule", DefaultParameterSetName = "Name", SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
public sealed class UnregisterBackupScheduleCommand : ScheduleCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(
        entry => $"Remove {entry}. The job, its mirror and its history stay.", (entry, _, token) => MachineSchedules.Current.RemoveAsync(entry, token));
}
