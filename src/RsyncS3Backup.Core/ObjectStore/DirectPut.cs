using System.Buffers;
using System.Net;
using System.Text;
using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// The short way for the two requests that a backup makes by the thousand: PutObject and UploadPart from memory. The SDK spends about half a
/// millisecond of processor time on each. What is not a plain success is the SDK's business: it sends the same request again, with its
/// retries, its corrections of region and clock, and its errors.
/// </summary>
internal sealed class DirectPut : IDisposable
{
    // Refusals that the SDK does not meet come from something this way gets wrong for this store; then it is not worth trying again.
    private const int RefusalsBeforeGivingUp = 3;

    private static readonly SearchValues<char> Unencoded =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/");

    private readonly HttpMessageInvoker http;
    private readonly Uri address;
    private readonly AWSCredentials credentials;
    private readonly SignatureV4 signature;
    private readonly bool isTrustedWay;
    private int refusals;

    /// <summary>A way to one bucket.</summary>
    /// <param name="handler">Sends the requests; not disposed.</param>
    /// <param name="address">The bucket's address as the SDK resolved it, with the bucket in the host or as the first part of the path.</param>
    /// <param name="region">The region to sign for.</param>
    /// <param name="credentials">Who signs.</param>
    public DirectPut(HttpMessageHandler handler, Uri address, string region, AWSCredentials credentials)
    {
        http = new HttpMessageInvoker(handler, disposeHandler: false);
        this.address = address;
        this.credentials = credentials;
        signature = new SignatureV4(region);
        isTrustedWay = address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;
    }

    /// <summary>Sends one PUT.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="query">The query, encoded and sorted; empty for none.</param>
    /// <param name="content">The body.</param>
    /// <param name="headers">Headers of the request that are to be signed, names in lower case; without host, date and hash.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>
    /// What was stored; null when this did not succeed and the SDK should try. And whether the store said no: when the SDK does not hear the
    /// same, <see cref="NoteOwnRefusal"/>.
    /// </returns>
    public async Task<(StoredVersion? Stored, bool IsRefused)> TryAsync(
        string key, string query, ObjectContent content, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref refusals) >= RefusalsBeforeGivingUp)
            return (null, false);
        try
        {
            using HttpRequestMessage request = await SignAsync(key, query, content, headers).ConfigureAwait(false);
            using HttpResponseMessage response = await http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                StoredVersion stored = StoredVersion.From(HeaderOf(response, "ETag"), HeaderOf(response, "x-amz-version-id"));
                return stored.ETag.Length == 0 ? (null, false) : (stored with { StoredTime = response.Headers.Date }, false);
            }

            return (null, (int)response.StatusCode is >= 300 and < 500 and not (int)HttpStatusCode.TooManyRequests);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (null, false);
        }
    }

    /// <summary>The SDK succeeded where the store had said no to this way.</summary>
    public void NoteOwnRefusal() => Interlocked.Increment(ref refusals);

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    /// <summary>The request as it is sent.</summary>
    internal async Task<HttpRequestMessage> SignAsync(
        string key, string query, ObjectContent content, IEnumerable<KeyValuePair<string, string>> headers)
    {
        ImmutableCredentials signer = await credentials.GetCredentialsAsync().ConfigureAwait(false);
        // Over TLS, and on this machine, nobody changes the body on its way, and its checksum travels with it.
        string payloadHash = isTrustedWay ? "UNSIGNED-PAYLOAD" : SignatureV4.HexHash(content.Bytes.Span);
        // What the SDK has learned from S3's answers about this machine's clock; the listing came first.
        string time = SignatureV4.Time(DateTimeOffset.UtcNow + CorrectClockSkew.GetClockCorrectionForEndpoint(address.AbsoluteUri));
        string path = address.AbsolutePath.TrimEnd('/') + "/" + EncodePath(key);

        List<KeyValuePair<string, string>> signed =
        [
            new("host", address.Authority),
            new("x-amz-content-sha256", payloadHash),
            new("x-amz-date", time),
            .. headers,
        ];
        if (signer.UseToken)
            signed.Add(new("x-amz-security-token", signer.Token));
        signed.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));

        HttpRequestMessage request = new(HttpMethod.Put, Address(path, query)) { Content = new ReadOnlyMemoryContent(content.Bytes) };
        request.Headers.TryAddWithoutValidation(
            "Authorization", signature.Authorization("PUT", path, query, signed, payloadHash, time, signer));
        foreach ((string name, string value) in signed)
        {
            if (name.StartsWith("content-", StringComparison.Ordinal))
                request.Content.Headers.TryAddWithoutValidation(name, value);
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

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    // The path must go out as it was signed, so .NET must not tidy it.
    private Uri Address(string path, string query) => new(
        $"{address.Scheme}://{address.Authority}{path}{(query.Length > 0 ? "?" : "")}{query}",
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
