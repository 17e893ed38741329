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
