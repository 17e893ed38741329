using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>The JSON schema and the docs say what the reader does.</summary>
public sealed class ConfigurationDocumentsTests
{
    private static readonly string Docs = ConfigurationSamples.RepositoryFile("docs/configuration.md");

    private static JsonObject Schema =>
        JsonNode.Parse(ConfigurationSamples.RepositoryFile("src/RsyncS3Backup/schema/backup-job.schema.json"))!.AsObject();

    [Fact]
    public void The_schema_is_what_the_table_of_keys_makes() =>
        AssertMade("src/RsyncS3Backup/schema/backup-job.schema.json", _ => ConfigurationSchema.Make());

    [Fact]
    public void The_tables_of_the_reference_are_what_the_table_of_keys_makes() =>
        AssertMade("docs/configuration.md", ConfigurationReference.Make);

    [Fact]
    public void The_parameters_are_what_the_table_of_keys_makes() =>
        AssertMade("src/RsyncS3Backup/Commands/ConfigurationParametersCmdlet.cs", _ => ConfigurationParameterPages.Source());

    [Theory]
    [InlineData("New")]
    [InlineData("Set")]
    public void The_help_of_the_parameters_is_what_the_table_of_keys_makes(string verb) =>
        AssertMade($"docs/en-US/{verb}-BackupConfiguration.md", ConfigurationParameterPages.Help);

    [Fact]
    public void The_schema_has_the_keys_of_the_reader() =>
        Assert.Equal(
            ConfigurationKeys.All.Select(known => $"{known.Parent} {known.Key.Name}").Order(StringComparer.Ordinal),
            SchemaKeys("$", Schema).Select(found => $"{found.Parent} {found.Name}").Order(StringComparer.Ordinal));

    [Fact]
    public void The_schema_has_the_types_and_values_and_required_keys_of_the_reader()
    {
        foreach ((string parent, string name, JsonObject definition, bool required) in SchemaKeys("$", Schema))
        {
            ConfigurationKey key = ConfigurationKeys.All.Single(known => known.Parent == parent && known.Key.Name == name).Key;
            string[] values = definition["enum"] is JsonArray list ? [.. list.Select(value => (string)value!)] : [];
            Assert.Equal((name, SchemaType(key.Kind)), (name, definition["type"]!.ToJsonString()));
            Assert.Equal(key.Values, values);
            Assert.Equal((name, key.Required), (name, required));
            Assert.NotEmpty((string)definition["description"]!);
        }
    }

    [Fact]
    public void The_schema_allows_no_other_keys()
    {
        Assert.Equal(ConfigurationWriter.SchemaId, (string)Schema["$id"]!);
        Assert.All(Objects(Schema), found => Assert.False((bool)found["additionalProperties"]!));
    }

    [Fact]
    public void The_docs_have_every_key_in_a_table() =>
        Assert.All(ConfigurationKeys.All, known => Assert.Contains($"\n| `{known.Key.Name}` | ", Docs, StringComparison.Ordinal));

    [Fact]
    public void The_docs_name_every_value() =>
        Assert.All(
            ConfigurationKeys.All.SelectMany(known => known.Key.Values),
            value => Assert.Contains($"`{value}`", Docs, StringComparison.Ordinal));

