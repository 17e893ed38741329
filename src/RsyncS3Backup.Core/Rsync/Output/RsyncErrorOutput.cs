using System.Globalization;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>Hears what <see cref="RsyncErrorOutput"/> finds.</summary>
internal interface IRsyncErrorHandler
{
    /// <summary>One entry failed.</summary>
    void ItemFailed(BackupError error);

    /// <summary>One entry failed for what nothing but itself can change, and the run goes on without it.</summary>
    /// <returns>False when it is an ordinary failure.</returns>
    bool LeavesOut(string path, string text, string errno) => false;

    /// <summary>An entry could not be replaced because a folder in its place still has content.</summary>
    void Blocked(BackupError error);

    /// <summary>A source file was gone when rsync came to read it.</summary>
    void Vanished(string line);

    /// <summary>Any other line, with rsync's escapes undone.</summary>
    void Said(string line);
}

/// <summary>Reads rsync's standard error, one pass of it, and keeps its last lines.</summary>
internal sealed partial class RsyncErrorOutput(IRsyncErrorHandler handler)
{
    private const int KeptLines = 5;
    private const int LongestLine = 64 * 1024;

    /// <summary>Stands for the system's number of an error where a file was another one each time it was read.</summary>
    internal const string Unverified = "unverified";

    /// <summary>Stands for it where rsync itself takes no path as long.</summary>
    internal const string PathTooLong = "overflow";

    private readonly Queue<string> lastLines = new();
    private byte[] line = new byte[512];
    private int length;

    /// <summary>How many deletions rsync withheld because of <c>--max-delete</c>.</summary>
    public long Withheld { get; private set; }

    /// <summary>How many entries failed.</summary>
    public long Failed { get; private set; }

    /// <summary>How many entries the run goes on without.</summary>
    public long LeftOut { get; private set; }

    /// <summary>
    /// How many entries could not be replaced because a folder that is in their way still has content. In a pass that withholds deletions
    /// this is no failure yet.
    /// </summary>
    public long Blocked { get; private set; }

    /// <summary>True when a write failed because the destination's drive, or a quota, is full.</summary>
    public bool IsDestinationFull { get; private set; }

    /// <summary>The last lines that are about the whole run, else about entries; empty when rsync said nothing.</summary>
    public string LastWords => string.Join(" / ", lastLines);

    /// <summary>Takes the next bytes.</summary>
    public void Feed(ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            int end = chunk.IndexOfAny((byte)'\n', (byte)'\r');
            Append(end < 0 ? chunk : chunk[..end]);
            if (end < 0)
                return;
            EndLine();
            chunk = chunk[(end + 1)..];
        }
    }

    /// <summary>Takes what came after the last newline.</summary>
    public void Complete() => EndLine();

    private void Append(ReadOnlySpan<byte> bytes)
    {
        // A longer line is cut: nothing that rsync says is longer than two escaped paths.
        bytes = bytes[..Math.Min(bytes.Length, LongestLine - length)];
        if (length + bytes.Length > line.Length)
            Array.Resize(ref line, Math.Max(line.Length * 2, length + bytes.Length));
        bytes.CopyTo(line.AsSpan(length));
        length += bytes.Length;
    }

    private void EndLine()
    {
        if (length == 0)
            return;
        // Escapes are undone before the line is cut into parts; a quote or a newline in a name stays inside the outermost quotes.
        string text = RsyncEscapes.Undo(line.AsSpan(0, length));
        length = 0;
        Read(text);
    }

    private void Read(string text)
    {
        if (VanishedLine().IsMatch(text))
        {
            handler.Vanished(text);
            return;
        }

        Keep(text);
        if (WithheldLine().Match(text) is { Success: true } withheld)
        {
            Withheld = long.Parse(withheld.Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
            handler.Said(text);
        }
        else if (BlockedLine().Match(text) is { Success: true } blocked)
        {
            Blocked++;
            handler.Blocked(RsyncErrors.ItemFailed(blocked.Groups["path"].Value, text, BackupErrorCategory.WriteError));
        }
        else if (text.StartsWith("rsync: ", StringComparison.Ordinal) && QuotedPath().Match(text) is { Success: true } quoted)
        {
            Fail(quoted.Groups["path"].Value, text, quoted.Groups["errno"].Value);
        }
        else if (UnverifiedLine().Match(text) is { Success: true } unverified)
        {
            Fail(unverified.Groups["path"].Value, text, Unverified);
        }
        else if (OverflowLine().Match(text) is { Success: true } overflow)
        {
            Fail(overflow.Groups["path"].Value, text, PathTooLong);
        }
        else
        {
            handler.Said(text);
        }
    }

    private void Fail(string path, string text, string errno)
    {
        if (handler.LeavesOut(path, text, errno))
        {
            LeftOut++;
            handler.Said(text);
            return;
        }

        Failed++;
        // ENOSPC is 28 everywhere; EDQUOT is 122 on Linux and 69 on macOS.
        bool isFull = errno == "28" || (errno is "122" or "69" && text.Contains("quota", StringComparison.OrdinalIgnoreCase));
        IsDestinationFull |= isFull;
        BackupErrorCategory category = errno switch
        {
            "1" or "13" => BackupErrorCategory.PermissionDenied,
            "2" => BackupErrorCategory.ObjectNotFound,
            // What Cygwin makes of a file that another program has open on Windows.
            "16" => BackupErrorCategory.ResourceBusy,
            _ when isFull => BackupErrorCategory.LimitsExceeded,
            _ when text.Contains("[sender]", StringComparison.OrdinalIgnoreCase) => BackupErrorCategory.ReadError,
            _ => BackupErrorCategory.WriteError,
        };
        handler.ItemFailed(RsyncErrors.ItemFailed(path, text, category));
    }

    private void Keep(string text)
    {
        const int longest = 300;
        lastLines.Enqueue(text.Length <= longest ? text : string.Concat(text.AsSpan(0, longest), "…"));
        if (lastLines.Count > KeptLines)
            lastLines.Dequeue();
    }

    // The name is whatever stands between the first and the last quote of the line.
    [GeneratedRegex(@"^[^""]*""(?<path>.*)""[^""]*?(\((?<errno>\d+)\))?\s*$", RegexOptions.Singleline)]
    private static partial Regex QuotedPath();

    [GeneratedRegex(@"^(file|directory|symlink|[a-z ]+) has vanished: ", RegexOptions.Singleline)]
    private static partial Regex VanishedLine();

    [GeneratedRegex(@"^Deletions stopped due to --max-delete limit \((?<count>\d+) skipped\)")]
    private static partial Regex WithheldLine();

    [GeneratedRegex(@"^could not make way for (new )?(regular file|symlink|device file|special file|hard link|directory|[a-z ]+): (?<path>.*)$",
        RegexOptions.Singleline)]
    private static partial Regex BlockedLine();

    [GeneratedRegex(@"^ERROR: (?<path>.*) failed verification -- update (discarded|put into partial-dir|retained)", RegexOptions.Singleline)]
    private static partial Regex UnverifiedLine();

    [GeneratedRegex(@"^filename overflows max-path len by \d+: (?<path>.*)$", RegexOptions.Singleline)]
    private static partial Regex OverflowLine();
}
