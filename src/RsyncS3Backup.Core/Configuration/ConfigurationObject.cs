using System.Globalization;

namespace RsyncS3Backup.Configuration;

/// <summary>Collects problems, each with its place.</summary>
/// <param name="path">The file that is read; null for none.</param>
/// <param name="schema">What the file says of its schema.</param>
internal sealed class ConfigurationProblems(string? path, NamedSchema schema)
{
    private readonly List<ConfigurationProblem> found = [];

    /// <summary>The schema that the file names.</summary>
    public NamedSchema Schema => schema;

    public int Count => found.Count;

    public void Add(ConfigurationNode node, string message, string allowed) => Add(node, node.JsonPath, node.Line, message, allowed);

    /// <summary>What is wrong with a key: it has a line of its own.</summary>
    public void Add(ConfigurationMember member, string message, string allowed) =>
        Add(member.Value, member.Value.JsonPath, member.Line, message, allowed);

    /// <summary>What is wrong with a key that is not in its object.</summary>
    public void AddMissing(ConfigurationNode owner, string key, string message, string allowed) =>
        Add(owner, ConfigurationText.Append(owner.JsonPath, key), owner.Line, message, allowed);

    /// <summary>A key stands a second time in its object.</summary>
    public void Twice(ConfigurationMember member) => Add(member, $"'{member.Key}' stands here twice.", "each key once");

    /// <summary>The problems in the order of the file, those of the files beneath it after them.</summary>
    public IReadOnlyList<ConfigurationProblem> InOrder() =>
    [
        .. found.OrderBy(problem => problem.Path == path ? "" : problem.Path, StringComparer.Ordinal).ThenBy(problem => problem.Line ?? 0),
    ];

    private void Add(ConfigurationNode at, string jsonPath, int line, string message, string allowed) => found.Add(
        new ConfigurationProblem { JsonPath = jsonPath, Line = line, Message = message, Allowed = allowed, Path = at.Path ?? path });
}

/// <summary>
/// One object of the file, checked against the table of its keys when it is made. The values it gives are only those that passed;
/// every other key reads as if it were left out, and its problem is already collected.
/// </summary>
internal sealed class ConfigurationObject
{
    private readonly ConfigurationSection section;
    private readonly Dictionary<string, ConfigurationNode> accepted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<ConfigurationObject>> objects = new(StringComparer.Ordinal);
    private readonly HashSet<string> present = new(StringComparer.Ordinal);
    private readonly ConfigurationProblems problems;

    public ConfigurationObject(ConfigurationNode node, ConfigurationSection section, ConfigurationProblems problems)
    {
        Node = node;
        this.section = section;
        this.problems = problems;
        foreach (ConfigurationMember member in node.Members)
        {
            if (ConfigurationSecrets.IsSecret(member.Key))
                continue;
            if (section.Keys.FirstOrDefault(key => key.Name == member.Key) is not { } known)
                Unknown(member);
            else if (!present.Add(member.Key))
                problems.Twice(member);
            else
                Check(known, member.Value);
        }

        foreach (ConfigurationKey key in section.Keys.Where(key => key.Required && !present.Contains(key.Name)))
            Missing(key.Name);
    }

    public ConfigurationNode Node { get; }

    /// <summary>True when the key is in the file, whatever its value.</summary>
    public bool Has(string name) => present.Contains(Known(name).Name);

    /// <summary>True when the key is in the file with a value that can be read.</summary>
    public bool IsGood(string name) => accepted.ContainsKey(name) || objects.ContainsKey(name);

    /// <summary>Reports that a key must be here.</summary>
    public void Missing(string name) =>
        problems.AddMissing(Node, name, $"'{name}' is missing.", Known(name).Allowed);

    /// <summary>The value's node, for a problem that needs its place.</summary>
    public ConfigurationNode? NodeOf(string name) => accepted.GetValueOrDefault(Known(name).Name);

    public string? Text(string name) => NodeOf(name)?.Text;

    public bool? Flag(string name) => NodeOf(name)?.Flag;

    public IReadOnlyList<string> Texts(string name) => NodeOf(name) is { } node ? [.. node.Items.Select(item => item.Text)] : [];

    /// <summary>An object whose keys the user chose.</summary>
    public IEnumerable<KeyValuePair<string, string>> TextMap(string name) =>
        NodeOf(name)?.Members.Select(member => new KeyValuePair<string, string>(member.Key, member.Value.Text)) ?? [];

