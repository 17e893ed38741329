using RsyncS3Backup.Rsync.Remote;

namespace RsyncS3Backup.Rsync;

/// <summary>One source and the folder of the mirror that gets its contents.</summary>
/// <param name="Source">The source folder, absolute; as configured for one on another machine.</param>
/// <param name="Destination">The folder in the mirror, absolute: its root for a single source.</param>
/// <param name="Name">The folder's name in the mirror; null for a single source.</param>
internal sealed record RsyncLeg(string Source, string Destination, string? Name)
{
    /// <summary>The source, when it is on another machine; null when it is on this one.</summary>
    public RemoteSource? Remote { get; init; }

    /// <summary>Mirrors of other jobs that lie in this folder of the mirror, by their paths below it.</summary>
    public IReadOnlyList<string> OtherMirrors { get; init; } = [];

    /// <summary>rsync's rules for what of the source the mirror's drive cannot hold by its name.</summary>
    public IReadOnlyList<string> NameRules { get; init; } = [];

    /// <summary>Exclude patterns of this source alone.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];
}
