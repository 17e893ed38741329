using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Reads objects by the thousand. As with <see cref="DirectPut"/>, a request goes the short way first, signed here over the pooled handler,
/// and what is not a plain success is the SDK's business: it sends the same request again, with its retries, its corrections of region and
/// clock, and its errors. What breaks in the middle of a body is for the caller to ask for again.
/// </summary>
internal sealed class ObjectReader : IDisposable
{
    // As in DirectPut: what this way gets wrong for a store is not worth trying again.
    private const int RefusalsBeforeGivingUp = 3;

    // The SHA-256 of nothing: these requests have no body.
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private readonly S3Destination destination;
    private readonly S3Connection connection;
    private readonly HttpMessageInvoker http;
    private readonly SignatureV4 signature;
    private int refusals;

    /// <summary>A way to read one bucket over the connection of its listings.</summary>
    /// <exception cref="BackupException">An insecure endpoint, an unknown profile, or no region.</exception>
    public ObjectReader(BucketReader listings)
    {
        destination = listings.Request.Destination;
        connection = listings.Connection;
        Traffic = listings.Traffic;
        http = new HttpMessageInvoker(connection.Counter, disposeHandler: false);
        signature = new SignatureV4(connection.Target.Region);
    }

    /// <summary>What moves between here and the store.</summary>
    public Traffic Traffic { get; }

    /// <summary>What error messages name.</summary>
    public S3Target Target => connection.Target;

    /// <summary>Asks for an object, or a part of it; the body has not arrived yet.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        (HttpResponseMessage? answer, bool isRefused) = await TryDirectAsync(HttpMethod.Get, query, cancellationToken).ConfigureAwait(false);
        if (answer is not null)
        {
            ObjectBody body = new(ReceivedObject.From(answer.Headers, answer.Content.Headers), answer);
            // A store that ignores the range would send the whole object into every part.
            if (query.Range is null || answer.StatusCode == HttpStatusCode.PartialContent)
                return body;
            body.Dispose();
            throw new IOException("The store ignored the range that was asked for.", new InvalidDataException());
        }

