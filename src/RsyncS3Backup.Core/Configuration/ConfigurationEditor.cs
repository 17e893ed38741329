using System.Text;
using System.Text.Json;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// Changes single keys in the text of a configuration. Comments, order, blanks and line ends of the rest stay as they are.
/// </summary>
internal static class ConfigurationEditor
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
        if (place.Value is { } found)
            return Replaced(text, found.Start, found.End, value);
        // From the innermost: each object that is missing holds the next.
        string made = value;
        for (int index = path.Count - 1; index > place.Depth; index--)
            made = $"{{ {Quoted(path[index])}: {made} }}";
        string member = $"{Quoted(path[place.Depth])}: {made}";
        string lead = place.LastEnd is null ? " " : place.Indent ?? " ";
        // An object on one line keeps a blank before its brace.
        string tail = place.LastEnd is null ? " " : "";
        string comma = place.LastEnd is null || place.HasTrailingComma ? "" : ",";
        int at = place.LastEnd ?? place.ObjectStart + 1;
        return Replaced(text, at, at, comma + lead + member + tail + (place.HasTrailingComma ? "," : ""));
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
                string? indent = Indent(text, (int)reader.TokenStartIndex);
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
                    return place with { Value = (start, end) };
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

    private static string Replaced(byte[] text, int start, int end, string by) =>
        Encoding.UTF8.GetString(text, 0, start) + by + Encoding.UTF8.GetString(text, end, text.Length - end);

    private static string Quoted(string name) => $"\"{JsonEncodedText.Encode(name)}\"";

    private sealed record Place
    {
        /// <summary>How many names of the path lead to the object.</summary>
        public required int Depth { get; init; }

        public required int ObjectStart { get; init; }

        /// <summary>The value that is there.</summary>
        public (int Start, int End)? Value { get; init; }

        /// <summary>Where the last value of the object ends, with the comma after it; null in an empty object.</summary>
        public int? LastEnd { get; init; }

        public string? Indent { get; init; }

        public bool HasTrailingComma { get; init; }
    }
}
