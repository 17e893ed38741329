using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace RsyncS3Backup.Configuration;

/// <summary>The keys of one object of the configuration, in the order in which they are written.</summary>
internal abstract class ConfigurationSection
{
    public abstract IReadOnlyList<ConfigurationKey> Keys { get; }
}

/// <summary>
/// The keys of one object of the configuration, and the record that it is read into. Each kind of value has a method here that
/// says how it gets from JSON into a property and back.
/// </summary>
/// <typeparam name="TOwner">The record.</typeparam>
/// <param name="defaults">The record in which every key has its default.</param>
internal abstract class ConfigurationSection<TOwner>(TOwner defaults) : ConfigurationSection
    where TOwner : notnull
{
    /// <summary>What is wrong with a list that must have an item and has none.</summary>
    protected const string ListIsEmpty = "The list is empty.";

    private ConfigurationKey<TOwner>[]? table;

    public override IReadOnlyList<ConfigurationKey> Keys => Table;

    /// <summary>The record in which every key has its default.</summary>
    public TOwner Defaults => defaults;

    private ConfigurationKey<TOwner>[] Table => table ??= [.. MakeTable()];

    /// <summary>The record with what stands in an object and is good; every other key has its default.</summary>
    public TOwner Read(ConfigurationObject from) =>
        Table.Where(key => from.IsGood(key.Name)).Aggregate(defaults, (owner, key) => key.Set(owner, from));

    /// <summary>The object: what must stand there, what most jobs set, and of the rest what differs from its default.</summary>
    public JsonObject WriteTo(JsonObject json, TOwner owner)
    {
        foreach (ConfigurationKey<TOwner> key in Table)
        {
            JsonNode? value = key.Get(owner);
            if (value is not null && (key.Required || key.IsAlwaysWritten || !JsonNode.DeepEquals(value, key.DefaultValue)))
                json[key.Name] = value;
        }

        return json;
    }

    /// <summary>The keys.</summary>
    protected abstract IEnumerable<ConfigurationKey<TOwner>> MakeTable();

    protected ConfigurationKey<TOwner> Text(
        string name, KeyRule rule, Func<TOwner, string?> get, Func<TOwner, string, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.Text, rule, owner => Json(get(owner)), (owner, from) => set(owner, from.Text(name)!),
            description);

    /// <summary>The path of a file or folder on this machine.</summary>
    protected ConfigurationKey<TOwner> Path(
        string name, KeyRule rule, Func<TOwner, string?> get, Func<TOwner, string, TOwner> set, string description) =>
        Text(name, rule, get, (owner, path) => set(owner, ConfigurationPaths.Expand(path)), description) with { IsPath = true };

    protected ConfigurationKey<TOwner> Duration(
        string name, Func<TOwner, TimeSpan?> get, Func<TOwner, TimeSpan, TOwner> set, string description) =>
        Text(
            name, KeyRule.Duration, owner => get(owner) is { } duration ? DurationText.Format(duration) : null,
            (owner, text) => DurationText.TryParse(text, out TimeSpan duration) ? set(owner, duration) : owner, description);

    /// <summary>One of the values of an enumeration.</summary>
    protected ConfigurationKey<TOwner> OneOf<T>(
        string name, string what, Func<TOwner, T?> get, Func<TOwner, T, TOwner> set, string description)
        where T : struct, Enum =>
        Text(
            name, KeyRule.OneOf<T>(what), owner => get(owner) is { } value ? ConfigurationKeys.NameOf(value) : null,
            (owner, text) => set(owner, ConfigurationKeys.ValueOf<T>(text)), description);

    protected ConfigurationKey<TOwner> Flag(
        string name, Func<TOwner, bool?> get, Func<TOwner, bool, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.Flag, KeyRule.Flag, owner => get(owner) is { } flag ? JsonValue.Create(flag) : null,
            (owner, from) => set(owner, from.Flag(name)!.Value), description);

    protected ConfigurationKey<TOwner> Number(
        string name, KeyRule rule, Func<TOwner, int?> get, Func<TOwner, int, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.Number, rule, owner => get(owner) is { } number ? JsonValue.Create(number) : null,
            (owner, from) => set(owner, int.Parse(from.Text(name)!, CultureInfo.InvariantCulture)), description);

    /// <summary>A text; one of digits may be a number too, and is written as one.</summary>
    protected ConfigurationKey<TOwner> TextOrNumber(
        string name, KeyRule rule, Func<TOwner, string?> get, Func<TOwner, string, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.TextOrNumber, rule,
            owner => long.TryParse(get(owner), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? JsonValue.Create(number)
                : Json(get(owner)),
            (owner, from) => set(owner, from.Text(name)!), description);

    /// <summary>Bytes a second, or a timetable of them.</summary>
    protected ConfigurationKey<TOwner> Bandwidth(
        string name, Func<TOwner, (long? Bytes, string? Timetable)> get, Func<TOwner, long?, string?, TOwner> set, string description) =>
        TextOrNumber(
            name, KeyRule.BandwidthOrTimetable, owner => get(owner).Timetable ?? get(owner).Bytes?.ToString(CultureInfo.InvariantCulture),
            (owner, text) => BandwidthText.TryParse(text, out long bytes) ? set(owner, bytes, null) : set(owner, null, text), description) with
        { OtherProperty = nameof(RsyncOptions.BandwidthTimetable) };

    protected ConfigurationKey<TOwner> Texts(
        string name, KeyRule rule, Func<TOwner, IReadOnlyList<string>> get, Func<TOwner, IReadOnlyList<string>, TOwner> set,
        string description) =>
        Make(
            name, ConfigurationValueKind.Texts, rule, owner => List(get(owner)), (owner, from) => set(owner, from.Texts(name)),
            description);

    /// <summary>Paths of files or folders on this machine.</summary>
    protected ConfigurationKey<TOwner> Paths(
        string name, KeyRule rule, Func<TOwner, IReadOnlyList<string>> get, Func<TOwner, IReadOnlyList<string>, TOwner> set,
        string description) =>
        Texts(name, rule, get, (owner, paths) => set(owner, [.. paths.Select(ConfigurationPaths.Expand)]), description) with
        { IsPath = true };

    /// <summary>Some of the values of an enumeration.</summary>
    protected ConfigurationKey<TOwner> SomeOf<T>(
        string name, string what, Func<TOwner, IReadOnlyList<T>> get, Func<TOwner, IReadOnlyList<T>, TOwner> set,
        string description)
        where T : struct, Enum =>
        Texts(
            name, KeyRule.OneOf<T>(what), owner => [.. get(owner).Select(ConfigurationKeys.NameOf)],
            (owner, names) => set(owner, [.. names.Select(ConfigurationKeys.ValueOf<T>).Distinct()]), description);

    /// <summary>An object whose keys the user chooses.</summary>
    protected ConfigurationKey<TOwner> TextMap(
        string name, KeyRule rule, Func<TOwner, IReadOnlyDictionary<string, string>> get,
        Func<TOwner, ImmutableSortedDictionary<string, string>, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.TextMap, rule, owner => Map(get(owner)),
            (owner, from) => set(owner, from.TextMap(name).ToImmutableSortedDictionary(StringComparer.Ordinal)), description);

    /// <summary>A number that need not be whole.</summary>
    protected ConfigurationKey<TOwner> Decimal(
        string name, KeyRule rule, Func<TOwner, decimal?> get, Func<TOwner, decimal, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.Decimal, rule, owner => get(owner) is { } number ? JsonValue.Create(number) : null,
            (owner, from) => set(owner, Number(from.Text(name)!)), description);

    /// <summary>An object of numbers by names of a list.</summary>
    protected ConfigurationKey<TOwner> NumberMap(
        string name, IReadOnlyList<string> names, KeyRule rule, Func<TOwner, IReadOnlyDictionary<string, decimal>> get,
        Func<TOwner, ImmutableSortedDictionary<string, decimal>, TOwner> set, string description) =>
        Make(
            name, ConfigurationValueKind.NumberMap, rule, owner => Map(get(owner)),
            (owner, from) => set(
                owner, from.TextMap(name).ToImmutableSortedDictionary(member => member.Key, member => Number(member.Value), StringComparer.Ordinal)),
            description) with
        {
            Names = names,
            NameProblem = given => ConfigurationRules.OneOf(given, "storage class", names),
            MostMembers = names.Count,
        };

    protected ConfigurationKey<TOwner> Object<T>(
        string name, ConfigurationSection<T> section, string allowed, Func<TOwner, T?> get, Func<TOwner, T, TOwner> set,
        string description)
        where T : class =>
        Make(
            name, ConfigurationValueKind.Object, KeyRule.Any,
            owner => get(owner) is { } value ? section.WriteTo([], value) : null,
            (owner, from) => set(owner, section.Read(from.Object(name)!)), description) with
        { Allowed = allowed, Section = section };

    protected ConfigurationKey<TOwner> Objects<T>(
        string name, ConfigurationSection<T> section, string allowed, Func<TOwner, IReadOnlyList<T>> get,
        Func<TOwner, IReadOnlyList<T>, TOwner> set, string description)
        where T : class =>
        Make(
            name, ConfigurationValueKind.Objects, KeyRule.Any,
            owner => new JsonArray([.. get(owner).Select(item => section.WriteTo([], item))]),
            (owner, from) => set(owner, [.. from.Objects(name).Select(section.Read)]), description) with
        { Allowed = allowed, Section = section, WhenEmpty = ListIsEmpty };

    private ConfigurationKey<TOwner> Make(
        string name, ConfigurationValueKind kind, KeyRule rule, Func<TOwner, JsonNode?> get,
        Func<TOwner, ConfigurationObject, TOwner> set, string description) =>
        new(name, kind, description) { Rule = rule, Get = get, Set = set, Defaults = defaults };

    private static JsonValue? Json(string? text) => text is null ? null : JsonValue.Create(ConfigurationText.WellFormed(text));

    private static decimal Number(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static JsonObject Map(IReadOnlyDictionary<string, decimal> numbers)
    {
        JsonObject json = [];
        foreach ((string name, decimal number) in numbers.OrderBy(number => number.Key, StringComparer.Ordinal))
            json[name] = JsonValue.Create(number);
        return json;
    }

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(Json)]);

    private static JsonObject Map(IReadOnlyDictionary<string, string> texts)
    {
        JsonObject json = [];
        foreach ((string name, string value) in texts.OrderBy(text => text.Key, StringComparer.Ordinal))
            json[ConfigurationText.WellFormed(name)] = Json(value);
        return json;
    }
}
