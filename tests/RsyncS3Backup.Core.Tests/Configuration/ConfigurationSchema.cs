using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using RsyncS3Backup.Configuration;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>The JSON schema that the table of keys makes.</summary>
internal static class ConfigurationSchema
{
    private const int Columns = 140;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Make()
    {
        JsonObject schema = new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = ConfigurationWriter.SchemaId,
            ["title"] = "RsyncS3Backup job",
            ["description"] = "One backup job: rsync to a local mirror, then the mirror to S3. "
                + "Get-Help about_RsyncS3Backup_Configuration describes it.",
            ["type"] = "object",
        };
        AddKeys(schema, ConfigurationKeys.Job.Keys);
        StringBuilder text = new();
        Write(text, schema, 0, 0);
        return text.Append('\n').ToString();
    }

    private static JsonObject OfKey(ConfigurationKey key)
    {
        JsonObject made = new() { ["type"] = JsonNode.Parse(TypeOf(key.Kind)) };
        switch (key.Kind)
        {
            case ConfigurationValueKind.Texts:
                AddMinItems(made, key);
                made["items"] = OfValue(key, new JsonObject { ["type"] = "string" });
                break;
            case ConfigurationValueKind.TextMap:
                made["maxProperties"] = key.MostMembers;
                made["additionalProperties"] = OfValue(key, new JsonObject { ["type"] = "string" });
                break;
            case ConfigurationValueKind.NumberMap:
                made["propertyNames"] = new JsonObject { ["enum"] = new JsonArray([.. key.Names.Select(name => JsonValue.Create(name))]) };
                made["additionalProperties"] = OfValue(key, new JsonObject { ["type"] = "number" });
                break;
            case ConfigurationValueKind.Objects:
                AddMinItems(made, key);
                break;
            case ConfigurationValueKind.TextsOrObject:
                made["minItems"] = 1;
                made["items"] = new JsonObject { ["type"] = "string" };
                break;
            default:
                OfValue(key, made);
                break;
        }

        if (key.Default is null && key.DefaultValue is { } value)
            made["default"] = value.DeepClone();
        made["description"] = ConfigurationReference.Plain(key.Description) + DefaultInWords(key);
        if (key.Examples is { } examples)
            made["examples"] = JsonNode.Parse(examples);
        if (key.Since != ConfigurationKeys.FirstVersion)
            made[NamedSchema.Since] = key.Since;
        if (key.Kind == ConfigurationValueKind.Objects)
            made["items"] = AddKeys(new JsonObject { ["type"] = "object" }, key.Members);
        else if (key.Section is not null)
            AddKeys(made, key.Members);
        return made;
    }

    private static JsonObject OfValue(ConfigurationKey key, JsonObject made)
    {
        foreach ((string name, JsonNode? value) in JsonNode.Parse($"{{{key.Rule.Schema}}}")!.AsObject())
            made[name] = value?.DeepClone();
        if (key.Rule.Values.Count > 0)
            made["enum"] = new JsonArray([.. key.Rule.Values.Select(value => JsonValue.Create(value))]);
        return made;
    }

    private static JsonObject AddKeys(JsonObject made, IReadOnlyList<ConfigurationKey> keys)
    {
        made["additionalProperties"] = false;
        string[] required = [.. keys.Where(key => key.Required).Select(key => key.Name)];
        if (required.Length > 0)
            made["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]);
        JsonObject properties = [];
        foreach (ConfigurationKey key in keys)
            properties[key.Name] = OfKey(key);
        made["properties"] = properties;
        return made;
    }

    private static void AddMinItems(JsonObject made, ConfigurationKey key)
    {
        if (key.WhenEmpty is not null)
            made["minItems"] = 1;
    }

    private static string DefaultInWords(ConfigurationKey key) => key.Default switch
    {
        null or "none" => "",
        { } words when words.StartsWith("see ", StringComparison.Ordinal) => "",
        { } words when words.StartsWith("required", StringComparison.Ordinal) => $" R{ConfigurationReference.Plain(words[1..])}.",
        { } words => $" Default: {ConfigurationReference.Plain(words)}.",
    };

    private static string TypeOf(ConfigurationValueKind kind) => kind switch
    {
        ConfigurationValueKind.Text => "\"string\"",
        ConfigurationValueKind.Flag => "\"boolean\"",
        ConfigurationValueKind.Number => "\"integer\"",
        ConfigurationValueKind.Decimal => "\"number\"",
        ConfigurationValueKind.TextOrNumber => """["string", "integer"]""",
        ConfigurationValueKind.TextsOrObject => """["array", "object"]""",
        ConfigurationValueKind.Object or ConfigurationValueKind.TextMap or ConfigurationValueKind.NumberMap => "\"object\"",
        _ => "\"array\"",
    };

    /// <summary>On one line what fits there, else a member or an item a line.</summary>
    private static void Write(StringBuilder text, JsonNode node, int indent, int before)
    {
        string line = OnOneLine(node);
        bool fits = indent > 0 && indent + before + line.Length < Columns
            && !line.Contains("\"properties\"", StringComparison.Ordinal);
        if (node is JsonValue || fits)
        {
            text.Append(line);
            return;
        }

        bool isObject = node is JsonObject;
        text.Append(isObject ? "{\n" : "[\n");
        (string Name, JsonNode Value)[] members = node is JsonObject object_
            ? [.. object_.Select(member => ($"{Quoted(member.Key)}: ", member.Value!))]
            : [.. node.AsArray().Select(item => ("", item!))];
        for (int index = 0; index < members.Length; index++)
        {
            text.Append(' ', indent + 2).Append(members[index].Name);
            Write(text, members[index].Value, indent + 2, members[index].Name.Length);
            text.Append(index == members.Length - 1 ? "\n" : ",\n");
        }

        text.Append(' ', indent).Append(isObject ? '}' : ']');
    }

    private static string OnOneLine(JsonNode node) => node switch
    {
        JsonObject { Count: 0 } => "{}",
        JsonObject members =>
            $"{{ {string.Join(", ", members.Select(member => $"{Quoted(member.Key)}: {OnOneLine(member.Value!)}"))} }}",
        JsonArray items => $"[{string.Join(", ", items.Select(item => OnOneLine(item!)))}]",
        _ => node.ToJsonString(Readable),
    };

    private static string Quoted(string name) => JsonSerializer.Serialize(name, Readable);
}
