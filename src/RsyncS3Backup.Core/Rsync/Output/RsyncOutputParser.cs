using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RsyncS3Backup.Rsync.Output;

/// <summary>Hears what <see cref="RsyncOutputParser"/> finds.</summary>
internal interface IRsyncOutputHandler
{
    /// <summary>One itemised change.</summary>
    void Item(in RsyncItem item);

    /// <summary>A new state of the transfer.</summary>
    void Progress(in RsyncProgressLine progress);

    /// <summary>Any other line: statistics, notices. Never empty.</summary>
    void Text(ReadOnlySpan<byte> line);

    /// <summary>A line that starts like a change and is none. It means that a change may have been missed.</summary>
    void Malformed(ReadOnlySpan<byte> line);
}

/// <summary>
/// Reads rsync's standard output as bytes, in chunks cut anywhere, without keeping more than one line. Needs <see cref="OutFormat"/>.
/// </summary>
/// <remarks>
/// rsync escapes control characters in names as <c>\#ooo</c>, carriage return and newline among them, so both always end a piece of output:
/// newline a line, carriage return a progress state that the next one overwrites. TAB is the one control character that rsync does not
/// escape (log.c, filtered_fwrite), which is why only a leading TAB means anything here. Messages of another machine come through the same
/// output, so a TAB alone would let it forge an item: a word that it cannot know stands behind it (rsync does not send it the format).
/// </remarks>
/// <param name="handler">Hears what is found.</param>
/// <param name="word">Stands before each item; no two runs of rsync have the same.</param>
internal sealed class RsyncOutputParser(IRsyncOutputHandler handler, string word)
{
    /// <summary>Reads what one rsync prints that is started with its <see cref="OutFormat"/>.</summary>
    public RsyncOutputParser(IRsyncOutputHandler handler)
        : this(handler, Convert.ToHexString(RandomNumberGenerator.GetBytes(8)))
    {
    }

    private readonly byte[] wordBytes = Encoding.ASCII.GetBytes(word);

    /// <summary>
    /// The value of <c>--out-format</c>: word, flags, size, transferred bytes, name, link. <c>//</c> cannot occur in a name that rsync prints, so
    /// it ends the name. <c>%b</c> is only there to make rsync log a change after it happened instead of before (log.c, log_before_transfer).
    /// </summary>
    public string OutFormat { get; } = $"\t{word}%i\t%l\t%b\t%n//%L";

    // A name and a link's target of PATH_MAX bytes each, every byte escaped to five, and the numbers fit well.
    private const int LongestLine = 64 * 1024;

    private byte[] line = new byte[512];
    private byte[] unescapedName = new byte[512];
    private byte[] unescapedTarget = new byte[512];
    private int length;
    private bool isTooLong;

    /// <summary>Takes the next bytes.</summary>
    public void Feed(ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            int end = chunk.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Append(chunk);
                return;
            }

            if (length == 0 && !isTooLong)
            {
                Parse(chunk[..end]);
            }
            else
            {
                Append(chunk[..end]);
                EndLine();
            }

