using System.Net;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.S3;

namespace RsyncS3Backup.ObjectStore.Lifecycle;

/// <summary>
/// Reads and writes a bucket's lifecycle configuration as it is, past the SDK's classes: those drop elements that they do not know, and would write
/// other people's rules back without them.
/// </summary>
internal sealed class LifecycleRequests(S3Connection connection, ShortWay way, S3Access access)
{
    private const string SmallObjectsHeader = "x-amz-transition-default-minimum-object-size";
    private const string Query = "lifecycle=";
    private const int Tries = 4;

    // A thousand rules, S3's most, with long prefixes and tags are less.
    private const int LargestAnswer = 16 * 1024 * 1024;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200);

    /// <summary>The rules; those of a bucket without any are none.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    /// <exception cref="BackupException">The answer is none of S3's.</exception>
    public async Task<LifecycleDocument> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, null, [], cancellationToken).ConfigureAwait(false);
            byte[] text = await BodyAsync(answer, cancellationToken).ConfigureAwait(false);
            string? smallObjects = answer.Headers.TryGetValues(SmallObjectsHeader, out IEnumerable<string>? values) ? values.First() : null;
            return LifecycleDocument.Parse(text, smallObjects);
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode == "NoSuchLifecycleConfiguration")
        {
            return LifecycleDocument.Empty;
        }
        catch (XmlException exception)
        {
            throw S3Errors.AnswerInvalid(
                connection.Target.Endpoint, "GetBucketLifecycleConfiguration", access.Destination.Bucket, "no lifecycle configuration", exception);
        }
    }

    /// <summary>Replaces all rules. A document without rules removes the configuration, which S3 takes in no other way.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task WriteAsync(LifecycleDocument document, CancellationToken cancellationToken)
    {
        if (document.Rules.Count == 0)
        {
            using HttpResponseMessage deleted = await SendAsync(HttpMethod.Delete, null, [], cancellationToken).ConfigureAwait(false);
            return;
        }

        byte[] text = document.ToBytes();
        ObjectContent content = new("", text, text.Length);
        KeyValuePair<string, string>[] size = document.SmallObjects is { } smallObjects ? [new(SmallObjectsHeader, smallObjects)] : [];
        using HttpResponseMessage written = await SendAsync(
            HttpMethod.Put, content, [.. content.ChecksumHeaders(access.UsesCrc32), .. size], cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, ObjectContent? content, KeyValuePair<string, string>[] headers, CancellationToken cancellationToken)
    {
        using HttpMessageInvoker http = new(connection.Counter, disposeHandler: false);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using HttpRequestMessage request = await way.SignAsync(method, "", Query, content, headers).ConfigureAwait(false);
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

    private static async Task<byte[]> BodyAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
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
