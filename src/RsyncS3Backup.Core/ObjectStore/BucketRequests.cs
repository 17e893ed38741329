using System.Net;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.S3;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Requests about the bucket that the SDK would not send as they must be: signed here, tried again while the store is busy, and
/// read as they come.
/// </summary>
internal sealed class BucketRequests(S3Connection connection, ShortWay way)
{
    private const int Tries = 4;

    // A thousand lifecycle rules, S3's most, with long prefixes and tags are less, and so is what is said of a thousand
    // deleted keys.
    private const int LargestAnswer = 16 * 1024 * 1024;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200);

    /// <summary>Sends one.</summary>
    /// <param name="method">The method.</param>
    /// <param name="query">The query, encoded and sorted.</param>
    /// <param name="content">The body; null for none.</param>
    /// <param name="headers">Headers that are to be signed, names in lower case.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string query, ObjectContent? content, IReadOnlyList<KeyValuePair<string, string>> headers,
        CancellationToken cancellationToken)
    {
        using HttpMessageInvoker http = new(connection.Counter, disposeHandler: false);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using HttpRequestMessage request = await way.SignAsync(method, "", query, content, headers).ConfigureAwait(false);
                HttpResponseMessage answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
                if (answer.IsSuccessStatusCode)
                    return answer;
                using (answer)
                    throw await RefusalAsync(answer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (attempt < Tries && MayPass(exception) && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(FirstWait * (1 << (attempt - 1)), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static bool MayPass(Exception exception) => exception switch
    {
        AmazonS3Exception answer => answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
            || answer.StatusCode is >= HttpStatusCode.InternalServerError and not HttpStatusCode.NotImplemented,
        HttpRequestException or IOException => !S3Errors.IsAboutTls(exception),
        _ => false,
    };

    private static async Task<AmazonS3Exception> RefusalAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        string code = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string message = answer.ReasonPhrase ?? code;
        string requestId = answer.Headers.TryGetValues("x-amz-request-id", out IEnumerable<string>? ids) ? ids.First() : "";
        try
        {
            byte[] body = await BodyAsync(answer, cancellationToken).ConfigureAwait(false);
            XmlReaderSettings settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
            using XmlReader reader = XmlReader.Create(new MemoryStream(body, writable: false), settings);
            XElement? error = XDocument.Load(reader).Root;
            if (error?.Name.LocalName == "Error")
            {
                code = Value("Code") ?? code;
                message = Value("Message") ?? message;
            }

            string? Value(string name) => error.Elements().FirstOrDefault(part => part.Name.LocalName == name)?.Value;
        }
        catch (XmlException)
        {
            // The status says enough.
        }

        return new AmazonS3Exception(message, ErrorType.Unknown, code, requestId, answer.StatusCode);
    }

    /// <summary>The body of an answer.</summary>
    /// <exception cref="XmlException">It is longer than any of S3's.</exception>
    public static async Task<byte[]> BodyAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using MemoryStream text = new();
        byte[] buffer = new byte[64 * 1024];
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            text.Write(buffer, 0, read);
            if (text.Length > LargestAnswer)
                throw new XmlException("The answer has no end.");
        }

        return text.ToArray();
    }
}
