using System.Text.Json.Nodes;
using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

/// <summary>What hooks and notifications of a job may be.</summary>
public sealed class SurroundingsChecksTests
{
    [Fact]
    public void A_list_is_a_command()
    {
        HookCommand hook = Read("hooks", """{ "before": ["/usr/bin/true", "-x", ""] }""").Required().Hooks!.Before!;

        Assert.Equal(["/usr/bin/true", "-x", ""], hook.Command);
        Assert.Equal((null, TimeSpan.FromMinutes(10)), (hook.Script, hook.Timeout));
    }

    [Fact]
    public void Relative_paths_of_hooks_begin_in_the_folder_of_the_file()
    {
        HookOptions hooks = Read("hooks", """{ "before": ["bin/dump", "relative/argument"], "finally": { "script": "after.ps1" } }""").Required().Hooks!;

        Assert.Equal(["/etc/jobs/bin/dump", "relative/argument"], hooks.Before!.Command);
        Assert.Equal("/etc/jobs/after.ps1", hooks.Finally!.Script);
    }

    [Fact]
    public void A_name_without_a_folder_is_left_to_the_PATH() =>
        Assert.Equal("pg_dump", Assert.Single(Read("hooks", """{ "before": ["pg_dump"] }""").Required().Hooks!.Before!.Command));

    [Fact]
    public void A_relative_path_in_a_configuration_without_a_file_is_a_problem() =>
        AssertProblem(
            "is relative, and this configuration comes from no file",
            ConfigurationReader.Read(With("hooks", """{ "before": { "script": "a.ps1" } }"""), null, "job"));

    [Theory]
    [InlineData("[]", "It names no program")]
    [InlineData("""["", "a"]""", "It names no program")]
    [InlineData("""["a", 1]""", "text in quotes, not a number")]
    [InlineData(""" "rm -rf /" """, "an object, not text in quotes")]
    [InlineData("{}", "Neither 'command' nor 'script'")]
    [InlineData("""{ "command": ["a"], "script": "b" }""", "'command' and 'script' stand here both")]
    [InlineData("""{ "script": " " }""", "The path is empty")]
    [InlineData("""{ "command": ["a"], "timeout": "soon" }""", "not a positive duration")]
    [InlineData("""{ "command": ["a"], "shell": true }""", "'shell' is not a key")]
    public void What_is_no_hook_is_a_problem(string hook, string message) => AssertProblem(message, Read("hooks", $$"""{ "before": {{hook}} }"""));

