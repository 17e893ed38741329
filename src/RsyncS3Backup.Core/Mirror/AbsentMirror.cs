namespace RsyncS3Backup.Mirror;

/// <summary>Tells a mirror whose drive is away from one that is wrong: where an earlier run made it, nothing is.</summary>
internal static class AbsentMirror
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>Why a run is skipped; null when it is not: its job asks for that, and nobody wants a new mirror, and the drive is not there.</summary>
    /// <param name="action">What the job asks for.</param>
    /// <param name="isNew">True where a mirror may be made anew.</param>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    public static string? SkipReason(AbsentMirrorAction action, bool isNew, string job, string destination) =>
        action == AbsentMirrorAction.Skip && !isNew && IsAbsent(job, Full(destination))
            ? $"The drive of the mirror '{Full(destination)}' is not there (whenAbsent)."
            : null;

    private static string Full(string destination) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));

    // False when the drive is there, as far as can be told, or nothing ever was.
    private static bool IsAbsent(string job, string mirror)
    {
        MirrorMemory memory = MirrorMemory.Load(job, mirror);
        if (memory.MarkerId is null)
            return false;
        try
        {
            // What was deleted on a drive that is there is no drive that is away.
            bool isThere = memory.Drive is { } drive && MirrorDrive.PlaceOf(mirror) == drive.Place;
            return !isThere && HoldsNothing(mirror);
        }
        catch (DirectoryNotFoundException)
        {
            // It went between two looks.
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A mount point that nobody may look into while nothing is mounted there; or a drive that fails, which the marker tells.
            return !Path.Exists(Path.Combine(mirror, MirrorMarker.FileName));
        }
    }

    /// <summary>True when there is no such folder, or nothing of a mirror in it.</summary>
    /// <param name="mirror">The mirror's root folder.</param>
    /// <exception cref="IOException">The folder cannot be listed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be listed.</exception>
    public static bool HoldsNothing(string mirror) => !Directory.Exists(mirror)
        || Directory.EnumerateFileSystemEntries(mirror).All(path => VolumeFolders.Names.Contains(Path.GetFileName(path)));

    /// <summary>Waits until the mirror's drive is there. Looking at it is what mounts it, or wakes it up, where something does that.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    /// <param name="isNew">True where a mirror may be made anew: then the folder above it is enough.</param>
    /// <param name="longest">How long at most.</param>
    /// <param name="waits">Told when it is not there at once.</param>
    /// <param name="clock">Tells the time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static async Task WaitAsync(
        string job, string destination, bool isNew, TimeSpan longest, Action waits, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!IsAway(job, destination, isNew))
            return;
        waits();
        long began = clock.GetTimestamp();
        do
        {
            TimeSpan left = longest - clock.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
                return;
            await Task.Delay(left < Step ? left : Step, clock, cancellationToken).ConfigureAwait(false);
        }
        while (IsAway(job, destination, isNew));
    }

    /// <summary>True when the mirror's drive is not there. Of a mirror that was never made there is at least the folder above it.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    /// <param name="isNew">True where a mirror may be made anew.</param>
    public static bool IsAway(string job, string destination, bool isNew) =>
        (!isNew && IsAbsent(job, Full(destination)))
        || (!Directory.Exists(destination) && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(destination))));
}
