using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Sources;

/// <summary>Decides whether a source is what it was at the last good run. Pure but for what it is given.</summary>
internal static class SourceComparison
{
    /// <summary>Compares.</summary>
    /// <param name="leg">The source and its folder in the mirror.</param>
    /// <param name="before">What it was.</param>
    /// <param name="now">What it is.</param>
    /// <param name="holds">True for a folder of the mirror that may hold something.</param>
    /// <returns>What is wrong; null when nothing is.</returns>
    public static BackupError? Find(RsyncLeg leg, SourceFacts before, SourceFacts now, Func<string, bool> holds)
    {
        foreach ((string below, FileSystemIdentity was) in before.Mounts)
        {
            string path = Path.Join(leg.Source, below);
            // What the mirror does not hold, because it is excluded or was empty, nobody can lose.
            if (!holds(Path.Join(leg.Destination, below)))
                continue;
            if (!now.Mounts.TryGetValue(below, out FileSystemIdentity? mounted))
                return RsyncErrors.SourceNotMounted(path, was.ToString(), leg.Destination);
            if (mounted.IsOtherThan(was))
                return RsyncErrors.SourceChanged(path, was.ToString(), mounted.ToString());
        }

        // What is above the source tells it also where a file system has no id of its own.
        if (before.MountPoint is { } holder && now.MountPoint is { } shown && shown != holder && RealPath.IsInside(holder, shown)
            && holds(leg.Destination))
            return RsyncErrors.SourceNotMounted(holder, before.FileSystem?.ToString(), leg.Destination);
        return before.FileSystem is { } expected && now.FileSystem is { } found && found.IsOtherThan(expected) && holds(leg.Destination)
            ? RsyncErrors.SourceChanged(leg.Source, expected.ToString(), found.ToString())
            : null;
    }
}
