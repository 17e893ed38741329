namespace RsyncS3Backup.Rsync;

/// <summary>One source and the folder of the mirror that gets its contents.</summary>
/// <param name="Source">The source folder, absolute.</param>
/// <param name="Destination">The folder in the mirror, absolute: its root for a single source.</param>
/// <param name="Name">The folder's name in the mirror; null for a single source.</param>
internal sealed record RsyncLeg(string Source, string Destination, string? Name)
{
    /// <summary>Exclude patterns of this source alone.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];
}
