using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Readiness;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Readiness;

public sealed class NotificationReadinessTests
{
    [Fact]
    public async Task A_test_message_is_sent_only_when_it_is_asked_for_and_says_that_it_is_one()
    {
        using WebhookServer server = new();
        NotificationOptions webhook = new() { Type = NotificationKind.Webhook, Url = server.Url };

        Assert.Equal(BackupReadinessStatus.Passed, (await CheckAsync(notifies: false, webhook)).Status);
        Assert.Empty(server.Requests);
        Assert.Equal(BackupReadinessStatus.Passed, (await CheckAsync(notifies: true, webhook)).Status);

        JsonElement sent = JsonDocument.Parse(Assert.Single(server.Requests).Body).RootElement;
        Assert.Equal("test", sent.GetProperty("event").GetString());
        Assert.EndsWith("a test message; no run has ended", sent.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.False(sent.TryGetProperty("status", out _));
    }

    [Fact]
    public async Task A_ping_is_never_sent_as_a_test()
    {
        using WebhookServer server = new();

        Assert.Equal(
            BackupReadinessStatus.Passed, (await CheckAsync(notifies: true, new NotificationOptions { Type = NotificationKind.Ping, Url = server.Url })).Status);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_service_that_takes_nothing_fails()
    {
        using WebhookServer server = new() { Usually = WebhookServer.Status(404) };

        BackupReadiness failed = await CheckAsync(notifies: true, new NotificationOptions { Type = NotificationKind.Webhook, Url = server.Url });

        Assert.Equal((BackupReadinessStatus.Failed, ErrorIds.NotificationRejected, server.Root), (failed.Status, failed.ErrorId, failed.Target));
    }

    [Fact]
    public async Task A_secret_that_is_not_there_fails_without_a_message()
    {
        BackupReadiness failed = await CheckAsync(
            notifies: false, new NotificationOptions { Type = NotificationKind.Webhook, UrlVariable = "NOBODY_SETS_THIS" });

        Assert.Equal((BackupReadinessStatus.Failed, ErrorIds.NotificationSecretMissing), (failed.Status, failed.ErrorId));
        Assert.Contains("NOBODY_SETS_THIS", failed.Detail, StringComparison.Ordinal);
    }

    private static async Task<BackupReadiness> CheckAsync(bool notifies, NotificationOptions options)
    {
        BackupConfiguration job = new()
        {
            Name = "photos",
            Sources = [new BackupSource { Path = "/data" }],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions { LocalDestination = "/mirror", SyncToS3 = new S3SyncOptions { Enabled = false } },
            },
            Notifications = [options],
        };
        ReadinessRequest request = ReadinessRequest.For(job) with
        {
            Notifies = notifies,
            NotificationDelays = [TimeSpan.Zero, TimeSpan.Zero],
        };
        return Assert.Single(await NotificationReadiness.RunAsync(request, CancellationToken.None));
    }
}
