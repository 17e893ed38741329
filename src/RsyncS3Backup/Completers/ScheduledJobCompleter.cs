using RsyncS3Backup.Commands;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of jobs that are registered with a scheduler.</summary>
public sealed class ScheduledJobCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() =>
        ScheduleCmdlet.Schedules.ListAsync(CancellationToken.None).GetAwaiter().GetResult().Select(BackupSchedules.NameOf).Distinct();
}
