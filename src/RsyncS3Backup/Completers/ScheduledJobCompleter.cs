using RsyncS3Backup.Input;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of jobs that are registered with a scheduler.</summary>
public sealed class ScheduledJobCompleter() : NameCompleter(
    () => MachineSchedules.Current.ListAsync(CancellationToken.None).GetAwaiter().GetResult().Select(BackupSchedules.NameOf).Distinct());
