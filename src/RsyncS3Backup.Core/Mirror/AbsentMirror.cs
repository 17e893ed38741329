namespace RsyncS3Backup.Mirror;

/// <summary>Tells a mirror whose drive is away from one that is wrong: where an earlier run made it, nothing is.</summary>
internal static class AbsentMirror
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>Why a run finds no mirror; null when something is there, or nothing ever was.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    public static string? Find(string job, string destination)
    {
        string mirror = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        return MirrorMemory.Load(job, mirror).MarkerId is not null && HoldsNothing(mirror)
            ? $"The drive of the mirror '{mirror}' is not there (whenAbsent)."
            : null;
    }

    /// <summary>True when there is no such folder, or nothing of a mirror in it.</summary>
    /// <param name="mirror">The mirror's root folder.</param>
    public static bool HoldsNothing(string mirror) => !Directory.Exists(mirror)
        || Directory.EnumerateFileSystemEntries(mirror).All(path => VolumeFolders.Names.Contains(Path.GetFileName(path)));

    /// <summary>Waits until the mirror's drive is there. Looking at it is what mounts it, or wakes it up, where something does that.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    /// <param name="longest">How long at most.</param>
    /// <param name="waits">Told when it is not there at once.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task WaitAsync(
        string job, string destination, TimeSpan longest, Action waits, TimeProvider clock, CancellationToken cancellationToken)
    {
        long began = clock.GetTimestamp();
        bool isFirst = true;
        while (IsAway(job, destination) && clock.GetElapsedTime(began) is var waited && waited < longest)
        {
            if (isFirst)
                waits();
            isFirst = false;
            TimeSpan left = longest - waited;
            await Task.Delay(left < Step ? left : Step, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    // Of a mirror that was never made there is at least the folder above it.
    private static bool IsAway(string job, string destination) =>
        Find(job, destination) is not null || (!Directory.Exists(destination) && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(destination))));
}
