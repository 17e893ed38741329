using System.Buffers;
using System.Net;
using System.Text;
using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// The short way for the requests that are made by the thousand: PutObject and UploadPart from memory, GetObject and HeadObject, and the further
/// pages of long listings. The SDK spends about half a millisecond of processor time on each, and many on a page. What is not a plain success is the
/// SDK's business: it sends the same request again, with its retries, its corrections of region and clock, and its errors.
/// </summary>
internal sealed class ShortWay : IDisposable
{
    // Refusals that the SDK does not meet come from something this way gets wrong for this store; then it is not worth trying
    // again.
    private const int RefusalsBeforeGivingUp = 3;

    // The SHA-256 of nothing: the hash of a request without a body.
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly SearchValues<char> Unencoded =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    private readonly HttpMessageInvoker http;
    private readonly Uri address;
    private readonly AWSCredentials credentials;
    private readonly SignatureV4 signature;
    private readonly IReadOnlyList<KeyValuePair<string, string>> always;
    private readonly bool isTrustedWay;
    private int refusals;

    /// <summary>A way to one bucket.</summary>
    /// <param name="connection">Sends the requests, knows the bucket's address as the SDK resolved it, and who signs; not disposed.</param>
    public ShortWay(S3Connection connection)
    {
        http = new HttpMessageInvoker(connection.Counter, disposeHandler: false);
        address = connection.BucketAddress;
        credentials = connection.Credentials;
        signature = new SignatureV4(connection.Target.Region);
        always = connection.HeadersOfEveryRequest;
        isTrustedWay = address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;
    }

    /// <summary>Sends one request about an object; of an answer the body has not arrived yet.</summary>
    /// <param name="method">PUT, GET or HEAD.</param>
    /// <param name="key">The whole key.</param>
    /// <param name="query">The query, encoded and sorted; empty for none.</param>
    /// <param name="content">The body; null for none.</param>
    /// <param name="headers">Headers that are to be signed, names in lower case; without host, date, hash and what goes with every request.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>
    /// The answer, when it is a success of S3's; null when the SDK should try. And whether the store said no: the SDK's success
    /// is for <see cref="NoteSdkMeets"/> then.
    /// </returns>
    public Task<(HttpResponseMessage? Answer, bool IsRefused)> TryAsync(
        HttpMethod method, string key, string query, ObjectContent? content, IEnumerable<KeyValuePair<string, string>> headers,
        CancellationToken cancellationToken) =>
        // There is nothing more to hear about a key that is not there.
        TryAsync(
            method, key, query, content, headers,
            answer => (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent
                && answer.Headers.NonValidated.Contains(ObjectAnswers.TagHeader))
                || (answer.StatusCode == HttpStatusCode.NotFound && method == HttpMethod.Head),
            cancellationToken);

    /// <summary>Asks for a page of ListObjectsV2.</summary>
    /// <param name="query">The query, encoded and sorted.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The page; null when the SDK should try. And whether that would be no better the next time: it was refused, or cannot be read.</returns>
    public async Task<(ListPage? Page, bool IsOdd)> TryListAsync(string query, CancellationToken cancellationToken)
    {
        (HttpResponseMessage? answer, bool isRefused) = await TryAsync(
            HttpMethod.Get, key: "", query, content: null, headers: [], answer => answer.StatusCode == HttpStatusCode.OK, cancellationToken)
            .ConfigureAwait(false);
        if (answer is null)
            return (null, isRefused);
        using (answer)
        {
            try
            {
                ListPage? page = ListPageReader.TryRead(await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
                return (page, IsOdd: page is null);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return (null, false);
            }
        }
    }

    private async Task<(HttpResponseMessage? Answer, bool IsRefused)> TryAsync(
        HttpMethod method, string key, string query, ObjectContent? content, IEnumerable<KeyValuePair<string, string>> headers,
        Predicate<HttpResponseMessage> isSuccess, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref refusals) >= RefusalsBeforeGivingUp)
            return (null, false);
        try
        {
            using HttpRequestMessage request = await SignAsync(method, key, query, content, headers).ConfigureAwait(false);
            HttpResponseMessage answer = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (isSuccess(answer))
                return (answer, false);
            answer.Dispose();
            return (null, (int)answer.StatusCode is >= 300 and < 500 and not (int)HttpStatusCode.TooManyRequests);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (null, false);
        }
    }

    /// <summary>The SDK succeeded; when the store had said no to this way, it is this way that gets something wrong.</summary>
    public void NoteSdkMeets(bool wasRefused)
    {
        if (wasRefused)
            Interlocked.Increment(ref refusals);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>The request as it is sent.</summary>
    internal async Task<HttpRequestMessage> SignAsync(
        HttpMethod method, string key, string query, ObjectContent? content, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ImmutableCredentials signer = await credentials.GetCredentialsAsync().ConfigureAwait(false);
        // Over TLS, and on this machine, nobody changes the body on its way, and its checksum travels with it.
        string payloadHash = content is null ? EmptyHash : isTrustedWay ? "UNSIGNED-PAYLOAD" : SignatureV4.HexHash(content.Bytes.Span);
        // What the SDK has learned from S3's answers about this machine's clock; the listing came first.
        string time = SignatureV4.Time(DateTimeOffset.UtcNow + CorrectClockSkew.GetClockCorrectionForEndpoint(address.AbsoluteUri));
        string path = address.AbsolutePath.TrimEnd('/') + "/" + EncodePath(key);

        List<KeyValuePair<string, string>> signed =
        [
            new("host", address.Authority),
            new("x-amz-content-sha256", payloadHash),
            new("x-amz-date", time),
            .. headers,
            .. always,
        ];
        if (signer.UseToken)
            signed.Add(new("x-amz-security-token", signer.Token));
        signed.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));

        HttpRequestMessage request = new(method, Address(path, query))
        {
            Content = content is null ? null : new ReadOnlyMemoryContent(content.Bytes),
        };
        request.Headers.TryAddWithoutValidation(
            "Authorization", signature.Authorization(method.Method, path, query, signed, payloadHash, time, signer));
        foreach ((string name, string value) in signed)
        {
            if (name.StartsWith("content-", StringComparison.Ordinal))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            else if (name != "host")
                request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    /// <summary>A key in a path: every byte of its UTF-8 form encoded but letters, digits, <c>-._~</c> and the slash.</summary>
    internal static string EncodePath(string key)
    {
        // Most names need no encoding.
        if (!key.AsSpan().ContainsAnyExcept(Unencoded))
            return key;
        StringBuilder encoded = new(key.Length + 16);
        foreach (byte b in Encoding.UTF8.GetBytes(key))
        {
            if (Unencoded.Contains((char)b))
                encoded.Append((char)b);
            else
                encoded.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    // The path must go out as it was signed, so .NET must not tidy it.
    private Uri Address(string path, string query) => new(
        $"{address.Scheme}://{address.Authority}{path}{(query.Length > 0 ? "?" : "")}{query}",
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
