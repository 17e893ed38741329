using System.Text;
using System.Text.Json.Nodes;

namespace RsyncS3Backup.Configuration;

/// <summary>Values of keys, as parameters give them.</summary>
/// <param name="values">The values as JSON; words of a list count in any case.</param>
internal sealed class ConfigurationSettings(IReadOnlyList<(ConfigurationParameter Parameter, string Json)> values)
{
    /// <summary>The parameters.</summary>
    public IReadOnlyList<ConfigurationParameter> Parameters { get; } = [.. values.Select(value => value.Parameter)];

    /// <summary>A job of these values alone, for <see cref="ConfigurationReader.ReadObject"/>.</summary>
    /// <param name="name">The job's name.</param>
    public string ToObject(string name)
    {
        JsonObject job = new() { ["name"] = name };
        foreach ((ConfigurationParameter parameter, string json) in values)
        {
            JsonObject owner = job;
            foreach (string part in parameter.Path.SkipLast(1))
                owner = (JsonObject)(owner[part] ??= new JsonObject());
            owner[parameter.Path[^1]] = JsonNode.Parse(json);
        }

        return job.ToJsonString();
    }

    /// <summary>The text of a job with these values in it and some keys left out. What else is in it stays as it is.</summary>
    public string ApplyTo(string text, IEnumerable<ConfigurationParameter> leftOut)
    {
        foreach (ConfigurationParameter parameter in leftOut)
            text = ConfigurationEditor.Remove(text, parameter.Path);
        foreach ((ConfigurationParameter parameter, string json) in values)
        {
            ConfigurationNode value = ObjectForm.Value(parameter.Key, ConfigurationParser.Parse(Encoding.UTF8.GetBytes(json)));
            if (parameter.JsonPath == "$.sources")
                value = value with { Items = [.. value.Items.Select(source => KnownOr(source, text))] };
            text = ConfigurationEditor.Set(text, parameter.Path, value.ToJson());
        }

        return text;
    }

    /// <summary>A source that is given by its path alone, and is in the text already, with what the text says of it.</summary>
    private static ConfigurationNode KnownOr(ConfigurationNode source, string text)
    {
        ConfigurationNode job = ConfigurationParser.Parse(Encoding.UTF8.GetBytes(text));
        ConfigurationNode? sources = job.Members.FirstOrDefault(member => member.Key == "sources")?.Value;
        return source.Members.Count == 1 && PathOf(source) is { } path
            ? sources?.Items.FirstOrDefault(known => PathOf(known) == path) ?? source
            : source;
    }

    private static string? PathOf(ConfigurationNode source) =>
        source.Members.FirstOrDefault(member => member.Key == "path")?.Value is { Kind: ConfigurationNodeKind.Text } path
            ? ConfigurationPaths.Expand(path.Text)
            : null;
}
