namespace RsyncS3Backup.Configuration;

/// <summary>What a JSON value is, in the words a problem uses for it.</summary>
internal enum ConfigurationNodeKind
{
    Null,
    Text,
    Number,
    Flag,
    List,
    Object,
}

/// <summary>One value of a configuration file and where it stands.</summary>
internal sealed record ConfigurationNode(ConfigurationNodeKind Kind, string JsonPath, int Line)
{
    /// <summary>The file that it stands in; null for none.</summary>
    public string? Path { get; init; }

    /// <summary>The text, or the digits of a number as they were written.</summary>
    public string Text { get; init; } = "";

    public bool Flag { get; init; }

    public IReadOnlyList<ConfigurationNode> Items { get; init; } = [];

    /// <summary>The members in the file's order; a key that stands twice is here twice.</summary>
    public IReadOnlyList<ConfigurationMember> Members { get; init; } = [];

    /// <summary>The value as JSON on one line.</summary>
    public string ToJson() => Kind switch
    {
        ConfigurationNodeKind.Text => ConfigurationWriter.Quoted(Text),
        ConfigurationNodeKind.Number => Text,
        ConfigurationNodeKind.Flag => Flag ? "true" : "false",
        ConfigurationNodeKind.List => $"[{string.Join(", ", Items.Select(item => item.ToJson()))}]",
        ConfigurationNodeKind.Object when Members.Count == 0 => "{}",
        ConfigurationNodeKind.Object => $"{{ {string.Join(", ", Members.Select(member => member.ToJson()))} }}",
        _ => "null",
    };
}

/// <summary>One key of an object with its value.</summary>
internal sealed record ConfigurationMember(string Key, int Line, ConfigurationNode Value)
{
    /// <summary>The member as JSON on one line.</summary>
    public string ToJson() => $"{ConfigurationWriter.Quoted(Key)}: {Value.ToJson()}";
}
