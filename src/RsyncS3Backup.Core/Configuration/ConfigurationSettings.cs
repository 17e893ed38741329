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
            ConfigurationNode value = ConfigurationParser.Parse(Encoding.UTF8.GetBytes(json));
            text = ConfigurationEditor.Set(text, parameter.Path, ObjectForm.Value(parameter.Key, value).ToJson());
        }

        return text;
    }
}
