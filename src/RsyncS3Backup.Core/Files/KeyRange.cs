namespace RsyncS3Backup.Files;

/// <summary>Keys of a copy that follow each other.</summary>
/// <param name="Start">What the keys start with, below the copy's prefix.</param>
/// <param name="IsOneKey">True for that one key only.</param>
internal readonly record struct KeyRange(string Start, bool IsOneKey)
{
    /// <summary>All of them.</summary>
    public static KeyRange Everything { get; } = new("", IsOneKey: false);

    /// <summary>
    /// Keys, in their order, at which a long listing may be cut so that its stretches are listed at the same time; null: it is not cut. What is
    /// listed does not depend on them: they need not be there, and others may.
    /// </summary>
    public IEnumerable<string>? Cuts { get; init; }
}
