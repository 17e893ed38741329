using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>Who is told of a run, of what and when.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RunNotificationTests : LocalJob
{
    private static readonly BackupRunOptions Impatient = new() { NotificationDelays = [TimeSpan.Zero, TimeSpan.Zero] };

    [Fact]
    public async Task A_ping_tells_the_start_and_the_success_in_order()
    {
        using WebhookServer server = new();
        Notify(Ping(server));

        BackupResult result = await RunAsync(Impatient);

        Assert.Equal([server.Secret + "/start", server.Secret], server.Requests.Select(request => request.Target));
        Assert.StartsWith($"{Name} on {Environment.MachineName}: succeeded", server.Requests[1].Body, StringComparison.Ordinal);
        Assert.Equal([NotificationEvent.Start, NotificationEvent.Success], result.Notifications.Select(sent => sent.Event));
        Assert.Equal(JsonSerializer.Serialize(result.Notifications), JsonSerializer.Serialize(Assert.Single(History()).Notifications));
    }

    [Fact]
    public async Task A_ping_tells_a_failure()
    {
        using WebhookServer server = new();
        Notify(Ping(server));
        Directory.Delete(Files["source"], recursive: true);

        await RunAsync(Impatient);

        Assert.Equal([server.Secret + "/start", server.Secret + "/fail"], server.Requests.Select(request => request.Target));
        Assert.Contains("SourceMissing", server.Requests[1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_does_not_get_the_lock_tells_nobody()
    {
        using WebhookServer server = new();
        Notify(Ping(server));
        using (Hold())
            await RunAsync(Impatient);

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_webhook_hears_of_a_success_only_when_it_wants_to()
    {
        using WebhookServer server = new();
        using WebhookServer curious = new();
        Notify(Webhook(server), Webhook(curious) with { On = [NotificationEvent.Success] });

        BackupResult result = await RunAsync(Impatient);

        Assert.Empty(server.Requests);
        Assert.Single(curious.Requests);
        Assert.Single(result.Notifications);
    }

    [Fact]
    public async Task A_notification_that_fails_is_a_warning_and_the_others_are_sent()
    {
        using WebhookServer ill = new() { Usually = WebhookServer.Status(500) };
        using WebhookServer server = new();
        Notify(
            Webhook(ill) with { On = [NotificationEvent.Success] },
            new NotificationOptions { Type = NotificationKind.Webhook, UrlVariable = "NOBODY_SETS_THIS", On = [NotificationEvent.Success] },
            new NotificationOptions { Type = NotificationKind.Webhook, UrlSecret = "name", On = [NotificationEvent.Success] },
            Webhook(server) with { On = [NotificationEvent.Success] });

        BackupResult result = await RunAsync(Impatient);

        Assert.Equal((BackupStatus.SucceededWithWarnings, BackupExitCode.Succeeded), (result.Status, result.ExitCode));
        Assert.Equal(
            ["NotificationRejected", "NotificationSecretMissing", "NotificationSecretMissing", null],
            result.Notifications.Select(sent => sent.Error?.Id));
        Assert.Single(server.Requests);
        Assert.Equal(3, Observer.Warnings.Count);
        Assert.Equal(BackupStatus.SucceededWithWarnings, Assert.Single(History()).Status);
    }

    [Fact]
    public async Task A_hook_that_fails_after_the_run_is_told_as_a_warning_and_the_last_hook_hears_of_the_notifications()
    {
        using WebhookServer server = new();
        Notify(Webhook(server));
        Configuration = Configuration with
        {
            Hooks = new HookOptions
            {
                AfterSuccess = new HookCommand { Command = ["/bin/sh", "-c", "exit 1"] },
                Finally = new HookCommand { Command = ["/bin/sh", "-c", $"cat > '{Files["input"]}'"] },
            },
        };

        await RunAsync(Impatient);

        Assert.Equal("warning", JsonDocument.Parse(Assert.Single(server.Requests).Body).RootElement.GetProperty("event").GetString());
        JsonElement told = JsonDocument.Parse(File.ReadAllText(Files["input"])).RootElement.GetProperty("notifications")[0];
        Assert.Equal("Succeeded", told.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_run_that_is_stopped_is_told_as_a_failure()
    {
        using WebhookServer server = new();
        using CancellationTokenSource stop = new();
        Notify(Webhook(server));
        RecordingObserver observer = new() { OnVerbose = message => { if (message.Contains("mirrors", StringComparison.Ordinal)) stop.Cancel(); } };

        BackupResult result = await BackupRunner.RunAsync(Configuration, Impatient, observer, stop.Token);

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.Equal("Cancelled", JsonDocument.Parse(Assert.Single(server.Requests).Body).RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_slow_ping_of_the_start_does_not_delay_the_run()
    {
        TaskCompletionSource stage1 = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using WebhookServer server = new() { Hold = stage1.Task };
        Notify(Ping(server) with { Timeout = TimeSpan.FromMinutes(1) });
        RecordingObserver observer = new() { OnVerbose = message => { if (message.Contains("mirrors", StringComparison.Ordinal)) stage1.TrySetResult(); } };

        BackupResult result = await BackupRunner.RunAsync(Configuration, Impatient, observer, CancellationToken.None);

        // Had the run waited, the ping would have been tried again after its timeout.
        Assert.Equal([1, 1], result.Notifications.Select(sent => sent.Attempts));
        Assert.Equal([server.Secret + "/start", server.Secret], server.Requests.Select(request => request.Target));
    }

    [Fact]
    public async Task A_service_that_is_down_is_one_warning_and_the_others_hear_of_it()
    {
        using WebhookServer ill = new() { Usually = WebhookServer.Status(500) };
        using WebhookServer server = new();
        Notify(Ping(ill), Webhook(server));

        BackupResult result = await RunAsync(Impatient);

        Assert.Single(Observer.Warnings);
        Assert.Equal(3, result.Notifications.Count);
        Assert.Contains("\"notifications\":[{\"kind\":\"ping\"", Assert.Single(server.Requests).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_by_name_is_asked_for_in_its_vault()
    {
        using WebhookServer server = new();
        Vault vault = new(server.Url);
        Notify(new NotificationOptions { Type = NotificationKind.Ping, UrlSecret = "ping", SecretVault = "backup" });

        BackupResult result = await RunAsync(Impatient with { Secrets = vault });

        Assert.Equal(("ping", "backup"), vault.Asked);
        Assert.Equal(server.Root, result.Notifications[0].Target);
        Assert.Equal(2, server.Requests.Count);
    }

    private void Notify(params NotificationOptions[] notifications) => Configuration = Configuration with { Notifications = notifications };

    private static NotificationOptions Ping(WebhookServer server) => new() { Type = NotificationKind.Ping, Url = server.Url };

    private static NotificationOptions Webhook(WebhookServer server) => new() { Type = NotificationKind.Webhook, Url = server.Url };

    private sealed class Vault(string value) : ISecretReader
    {
        public (string Name, string? Vault) Asked { get; private set; }

        public Task<FoundSecret> ReadSecretAsync(string name, string? vault, CancellationToken cancellationToken)
        {
            Asked = (name, vault);
            return Task.FromResult(FoundSecret.Of(value));
        }
    }
}