        GetObjectRequest get = new()
        {
            BucketName = destination.Bucket,
            Key = query.Key,
            VersionId = query.VersionId,
            EtagToMatch = query.ETag is { } etag ? $"\"{etag}\"" : null,
            ByteRange = query.Range is { } range ? new ByteRange(range.First, range.Last) : null,
            ChecksumMode = UsesChecksums ? ChecksumMode.ENABLED : null,
        };
        GetObjectResponse found = await SoundAnswers.AskAsync(
            Target, "GetObject", query.Key, token => connection.Client.GetObjectAsync(get, token), told => SoundAnswers.FindTag(told.ETag),
            cancellationToken).ConfigureAwait(false);
        NoteSdkMeets(isRefused);
        return new ObjectBody(ReceivedObject.From(found), found);
    }

    /// <summary>Asks what S3 knows of an object.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    public async Task<ReceivedObject> HeadAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        (HttpResponseMessage? answer, bool isRefused) = await TryDirectAsync(HttpMethod.Head, query, cancellationToken).ConfigureAwait(false);
        if (answer is not null)
        {
            using (answer)
                return ReceivedObject.From(answer.Headers, answer.Content.Headers);
        }

        GetObjectMetadataRequest head = new()
        {
            BucketName = destination.Bucket,
            Key = query.Key,
            VersionId = query.VersionId,
            EtagToMatch = query.ETag is { } etag ? $"\"{etag}\"" : null,
            ChecksumMode = UsesChecksums ? ChecksumMode.ENABLED : null,
        };
        GetObjectMetadataResponse found = await SoundAnswers.AskAsync(
            Target, "HeadObject", query.Key, token => connection.Client.GetObjectMetadataAsync(head, token),
            told => SoundAnswers.FindTag(told.ETag), cancellationToken).ConfigureAwait(false);
        NoteSdkMeets(isRefused);
        return ReceivedObject.From(found);
    }

    /// <summary>Asks S3 to bring an object back from the archive for a while.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no; <c>RestoreAlreadyInProgress</c> when it is under way.</exception>
    public async Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        RestoreObjectRequest retrieve = new()
        {
            BucketName = destination.Bucket,
            Key = query.Key,
            VersionId = query.VersionId,
            RetrievalTier = GlacierJobTier.FindValue(tier),
            Days = days,
        };
        await connection.Client.RestoreObjectAsync(retrieve, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private bool UsesChecksums => destination.ChecksumMode == S3ChecksumMode.WhenSupported;

    private void NoteSdkMeets(bool isRefused)
    {
        if (isRefused)
            Interlocked.Increment(ref refusals);
    }

    private async Task<(HttpResponseMessage? Answer, bool IsRefused)> TryDirectAsync(
        HttpMethod method, ObjectQuery query, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref refusals) >= RefusalsBeforeGivingUp)
            return (null, false);
        try
        {
            using HttpRequestMessage message = await SignAsync(method, query).ConfigureAwait(false);
            HttpResponseMessage answer = await http.SendAsync(message, cancellationToken).ConfigureAwait(false);
            if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent && answer.Headers.NonValidated.Contains("ETag"))
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

    private async Task<HttpRequestMessage> SignAsync(HttpMethod method, ObjectQuery query)
    {
        Uri address = connection.BucketAddress;
        ImmutableCredentials signer = await connection.Credentials.GetCredentialsAsync().ConfigureAwait(false);
        string time = SignatureV4.Time(DateTimeOffset.UtcNow + CorrectClockSkew.GetClockCorrectionForEndpoint(address.AbsoluteUri));
        string path = address.AbsolutePath.TrimEnd('/') + "/" + DirectPut.EncodePath(query.Key);
        string parameters = query.VersionId is { } version ? "versionId=" + Uri.EscapeDataString(version) : "";
        List<KeyValuePair<string, string>> signed =
        [
            new("host", address.Authority),
            new("x-amz-content-sha256", EmptyHash),
            new("x-amz-date", time),
            .. S3ClientFactory.OwnerHeader(destination),
        ];
        if (query.ETag is { } etag)
            signed.Add(new("if-match", $"\"{etag}\""));
        if (query.Range is { } range)
            signed.Add(new("range", string.Create(CultureInfo.InvariantCulture, $"bytes={range.First}-{range.Last}")));
        if (UsesChecksums)
            signed.Add(new("x-amz-checksum-mode", "ENABLED"));
        if (signer.UseToken)
            signed.Add(new("x-amz-security-token", signer.Token));
        signed.Sort((left, right) => string.CompareOrdinal(left.Key, right.Key));

        HttpRequestMessage message = new(method, new Uri(
            $"{address.Scheme}://{address.Authority}{path}{(parameters.Length > 0 ? "?" : "")}{parameters}",
            // The path must go out as it was signed, so .NET must not tidy it.
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        message.Headers.TryAddWithoutValidation(
            "Authorization", signature.Authorization(method.Method, path, parameters, signed, EmptyHash, time, signer));
        foreach ((string name, string value) in signed)
        {
            if (name != "host")
                message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }
}

/// <summary>Which object is asked for, and what it must still be.</summary>
/// <param name="Key">The whole key.</param>
internal readonly record struct ObjectQuery(string Key)
{
    /// <summary>The version; null: the current one.</summary>
    public string? VersionId { get; init; }

    /// <summary>The entity tag that the object must have, without quotes; null: any.</summary>
    public string? ETag { get; init; }

    /// <summary>The first and the last byte; null: all of them.</summary>
    public (long First, long Last)? Range { get; init; }
}

/// <summary>An object on its way here.</summary>
/// <param name="about">What S3 says of it.</param>
/// <param name="answer">The answer that carries it.</param>
internal sealed class ObjectBody(ReceivedObject about, IDisposable answer) : IDisposable
{
    /// <summary>What S3 says of it.</summary>
    public ReceivedObject About => about;

    /// <summary>Bytes that the answer announced.</summary>
    public long Length => answer switch
    {
        HttpResponseMessage direct => direct.Content.Headers.ContentLength ?? about.Size,
        GetObjectResponse found => found.ContentLength,
        _ => about.Size,
    };

    /// <summary>The bytes as they come.</summary>
    public ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) => answer switch
    {
        HttpResponseMessage direct => new ValueTask<Stream>(direct.Content.ReadAsStreamAsync(cancellationToken)),
        GetObjectResponse found => ValueTask.FromResult(found.ResponseStream),
        _ => throw new InvalidOperationException(),
    };

    /// <inheritdoc/>
    public void Dispose() => answer.Dispose();
}
