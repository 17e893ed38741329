using System.Buffers.Text;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>The <c>--stats</c> block that one rsync prints at its end.</summary>
internal sealed record RsyncStatistics
{
    /// <summary>All entries of the source, its root included; null while the block has not come.</summary>
    public long? Entries { get; private set; }

    /// <summary>Entries that were not in the mirror before.</summary>
    public long Created { get; private set; }

    /// <summary>Entries deleted from the mirror. In a run that deletes nothing rsync may leave the line out.</summary>
    public long Deleted { get; private set; }

    /// <summary>Files whose content was transferred.</summary>
    public long TransferredFiles { get; private set; }

    /// <summary>Bytes of all files of the source.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Bytes of the files that were transferred.</summary>
    public long TransferredBytes { get; private set; }

    /// <summary>Takes a line of the block; false for any other text.</summary>
    public bool TryRead(ReadOnlySpan<byte> line)
    {
        if (Number(line, "Number of files: "u8) is { } entries)
            Entries = entries;
        else if (Number(line, "Number of created files: "u8) is { } created)
            Created = created;
        else if (Number(line, "Number of deleted files: "u8) is { } deleted)
            Deleted = deleted;
        else if (Number(line, "Number of regular files transferred: "u8) is { } files)
            TransferredFiles = files;
        else if (Number(line, "Total file size: "u8) is { } totalBytes)
            TotalBytes = totalBytes;
        else if (Number(line, "Total transferred file size: "u8) is { } transferredBytes)
            TransferredBytes = transferredBytes;
        else
            return IsOtherLine(line);
        return true;
    }

    private static long? Number(ReadOnlySpan<byte> line, ReadOnlySpan<byte> label) =>
        line.StartsWith(label) && Utf8Parser.TryParse(line[label.Length..], out long number, out _) ? number : null;

    private static bool IsOtherLine(ReadOnlySpan<byte> line) =>
        line.IsEmpty || line.StartsWith("Literal data: "u8) || line.StartsWith("Matched data: "u8) || line.StartsWith("File list "u8)
        || line.StartsWith("Total bytes "u8) || line.StartsWith("sent "u8) || line.StartsWith("total size is "u8);
}
