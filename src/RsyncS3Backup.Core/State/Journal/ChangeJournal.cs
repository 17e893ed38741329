using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.State.Journal;

/// <summary>
/// Writes down what one stage 1 changes in the mirror, while rsync reports it. The file is there before rsync starts, and has an end mark
/// only when everything that rsync did is in it: whatever ends us or the machine in between leaves a journal that says "unknown changes".
/// </summary>
/// <remarks>Thread-safe. A journal that cannot be written any more never stops the stage; it stays without an end mark.</remarks>
internal sealed class ChangeJournal : IDisposable
{
    private const int BufferLength = 64 * 1024;
    private static readonly TimeSpan LongestUnwritten = TimeSpan.FromSeconds(1);

    private readonly object gate = new();
    private readonly FileStream file;
    private readonly Timer timer;
    private byte[] buffer = new byte[BufferLength];
    private int used;
    private long changes;
    private bool isEnded;

    private ChangeJournal(FileStream file)
    {
        this.file = file;
        Handle = file.SafeFileHandle;
        timer = new Timer(_ => Flush(), null, LongestUnwritten, LongestUnwritten);
    }

    /// <summary>The journal's file.</summary>
    public string Path => file.Name;

    /// <summary>The open file. Whoever has it open, such as an rsync that inherited it, keeps the journal from being pending.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Why the journal could not be written to its end; null when it could so far.</summary>
    public string? Failure { get; private set; }

    /// <summary>Makes the journal of a run, on disk before this returns.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="runId">The run.</param>
    /// <param name="mirrorPath">The mirror that will be changed.</param>
    /// <param name="keepsEarlier">False when no stage 2 will ever ask what changed: earlier journals become one mark "unknown changes".</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be made.</exception>
    public static ChangeJournal Start(string jobName, string runId, string mirrorPath, bool keepsEarlier)
    {
        ChangeJournalFolder folder = ChangeJournalFolder.ForJob(jobName);
        folder.Tidy(runId, mirrorPath, keepsEarlier);
        return new ChangeJournal(folder.Create(runId, mirrorPath));
    }

    /// <summary>Adds a change.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="entryType">To what.</param>
    /// <param name="size">The entry's size in bytes.</param>
    /// <param name="prefix">The source's folder in the mirror, without a slash; empty for a single source.</param>
    /// <param name="path">The path below that folder; empty for the folder itself.</param>
    /// <param name="target">A link's target; of a hard link, a path below that folder.</param>
    public void Add(
        BackupChangeKind kind,
        BackupEntryType entryType,
        long size,
        ReadOnlySpan<byte> prefix,
        ReadOnlySpan<byte> path,
        ReadOnlySpan<byte> target)
    {
        ReadOnlySpan<byte> targetPrefix = kind == BackupChangeKind.HardLinked ? prefix : [];
        int pathLength = JoinedLength(prefix, path);
        int targetLength = target.IsEmpty ? 0 : JoinedLength(targetPrefix, target);
        lock (gate)
        {
            if (isEnded || Failure is not null)
                return;
            Span<byte> record = Next(ChangeJournalFormat.ChangeHead + pathLength + targetLength);
            Span<byte> body = record[4..];
            body[0] = (byte)kind;
            body[1] = (byte)entryType;
            BinaryPrimitives.WriteInt64LittleEndian(body[2..], size);
            BinaryPrimitives.WriteInt32LittleEndian(body[10..], pathLength);
            body = body[ChangeJournalFormat.ChangeHead..];
            Join(prefix, path, body);
            if (targetLength > 0)
                Join(targetPrefix, target, body[pathLength..]);
            ChangeJournalFormat.Seal(record);
            changes++;
        }
    }

    /// <summary>Writes the end mark, brings everything to the disk and closes the file.</summary>
    public void End(bool isComplete, int? rsyncExitCode)
    {
        lock (gate)
        {
            if (isEnded)
                return;
            if (Failure is null)
            {
                Span<byte> record = Next(ChangeJournalFormat.EndBody);
                Span<byte> body = record[4..];
                body[0] = ChangeJournalFormat.EndKind;
                body[1] = isComplete ? (byte)1 : (byte)0;
                BinaryPrimitives.WriteInt32LittleEndian(body[2..], rsyncExitCode ?? int.MinValue);
                BinaryPrimitives.WriteInt64LittleEndian(body[6..], changes);
                ChangeJournalFormat.Seal(record);
                Write(toDisk: true);
            }

            isEnded = true;
        }

        Dispose();
    }

    /// <summary>Gives what is buffered to the system, so that readers see it.</summary>
    public void Flush()
    {
        lock (gate)
        {
            if (!isEnded && used > 0)
                Write(toDisk: false);
        }
    }

    /// <summary>Closes the file; without an end mark unless <see cref="End"/> was called.</summary>
    public void Dispose()
    {
        timer.Dispose();
        lock (gate)
        {
            isEnded = true;
            buffer = [];
            file.Dispose();
        }
    }

    /// <summary>The header record of a journal.</summary>
    internal static byte[] Header(long started, string mirrorPath)
    {
        byte[] mirror = Encoding.UTF8.GetBytes(mirrorPath);
        byte[] record = new byte[ChangeJournalFormat.Frame + ChangeJournalFormat.HeaderHead + mirror.Length];
        record[4] = ChangeJournalFormat.HeaderKind;
        record[5] = ChangeJournalFormat.Version;
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(6), started);
        mirror.CopyTo(record.AsSpan(4 + ChangeJournalFormat.HeaderHead));
        ChangeJournalFormat.Seal(record);
        return record;
    }

    private static int JoinedLength(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> path) =>
        prefix.Length + path.Length + (prefix.IsEmpty || path.IsEmpty ? 0 : 1);

    private static void Join(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> path, Span<byte> joined)
    {
        prefix.CopyTo(joined);
        if (!prefix.IsEmpty && !path.IsEmpty)
            joined[prefix.Length] = (byte)'/';
        path.CopyTo(joined[(JoinedLength(prefix, path) - path.Length)..]);
    }

    private Span<byte> Next(int bodyLength)
    {
        int length = bodyLength + ChangeJournalFormat.Frame;
        if (used + length > buffer.Length)
            Write(toDisk: false);
        if (length > buffer.Length)
            buffer = new byte[length];
        Span<byte> record = buffer.AsSpan(used, length);
        used += length;
        return record;
    }

    private void Write(bool toDisk)
    {
        try
        {
            file.Write(buffer.AsSpan(0, used));
            file.Flush(toDisk);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failure ??= exception.Message;
        }

        used = 0;
    }
}