            chunk = chunk[(end + 1)..];
        }
    }

    /// <summary>Takes what came after the last newline.</summary>
    public void Complete() => EndLine();

    private void EndLine()
    {
        ReadOnlySpan<byte> complete = line.AsSpan(0, length);
        length = 0;
        if (isTooLong)
            handler.Malformed(complete[..Math.Min(complete.Length, 200)]);
        else
            Parse(complete);
        isTooLong = false;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (length + bytes.Length > LongestLine)
        {
            isTooLong = true;
            return;
        }

        if (length + bytes.Length > line.Length)
            Array.Resize(ref line, Math.Max(line.Length * 2, length + bytes.Length));
        bytes.CopyTo(line.AsSpan(length));
        length += bytes.Length;
    }

    private void Parse(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return;
        if (text[0] == '\t')
        {
            if (!text[1..].StartsWith(wordBytes) || !TryParseItem(text[(1 + wordBytes.Length)..]))
                handler.Malformed(text);
        }
        else if (text.IndexOf((byte)'\t') is > 0 and int item && RsyncProgressLine.IsWhole(text[..item]))
        {
            // From another machine two processes of rsync print: the receiver leaves its progress without an end, and the generator, which
            // knows nothing of that, appends its item.
            Parse(text[..item]);
            Parse(text[item..]);
        }
        else if (RsyncProgressLine.TryParse(text, out RsyncProgressLine progress))
        {
            handler.Progress(progress);
        }
        else
        {
            handler.Text(text);
        }
    }

    private bool TryParseItem(ReadOnlySpan<byte> text)
    {
        if (!TryTakeField(ref text, out ReadOnlySpan<byte> flags) || !TryTakeField(ref text, out ReadOnlySpan<byte> sizeText)
            || !TryTakeField(ref text, out _) || !Utf8Parser.TryParse(sizeText, out long size, out int sizeLength)
            || sizeLength != sizeText.Length)
            return false;

        int nameEnd = text.IndexOf("//"u8);
        if (nameEnd < 0)
            return false;
        ReadOnlySpan<byte> afterName = text[(nameEnd + 2)..];
        // A folder's name ends with a slash of its own: "d/" and "//" print as "d///".
        bool isFolderName = afterName is [(byte)'/', ..];
        if (isFolderName)
            afterName = afterName[1..];
        ReadOnlySpan<byte> name = text[..nameEnd];
        if (isFolderName && name.SequenceEqual("."u8))
            name = [];
        else if (name.IsEmpty)
            return false;

        if (!TryReadFlags(flags, isFolderName, out RsyncChange change, out RsyncEntryType entryType, out bool isHardLink)
            || !TryReadLink(afterName, out ReadOnlySpan<byte> target))
            return false;
        RsyncItem item = new()
        {
            Change = change,
            EntryType = entryType,
            Size = size,
            NameBytes = RsyncEscapes.Undo(name, ref unescapedName),
            LinkTargetBytes = RsyncEscapes.Undo(target, ref unescapedTarget),
            IsHardLink = isHardLink,
            IsTimeOfFolder = change == RsyncChange.Metadata && entryType == RsyncEntryType.Folder && IsTimeOnly(flags[2..]),
        };
        bool isLinkOfMirror = isHardLink && !item.LinkTargetBytes.IsEmpty;
        if ((!item.NameBytes.IsEmpty && !IsBelowMirror(item.NameBytes)) || (isLinkOfMirror && !IsBelowMirror(item.LinkTargetBytes)))
            return false;
        handler.Item(item);
        return true;
    }

    /// <summary>False for a path that leads, or may lead, out of the mirror: no rsync that means well prints one.</summary>
    private static bool IsBelowMirror(ReadOnlySpan<byte> path)
    {
        if (path.Contains((byte)0))
            return false;
        while (true)
        {
            int slash = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> part = slash < 0 ? path : path[..slash];
            if (part.IsEmpty || part.SequenceEqual("."u8) || part.SequenceEqual(".."u8))
                return false;
            if (slash < 0)
                return true;
            path = path[(slash + 1)..];
        }
    }

    private static bool TryReadFlags(
        ReadOnlySpan<byte> flags, bool isFolderName, out RsyncChange change, out RsyncEntryType entryType, out bool isHardLink)
    {
        change = RsyncChange.Deleted;
        entryType = isFolderName ? RsyncEntryType.Folder : RsyncEntryType.File;
        isHardLink = false;
        if (flags.StartsWith("*deleting"u8))
            return true;
        if (flags.Length < 3 || EntryType(flags[1]) is not { } type)
            return false;
        entryType = type;
        isHardLink = flags[0] == 'h';
        change = flags[0] switch
        {
            (byte)'.' => RsyncChange.Metadata,
            (byte)'<' or (byte)'>' or (byte)'c' or (byte)'h' => flags[2] == '+' ? RsyncChange.Created : RsyncChange.Updated,
            _ => RsyncChange.Deleted,
        };
        return change != RsyncChange.Deleted;
    }

    // The letters of the attributes are c, s, t, p, o, g, u, a, x in this order, a dot or a blank for what is the same (rsync's manual,
    // --itemize-changes).
    private static bool IsTimeOnly(ReadOnlySpan<byte> attributes)
    {
        const int time = 2;
        return attributes.Length > time && attributes[time] is (byte)'t' or (byte)'T'
            && attributes[..time].IndexOfAnyExcept(". "u8) < 0 && attributes[(time + 1)..].IndexOfAnyExcept(". "u8) < 0;
    }

    private static RsyncEntryType? EntryType(byte letter) => letter switch
    {
        (byte)'f' => RsyncEntryType.File,
        (byte)'d' => RsyncEntryType.Folder,
        (byte)'L' => RsyncEntryType.SymbolicLink,
        (byte)'D' => RsyncEntryType.Device,
        (byte)'S' => RsyncEntryType.Special,
        _ => null,
    };

    private static bool TryReadLink(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> target)
    {
        target = [];
        if (text.IsEmpty)
            return true;
        if (!text.StartsWith(" -> "u8) && !text.StartsWith(" => "u8))
            return false;
        target = text[4..];
        return true;
    }

    private static bool TryTakeField(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> field)
    {
        int end = text.IndexOf((byte)'\t');
        if (end < 0)
        {
            field = [];
            return false;
        }

        field = text[..end];
        text = text[(end + 1)..];
        return true;
    }
}
