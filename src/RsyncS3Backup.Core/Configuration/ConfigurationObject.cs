using System.Globalization;

namespace RsyncS3Backup.Configuration;

/// <summary>Collects problems, each with its place.</summary>
internal sealed class ConfigurationProblems(string? path)
{
    private readonly List<ConfigurationProblem> found = [];

    public int Count => found.Count;

    public void Add(string jsonPath, int? line, string message, string allowed) =>
        found.Add(new ConfigurationProblem { JsonPath = jsonPath, Line = line, Message = message, Allowed = allowed, Path = path });

    public void Add(ConfigurationNode node, string message, string allowed) => Add(node.JsonPath, node.Line, message, allowed);

    /// <summary>The problems in the order of the file.</summary>
    public IReadOnlyList<ConfigurationProblem> InOrder() => [.. found.OrderBy(problem => problem.Line ?? 0)];
}

/// <summary>
/// One object of the file, checked against the table of its keys when it is made. The values it gives are only those that passed;
/// every other key reads as if it were left out, and its problem is already collected.
/// </summary>
internal sealed class ConfigurationObject
{
    private readonly Dictionary<string, ConfigurationNode> accepted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ConfigurationObject>> objects = new(StringComparer.Ordinal);
    private readonly HashSet<string> present = new(StringComparer.Ordinal);
    private readonly ConfigurationProblems problems;

    public ConfigurationObject(ConfigurationNode node, IReadOnlyList<ConfigurationKey> keys, ConfigurationProblems problems)
    {
        Node = node;
        this.problems = problems;
        foreach (ConfigurationMember member in node.Members)
        {
            if (ConfigurationSecrets.IsSecret(member.Key))
                continue;
            if (keys.FirstOrDefault(key => key.Name == member.Key) is not { } known)
                problems.Add(member.Value.JsonPath, member.Line, Unknown(member.Key, keys), "one of " + Names(keys));
            else if (!present.Add(member.Key))
                problems.Add(member.Value.JsonPath, member.Line, $"'{member.Key}' stands here twice.", "each key once");
            else
                Check(known, member.Value);
        }

        foreach (ConfigurationKey key in keys.Where(key => key.Required && !present.Contains(key.Name)))
            Missing(key);
    }

    public ConfigurationNode Node { get; }

    /// <summary>True when the key is in the file, whatever its value.</summary>
    public bool Has(ConfigurationKey key) => present.Contains(key.Name);

    /// <summary>Reports that a key must be here.</summary>
    public void Missing(ConfigurationKey key) =>
        problems.Add(ConfigurationText.Append(Node.JsonPath, key.Name), Node.Line, $"'{key.Name}' is missing.", key.Allowed);

    /// <summary>The value's node, for a problem that needs its place.</summary>
    public ConfigurationNode? NodeOf(ConfigurationKey key) => accepted.GetValueOrDefault(key.Name);

    public string? Text(ConfigurationKey key) => NodeOf(key)?.Text;

    public bool? Flag(ConfigurationKey key) => NodeOf(key)?.Flag;

    public int? Number(ConfigurationKey key) =>
        NodeOf(key) is { } node ? int.Parse(node.Text, CultureInfo.InvariantCulture) : null;

    public IReadOnlyList<string> Texts(ConfigurationKey key) =>
        NodeOf(key) is { } node ? [.. node.Items.Select(item => item.Text)] : [];

    /// <summary>An object whose keys the user chose.</summary>
    public IEnumerable<KeyValuePair<string, string>> TextMap(ConfigurationKey key) =>
        NodeOf(key)?.Members.Select(member => new KeyValuePair<string, string>(member.Key, member.Value.Text)) ?? [];

    /// <summary>The value of an enumeration by its JSON name.</summary>
    public T? Value<T>(ConfigurationKey key)
        where T : struct, Enum =>
        Text(key) is { } text ? Enum.Parse<T>(text.Replace("-", "", StringComparison.Ordinal), ignoreCase: true) : null;

    public ConfigurationObject? Object(ConfigurationKey key) => Objects(key) is [var only, ..] ? only : null;

    public IReadOnlyList<ConfigurationObject> Objects(ConfigurationKey key) => objects.GetValueOrDefault(key.Name) ?? [];

    private void Check(ConfigurationKey key, ConfigurationNode node)
    {
        switch (key.Kind)
        {
            case ConfigurationValueKind.Text:
                CheckValue(key, node, ConfigurationNodeKind.Text);
                break;
            case ConfigurationValueKind.Flag:
                CheckValue(key, node, ConfigurationNodeKind.Flag);
                break;
            case ConfigurationValueKind.Number:
                CheckValue(key, node, ConfigurationNodeKind.Number);
                break;
            case ConfigurationValueKind.TextOrNumber:
                CheckValue(key, node, node.Kind == ConfigurationNodeKind.Number ? node.Kind : ConfigurationNodeKind.Text);
                break;
            case ConfigurationValueKind.Texts:
                if (IsA(ConfigurationNodeKind.List, key, node) && CheckItems(key, node))
                    accepted[key.Name] = node;
                break;
            case ConfigurationValueKind.TextMap:
                if (IsA(ConfigurationNodeKind.Object, key, node) && CheckMembers(key, node))
                    accepted[key.Name] = node;
                break;
            case ConfigurationValueKind.Object:
                CheckObject(key, node);
                break;
            case ConfigurationValueKind.Objects:
                CheckObjects(key, node);
                break;
            case ConfigurationValueKind.TextsOrObject:
                CheckObject(key, node.Kind == ConfigurationNodeKind.List ? AsObject(key, node) : node);
                break;
        }
    }

