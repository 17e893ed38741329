using System.Management.Automation;
using RsyncS3Backup.Input;

namespace RsyncS3Backup.Commands;

/// <summary>Lets the scheduler start jobs again that were switched off. What was missed meanwhile is not made good.</summary>
[Cmdlet(VerbsLifecycle.Enable, "BackupSchedule", DefaultParameterSetName = "Name", SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
public sealed class EnableBackupScheduleCommand : ScheduleCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEach(entry => $"Switch {entry} on again.", async (entry, observer, token) =>
    {
        foreach (string warning in await MachineSchedules.Current.SetEnabledAsync(entry, isEnabled: true, token).ConfigureAwait(false))
            observer.Warning(warning);
    });
}
