namespace RsyncS3Backup.Rsync.Output;

/// <summary>Counts what a dry run would delete, and keeps the first names.</summary>
/// <param name="prefix">What each name starts with: the source's folder in the mirror, or nothing.</param>
/// <param name="names">Takes the first names.</param>
internal sealed class RsyncDeletionList(string prefix, List<string> names) : IRsyncOutputHandler
{
    /// <summary>So many names are kept.</summary>
    public const int KeptNames = 10;

    /// <summary>How many entries would be deleted.</summary>
    public long Count { get; private set; }

    /// <inheritdoc/>
    public void Item(in RsyncItem item)
    {
        if (item.Change != RsyncChange.Deleted)
            return;
        Count++;
        if (names.Count < KeptNames)
            names.Add(prefix + item.Name);
    }

    /// <inheritdoc/>
    public void Progress(in RsyncProgressLine progress)
    {
    }

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line)
    {
    }

    /// <inheritdoc/>
    public void Malformed(ReadOnlySpan<byte> line)
    {
    }
}