    public ConfigurationObject? Object(string name) => Objects(name) is [var only, ..] ? only : null;

    public IReadOnlyList<ConfigurationObject> Objects(string name) => objects.GetValueOrDefault(Known(name).Name) ?? [];

    // A name that is spelt wrong here would look like a key that nobody sets.
    private ConfigurationKey Known(string name) => section.Keys.First(key => key.Name == name);

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
            case ConfigurationValueKind.Decimal:
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
                if (IsA(ConfigurationNodeKind.Object, key, node) && CheckMembers(key, node, ConfigurationNodeKind.Text))
                    accepted[key.Name] = node;
                break;
            case ConfigurationValueKind.NumberMap:
                if (IsA(ConfigurationNodeKind.Object, key, node) && CheckMembers(key, node, ConfigurationNodeKind.Number))
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
        bool good = HasItems(key, list);
        foreach (ConfigurationNode item in list.Items)
            good &= IsA(ConfigurationNodeKind.Text, key, item) && Obeys(key, item);
        return good;
    }

    private bool CheckMembers(ConfigurationKey key, ConfigurationNode map, ConfigurationNodeKind kind)
    {
        bool good = map.Members.Count <= key.MostMembers;
        if (!good)
            problems.Add(map, $"There are {map.Members.Count.ToString(CultureInfo.InvariantCulture)} of them.", key.Allowed);
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (ConfigurationMember member in map.Members)
        {
            string? problem = names.Add(member.Key) ? key.NameProblem?.Invoke(member.Key) : $"'{member.Key}' stands here twice.";
            if (problem is not null)
                problems.Add(member, problem, key.Allowed);
            good &= problem is null && IsA(kind, key, member.Value) && Obeys(key, member.Value);
        }

        return good;
    }

    private void CheckObject(ConfigurationKey key, ConfigurationNode node)
    {
        if (IsA(ConfigurationNodeKind.Object, key, node))
            objects[key.Name] = [new ConfigurationObject(node, key.Section!, problems)];
    }

    /// <summary>The object that a list stands for.</summary>
    private static ConfigurationNode AsObject(ConfigurationKey key, ConfigurationNode list) =>
        new(ConfigurationNodeKind.Object, list.JsonPath, list.Line)
        {
            Path = list.Path,
            Members = [new ConfigurationMember(key.ListMember!.Name, list.Line, list)],
        };

    private void CheckObjects(ConfigurationKey key, ConfigurationNode node)
    {
        if (!IsA(ConfigurationNodeKind.List, key, node))
            return;
        HasItems(key, node);
        List<ConfigurationObject> read = [];
        foreach (ConfigurationNode item in node.Items)
        {
            if (IsA(ConfigurationNodeKind.Object, key, item))
                read.Add(new ConfigurationObject(item, key.Section!, problems));
        }

        objects[key.Name] = read;
    }

    private bool HasItems(ConfigurationKey key, ConfigurationNode list)
    {
        if (list.Items.Count > 0 || key.WhenEmpty is not { } problem)
            return true;
        problems.Add(list, problem, key.Allowed);
        return false;
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
        problems.Add(node, $"Expected {Word(kind)}, not {Word(node.Kind)}.", allowed);
        return false;
    }

    private bool Obeys(ConfigurationKey key, ConfigurationNode node)
    {
        if (key.Rule.Problem(node.Text) is not { } problem)
            return true;
        problems.Add(node, problem, key.Allowed);
        return false;
    }

    private void Unknown(ConfigurationMember member)
    {
        string quoted = ConfigurationText.Quote(member.Key);
        string[] names = [.. section.Keys.Select(key => key.Name)];
        string[] elsewhere =
            [.. ConfigurationKeys.All.Where(known => known.Key.Name == member.Key).Select(known => $"'{known.Parent}'")];
        string? since = elsewhere.Length == 0 ? problems.Schema.VersionOf(member.Value.JsonPath) : null;
        string problem = since is not null ? $"{quoted} is a key of version {since} and later, and this version is older."
            : elsewhere.Length > 0 ? $"{quoted} is not a key here; it belongs in {string.Join(" or ", elsewhere)}."
            : $"{quoted} is not a key.{ConfigurationText.DidYouMean(member.Key, names)}";
        string update = since is null ? "" : $"the key with version {since} or later of the module; with this one, ";
        problems.Add(member, problem, $"{update}one of {string.Join(", ", names)}");
    }

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
