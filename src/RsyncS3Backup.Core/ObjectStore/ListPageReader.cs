using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Reads a page of ListObjectsV2 as S3 writes it. The SDK spends many times the processor time on each object, and that is what the listing
/// of a million of them takes. Whatever is not written so, down to a comment or a date of another form, is no page for this reader: the SDK asks again then,
/// and says what it is.
/// </summary>
internal ref struct ListPageReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<byte> EndsOfName = SearchValues.Create(" \t\r\n/>"u8);

    // Nobody starts an element's name with one of these but a comment, a section or an end.
    private static readonly SearchValues<byte> NoName = SearchValues.Create("!?</&\"'"u8);

    private static readonly SearchValues<byte> InTag = SearchValues.Create("\"'<>"u8);

    // Nothing in a page is deeper than the name of an owner.
    private const int Deepest = 8;

    private readonly ReadOnlySpan<byte> document;
    private int position;
    private bool isEmpty;
    private string lastClass = "";

    private ListPageReader(ReadOnlySpan<byte> document) => this.document = document;

    /// <summary>The page; null when the document is none, or not whole.</summary>
    public static ListPage? TryRead(ReadOnlySpan<byte> document)
    {
        try
        {
            return new ListPageReader(document).Read();
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    private ListPage Read()
    {
        SkipDeclaration();
        if (!Open().SequenceEqual("ListBucketResult"u8))
            throw NotSo();
        List<ListedObject> found = [];
        bool? isTruncated = null;
        string? next = null;
        int? keyCount = null;
        string? encoding = null;
        while (!AtClose("ListBucketResult"u8))
        {
            ReadOnlySpan<byte> name = Open();
            if (name.SequenceEqual("Contents"u8))
                found.Add(ReadObject());
            else if (name.SequenceEqual("IsTruncated"u8))
                isTruncated = isTruncated is null ? ReadFlag(name) : throw NotSo();
            else if (name.SequenceEqual("NextContinuationToken"u8))
                next = next is null ? ReadText(name) : throw NotSo();
            else if (name.SequenceEqual("KeyCount"u8))
                keyCount = keyCount is null ? checked((int)ReadNumber(name)) : throw NotSo();
            else if (name.SequenceEqual("EncodingType"u8))
                encoding = encoding is null ? ReadText(name) : throw NotSo();
            else if (name.SequenceEqual("CommonPrefixes"u8))
                throw NotSo();
            else
                Skip(name, depth: 1);
        }

        SkipSpace();
        if (position != document.Length || isTruncated is null || encoding is not (null or "url"))
            throw NotSo();
        for (int i = 0; encoding is not null && i < found.Count; i++)
            found[i] = found[i] with { Key = WebUtility.UrlDecode(found[i].Key) };
        return new ListPage(found, isTruncated, next, keyCount);
    }

    private ListedObject ReadObject()
    {
        string? key = null;
        long? size = null;
        string? tag = null;
        DateTimeOffset? modified = null;
        string? storageClass = null;
        while (!AtClose("Contents"u8))
        {
            ReadOnlySpan<byte> name = Open();
            if (name.SequenceEqual("Key"u8))
                key = key is null ? ReadText(name) : throw NotSo();
            else if (name.SequenceEqual("Size"u8))
                size = size is null ? ReadNumber(name) : throw NotSo();
            else if (name.SequenceEqual("ETag"u8))
                tag = tag is null ? ReadText(name) : throw NotSo();
            else if (name.SequenceEqual("LastModified"u8))
                modified = modified is null ? ReadTime(name) : throw NotSo();
            else if (name.SequenceEqual("StorageClass"u8))
                storageClass = storageClass is null ? ReadClass(name) : throw NotSo();
            else
                Skip(name, depth: 2);
        }

        // Of such a key a reader of XML may make something else.
        if (key is null || size is null || key.Length == 0 || char.IsWhiteSpace(key[0]) || char.IsWhiteSpace(key[^1]))
            throw NotSo();
        return new ListedObject(key, size.Value, tag, storageClass, modified);
    }

    private void SkipDeclaration()
    {
        if (document.StartsWith(Encoding.UTF8.Preamble))
            position = Encoding.UTF8.Preamble.Length;
        if (!document[position..].StartsWith("<?xml"u8))
            return;
        int end = document[position..].IndexOf("?>"u8);
        if (end < 0)
            throw NotSo();
        string declaration = Encoding.ASCII.GetString(document.Slice(position, end));
        if (declaration.Contains("encoding", StringComparison.Ordinal) && !declaration.Contains("UTF-8", StringComparison.OrdinalIgnoreCase))
            throw NotSo();
        position += end + 2;
    }

    private void SkipSpace()
    {
        while (position < document.Length && document[position] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            position++;
    }

    /// <summary>Goes behind the start of an element.</summary>
    /// <returns>Its name.</returns>
    private ReadOnlySpan<byte> Open()
    {
        SkipSpace();
        if (position >= document.Length || document[position] != '<')
            throw NotSo();
        int length = document[(position + 1)..].IndexOfAny(EndsOfName);
        if (length <= 0 || document.Slice(position + 1, length).ContainsAny(NoName))
            throw NotSo();
        ReadOnlySpan<byte> name = document.Slice(position + 1, length);
        position += 1 + length;
        SkipAttributes();
        return name;
    }

    private void SkipAttributes()
    {
        while (true)
        {
            int length = document[position..].IndexOfAny(InTag);
            if (length < 0 || document[position + length] == '<')
                throw NotSo();
            byte found = document[position + length];
            isEmpty = found == '>' && document[position + length - 1] == '/';
            position += length + 1;
            if (found == '>')
                return;
            int end = document[position..].IndexOf(found);
            if (end < 0)
                throw NotSo();
            position += end + 1;
        }
    }

    /// <summary>True when the element ends here; then it is behind its end.</summary>
    private bool AtClose(ReadOnlySpan<byte> name)
    {
        if (isEmpty)
        {
            isEmpty = false;
            return true;
        }

        SkipSpace();
        if (!document[position..].StartsWith("</"u8))
            return false;
        Close(name);
        return true;
    }

    private void Close(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> rest = document[position..];
        if (rest.Length < name.Length + 3 || !rest.StartsWith("</"u8) || !rest.Slice(2, name.Length).SequenceEqual(name) || rest[name.Length + 2] != '>')
            throw NotSo();
        position += name.Length + 3;
    }

    /// <summary>Goes behind an element whose content nobody needs.</summary>
    private void Skip(ReadOnlySpan<byte> name, int depth)
    {
        if (depth > Deepest)
            throw NotSo();
        while (!isEmpty)
        {
            int text = document[position..].IndexOf((byte)'<');
            if (text < 0)
                throw NotSo();
            position += text;
            if (document[position..].StartsWith("</"u8))
            {
                Close(name);
                return;
            }

            Skip(Open(), depth + 1);
        }

        isEmpty = false;
    }

    private ReadOnlySpan<byte> ReadRaw(ReadOnlySpan<byte> name)
    {
        if (isEmpty)
        {
            isEmpty = false;
            return [];
        }

        int length = document[position..].IndexOf((byte)'<');
        if (length < 0)
            throw NotSo();
        ReadOnlySpan<byte> raw = document.Slice(position, length);
        position += length;
        Close(name);
        return raw;
    }

    private string ReadText(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = ReadRaw(name);
        // XML makes line feeds of these.
        if (raw.Contains((byte)'\r'))
            throw NotSo();
        string text = Strict.GetString(raw);
        return raw.Contains((byte)'&') ? Unescape(text) : text;
    }

    private static string Unescape(string text)
    {
        StringBuilder plain = new(text.Length);
        int from = 0;
        while (text.IndexOf('&', from) is >= 0 and var start)
        {
            int end = text.IndexOf(';', start);
            if (end < 0)
                throw NotSo();
            plain.Append(text, from, start - from);
            string entity = text[(start + 1)..end];
            _ = entity switch
            {
                "amp" => plain.Append('&'),
                "lt" => plain.Append('<'),
                "gt" => plain.Append('>'),
                "quot" => plain.Append('"'),
                "apos" => plain.Append('\''),
                ['#', 'x', .. var digits] => plain.Append(new Rune(int.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString()),
                ['#', .. var digits] => plain.Append(new Rune(int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture)).ToString()),
                _ => throw NotSo(),
            };
            from = end + 1;
        }

        return plain.Append(text, from, text.Length - from).ToString();
    }

    private bool ReadFlag(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = ReadRaw(name);
        return raw.SequenceEqual("true"u8) || (raw.SequenceEqual("false"u8) ? false : throw NotSo());
    }

    private long ReadNumber(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = ReadRaw(name);
        return Utf8Parser.TryParse(raw, out long value, out int used) && used == raw.Length && value >= 0 ? value : throw NotSo();
    }

    // 2026-11-30T21:00:13.000Z
    private DateTimeOffset ReadTime(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = ReadRaw(name);
        return DateTimeOffset.TryParseExact(
            Encoding.ASCII.GetString(raw), "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out DateTimeOffset time) ? time : throw NotSo();
    }

    // A few, over and over.
    private string ReadClass(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> raw = ReadRaw(name);
        if (!Ascii.Equals(raw, lastClass))
            lastClass = Strict.GetString(raw);
        return lastClass;
    }

    private static FormatException NotSo() => new();
}