    [Theory]
    [InlineData("docs/configuration.md")]
    [InlineData("docs/notifications.md")]
    public void The_examples_of_the_docs_read_without_problems(string page)
    {
        MatchCollection examples = Regex.Matches(ConfigurationSamples.RepositoryFile(page), "```json\n(.*?)```", RegexOptions.Singleline);
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(ConfigurationReader.Read(example.Groups[1].Value, "/etc/jobs/job.json", null).Problems));
    }

    [Fact]
    public void The_first_example_of_the_docs_is_the_job_it_describes()
    {
        string example = Regex.Match(Docs, "```json\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        BackupConfiguration job = ConfigurationReader.Read(example, null, "photos").Required();
        Assert.Equal("photos", job.Name);
        Assert.Equal("/data/photos", Assert.Single(job.Sources).Path);
        Assert.True(job.Options.Rsync is { DeleteExtraneous: true, HardLinks: true, ExcludePatterns: [".DS_Store", "Thumbs.db"] });
        Assert.Equal("rsync/photos/", job.Options.Rsync.SyncToS3.S3Prefix);
        Assert.Equal(new S3Destination { Bucket = "my-backups", Region = "us-east-1" }, job.Destination);
        Assert.Equal(new BackupScheduleOptions { CronExpression = "0 2 * * *", Timezone = "America/New_York" }, job.Schedule);
    }

    [Fact]
    public void Every_example_of_a_key_is_good()
    {
        IEnumerable<ConfigurationKey> keys = ConfigurationKeys.All.Select(known => known.Key)
            .Where(key => key.Examples is not null && key.Section is null);
        foreach (ConfigurationKey key in keys)
        {
            foreach (JsonNode? example in JsonNode.Parse(key.Examples!)!.AsArray())
            {
                IEnumerable<string> values = example switch
                {
                    JsonArray items => items.Select(item => (string)item!),
                    JsonObject members => members.Select(member => member.Value!.ToString()),
                    _ => [example!.ToString()],
                };
                Assert.All(values, value => Assert.Null(key.Rule.Problem(value)));
                if (key.Kind == ConfigurationValueKind.NumberMap)
                    Assert.All(example!.AsObject(), member => Assert.Contains(member.Key, key.Names));
            }
        }
    }

    [Fact]
    public void No_two_keys_have_one_parameter() =>
        Assert.Equal(
            ConfigurationKeys.Parameters.Count,
            ConfigurationKeys.Parameters.Select(parameter => parameter.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());

    [Fact]
    public void Every_value_of_the_records_enumerations_has_a_name()
    {
        Assert.Equal(["auto", "journal", "catalog", "reconcile"], Key("syncMode").Values);
        Assert.Equal(["whenSupported", "whenRequired"], Key("checksumMode").Values);
    }

    private static ConfigurationKey Key(string name) => ConfigurationKeys.All.Single(known => known.Key.Name == name).Key;

    /// <summary>Demands that a file is what is made; with RSYNCS3BACKUP_MAKE_DOCUMENTS=1 it is made so instead.</summary>
    private static void AssertMade(string file, Func<string, string> make)
    {
        string text = ConfigurationSamples.RepositoryFile(file);
        string made = make(text);
        if (Environment.GetEnvironmentVariable("RSYNCS3BACKUP_MAKE_DOCUMENTS") == "1" && made != text)
            File.WriteAllText(Repository.Path(file), made);
        else
            Assert.Equal(made, text);
    }

    private static IEnumerable<(string Parent, string Name, JsonObject Definition, bool Required)> SchemaKeys(string path, JsonObject schema)
    {
        foreach ((string name, JsonNode? node) in schema["properties"]!.AsObject())
        {
            JsonObject definition = node!.AsObject();
            yield return (path, name, definition, schema["required"] is JsonArray required && required.Any(key => (string)key! == name));
            bool isList = definition["items"]?["properties"] is not null;
            JsonObject members = isList ? definition["items"]!.AsObject() : definition;
            if (members["properties"] is null)
                continue;
            string memberPath = $"{path}.{name}{(isList ? "[]" : "")}";
            foreach ((string Parent, string Name, JsonObject Definition, bool Required) key in SchemaKeys(memberPath, members))
                yield return key;
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject found => found.SelectMany(member => Objects(member.Value)).Concat(found["properties"] is JsonObject ? [found] : []),
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static string SchemaType(ConfigurationValueKind kind) => kind switch
    {
        ConfigurationValueKind.Text => "\"string\"",
        ConfigurationValueKind.Flag => "\"boolean\"",
        ConfigurationValueKind.Number => "\"integer\"",
        ConfigurationValueKind.Decimal => "\"number\"",
        ConfigurationValueKind.TextOrNumber => "[\"string\",\"integer\"]",
        ConfigurationValueKind.TextsOrObject => "[\"array\",\"object\"]",
        ConfigurationValueKind.Object or ConfigurationValueKind.TextMap or ConfigurationValueKind.NumberMap => "\"object\"",
        _ => "\"array\"",
    };
}
