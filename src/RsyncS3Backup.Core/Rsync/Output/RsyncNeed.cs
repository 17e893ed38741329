namespace RsyncS3Backup.Rsync.Output;

/// <summary>Hears of a dry run only how much would be transferred.</summary>
internal sealed class RsyncNeed : IRsyncOutputHandler, IRsyncErrorHandler
{
    private readonly RsyncStatistics statistics = new();

    /// <summary>Bytes of the files that are still to be transferred; null while rsync has not said so.</summary>
    public long? Bytes => statistics.Entries is null ? null : statistics.TransferredBytes;

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line) => statistics.TryRead(line);

    /// <inheritdoc/>
    public void Item(in RsyncItem item)
    {
    }

    /// <inheritdoc/>
    public void Progress(in RsyncProgressLine progress)
    {
    }

    /// <inheritdoc/>
    public void Malformed(ReadOnlySpan<byte> line)
    {
    }

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
    }

    /// <inheritdoc/>
    public void Blocked(BackupError error)
    {
    }

    /// <inheritdoc/>
    public void Vanished(string line)
    {
    }

    /// <inheritdoc/>
    public void Said(string line)
    {
    }
}
