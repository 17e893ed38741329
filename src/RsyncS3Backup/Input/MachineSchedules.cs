using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Input;

/// <summary>What is registered with this machine's schedulers, and what they start.</summary>
internal static class MachineSchedules
{
    /// <summary>The script that schedulers start, in the module's folder.</summary>
    internal static string Launcher { get; } = Path.Combine(
        Path.GetDirectoryName(Path.GetDirectoryName(typeof(MachineSchedules).Assembly.Location))!,
        "Scheduling",
        "Start-ScheduledBackup.ps1");

    /// <summary>The schedules. Made anew each time: the environment says where things are, and may have changed.</summary>
    internal static BackupSchedules Current => new(new NativePlaces(), TimeProvider.System);

    /// <summary>Those of some names, or all; each plain name without one is told.</summary>
    /// <param name="all">What is registered.</param>
    /// <param name="scope">Leaves out what is registered in the other scope; null: nothing.</param>
    /// <param name="names">Names, with or without wildcards; none: all.</param>
    /// <param name="missing">Told of each name that nothing has.</param>
    internal static IReadOnlyList<NativeEntry> Select(
        IReadOnlyList<NativeEntry> all, BackupScheduleScope? scope, IReadOnlyCollection<string> names, Action<string, BackupError> missing)
    {
        NativeEntry[] ofScope = [.. all.Where(entry => scope is null || entry.Scheduler.Scope == scope)];
        return NameSelection.Choose(ofScope, BackupSchedules.NameOf, names, name => missing(name, NativeScheduleErrors.NotFound(name)));
    }
}
