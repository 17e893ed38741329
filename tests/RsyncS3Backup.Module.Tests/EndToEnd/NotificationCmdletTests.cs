using System.Management.Automation;
using System.Text.Json.Nodes;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Send-BackupNotification, and hooks that PowerShell runs.</summary>
public sealed class NotificationCmdletTests : EndToEndTest
{
    private const string Variable = "NOTIFICATION_CMDLET_TEST";

    private readonly WebhookServer server = new();

    [Fact]
    public void A_result_is_told_as_its_job_says()
    {
        string job = WriteJob(("notifications", Notifications("failure", "success")));
        SetEnvironment(Variable, server.Url);

        SessionResult result = Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys | Send-BackupNotification", job).ThrowOnError();

        PSObject sent = Assert.Single(result.Objects);
        Assert.Equal(("photos", "Webhook", "Success", "Succeeded", server.Root), (sent.Text("Name"), sent.Text("Kind"), sent.Text("Event"), sent.Text("Status"), sent.Text("Target")));
        // By the run itself, and by the cmdlet.
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public void A_run_of_the_history_is_told_with_its_configuration_of_now_and_only_what_is_wanted_unless_forced()
    {
        BackupWell(WriteJob());
        WriteJob(("notifications", Notifications("failure")));
        SetEnvironment(Variable, server.Url);

        Assert.Empty(Session.Run("Get-BackupHistory photos -Last 1 | Send-BackupNotification").ThrowOnError().Objects);
        Assert.Empty(server.Requests);
        Assert.Single(Session.Run("Get-BackupHistory photos -Last 1 | Send-BackupNotification -Force").ThrowOnError().Objects);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void Stages_are_told_by_parameters_one_message_each()
    {
        SessionResult result = Session.Run("""
            param($Path, $Url)
            $stage1 = Invoke-RsyncStage -ConfigPath $Path
            $stage1, ($stage1 | Invoke-S3SyncStage @keys) | Send-BackupNotification -WebhookUrl $Url -Format Slack
            """, WriteJob(), server.Url).ThrowOnError();

        Assert.Equal(2, result.Objects.Count);
        Assert.All(server.Requests, request => Assert.Contains("\"blocks\"", request.Body, StringComparison.Ordinal));
    }

    [Fact]
    public void A_failed_run_is_pinged_as_failed_and_the_address_may_be_a_secure_string()
    {
        Directory.Delete(Source, recursive: true);
        Backup(WriteJob());

        Session.Run("""
            param($Url)
            $secret = [securestring]::new(); $Url.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
            Get-BackupHistory photos -Last 1 | Send-BackupNotification -PingUrl $secret
            """, server.Url).ThrowOnError();

        Assert.Equal(server.Secret + "/fail", Assert.Single(server.Requests).Target);
    }

    [Fact]
    public void A_mail_is_sent_with_a_credential()
    {
        using SmtpServer mail = new() { Login = ("somebody", "PLANTED-password") };
        BackupWell(WriteJob());

        SessionResult result = Session.Run("""
            param($Port)
            $secret = [securestring]::new(); 'PLANTED-password'.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
            Get-BackupHistory photos -Last 1 | Send-BackupNotification -SmtpServer 127.0.0.1 -SmtpPort $Port -SmtpSecurity None `
                -From backup@example.com -To me@example.com -Credential ([pscredential]::new('somebody', $secret)) -Verbose
            """, mail.Port).ThrowOnError();

        Assert.Equal("Email", Assert.Single(result.Objects).Text("Kind"));
        Assert.Contains("succeeded", Assert.Single(mail.Mails), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_taken_is_an_error_and_a_result()
    {
        BackupWell(WriteJob());
        server.Usually = WebhookServer.Status(404, "no_team " + server.Secret);

        SessionResult result = Session.Run("param($Url) Get-BackupHistory photos -Last 1 | Send-BackupNotification -WebhookUrl $Url", server.Url);

        Assert.Equal(["NotificationRejected"], result.ErrorIds());
        Assert.Equal("Failed", Assert.Single(result.Objects).Text("Status"));
        Assert.Contains("404 Status: no_team ***", result.Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_digest_is_one_message_on_all_that_came_also_from_other_machines()
    {
        string job = WriteJob(("notifications", Notifications("failure")));
        BackupWell(job);
        SetEnvironment(Variable, server.Url);

        SessionResult result = Session.Run("""
            param($Path, $Url)
            $run = Get-BackupHistory photos -Last 1
            $returned = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($run, 4))
            $returned = $returned | ForEach-Object { $_.PSObject.Properties.Add([psnoteproperty]::new('PSComputerName', 'nas')); $_ }
            $run, $returned | Send-BackupNotification -Digest -ExpectedHost nas, web -WebhookUrl $Url
            $run, $returned | Send-BackupNotification -Digest -ConfigPath $Path
            $run | Send-BackupNotification -Digest -ExpectedHost web -ConfigPath $Path
            $returned | Send-BackupNotification -WebhookUrl $Url
            """, job, server.Url).ThrowOnError();

        // The configuration wants to hear of failures alone.
        Assert.Equal(["Failure", "Failure", "Success"], result.Objects.Select(item => item.Text("Event")));
        JsonNode told = JsonNode.Parse(server.Requests[0].Body)!;
        Assert.Equal("Backups: Nothing came from 1 machine; 2 jobs on 3 machines are known.", (string?)told["summary"]);
        Assert.Equal(["web", "nas"], told["jobs"]!.AsArray().Select(row => (string?)row!["hostName"]).Where(host => host != Environment.MachineName));
        Assert.Equal(Environment.MachineName, (string?)JsonNode.Parse(server.Requests[2].Body)!["hostName"]);
    }

    [Fact]
    public void WhatIf_tells_nobody_and_asks_for_no_secret()
    {
        BackupWell(WriteJob());
        WriteJob(("notifications", Notifications("success")));

        SessionResult result = Session.Run("Get-BackupHistory photos -Last 1 | Send-BackupNotification -WhatIf").ThrowOnError();

        Assert.Empty(result.Objects);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification", "NotificationNotConfigured")]
    [InlineData("Invoke-S3SyncStage -ConfigPath $Path @keys | Send-BackupNotification", "NotificationNotConfigured")]
    [InlineData("'text' | Send-BackupNotification", "InvalidParameter")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -Digest", "NotificationNotConfigured")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -ExpectedHost nas", "InvalidParameter")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -WebhookUrl http://example.com/x", "NotificationInsecure")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -WebhookUrl PLANTED", "NotificationAddressInvalid")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -SmtpServer a -From nobody -To me@example.com", "InvalidParameter")]
    [InlineData("Get-BackupHistory photos -Last 1 | Send-BackupNotification -ConfigPath ./none.json", "ConfigurationNotFound")]
    public void What_cannot_be_told_is_an_error_with_a_way_out(string script, string id)
    {
        string path = WriteJob();
        BackupWell(path);

        SessionResult result = Session.Run("param($Path) " + script, path);

        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal(id, error.Id());
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
        Assert.DoesNotContain("PLANTED", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_SecretManagement_does_not_have_is_a_warning_of_the_run()
    {
        SetEnvironment("PSModulePath", Folder.File("no-modules"));

        SessionResult result = Backup(WriteJob(("notifications", new JsonArray(
            new JsonObject { ["type"] = "webhook", ["urlSecret"] = "slack", ["on"] = new JsonArray("success") }))));

        Assert.Equal("SucceededWithWarnings", Assert.Single(result.Objects).Text("Status"));
        Assert.Contains("SecretManagement is not installed", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_PowerShell_script_is_run_by_pwsh_without_a_profile_and_gets_the_result()
    {
        WriteScript("programs/pwsh", $"printf '%s\\n' \"$@\" > '{Folder.File("arguments")}'; cat > '{Folder.File("input")}'");
        SetEnvironment("PATH", Folder.File("programs") + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"));
        WriteFile("jobs/after.ps1", "");

        BackupWell(WriteJob(("hooks.afterSuccess.script", "after.ps1")));

        Assert.Equal(["-NoProfile", "-NonInteractive", "-File", Folder.File("jobs/after.ps1")], File.ReadAllLines(Folder.File("arguments")));
        Assert.Equal("Succeeded", (string?)JsonNode.Parse(File.ReadAllText(Folder.File("input")))!["status"]);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Planted_secrets_are_in_no_file_no_stream_and_no_result()
    {
        using SmtpServer mail = new() { Login = ("somebody", "another") };
        server.Usually = WebhookServer.Status(403, "forbidden: " + server.Url);
        SetEnvironment(Variable, server.Url);
        SetEnvironment(Variable + "_PASSWORD", "PLANTED-password");
        JsonObject byMail = new()
        {
            ["type"] = "email",
            ["on"] = new JsonArray("success", "warning"),
            ["smtpServer"] = "127.0.0.1",
            ["smtpPort"] = mail.Port,
            ["smtpSecurity"] = "none",
            ["from"] = "backup@example.com",
            ["to"] = new JsonArray("me@example.com"),
            ["userName"] = "somebody",
            ["passwordVariable"] = Variable + "_PASSWORD",
        };
        string job = WriteJob(
            ("hooks.before", new JsonArray("env")),
            ("hooks.finally", new JsonArray("/bin/sh", "-c", "env >&2; exit 1")),
            ("notifications", new JsonArray([.. Notifications("success", "warning").Select(item => item!.DeepClone()), byMail])));

        SessionResult result = Session.Run("""
            param($Path)
            $result = Invoke-RsyncToS3Backup $Path @keys -Verbose
            [Management.Automation.PSSerializer]::Serialize($result, 8)
            [Management.Automation.PSSerializer]::Serialize((Get-BackupHistory photos), 8)
            """, job);

        string everything = string.Join('\n', [
            .. result.Objects.Select(item => item.ToString()), .. result.Verbose, .. result.Warnings, .. result.Errors.Select(error => error.ToString()),
            .. Directory.EnumerateFiles(StateRoot, "*", SearchOption.AllDirectories).Select(File.ReadAllText)]);
        Assert.Contains("NotificationRejected", everything, StringComparison.Ordinal);
        Assert.Contains("NotificationLoginFailed", everything, StringComparison.Ordinal);
        Assert.Contains(Variable + "_PASSWORD=***", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("PLANTED", everything, StringComparison.Ordinal);
    }

    private static JsonArray Notifications(params string[] on) =>
        [new JsonObject { ["type"] = "webhook", ["urlVariable"] = Variable, ["on"] = new JsonArray([.. on.Select(word => (JsonNode)word)]) }];
}
