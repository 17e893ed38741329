using System.Text;
using System.Text.Json;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// Reads JSON into nodes that know their line. <see cref="JsonDocument"/> keeps no positions, and problems without a line are of little
/// use in a file that people write by hand.
/// </summary>
internal ref struct ConfigurationParser
{
    private static readonly JsonReaderOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private readonly ReadOnlySpan<byte> json;
    private readonly string? file;
    private Utf8JsonReader reader;
    private int line = 1;
    private int lineStart;
    private int counted;

    private ConfigurationParser(ReadOnlySpan<byte> json, string? file)
    {
        this.json = json;
        this.file = file;
        reader = new Utf8JsonReader(json, Options);
    }

    /// <summary>Reads a whole text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="file">The file that it comes from; null for none.</param>
    /// <exception cref="JsonException">It is not JSON; the exception knows where.</exception>
    public static ConfigurationNode Parse(ReadOnlySpan<byte> json, string? file = null)
    {
        ConfigurationParser parser = new(json, file);
        parser.reader.Read();
        ConfigurationNode root = parser.ReadValue("$");
        // One more step: anything but white space and comments after the value is an error that only reading on finds.
        parser.reader.Read();
        return root;
    }

    private ConfigurationNode ReadValue(string path)
    {
        ConfigurationNode node = new(ConfigurationNodeKind.Null, path, CurrentLine()) { Path = file };
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => node with { Kind = ConfigurationNodeKind.Object, Members = ReadMembers(path) },
            JsonTokenType.StartArray => node with { Kind = ConfigurationNodeKind.List, Items = ReadItems(path) },
            JsonTokenType.String => node with { Kind = ConfigurationNodeKind.Text, Text = ReadText() },
            JsonTokenType.Number => node with { Kind = ConfigurationNodeKind.Number, Text = Encoding.ASCII.GetString(reader.ValueSpan) },
            JsonTokenType.True => node with { Kind = ConfigurationNodeKind.Flag, Flag = true },
            JsonTokenType.False => node with { Kind = ConfigurationNodeKind.Flag },
            _ => node,
        };
    }

    private List<ConfigurationMember> ReadMembers(string path)
    {
        List<ConfigurationMember> members = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            int at = CurrentLine();
            string key = ReadText();
            reader.Read();
            members.Add(new ConfigurationMember(key, at, ReadValue(ConfigurationText.Append(path, key))));
        }

        return members;
    }

    private List<ConfigurationNode> ReadItems(string path)
    {
        List<ConfigurationNode> items = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(ReadValue(ConfigurationText.Append(path, items.Count)));
        return items;
    }

    private string ReadText()
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            // Utf8JsonReader checks bytes and surrogate pairs only when a text is fetched, and then not as a JsonException.
            int at = CurrentLine();
            throw new JsonException("The text is not valid UTF-8.", null, at - 1, (int)reader.TokenStartIndex - lineStart, exception);
        }
    }

    private int CurrentLine()
    {
        int position = (int)reader.TokenStartIndex;
        for (; counted < position; counted++)
        {
            if (json[counted] != '\n')
                continue;
            line++;
            lineStart = counted + 1;
        }

        return line;
    }
}
