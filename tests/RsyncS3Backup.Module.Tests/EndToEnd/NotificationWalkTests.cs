using System.Management.Automation;
using System.Net;
using System.Text.Json.Nodes;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Each key of hooks and notifications changes what is run around a job and who is told.</summary>
public sealed class NotificationWalkTests : EndToEndTest
{
    private const string Variable = "NOTIFICATION_WALK_TEST";

    private string Story => Folder.File("story");

    public static TheoryData<string> HookNames() => ["before", "afterSuccess", "afterFailure", "finally"];

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("hooks.before.command")]
    [Walks("hooks.afterSuccess.command")]
    [Walks("hooks.afterFailure.command")]
    [Walks("hooks.finally.command")]
    [MemberData(nameof(HookNames))]
    public void A_command_is_run_at_its_time(string hook)
    {
        string[] command = ["/bin/sh", "-c", $"echo \"$RSYNCS3BACKUP_HOOK $1\" >> '{Story}'", "sh", "an argument"];

        Run(hook, ($"hooks.{hook}", new JsonArray([.. command.Select(text => (JsonNode)text)])));

        Assert.Equal([$"{hook} an argument"], File.ReadAllLines(Story));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("hooks.before.script")]
    [Walks("hooks.afterSuccess.script")]
    [Walks("hooks.afterFailure.script")]
    [Walks("hooks.finally.script")]
    [MemberData(nameof(HookNames))]
    public void A_script_beside_the_configuration_is_run_at_its_time(string hook)
    {
        WriteScript("jobs/hook.sh", $"echo \"$RSYNCS3BACKUP_HOOK $PWD\" >> '{Story}'");

        Run(hook, ($"hooks.{hook}.script", "hook.sh"));

        Assert.Equal([$"{hook} {Folder.File("jobs")}"], File.ReadAllLines(Story));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("hooks.before.timeout")]
    [Walks("hooks.afterSuccess.timeout")]
    [Walks("hooks.afterFailure.timeout")]
    [Walks("hooks.finally.timeout")]
    [MemberData(nameof(HookNames))]
    public void A_hook_is_killed_after_its_timeout(string hook)
    {
        PSObject result = Run(hook, ($"hooks.{hook}.command", new JsonArray("sleep", "600")), ($"hooks.{hook}.timeout", "1s"));

        Assert.Contains("did not end within 1.0 s", Session.Texts("param($Result) $Result.Hooks[0].Error.Message", result)[0], StringComparison.Ordinal);
    }

    [Fact]
    [Walks("notifications[].type")]
    [Walks("notifications[].url")]
    public void Each_type_goes_its_way()
    {
        using WebhookServer server = new();
        using SmtpServer mail = new();

        RunWell(Mail(mail), new JsonObject { ["type"] = "webhook", ["url"] = server.Url, ["on"] = Success() }, new JsonObject { ["type"] = "ping", ["url"] = server.Url });

        Assert.Single(mail.Mails);
        Assert.Equal(["application/json", "text/plain", "text/plain"], server.Requests.Select(request => request.ContentType.Split(';')[0]).Order());
    }

    [Fact]
    [Walks("notifications[].on")]
    public void Nobody_is_told_of_what_they_do_not_want_to_hear()
    {
        using WebhookServer server = new();

        RunWell(new JsonObject { ["type"] = "ping", ["url"] = server.Url, ["on"] = new JsonArray("start") });

        Assert.Equal(server.Secret + "/start", Assert.Single(server.Requests).Target);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("notifications[].format")]
    [InlineData("json", "schemaVersion")]
    [InlineData("slack", "blocks")]
    [InlineData("teams", "attachments")]
    public void A_webhook_receives_its_format(string format, string member)
    {
        using WebhookServer server = new();

        RunWell(new JsonObject { ["type"] = "webhook", ["url"] = server.Url, ["on"] = Success(), ["format"] = format });

        Assert.True(JsonNode.Parse(Assert.Single(server.Requests).Body)!.AsObject().ContainsKey(member));
    }

    [Fact]
    [Walks("notifications[].urlVariable")]
    public void The_address_is_that_of_the_variable()
    {
        using WebhookServer server = new();
        SetEnvironment(Variable, server.Url);

        RunWell(new JsonObject { ["type"] = "webhook", ["urlVariable"] = Variable, ["on"] = Success() });

        Assert.Equal(server.Secret, Assert.Single(server.Requests).Target);
    }

    [Fact]
    [Walks("notifications[].urlSecret")]
    [Walks("notifications[].secretVault")]
    public void The_address_is_that_of_the_secret_in_the_vault()
    {
        using WebhookServer server = new();
        SetEnvironment(Variable, server.Url);
        FakeSecretManagement(Variable);

        RunWell(new JsonObject { ["type"] = "webhook", ["urlSecret"] = "slack", ["secretVault"] = "backup", ["on"] = Success() });

        Assert.Equal($"{server.Secret}/slack/backup", Assert.Single(server.Requests).Target);
    }

    [Fact]
    [Walks("notifications[].smtpServer")]
    [Walks("notifications[].smtpPort")]
    [Walks("notifications[].from")]
    [Walks("notifications[].to")]
    public void A_mail_goes_to_its_server_from_and_to_its_addresses()
    {
        using SmtpServer mail = new();

        RunWell(Mail(mail));

        Assert.Contains(mail.Commands, command => command.StartsWith("MAIL FROM:<backup@example.com>", StringComparison.Ordinal));
        Assert.Contains("RCPT TO:<me@example.com>", mail.Commands);
        Assert.Contains("RCPT TO:<you@example.com>", mail.Commands);
        Assert.Contains("Subject: photos on ", mail.Mails[0], StringComparison.Ordinal);
    }

    [Fact]
    [Walks("notifications[].smtpSecurity")]
    public void A_mail_that_must_be_encrypted_is_not_given_to_a_server_that_cannot()
    {
        using SmtpServer mail = new();
        JsonObject notification = Mail(mail);
        notification["smtpSecurity"] = "startTls";

        PSObject result = RunNotifying(notification);

        Assert.Equal("NotificationRejected", ErrorId(result));
        Assert.Empty(mail.Mails);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("notifications[].userName")]
    [Walks("notifications[].passwordVariable")]
    [Walks("notifications[].passwordSecret")]
    [InlineData("passwordVariable", Variable, "PLANTED-password")]
    [InlineData("passwordSecret", "smtp", "PLANTED-password/smtp/")]
    public void The_password_is_that_of_the_variable_or_the_secret(string key, string name, string password)
    {
        using SmtpServer mail = new() { Login = ("somebody", password) };
        SetEnvironment(Variable, "PLANTED-password");
        FakeSecretManagement(Variable);
        JsonObject notification = Mail(mail);
        notification["userName"] = "somebody";
        notification[key] = name;

        RunWell(notification);

        Assert.Single(mail.Mails);
    }

    [Fact]
    [Trait("Category", "Slow")]
    [Walks("notifications[].allowInsecure")]
    public void Plain_HTTP_to_another_machine_is_refused_unless_it_is_allowed()
    {
        // This machine by its name, where nothing listens.
        JsonObject notification = new() { ["type"] = "webhook", ["url"] = $"http://{Dns.GetHostName()}:1/", ["on"] = Success() };
        Assert.Equal(["ConfigurationInvalid"], Backup(WriteJob(("notifications", new JsonArray(notification.DeepClone())))).ErrorIds());
        notification["allowInsecure"] = true;

        Assert.Equal("NotificationUnreachable", ErrorId(RunNotifying(notification)));
    }

    [Fact]
    [Trait("Category", "Slow")]
    [Walks("notifications[].timeout")]
    public void An_attempt_ends_after_its_timeout()
    {
        using WebhookServer server = new() { Usually = "" };

        PSObject result = RunNotifying(new JsonObject { ["type"] = "webhook", ["url"] = server.Url, ["on"] = Success(), ["timeout"] = "1s" });

        Assert.Contains("no answer came within 1.0 s", Session.Texts("param($Result) $Result.Notifications[0].Error.Message", result)[0], StringComparison.Ordinal);
    }

    private static JsonArray Success() => new("success");

    private static JsonObject Mail(SmtpServer mail) => new()
    {
        ["type"] = "email",
        ["on"] = Success(),
        ["smtpServer"] = "127.0.0.1",
        ["smtpPort"] = mail.Port,
        ["smtpSecurity"] = "none",
        ["from"] = "backup@example.com",
        ["to"] = new JsonArray("me@example.com", "you@example.com"),
    };

    /// <summary>Runs a job that ends as the hook needs it.</summary>
    private PSObject Run(string hook, params (string Key, JsonNode? Value)[] changes)
    {
        if (hook == "afterFailure")
            Directory.Delete(Source, recursive: true);
        return Assert.Single(Backup(WriteJob(changes)).Objects);
    }

    private PSObject RunNotifying(params JsonObject[] notifications) =>
        Assert.Single(Backup(WriteJob(("notifications", new JsonArray([.. notifications])))).Objects);

    /// <summary>Runs a job, and nothing may go wrong.</summary>
    private void RunWell(params JsonObject[] notifications)
    {
        PSObject result = RunNotifying(notifications);
        Assert.Equal(("Succeeded", ""), (result.Text("Status"), Session.Texts("param($Result) \"$($Result.Notifications.Error)\"", result)[0].Trim()));
    }

    private string ErrorId(PSObject result)
    {
        Assert.Equal("SucceededWithWarnings", result.Text("Status"));
        return Session.Texts("param($Result) $Result.Notifications[0].Error.Id", result)[0];
    }

    /// <summary>A module of SecretManagement's name whose every secret is what a variable holds, with name and vault behind it.</summary>
    private void FakeSecretManagement(string variable)
    {
        const string name = "Microsoft.PowerShell.SecretManagement";
        WriteFile($"modules/{name}/{name}.psm1", $$"""
            function Get-Secret {
                [CmdletBinding()] param($Name, $Vault)
                $secret = [securestring]::new()
                foreach ($character in "$($env:{{variable}})/$Name/$Vault".ToCharArray()) { $secret.AppendChar($character) }
                $secret
            }
            Export-ModuleMember -Function Get-Secret
            """);
        SetEnvironment("PSModulePath", Folder.File("modules") + Path.PathSeparator + Environment.GetEnvironmentVariable("PSModulePath"));
    }
}
