using System.Text.Json.Nodes;

namespace RsyncS3Backup.Configuration;

/// <summary>What a key's value is.</summary>
internal enum ConfigurationValueKind
{
    Text,
    Flag,
    Number,
    TextOrNumber,
    Texts,
    TextMap,

    /// <summary>A number that need not be whole.</summary>
    Decimal,

    /// <summary>An object of such numbers, by names of a list.</summary>
    NumberMap,
    Object,
    Objects,

    /// <summary>An object, or a list of texts that stands for it.</summary>
    TextsOrObject,
}

/// <summary>
/// One key of the configuration: all that there is to know of it. Reading, writing, the JSON schema, the reference page and the
/// parameters of cmdlets come from here.
/// </summary>
/// <param name="Name">As it stands in a file.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Description">
/// What it is for, as Markdown: the reference page has it so, the schema and the help of its parameter without links.
/// </param>
internal abstract record ConfigurationKey(string Name, ConfigurationValueKind Kind, string Description)
{
    /// <summary>What single values must be: the value, each item of a list, each value of a map.</summary>
    public KeyRule Rule { get; init; } = KeyRule.Any;

    /// <summary>What is allowed, in words.</summary>
    public string Allowed { get => field ?? Rule.Allowed; init; }

    public bool Required { get; init; }

    /// <summary>What counts without the key, as Markdown; null: what the JSON of the default says.</summary>
    public string? Default { get; init; }

    /// <summary>What counts without the key, as JSON; null where there is no such value.</summary>
    public abstract JsonNode? DefaultValue { get; }

    /// <summary>True for a key that most jobs set: it is written with its default too.</summary>
    public bool IsAlwaysWritten { get; init; }

    /// <summary>The record's property for values of another form than those in the property of the key's name; null: there is none.</summary>
    public string? OtherProperty { get; init; }

    /// <summary>True for the path of a file or folder on this machine.</summary>
    public bool IsPath { get; init; }

    /// <summary>The first version of the module that knows the key.</summary>
    public string Since { get; init; } = ConfigurationKeys.FirstVersion;

    /// <summary>Values that show what may stand there, as a JSON list; null for none.</summary>
    public string? Examples { get; init; }

    /// <summary>
    /// The name of the parameter that sets it; null: the key's name; empty: there is none. What is in a list of objects has none.
    /// </summary>
    public string? Parameter { get; init; }

    /// <summary>What is wrong with a list without items; null where it may have none.</summary>
    public string? WhenEmpty { get; init; }

    /// <summary>The names that a <see cref="ConfigurationValueKind.NumberMap"/> may have.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>What is wrong with a name in a <see cref="ConfigurationValueKind.TextMap"/>, which the user chose.</summary>
    public Func<string, string?>? NameProblem { get; init; }

    /// <summary>How many members a <see cref="ConfigurationValueKind.TextMap"/> may have.</summary>
    public int MostMembers { get; init; } = int.MaxValue;

    /// <summary>The keys of the object, or of each object of the list; null for other kinds.</summary>
    public ConfigurationSection? Section { get; init; }

    /// <summary>The keys of the object, or of each object of the list.</summary>
    public IReadOnlyList<ConfigurationKey> Members => Section?.Keys ?? [];

    /// <summary>The key of the object that a list stands for, see <see cref="ConfigurationValueKind.TextsOrObject"/>.</summary>
    public ConfigurationKey? ListMember => Kind == ConfigurationValueKind.TextsOrObject ? Members[0] : null;

    /// <summary>The values, where there is a list of them.</summary>
    public IReadOnlyList<string> Values => Kind == ConfigurationValueKind.Texts ? [] : Rule.Values;

    /// <summary>The values of a list's items, where there is a list of them.</summary>
    public IReadOnlyList<string> ItemValues => Kind == ConfigurationValueKind.Texts ? Rule.Values : [];
}

/// <summary>A key, and where its value goes.</summary>
/// <typeparam name="TOwner">The record that has the value.</typeparam>
internal sealed record ConfigurationKey<TOwner>(string Name, ConfigurationValueKind Kind, string Description)
    : ConfigurationKey(Name, Kind, Description)
{
    /// <summary>The value of a record, as JSON; null when it has none.</summary>
    public required Func<TOwner, JsonNode?> Get { get; init; }

    /// <summary>The record with what stands in an object, which is good.</summary>
    public required Func<TOwner, ConfigurationObject, TOwner> Set { get; init; }

    /// <summary>The record in which every key has its default.</summary>
    public required TOwner Defaults { get; init; }

    public override JsonNode? DefaultValue => Required ? null : Get(Defaults);
}
