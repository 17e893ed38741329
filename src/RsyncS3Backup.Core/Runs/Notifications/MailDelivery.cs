using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Reports.Html;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Sends a mail.</summary>
internal sealed class MailDelivery(NotificationTarget target, KnownSecrets secrets)
{
    /// <summary>Tries once.</summary>
    /// <exception cref="DeliveryException">It was not taken.</exception>
    public async Task SendAsync(RunReport report, CancellationToken cancellationToken)
    {
        using MimeMessage message = Message(target.Options, report);
        using SmtpClient client = new();
        // As HttpClient does; where revocation lists cannot be fetched, no mail would ever go.
        client.CheckCertificateRevocation = false;
        try
        {
            await client.ConnectAsync(target.Options.SmtpServer!, target.SmtpPort, Security(target.Options.SmtpSecurity), cancellationToken)
                .ConfigureAwait(false);
            if (target.Options.UserName is { } user)
                await client.AuthenticateAsync(user, target.Password ?? "", cancellationToken).ConfigureAwait(false);
            await client.SendAsync(message, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (Failure(exception) is { } failure)
        {
            throw failure;
        }

        try
        {
            await client.DisconnectAsync(quit: true, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or ProtocolException or CommandException or SocketException)
        {
            // It has the mail.
        }
    }

    /// <summary>The mail.</summary>
    internal static MimeMessage Message(NotificationOptions options, RunReport report)
    {
        BodyBuilder body = new() { TextBody = RunSummary.PlainText(report) };
        // Mail programs take styles and pictures out of a message; an attachment is shown by a browser.
        if (report.Digest is { } digest)
            body.Attachments.Add("backups.html", Encoding.UTF8.GetBytes(HtmlReport.Of(digest, report.Name)), new ContentType("text", "html"));
        MimeMessage message = new() { Subject = RunSummary.Subject(report), Body = body.ToMessageBody() };
        message.From.Add(MailboxAddress.Parse(options.From!));
        message.To.AddRange(options.To.Select(MailboxAddress.Parse));
        // So that nobody's holiday message answers (RFC 3834).
        message.Headers.Add("Auto-Submitted", "auto-generated");
        return message;
    }

    private DeliveryException? Failure(Exception exception)
    {
        string reason = ShownText.OneLine(secrets.Hide(exception.Message.ReplaceLineEndings(" ")));
        return exception switch
        {
            AuthenticationException => new DeliveryException(NotificationErrors.LoginFailed(target.Display, reason), isTransient: false, exception),
            // Its own message is a page of advice for programmers.
            SslHandshakeException => new DeliveryException(
                NotificationErrors.Unreachable(target.Display, "its certificate is not trusted, or it does not speak TLS on this port."), false, exception),
            SmtpCommandException command => new DeliveryException(
                NotificationErrors.Rejected(target.Display, $"{(int)command.StatusCode} {reason}"), (int)command.StatusCode / 100 == 4, exception),
            NotSupportedException => new DeliveryException(NotificationErrors.Rejected(target.Display, reason), isTransient: false, exception),
            ParseException => new DeliveryException(NotificationErrors.Rejected(target.Display, reason), isTransient: false, exception),
            SocketException or IOException or ProtocolException or ServiceNotConnectedException or TimeoutException =>
                new DeliveryException(NotificationErrors.Unreachable(target.Display, reason), isTransient: true, exception),
            _ => null,
        };
    }

    private static SecureSocketOptions Security(SmtpSecurity security) => security switch
    {
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.None => SecureSocketOptions.None,
        _ => SecureSocketOptions.StartTls,
    };
}
