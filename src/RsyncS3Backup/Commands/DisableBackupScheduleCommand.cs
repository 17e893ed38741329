using System.Management.Automation;
using RsyncS3Backup.Input;

namespace RsyncS3Backup.Commands;

/// <summary>Keeps the scheduler from starting jobs; they stay registered.</summary>
[Cmdlet(VerbsLifecycle.Disable, "BackupSchedule", DefaultParameterSetName = "Name", SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
public sealed class DisableBackupScheduleCommand : ScheduleCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(
        entry => $"Switch {entry} off: it stays registered, and starts nothing.",
        (entry, _, token) => MachineSchedules.Current.SetEnabledAsync(entry, isEnabled: false, token));
}
