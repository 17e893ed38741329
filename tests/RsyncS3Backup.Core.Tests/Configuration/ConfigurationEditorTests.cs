using System.Text.Json.Nodes;
using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationEditorTests
{
    private const string Text = """
        {
          // who
          "name": "old", /* keep, this */
          "options": {
            "rsync": { "localDestination": "/m" }
          },
          "sources": [{ "path": "/a" }] // last, not
        }

        """;

    [Fact]
    public void A_key_that_is_there_gets_its_value_and_the_rest_stays() =>
        Assert.Equal(Text.Replace("\"old\"", "\"new\"", StringComparison.Ordinal), ConfigurationEditor.Set(Text, ["name"], "\"new\""));

    [Fact]
    public void A_key_that_is_not_there_comes_last_in_its_object() => Assert.Equal(
        Text.Replace("\"/a\" }]", "\"/a\" }],\n  \"retry\": { \"attempts\": 3 }", StringComparison.Ordinal),
        ConfigurationEditor.Set(Text, ["retry", "attempts"], "3"));

    [Fact]
    public void An_object_on_one_line_stays_on_it() => Assert.Equal(
        Text.Replace("\"/m\" }", "\"/m\", \"syncToS3\": { \"s3Prefix\": \"p/\" } }", StringComparison.Ordinal),
        ConfigurationEditor.Set(Text, ["options", "rsync", "syncToS3", "s3Prefix"], "\"p/\""));

    [Theory]
    [InlineData("{}", """{ "name": "n" }""")]
    [InlineData("""{ "a": 1, }""", """{ "a": 1, "name": "n", }""")]
    [InlineData("{\r\n\t\"a\": [1, 2], // with a comma\r\n}", "{\r\n\t\"a\": [1, 2],\r\n\t\"name\": \"n\", // with a comma\r\n}")]
    [InlineData("{\n  \"a\": \"é\" // none, here\n}", "{\n  \"a\": \"é\",\n  \"name\": \"n\" // none, here\n}")]
    [InlineData("""{ "x": { "name": 1 }, "name": { "b": [{}] } }""", """{ "x": { "name": 1 }, "name": "n" }""")]
    public void Whatever_the_style_the_text_stays_a_configuration_of_that_style(string before, string after) =>
        Assert.Equal(after, ConfigurationEditor.Set(before, ["name"], "\"n\""));

    [Theory]
    [InlineData("""{ "a": 1, "k": 2 }""", """{ "a": 1 }""")]
    [InlineData("""{ "k": 2, "a": 1 }""", """{ "a": 1 }""")]
    [InlineData("""{ "a": 1 }""", """{ "a": 1 }""")]
    [InlineData("{\n  \"k\": [1,\n    2], // of the key\n  \"a\": 1\n}", "{\n  \"a\": 1\n}")]
    [InlineData("{\r\n\t// of a\r\n\t\"a\": 1, // more\r\n\t\"k\": 2\r\n}", "{\r\n\t// of a\r\n\t\"a\": 1 // more\r\n}")]
    [InlineData("{\n  \"a\": \"é,\",\n  \"k\": 2, /* it */\n}", "{\n  \"a\": \"é,\",\n}")]
    [InlineData("{\n  \"k\": 1, \"a\": 2\n}", "{\n  \"a\": 2\n}")]
    public void A_key_that_is_removed_goes_with_its_line_and_comma(string before, string after) =>
        Assert.Equal(after, ConfigurationEditor.Remove(before, ["k"]));

    [Theory]
    [InlineData("""{ "a": 1, "o": { "p": { "k": 1 } } }""", """{ "a": 1 }""")]
    [InlineData("""{ "a": 1, "o": { "p": { "k": 1, }, "q": 2 } }""", """{ "a": 1, "o": { "q": 2 } }""")]
    [InlineData("""{ "o": { "k": 1 } }""", """{ "o": { "k": 1 } }""")]
    public void An_object_that_nothing_is_left_in_goes_too(string before, string after) =>
        Assert.Equal(after, ConfigurationEditor.Remove(before, ["o", "p", "k"]));

    [Fact]
    public void Each_key_of_a_job_can_be_removed_and_set_again_and_nothing_else_changes()
    {
        foreach (ConfigurationParameter parameter in ConfigurationKeys.Parameters)
        {
            string name = $"\"{parameter.Path[^1]}\"";
            string sample = ConfigurationSamples.Full.Contains(name, StringComparison.Ordinal) ? ConfigurationSamples.Full : ConfigurationSamples.Undated;
            JsonNode full = JsonNode.Parse(sample)!;
            JsonNode owner = parameter.Path.SkipLast(1).Aggregate(full, (node, name) => node[name]!);
            string value = owner[parameter.Path[^1]]?.ToJsonString() ?? "null";
            owner.AsObject().Remove(parameter.Path[^1]);

            string removed = ConfigurationEditor.Remove(sample, parameter.Path);

            Assert.True(JsonNode.DeepEquals(full, JsonNode.Parse(removed)) || owner.AsObject().Count == 0, parameter.Name);
            Assert.True(
                JsonNode.DeepEquals(
                    JsonNode.Parse(sample),
                    JsonNode.Parse(ConfigurationEditor.Set(removed, parameter.Path, value))),
                parameter.Name);
        }
    }

    [Fact]
    public void What_stands_where_an_object_belongs_is_replaced_by_one() =>
        Assert.Equal("""{ "o": { "k": 1 } }""", ConfigurationEditor.Set("""{ "o": null }""", ["o", "k"], "1"));

    [Theory]
    [InlineData("a\nb\nc\n", "a\nx\nc\n", "- b|+ x")]
    [InlineData("a\r\nb\r\n", "a\r\nb\r\nc\r\n", "+ c")]
    [InlineData("a\na\na", "a\na", "- a")]
    [InlineData("1\n2\n3\n4", "2\n3\n5\n4", "- 1|+ 5")]
    [InlineData("same", "same", "")]
    public void A_difference_is_the_lines_that_go_and_come(string before, string after, string expected) =>
        Assert.Equal(expected, string.Join('|', TextDifference.Lines(before, after)));

    [Theory]
    [InlineData(ConfigurationSamples.Least)]
    [InlineData(ConfigurationSamples.Full)]
    public void What_is_set_is_read_and_nothing_else_changes(string text)
    {
        BackupConfiguration before = ConfigurationReader.Read(text, null, null).Required();

        string edited = ConfigurationEditor.Set(ConfigurationEditor.Set(text, ["options", "rsync", "syncToS3", "s3Prefix"], "\"p/{yyyy-MM-dd}/\""), ["name"], "\"n\"");

        BackupConfiguration after = ConfigurationReader.Read(edited, null, null).Required();
        Assert.Equal(("n", "p/{yyyy-MM-dd}/"), (after.Name, after.Options.Rsync.SyncToS3.S3Prefix));
        Assert.Equal(
            ConfigurationWriter.ToJson(before),
            ConfigurationWriter.ToJson(after with
            {
                Name = before.Name,
                Options = new BackupOptions
                {
                    Rsync = after.Options.Rsync with { SyncToS3 = after.Options.Rsync.SyncToS3 with { S3Prefix = before.Options.Rsync.SyncToS3.S3Prefix } },
                },
            }));
    }
}
