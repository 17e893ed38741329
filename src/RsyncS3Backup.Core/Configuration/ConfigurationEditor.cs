using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// Changes single keys in the text of a configuration. Comments, order, blanks and line ends of the rest stay as they are.
/// </summary>
internal static partial class ConfigurationEditor
{
    private static readonly JsonReaderOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>
    /// The text with a key at a value. A key that is not there comes last in its object, which is made where it is missing.
    /// </summary>
    /// <param name="json">The text of a configuration that is good.</param>
    /// <param name="path">The names from the root to the key.</param>
    /// <param name="value">The value as JSON.</param>
    public static string Set(string json, IReadOnlyList<string> path, string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        Place place = Find(text, path);
        // From the innermost: each object that is missing holds the next.
        string made = value;
        for (int index = path.Count - 1; index > place.Depth; index--)
            made = $"{{ {ConfigurationWriter.Quoted(path[index])}: {made} }}";
        if (place.Value is { } found)
            return Replaced(text, found.Start, found.End, made);
        string member = $"{ConfigurationWriter.Quoted(path[place.Depth])}: {made}";
        string lead = place.LastEnd is null ? " " : place.Indent ?? " ";
        // An object on one line keeps a blank before its brace.
        string tail = place.LastEnd is null ? " " : "";
        string comma = place.LastEnd is null || place.HasTrailingComma ? "" : ",";
        int at = place.LastEnd ?? place.ObjectStart + 1;
        return Replaced(text, at, at, comma + lead + member + tail + (place.HasTrailingComma ? "," : ""));
    }

    /// <summary>
    /// The text without a key, and without the comment after it on its line. An object that nothing is left in goes too.
    /// </summary>
    /// <param name="json">The text of a configuration that is good.</param>
    /// <param name="path">The names from the root to the key.</param>
    public static string Remove(string json, IReadOnlyList<string> path)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        Place place = Find(text, path);
        if (place.Depth < path.Count - 1 || place.Value is not { } value)
            return json;
        if (place.IsAlone && path.Count > 1)
            return Remove(json, [.. path.SkipLast(1)]);
        int? comma = CommaAfter(text, value.End, place.Next);
        // Of the last key it is the comma before that has to go.
        string before = comma is null && place.LastEnd is { } last && CommaAfter(text, last, place.NameStart) is { } previous
            ? Replaced(text, previous, previous + 1, "", place.NameStart)
            : Encoding.UTF8.GetString(text, 0, place.NameStart);
        string after = Encoding.UTF8.GetString(text, (comma ?? value.End - 1) + 1, text.Length - (comma ?? value.End - 1) - 1);
        string start = before.TrimEnd(' ', '\t');
        // On a line of its own: the line goes. Else one of the blanks around it.
        return start.EndsWith('\n') && RestOfLine().Match(after) is { Success: true } rest
            ? start + after[rest.Length..]
            : comma is null ? start + after : before + after.TrimStart(' ', '\t');
    }

    private static Place Find(byte[] text, IReadOnlyList<string> path)
    {
        Utf8JsonReader reader = new(text, Options);
        reader.Read();
        for (int depth = 0; ; depth++)
        {
            Place place = new() { Depth = depth, ObjectStart = (int)reader.TokenStartIndex };
            bool isDeeper = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                int nameStart = (int)reader.TokenStartIndex;
                string? indent = Indent(text, nameStart);
                reader.Read();
                int start = (int)reader.TokenStartIndex;
                bool isWanted = name == path[depth];
                if (isWanted && depth < path.Count - 1 && reader.TokenType == JsonTokenType.StartObject)
                {
                    isDeeper = true;
                    break;
                }

                reader.Skip();
                int end = (int)reader.BytesConsumed;
                if (isWanted)
                {
                    reader.Read();
                    return place with
                    {
                        Value = (start, end),
                        NameStart = nameStart,
                        Next = (int)reader.TokenStartIndex,
                        IsAlone = place.LastEnd is null && reader.TokenType == JsonTokenType.EndObject,
                    };
                }

                place = place with { LastEnd = end, Indent = indent };
            }

            if (isDeeper)
                continue;
            return place.LastEnd is { } last && CommaAfter(text, last, (int)reader.TokenStartIndex) is { } comma
                ? place with { LastEnd = comma + 1, HasTrailingComma = true }
                : place;
        }
    }

    /// <summary>The line break and the blanks before a key that begins its line; null for one that does not.</summary>
    private static string? Indent(byte[] text, int at)
    {
        int start = at;
        while (start > 0 && text[start - 1] is (byte)' ' or (byte)'\t')
            start--;
        if (start == 0 || text[start - 1] != '\n')
            return null;
        bool isWindows = start > 1 && text[start - 2] == '\r';
        return (isWindows ? "\r\n" : "\n") + Encoding.UTF8.GetString(text, start, at - start);
    }

    /// <summary>
    /// Where a comma stands between the last value and the end of its object, comments aside; null where none does.
    /// </summary>
    private static int? CommaAfter(byte[] text, int from, int to)
    {
        for (int at = from; at < to; at++)
        {
            if (text[at] == ',')
                return at;
            if (text[at] == '/' && text[at + 1] == '/')
            {
                while (at < to && text[at] != '\n')
                    at++;
            }
            else if (text[at] == '/')
            {
                at = text.AsSpan(at + 2).IndexOf("*/"u8) + at + 3;
            }
        }

        return null;
    }

    private static string Replaced(byte[] text, int start, int end, string by) => Replaced(text, start, end, by, text.Length);

    private static string Replaced(byte[] text, int start, int end, string by, int length) =>
        Encoding.UTF8.GetString(text, 0, start) + by + Encoding.UTF8.GetString(text, end, length - end);

    [GeneratedRegex(@"\A[ \t]*(//[^\n]*|/\*[^\n]*?\*/[ \t]*)?\r?\n")]
    private static partial Regex RestOfLine();

    private sealed record Place
    {
        /// <summary>How many names of the path lead to the object.</summary>
        public required int Depth { get; init; }

        public required int ObjectStart { get; init; }

        /// <summary>The value that is there.</summary>
        public (int Start, int End)? Value { get; init; }

        /// <summary>Where the name of that value begins.</summary>
        public int NameStart { get; init; }

        /// <summary>Where the next name begins, or the object ends.</summary>
        public int Next { get; init; }

        /// <summary>True when that value is the only one of its object.</summary>
        public bool IsAlone { get; init; }

        /// <summary>Where the last value of the object ends, with the comma after it; null in an empty object.</summary>
        public int? LastEnd { get; init; }

        public string? Indent { get; init; }

        public bool HasTrailingComma { get; init; }
    }
}
