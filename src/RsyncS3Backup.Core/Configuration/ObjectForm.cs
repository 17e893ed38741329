using System.Globalization;
using System.Text.Json.Nodes;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// What a hashtable or an object says, in the form of a file. Keys and words of a list count in any case, as everywhere in
/// PowerShell; what is null is left out; and so is what ConvertTo-Json makes of a <see cref="BackupConfiguration"/>: enumerations
/// as numbers, durations as objects, keys that only a file or another kind of thing has.
/// </summary>
internal static class ObjectForm
{
    /// <summary>The node of a job as a file would have it.</summary>
    public static ConfigurationNode OfJob(ConfigurationNode job) => job.Kind == ConfigurationNodeKind.Object
        // The file that it was read from; no key of a job.
        ? Of(
            job with { Members = [.. job.Members.Where(member => !Is(member, nameof(BackupConfiguration.Path)))] },
            ConfigurationKeys.Job.Keys)
        : job;

    private static ConfigurationNode Of(ConfigurationNode node, IReadOnlyList<ConfigurationKey> keys)
    {
        if (node.Kind != ConfigurationNodeKind.Object)
            return node;
        List<ConfigurationMember> members = [];
        foreach (ConfigurationMember member in node.Members)
        {
            ConfigurationKey? key = keys.FirstOrDefault(
                known => Is(member, known.Name) || (known.OtherProperty is { } other && Is(member, other)));
            if (key is null)
            {
                members.Add(member);
                continue;
            }

            string path = ConfigurationText.Append(node.JsonPath, key.Name);
            ConfigurationNode value = Value(key, At(member.Value, path));
            if (!IsLeftOut(key, value))
                members.Add(new ConfigurationMember(key.Name, member.Line, value));
        }

        return node with { Members = members };
    }

    /// <summary>The value of a key as a file would have it.</summary>
    public static ConfigurationNode Value(ConfigurationKey key, ConfigurationNode value) => (key.Kind, value.Kind) switch
    {
        (ConfigurationValueKind.Object or ConfigurationValueKind.TextsOrObject, ConfigurationNodeKind.Object) =>
            Of(value, key.Members),
        (ConfigurationValueKind.Objects, ConfigurationNodeKind.List) =>
            value with { Items = [.. value.Items.Select(item => Of(item, key.Members))] },
        (ConfigurationValueKind.Texts, ConfigurationNodeKind.List) when key.ItemValues.Count > 0 =>
            value with { Items = [.. value.Items.Select(item => Word(item, key.ItemValues, isEnumeration: true))] },
        (ConfigurationValueKind.Text, ConfigurationNodeKind.Text or ConfigurationNodeKind.Number) =>
            Word(value, key.Values, key.Rule.IsEnumeration),
        (ConfigurationValueKind.Text, ConfigurationNodeKind.Object) => Duration(value),
        (ConfigurationValueKind.TextOrNumber, ConfigurationNodeKind.Object) => Limit(value),
        _ => value,
    };

    /// <summary>True for what says no more than a key that is not there.</summary>
    private static bool IsLeftOut(ConfigurationKey key, ConfigurationNode value) => value.Kind switch
    {
        ConfigurationNodeKind.Null => true,
        ConfigurationNodeKind.List => value.Items.Count == 0 && !key.Required,
        ConfigurationNodeKind.Text => key.Rule.IsEnumeration && !key.Required && value.Text == key.Values[0],
        ConfigurationNodeKind.Flag =>
            key.DefaultValue is JsonValue flag && flag.TryGetValue(out bool without) && without == value.Flag,
        _ => false,
    };

    private static ConfigurationNode Word(ConfigurationNode value, IReadOnlyList<string> values, bool isEnumeration)
    {
        string? word = value.Kind == ConfigurationNodeKind.Text
            // An enumeration's own name has no hyphen: SseKms.
            ? values.FirstOrDefault(
                known => Same(known, value.Text) || Same(known.Replace("-", "", StringComparison.Ordinal), value.Text))
            : isEnumeration && int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number < values.Count
                ? values[number]
                : null;
        return word is null ? value : value with { Kind = ConfigurationNodeKind.Text, Text = word };
    }

    private static ConfigurationNode Duration(ConfigurationNode value) =>
        value.Members.FirstOrDefault(member => Is(member, nameof(TimeSpan.Ticks)))
            is { Value: { Kind: ConfigurationNodeKind.Number } ticks }
        && long.TryParse(ticks.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? Text(value, DurationText.Format(TimeSpan.FromTicks(number)))
            : value;

    private static ConfigurationNode Limit(ConfigurationNode value)
    {
        ConfigurationNode? count = Member(nameof(DeleteLimit.Count));
        ConfigurationNode? percent = Member(nameof(DeleteLimit.Percent));
        return (count, percent) switch
        {
            ({ Kind: ConfigurationNodeKind.Number } number, { Kind: ConfigurationNodeKind.Number } share) =>
                Text(value, $"{share.Text}% or {number.Text}"),
            ({ Kind: ConfigurationNodeKind.Number } number, _) => number with { JsonPath = value.JsonPath },
            (_, { Kind: ConfigurationNodeKind.Number } share) => Text(value, share.Text + "%"),
            ({ Kind: ConfigurationNodeKind.Null }, { Kind: ConfigurationNodeKind.Null }) =>
                value with { Kind = ConfigurationNodeKind.Null },
            _ => value,
        };

        ConfigurationNode? Member(string name) => value.Members.FirstOrDefault(member => Is(member, name))?.Value;
    }

    // The path is that of the key as a file has it, whatever its case was.
    private static ConfigurationNode At(ConfigurationNode node, string path) => node with
    {
        JsonPath = path,
        Items = [.. node.Items.Select((item, index) => At(item, ConfigurationText.Append(path, index)))],
        Members = [.. node.Members.Select(member => member with { Value = At(member.Value, ConfigurationText.Append(path, member.Key)) })],
    };

    private static ConfigurationNode Text(ConfigurationNode node, string text) =>
        new(ConfigurationNodeKind.Text, node.JsonPath, node.Line) { Text = text };

    private static bool Is(ConfigurationMember member, string name) => Same(member.Key, name);

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
