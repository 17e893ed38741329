using System.Buffers.Binary;
using System.Text;

namespace RsyncS3Backup.State.Journal;

/// <summary>Reads a journal record by record, also while it is written; stops at the first record that is not sound.</summary>
internal sealed class ChangeJournalReader : IDisposable
{
    private readonly FileStream file;
    private byte[] record = new byte[512];
    private int bodyLength;

    private ChangeJournalReader(FileStream file)
    {
        this.file = file;
        if (TryReadRecord() && Body is [ChangeJournalFormat.HeaderKind, ChangeJournalFormat.Version, ..]
            && bodyLength >= ChangeJournalFormat.HeaderHead)
        {
            HasHeader = true;
            Started = BinaryPrimitives.ReadInt64LittleEndian(Body[2..]);
            MirrorPath = Encoding.UTF8.GetString(Body[ChangeJournalFormat.HeaderHead..]);
        }
    }

    /// <summary>True when the file starts as a journal does.</summary>
    public bool HasHeader { get; }

    /// <summary>When the journal was started: ticks that sort the journals of a job.</summary>
    public long Started { get; }

    /// <summary>The mirror that it is about.</summary>
    public string? MirrorPath { get; }

    /// <summary>Changes read so far.</summary>
    public long Changes { get; private set; }

    /// <summary>The end mark, when it was reached, agrees with what was read, and is the file's end; else null.</summary>
    public ChangeJournalEnd? End { get; private set; }

    private ReadOnlySpan<byte> Body => record.AsSpan(4, bodyLength);

    /// <summary>Opens a journal.</summary>
    /// <exception cref="IOException">It is gone, or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be opened.</exception>
    public static ChangeJournalReader Open(string path)
    {
        FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.Open,
            Access = FileAccess.Read,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.SequentialScan,
            BufferSize = 64 * 1024,
        });
        try
        {
            return new ChangeJournalReader(file);
        }
        catch
        {
            // A journal that stays open looks as if it were still written, and would not be pending.
            file.Dispose();
            throw;
        }
    }

    /// <summary>The changes, read as they are asked for.</summary>
    public IEnumerable<BackupChange> ReadChanges()
    {
        while (MoveNext())
            yield return Change();
    }

    /// <summary>Reads to the end without making objects of the changes.</summary>
    public void Skip()
    {
        while (MoveNext())
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private bool MoveNext()
    {
        if (!HasHeader || End is not null || !TryReadRecord())
            return false;
        if (Body[0] == ChangeJournalFormat.EndKind)
        {
            ReadEnd();
            return false;
        }

        bool isChange = Body[0] is >= (byte)BackupChangeKind.Created and <= (byte)BackupChangeKind.HardLinked
            && bodyLength >= ChangeJournalFormat.ChangeHead
            && BinaryPrimitives.ReadInt32LittleEndian(Body[10..]) is >= 0 and var pathLength
            && pathLength <= bodyLength - ChangeJournalFormat.ChangeHead;
        if (isChange)
            Changes++;
        return isChange;
    }

    private BackupChange Change()
    {
        ReadOnlySpan<byte> body = Body;
        int pathLength = BinaryPrimitives.ReadInt32LittleEndian(body[10..]);
        ReadOnlySpan<byte> names = body[ChangeJournalFormat.ChangeHead..];
        return new BackupChange(
            (BackupChangeKind)body[0],
            (BackupEntryType)body[1],
            BinaryPrimitives.ReadInt64LittleEndian(body[2..]),
            names[..pathLength].ToArray(),
            names[pathLength..].ToArray());
    }

    private void ReadEnd()
    {
        if (bodyLength != ChangeJournalFormat.EndBody)
            return;
        int exitCode = BinaryPrimitives.ReadInt32LittleEndian(Body[2..]);
        long changes = BinaryPrimitives.ReadInt64LittleEndian(Body[6..]);
        bool isComplete = Body[1] == 1;
        if (changes == Changes && file.ReadByte() < 0)
            End = new ChangeJournalEnd(isComplete, exitCode == int.MinValue ? null : exitCode, changes);
    }

    private bool TryReadRecord()
    {
        bodyLength = 0;
        if (file.ReadAtLeast(record.AsSpan(0, 4), 4, throwOnEndOfStream: false) < 4)
            return false;
        int length = BinaryPrimitives.ReadInt32LittleEndian(record);
        if (length is <= 0 or > ChangeJournalFormat.LongestBody)
            return false;
        if (record.Length < length + ChangeJournalFormat.Frame)
            Array.Resize(ref record, length + ChangeJournalFormat.Frame);
        Span<byte> rest = record.AsSpan(4, length + 4);
        if (file.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length
            || !ChangeJournalFormat.IsSound(record.AsSpan(0, length + ChangeJournalFormat.Frame)))
            return false;
        bodyLength = length;
        return true;
    }
}