    private void CheckValue(ConfigurationKey key, ConfigurationNode node, ConfigurationNodeKind kind)
    {
        if (IsA(kind, key, node) && Obeys(key, node))
            accepted[key.Name] = node;
    }

    private bool CheckItems(ConfigurationKey key, ConfigurationNode list)
    {
        bool good = true;
        foreach (ConfigurationNode item in list.Items)
            good &= IsA(ConfigurationNodeKind.Text, key, item) && Obeys(key, item);
        return good;
    }

    private bool CheckMembers(ConfigurationKey key, ConfigurationNode map)
    {
        bool good = map.Members.Count <= key.MostMembers;
        if (!good)
            problems.Add(map, $"There are {map.Members.Count.ToString(CultureInfo.InvariantCulture)} of them.", key.Allowed);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (ConfigurationMember member in map.Members)
        {
            string? problem = names.Add(member.Key) ? key.NameRule?.Invoke(member.Key) : $"'{member.Key}' stands here twice.";
            if (problem is not null)
                problems.Add(member.Value.JsonPath, member.Line, problem, key.Allowed);
            good &= problem is null && IsA(ConfigurationNodeKind.Text, key, member.Value) && Obeys(key, member.Value);
        }

        return good;
    }

    private void CheckObject(ConfigurationKey key, ConfigurationNode node)
    {
        if (IsA(ConfigurationNodeKind.Object, key, node))
            objects[key.Name] = [new ConfigurationObject(node, key.Members, problems)];
    }

    /// <summary>The object that a list stands for.</summary>
    private static ConfigurationNode AsObject(ConfigurationKey key, ConfigurationNode list) =>
        new(ConfigurationNodeKind.Object, list.JsonPath, list.Line) { Members = [new ConfigurationMember(key.ListMember!.Name, list.Line, list)] };

    private void CheckObjects(ConfigurationKey key, ConfigurationNode node)
    {
        if (!IsA(ConfigurationNodeKind.List, key, node))
            return;
        if (node.Items.Count == 0)
            problems.Add(node, "The list is empty.", key.Allowed);
        List<ConfigurationObject> read = [];
        foreach (ConfigurationNode item in node.Items)
        {
            if (IsA(ConfigurationNodeKind.Object, key, item))
                read.Add(new ConfigurationObject(item, key.Members, problems));
        }

        objects[key.Name] = read;
    }

    private bool IsA(ConfigurationNodeKind kind, ConfigurationKey key, ConfigurationNode node)
    {
        if (node.Kind == kind)
            return true;
        // The value is not named: nobody knows what stands where something else was meant to be.
        // Of a configuration, ConvertTo-Json writes what lies deeper than it goes as the text of a record: "S3SyncOptions {
        // Enabled = True, … }".
        bool isCutOff = (kind, node.Kind) == (ConfigurationNodeKind.Object, ConfigurationNodeKind.Text)
            && node.Text.Contains(" { ", StringComparison.Ordinal);
        string allowed = isCutOff ? key.Allowed + ". ConvertTo-Json cut it off: give it -Depth 9" : key.Allowed;
        problems.Add(node, $"Here must be {Word(kind)}, not {Word(node.Kind)}.", allowed);
        return false;
    }

    private bool Obeys(ConfigurationKey key, ConfigurationNode node)
    {
        if (key.Rule?.Invoke(node.Text) is not { } problem)
            return true;
        problems.Add(node, problem, key.Allowed);
        return false;
    }

    private static string Unknown(string written, IReadOnlyList<ConfigurationKey> keys)
    {
        string quoted = ConfigurationText.Quote(written);
        string[] elsewhere = [.. ConfigurationKeys.All.Where(known => known.Key.Name == written).Select(known => $"'{known.Parent}'")];
        return elsewhere.Length > 0
            ? $"{quoted} is no key here; it belongs in {string.Join(" or ", elsewhere)}."
            : $"{quoted} is no key.{ConfigurationText.DidYouMean(written, keys.Select(key => key.Name))}";
    }

    private static string Names(IReadOnlyList<ConfigurationKey> keys) => string.Join(", ", keys.Select(key => key.Name));

    private static string Word(ConfigurationNodeKind kind) => kind switch
    {
        ConfigurationNodeKind.Text => "text in quotes",
        ConfigurationNodeKind.Number => "a number",
        ConfigurationNodeKind.Flag => "true or false",
        ConfigurationNodeKind.List => "a list",
        ConfigurationNodeKind.Object => "an object",
        _ => "null (leave the key out instead)",
    };
}
