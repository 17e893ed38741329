using System.Text.Json;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Runs.Notifications;
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
    public async Task A_failed_run_of_an_overdue_job_tells_so_and_nobody_gets_two_messages()
    {
        using WebhookServer both = new();
        using WebhookServer overdue = new();
        await RunAsync();
        Notify(Webhook(both), Webhook(overdue) with { On = [NotificationEvent.Overdue] });
        Configuration = Configuration with { MaxAge = TimeSpan.FromTicks(1) };
        Directory.Delete(Files["source"], recursive: true);

        BackupResult result = await RunAsync(Impatient);

        JsonElement failure = JsonDocument.Parse(Assert.Single(both.Requests).Body).RootElement;
        JsonElement late = JsonDocument.Parse(Assert.Single(overdue.Requests).Body).RootElement;
        Assert.Equal(("failure", "overdue"), (failure.GetProperty("event").GetString(), late.GetProperty("event").GetString()));
        Assert.All([failure, late], told => Assert.True(told.GetProperty("isOverdue").GetBoolean()));
        Assert.Equal(History()[1].StartTime, late.GetProperty("lastSuccess").GetDateTimeOffset());
        Assert.Equal([NotificationEvent.Failure, NotificationEvent.Overdue], result.Notifications.Select(sent => sent.Event));
    }

    [Fact]
    public async Task A_failure_that_nobody_heard_of_leaves_it_to_the_next_check_to_tell_of_the_age()
    {
        using WebhookServer server = new();
        await RunAsync();
        Notify(Webhook(server));
        Configuration = Configuration with { MaxAge = TimeSpan.FromTicks(1) };
        Directory.Delete(Files["source"], recursive: true);
        server.Answer(WebhookServer.Status(400));
        server.Answer(WebhookServer.Status(400));

        BackupResult result = await RunAsync(Impatient);
        SuccessAge age = new(TimeSpan.FromTicks(1), result.StartTime.AddDays(-1), null, DateTimeOffset.UtcNow);
        IReadOnlyList<NotificationResult> told =
            await OverdueNotice.TellAsync(Configuration, age, reader: null, CancellationToken.None, Impatient.NotificationDelays);

        Assert.All(result.Notifications, sent => Assert.Equal(BackupStatus.Failed, sent.Status));
        Assert.Equal(BackupStatus.Succeeded, Assert.Single(told).Status);
    }

    [Fact]
    public async Task A_good_run_is_not_overdue_whatever_was_before()
    {
        using WebhookServer server = new();
        Notify(Webhook(server) with { On = [NotificationEvent.Overdue] });
        Configuration = Configuration with { MaxAge = TimeSpan.FromTicks(1) };

        await RunAsync(Impatient);
        await RunAsync(Impatient);

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Who_looks_without_a_run_tells_of_an_overdue_job_once_and_again_when_nobody_heard()
    {
        using WebhookServer server = new();
        Notify(Webhook(server));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        SuccessAge age = new(TimeSpan.FromDays(2), now.AddDays(-3).AddHours(-4), null, now);
        server.Answer(WebhookServer.Status(400));

        Assert.Equal(BackupStatus.Failed, Assert.Single(await TellAsync()).Status);
        NotificationResult told = Assert.Single(await TellAsync());
        Assert.Empty(await TellAsync());

        Assert.Equal((NotificationEvent.Overdue, BackupStatus.Succeeded), (told.Event, told.Status));
        JsonElement body = JsonDocument.Parse(server.Requests[^1].Body).RootElement;
        Assert.Equal($"{Name} on {Environment.MachineName}: OVERDUE, no good run for 3 d 4 h; 2 d 0 h are allowed", body.GetProperty("summary").GetString());
        Assert.Equal((273_600, 172_800), (body.GetProperty("ageSeconds").GetDouble(), body.GetProperty("maxAgeSeconds").GetDouble()));
        Assert.False(body.TryGetProperty("runId", out _) || body.TryGetProperty("startTime", out _));

        Task<IReadOnlyList<NotificationResult>> TellAsync() =>
            OverdueNotice.TellAsync(Configuration, age, reader: null, CancellationToken.None, Impatient.NotificationDelays);
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
