using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Notifications;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>Whatever a server does, a notification ends, and tells no secret.</summary>
public sealed class NotificationSenderTests : IDisposable
{
    private const string Password = "PLANTED-password";
    private static readonly TimeSpan[] NoDelays = [TimeSpan.Zero, TimeSpan.Zero];

    private readonly WebhookServer server = new();
    private readonly KnownSecrets secrets = new();

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task A_webhook_is_posted_as_JSON()
    {
        NotificationResult result = await SendAsync(Webhook());

        Assert.Equal((BackupStatus.Succeeded, 1, server.Root, null), (result.Status, result.Attempts, result.Target, result.Error));
        WebhookRequest request = Assert.Single(server.Requests);
        Assert.Equal(("POST", server.Secret, "application/json"), (request.Method, request.Target, request.ContentType));
        Assert.Equal("photos", JsonDocument.Parse(request.Body).RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_server_that_is_busy_is_asked_again()
    {
        server.Answer(WebhookServer.Status(500), WebhookServer.Status(429, headers: "Retry-After: 0\r\n"));

        NotificationResult result = await SendAsync(Webhook());

        Assert.Equal((BackupStatus.Succeeded, 3, 3), (result.Status, result.Attempts, server.Requests.Count));
    }

    [Fact]
    public async Task A_server_that_closes_the_connection_is_asked_again()
    {
        server.Answer([null]);

        Assert.Equal((BackupStatus.Succeeded, 2), await StatusAsync(Webhook()));
    }

    [Fact]
    public async Task A_server_that_stays_ill_is_asked_three_times()
    {
        server.Usually = WebhookServer.Status(503, "come back later");

        NotificationResult result = await SendAsync(Webhook());

        Assert.Equal((BackupStatus.Failed, 3, "NotificationRejected"), (result.Status, result.Attempts, result.Error?.Id));
        Assert.Contains("503 Status: come back later", result.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(302)]
    public async Task A_server_that_refuses_is_asked_once_and_its_answer_is_told_without_the_address(int status)
    {
        server.Usually = WebhookServer.Status(status, $"no such hook: {server.Secret}", $"Location: {server.Url}/elsewhere\r\n");

        NotificationResult result = await SendAsync(Webhook());

        Assert.Equal((BackupStatus.Failed, 1, "NotificationRejected", 1), (result.Status, result.Attempts, result.Error?.Id, server.Requests.Count));
        Assert.Contains("no such hook: ***", result.Error!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("PLANTED", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_asks_for_much_patience_is_not_waited_for()
    {
        server.Usually = WebhookServer.Status(429, headers: "Retry-After: 3600\r\n");

        Assert.Equal((BackupStatus.Failed, 1), await StatusAsync(Webhook()));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        server.Usually = "";

        NotificationResult result = await SendAsync(Webhook(TimeSpan.FromMilliseconds(300)));

        Assert.Equal((BackupStatus.Failed, 3, "NotificationUnreachable"), (result.Status, result.Attempts, result.Error?.Id));
        Assert.Contains("no answer came within 300 ms", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_gone_is_named_without_the_address()
    {
        NotificationTarget target = Webhook();
        server.Dispose();

        NotificationResult result = await SendAsync(target);

        Assert.Equal((BackupStatus.Failed, 3, "NotificationUnreachable"), (result.Status, result.Attempts, result.Error?.Id));
        Assert.DoesNotContain("PLANTED", JsonSerializer.Serialize(result), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_stopped_stops_sending()
    {
        using CancellationTokenSource stop = new();
        server.Usually = "";
        Task<NotificationResult> sending = new NotificationSender(secrets, NoDelays).SendAsync(Webhook(), SampleReports.Bad, NotificationEvent.Failure, stop.Token);
        SpinWait.SpinUntil(() => server.Requests.Count > 0);

        await stop.CancelAsync();

        Assert.Equal(BackupStatus.Cancelled, (await sending).Status);
    }

    [Theory]
    [InlineData("http://example.com/x", "NotificationInsecure")]
    [InlineData("PLANTED", "NotificationAddressInvalid")]
    [InlineData("file:///PLANTED", "NotificationAddressInvalid")]
    public void An_address_from_elsewhere_must_be_good_too(string address, string id)
    {
        NotificationOptions options = new() { Type = NotificationKind.Webhook };

        BackupError error = Assert.Throws<BackupException>(() => NotificationTarget.OfAddress(options, address, "the variable", secrets)).Error;

        Assert.Equal(id, error.Id);
        Assert.DoesNotContain("PLANTED", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mail_is_sent_with_a_login_and_tells_what_happened()
    {
        using SmtpServer mail = new() { Login = ("backup", Password) };

        NotificationResult result = await SendAsync(Mail(mail, login: true));

        Assert.Equal((BackupStatus.Succeeded, 1, $"127.0.0.1:{mail.Port}"), (result.Status, result.Attempts, result.Target));
        string text = Assert.Single(mail.Mails);
        Assert.Contains("Subject: photos on nas: FAILED, SourceMissing: The source", text, StringComparison.Ordinal);
        Assert.Contains("Auto-Submitted: auto-generated", text, StringComparison.Ordinal);
        Assert.Contains("What to do: Check the path.", text, StringComparison.Ordinal);
        Assert.Contains(mail.Commands, command => command.StartsWith("RCPT TO:<them@example.com>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_password_is_tried_once_and_not_told()
    {
        using SmtpServer mail = new() { Login = ("backup", "another") };

        NotificationResult result = await SendAsync(Mail(mail, login: true));

        Assert.Equal((BackupStatus.Failed, 1, "NotificationLoginFailed"), (result.Status, result.Attempts, result.Error?.Id));
        Assert.DoesNotContain("PLANTED", JsonSerializer.Serialize(result), StringComparison.Ordinal);
        Assert.Empty(mail.Mails);
    }

    [Fact]
    public async Task A_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not()
    {
        using SmtpServer mail = new();
        mail.Answer("RCPT", "451 greylisted", "250 ok", "250 ok");
        Assert.Equal((BackupStatus.Succeeded, 2), await StatusAsync(Mail(mail)));

        mail.Answer("RCPT", "550 no such user");
        NotificationResult refused = await SendAsync(Mail(mail));

        Assert.Equal((BackupStatus.Failed, 1, "NotificationRejected"), (refused.Status, refused.Attempts, refused.Error?.Id));
        Assert.Contains("no such user", refused.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(false, "NotificationRejected")]
    [InlineData(true, "NotificationUnreachable")]
    public async Task Nothing_is_said_to_a_mail_server_without_a_certificate_that_somebody_vouches_for(bool offersTls, string id)
    {
        using X509Certificate2 certificate = SelfSigned();
        using SmtpServer mail = new() { Login = ("backup", Password), Certificate = offersTls ? certificate : null };

        NotificationResult result = await SendAsync(Mail(mail, login: true, SmtpSecurity.StartTls));

        Assert.Equal((BackupStatus.Failed, id), (result.Status, result.Error?.Id));
        Assert.DoesNotContain(mail.Commands, command => command.StartsWith("AUTH", StringComparison.Ordinal) || command.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mail_server_that_is_gone_is_asked_three_times()
    {
        SmtpServer mail = new();
        NotificationTarget target = Mail(mail);
        mail.Dispose();

        NotificationResult result = await SendAsync(target);

        Assert.Equal((BackupStatus.Failed, 3, "NotificationUnreachable"), (result.Status, result.Attempts, result.Error?.Id));
    }

    [Fact]
    public async Task A_mail_server_that_never_greets_is_given_up()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        NotificationOptions options = MailOptions(((IPEndPoint)silent.LocalEndpoint).Port) with { Timeout = TimeSpan.FromMilliseconds(300) };

        NotificationResult result = await SendAsync(NotificationTarget.OfMail(options, null, secrets));

        Assert.Equal((BackupStatus.Failed, 3, "NotificationUnreachable"), (result.Status, result.Attempts, result.Error?.Id));
    }

    [Theory]
    [InlineData("smtp.example.com", false, true)]
    [InlineData("smtp.example.com", true, false)]
    [InlineData("localhost", false, false)]
    [InlineData("::1", false, false)]
    public void A_mail_without_encryption_goes_to_this_machine_only_unless_that_is_allowed(string host, bool allowed, bool isRefused)
    {
        NotificationOptions options = MailOptions(25) with { SmtpServer = host, AllowInsecure = allowed };

        Exception? refused = Record.Exception(() => NotificationTarget.OfMail(options, null, secrets));

        Assert.Equal(isRefused ? "NotificationInsecure" : null, (refused as BackupException)?.Error.Id);
    }

    private NotificationTarget Webhook(TimeSpan? timeout = null) => NotificationTarget.OfAddress(
        new NotificationOptions { Type = NotificationKind.Webhook, Timeout = timeout ?? TimeSpan.FromSeconds(60) }, server.Url, "the variable", secrets);

    private NotificationTarget Mail(SmtpServer mail, bool login = false, SmtpSecurity security = SmtpSecurity.None) => NotificationTarget.OfMail(
        MailOptions(mail.Port) with { UserName = login ? "backup" : null, SmtpSecurity = security }, login ? Password : null, secrets);

    private static NotificationOptions MailOptions(int port) => new()
    {
        Type = NotificationKind.Email,
        SmtpServer = "127.0.0.1",
        SmtpPort = port,
        SmtpSecurity = SmtpSecurity.None,
        From = "backup@example.com",
        To = ["me@example.com", "Them <them@example.com>"],
        Timeout = TimeSpan.FromSeconds(60),
    };

    private Task<NotificationResult> SendAsync(NotificationTarget target) =>
        new NotificationSender(secrets, NoDelays).SendAsync(target, SampleReports.Bad, NotificationEvent.Failure, CancellationToken.None);

    private async Task<(BackupStatus Status, int Attempts)> StatusAsync(NotificationTarget target)
    {
        NotificationResult result = await SendAsync(target);
        return (result.Status, result.Attempts);
    }

    private static X509Certificate2 SelfSigned()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