    [Theory]
    [InlineData("""{ "type": "sms" }""", "not a valid kind of notification")]
    [InlineData("""{ "type": "webhook" }""", "It needs one of 'url', 'urlVariable' and 'urlSecret'")]
    [InlineData("""{ "type": "webhook", "url": "https://example.com", "urlSecret": "x" }""", "It needs one of")]
    [InlineData("""{ "type": "webhook", "url": "ftp://example.com" }""", "not an address that begins with")]
    [InlineData("""{ "type": "webhook", "url": "http://example.com" }""", "plain HTTP to another machine")]
    [InlineData("""{ "type": "webhook", "urlVariable": "https://example.com/x" }""", "the value itself must not stand here")]
    [InlineData("""{ "type": "webhook", "url": "https://example.com", "on": ["start"] }""", "Only a ping tells")]
    [InlineData("""{ "type": "webhook", "url": "https://example.com", "on": [] }""", "The list is empty")]
    [InlineData("""{ "type": "webhook", "url": "https://example.com", "on": ["always"] }""", "'always' is not a valid event")]
    [InlineData("""{ "type": "webhook", "url": "https://example.com", "to": ["a@b"] }""", "'webhook' has no 'to'")]
    [InlineData("""{ "type": "ping", "url": "https://example.com", "format": "slack" }""", "has one format")]
    [InlineData("""{ "type": "email" }""", "'smtpServer' is missing")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b" }""", "'to' is missing")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": [] }""", "The list is empty")]
    [InlineData("""{ "type": "email", "smtpServer": "a:25", "from": "a@b", "to": ["a@b"] }""", "not a valid name of a machine")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "nobody", "to": ["a@b"] }""", "not a valid mail address")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b\r\nBcc: c@d", "to": ["a@b"] }""", "not a valid mail address")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"], "url": "https://example.com" }""", "'email' has no 'url'")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"], "userName": "me" }""", "a user and one password")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"], "passwordSecret": "me" }""", "a user and one password")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"], "smtpSecurity": "none" }""", "would go unencrypted")]
    public void What_is_no_notification_is_a_problem(string notification, string message) => AssertProblem(message, Read("notifications", $"[{notification}]"));

    [Theory]
    [InlineData("https://hooks.slack.com/services/T0/B0/PLANTED")]
    [InlineData("https://example.webhook.office.com/webhookb2/PLANTED")]
    [InlineData("https://prod-1.westeurope.logic.azure.com/workflows/1?sig=PLANTED")]
    [InlineData("https://default1.2.environment.api.powerplatform.com/powerautomate/PLANTED")]
    [InlineData("https://discord.com/api/webhooks/1/PLANTED")]
    [InlineData("https://me:PLANTED@example.com/")]
    [InlineData("https://example.com/?api_key=PLANTED")]
    [InlineData("https://example.com/?x=1&Token=PLANTED")]
    public void An_address_that_is_a_secret_is_refused_and_not_repeated(string url)
    {
        ConfigurationReadResult result = Read("notifications", $$"""[{ "type": "webhook", "url": "{{url}}" }]""");

        AssertProblem("This address holds a secret", result);
        Assert.Contains("urlVariable", result.Problems[0].Allowed, StringComparison.Ordinal);
        Assert.DoesNotContain("PLANTED", result.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://hc-ping.com/5d3a8f6e-0000-4000-8000-000000000000")]
    [InlineData("http://127.0.0.1:8000/ping")]
    [InlineData("http://[::1]/ping?status=up&msg=OK")]
    [InlineData("https://notslack.com/hooks.slack.com")]
    public void An_address_that_is_none_is_taken(string url) =>
        Assert.Empty(Read("notifications", $$"""[{ "type": "ping", "url": "{{url}}" }]""").Problems);

    [Theory]
    [InlineData("password")]
    [InlineData("token")]
    [InlineData("secret")]
    public void A_literal_secret_is_refused_and_the_way_out_is_named(string key)
    {
        ConfigurationReadResult result = Read("notifications", $$"""
            [{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"], "userName": "me", "passwordSecret": "x", "{{key}}": "PLANTED" }]
            """);

        ConfigurationProblem problem = Assert.Single(result.Problems);
        Assert.Equal($"$.notifications[0].{key}", problem.JsonPath);
        Assert.Contains("'passwordVariable'", problem.Allowed, StringComparison.Ordinal);
        Assert.DoesNotContain("PLANTED", result.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "type": "webhook", "url": "https://example.com" }""", "Warning Failure Overdue")]
    [InlineData("""{ "type": "email", "smtpServer": "a", "from": "a@b", "to": ["a@b"] }""", "Warning Failure Overdue")]
    [InlineData("""{ "type": "ping", "url": "https://example.com" }""", "Start Success Warning Failure Overdue")]
    [InlineData("""{ "type": "ping", "url": "https://example.com", "on": ["failure"] }""", "Failure")]
    public void Without_on_a_ping_tells_everything_and_the_others_what_deserves_a_look(string notification, string expected)
    {
        NotificationOptions read = Assert.Single(Read("notifications", $"[{notification}]").Required().Notifications);

        Assert.Equal(expected, string.Join(' ', Enum.GetValues<NotificationEvent>().Where(read.Tells)));
    }

    private static ConfigurationReadResult Read(string key, string value) => ConfigurationReader.Read(With(key, value), "/etc/jobs/job.json", "job");

    private static string With(string key, string value)
    {
        JsonObject job = JsonNode.Parse(ConfigurationSamples.Least)!.AsObject();
        job[key] = JsonNode.Parse(value);
        return job.ToJsonString();
    }

    private static void AssertProblem(string message, ConfigurationReadResult result) =>
        Assert.Contains(result.Problems, problem => problem.Message.Contains(message, StringComparison.Ordinal));
}
