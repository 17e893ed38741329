using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Sends a webhook or a ping.</summary>
internal sealed class HttpDelivery : IDisposable
{
    private const int LongestAnswer = 300;

    // Healthchecks keeps 100 kB of what a ping brings; nobody reads that much.
    private const int LongestPing = 10_000;

    private static readonly string Product =
        $"RsyncS3Backup/{typeof(HttpDelivery).Assembly.GetName().Version?.ToString(3) ?? "0"}";

    private readonly NotificationTarget target;
    private readonly KnownSecrets secrets;
    private readonly HttpClient client;

    public HttpDelivery(NotificationTarget target, KnownSecrets secrets)
    {
        this.target = target;
        this.secrets = secrets;
        client = new HttpClient(new SocketsHttpHandler
        {
            // A redirect would turn the POST into a GET, or show the secret path to another machine.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !target.Address!.IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Tries once.</summary>
    /// <exception cref="DeliveryException">It was not taken.</exception>
    public async Task SendAsync(RunReport report, NotificationEvent what, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Request(report, what);
        request.Headers.TryAddWithoutValidation("User-Agent", Product);
        try
        {
            using HttpResponseMessage response =
                await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return;
            string answer = await AnswerAsync(response, cancellationToken).ConfigureAwait(false);
            throw new DeliveryException(NotificationErrors.Rejected(target.Display, answer), IsTransient(response.StatusCode))
            {
                RetryAfter = response.Headers.RetryAfter?.Delta,
            };
        }
        catch (HttpRequestException exception)
        {
            bool isCertificate = exception.HttpRequestError == HttpRequestError.SecureConnectionError;
            // The innermost message says what is wrong: "Connection refused", "The remote certificate is invalid …".
            string reason = secrets.Hide(exception.GetBaseException().Message);
            throw new DeliveryException(NotificationErrors.Unreachable(target.Display, reason), isTransient: !isCertificate, exception);
        }
    }

    public void Dispose() => client.Dispose();

    private HttpRequestMessage Request(RunReport report, NotificationEvent what)
    {
        if (target.Options.Type == NotificationKind.Ping)
        {
            return new HttpRequestMessage(HttpMethod.Post, PingAddress(target.Address!, what))
            {
                Content = new StringContent(RunSummary.Shorten(RunSummary.PlainText(report), LongestPing), Encoding.UTF8, "text/plain"),
            };
        }

        ByteArrayContent content = new(WebhookPayload.Of(target.Options.Format, report));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return new HttpRequestMessage(HttpMethod.Post, target.Address) { Content = content };
    }

    /// <summary>The address of a ping: <c>/start</c> or <c>/fail</c> behind the path, as healthchecks.io has it; a query stays.</summary>
    internal static Uri PingAddress(Uri address, NotificationEvent what)
    {
        string suffix = what switch
        {
            NotificationEvent.Start => "/start",
            NotificationEvent.Failure or NotificationEvent.Overdue => "/fail",
            _ => "",
        };
        return suffix.Length == 0
            ? address
            : new UriBuilder(address) { Path = address.AbsolutePath.TrimEnd('/') + suffix }.Uri;
    }

    private async Task<string> AnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        string status = string.Create(CultureInfo.InvariantCulture, $"{(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd();
        byte[] buffer = new byte[LongestAnswer];
        int count = 0;
        try
        {
            using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            int read;
            while (count < buffer.Length && (read = await body.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false)) > 0)
                count += read;
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // The status says enough.
        }

        string text = Encoding.UTF8.GetString(buffer, 0, count);
        // What is cut off may be the rest of a secret.
        text = count == buffer.Length ? secrets.HideCut(text) : secrets.Hide(text);
        return ShownText.OneLine(text.Trim() is { Length: > 0 } answer ? $"{secrets.Hide(status)}: {answer}" : secrets.Hide(status));
    }

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;
}

/// <summary>A notification was not taken.</summary>
internal sealed class DeliveryException(BackupError error, bool isTransient, Exception? cause = null) : Exception(error.Message, cause)
{
    public BackupError Error { get; } = error;

    /// <summary>True when another try may do.</summary>
    public bool IsTransient { get; } = isTransient;

    /// <summary>How long the server wants to be left alone; null: it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
