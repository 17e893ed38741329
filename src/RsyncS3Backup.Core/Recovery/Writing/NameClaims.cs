using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// Finds entries of a backup that a file system takes for one: it ignores case, or how letters with marks are written. Then the second would
/// replace the first. Holds names only where the file system does so. Thread-safe.
/// </summary>
internal sealed class NameClaims(FileSystemTraits traits)
{
    private readonly Dictionary<string, string> claimed = new(StringComparer.Ordinal);

    /// <summary>Takes the name of an entry, and of the folders that it is in.</summary>
    /// <returns>The path of the entry or folder that has the name already; null when the name is free.</returns>
    public string? Claim(EntryPath path)
    {
        if (!traits.FoldsCase && !traits.FoldsNormalization)
            return null;
        lock (claimed)
        {
            string full = path.Folder.Length == 0 ? path.Name : $"{path.Folder}/{path.Name}";
            for (int slash = full.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = full.IndexOf('/', slash + 1))
            {
                if (ClaimOne(full[..slash]) is { } taken)
                    return taken;
            }

            return ClaimOne(full);
        }
    }

    private string? ClaimOne(string path)
    {
        string folded = traits.Fold(path);
        if (claimed.TryAdd(folded, path))
            return null;
        return claimed[folded] is var first && first != path ? first : null;
    }
}
