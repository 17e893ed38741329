using System.Globalization;
using System.Security.Cryptography;

namespace S3Server;

/// <summary>A request body, stored and checked.</summary>
internal sealed record ReceivedBody(StoredContent Content, byte[]? Md5, StoredChecksum? Checksum, byte[]? RawChecksum);

/// <summary>Computes what was asked of a body while its bytes go to the store.</summary>
internal sealed class BodyDigest(ContentWriter writer, bool md5, bool sha256, ChecksumAlgorithm? algorithm) : IDisposable
{
    private readonly IncrementalHash? md5Hash = md5 ? IncrementalHash.CreateHash(HashAlgorithmName.MD5) : null;
    private readonly IncrementalHash? sha256Hash = sha256 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    private readonly RunningChecksum? checksum = algorithm is { } wanted ? Checksums.Start(wanted) : null;

    public long Length { get; private set; }

    public void Write(ReadOnlySpan<byte> data)
    {
        md5Hash?.AppendData(data);
        sha256Hash?.AppendData(data);
        checksum?.Append(data);
        writer.Write(data);
        Length += data.Length;
    }

    public byte[]? FinishMd5() => md5Hash?.GetHashAndReset();

    public byte[]? FinishSha256() => sha256Hash?.GetHashAndReset();

    public byte[]? FinishChecksum() => checksum?.Finish();

    public void Dispose()
    {
        md5Hash?.Dispose();
        sha256Hash?.Dispose();
        checksum?.Dispose();
    }
}

/// <summary>Receives bodies: plain or aws-chunked, with every hash the request declares compared with the bytes that came.</summary>
internal sealed class BodyReader(S3ServerOptions options)
{
    private const int LargestDocument = 8 * 1024 * 1024;

    public async Task<ReceivedBody> ReceiveAsync(
        S3Call call, ContentWriter writer, bool isObject, ChecksumAlgorithm? uploadAlgorithm = null, bool checksumIsOfBody = true)
    {
        var payload = call.Signed?.PayloadHash ?? call.Header("x-amz-content-sha256") ?? Signatures.UnsignedPayload;
        var chunked = payload.StartsWith("STREAMING-", StringComparison.Ordinal);
        var signedChunks = chunked && payload.StartsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", StringComparison.Ordinal);
        var trailing = chunked && payload.EndsWith("-TRAILER", StringComparison.Ordinal);
        if (chunked && !signedChunks && payload != "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            throw S3Exception.NotImplemented(payload);
        var expectedSha256 = chunked || payload == Signatures.UnsignedPayload ? null : payload;
        if (expectedSha256 is not null && (expectedSha256.Length != 64 || !expectedSha256.All(char.IsAsciiHexDigit)))
        {
            throw S3Exception.InvalidArgument("x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a valid sha256 value.");
        }
        long? declaredLength = chunked ? DecodedLength(call) : call.Request.ContentLength;
        if (declaredLength is null && isObject)
            throw new S3Exception(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");

        var expectedMd5 = ContentMd5(call);
        var (algorithm, inHeader) = checksumIsOfBody ? DeclaredChecksum(call, trailing) : (null, null);
        algorithm ??= uploadAlgorithm ?? (isObject && options.DefaultChecksum ? ChecksumAlgorithm.Crc64Nvme : null);

        using var digest = new BodyDigest(writer, expectedMd5 is not null || (isObject && options.Md5ETags),
            expectedSha256 is not null, algorithm);
        using var chunks = chunked ? new ChunkedBody(signedChunks ? call.Signed : null, digest) : null;
        await CopyAsync(call, digest, chunks);
        chunks?.Finish(trailing);

        if (declaredLength is { } length && digest.Length != length)
        {
            throw new S3Exception(400, "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP header.");
        }
        if (expectedSha256 is not null && digest.FinishSha256() is { } sha256
            && Convert.ToHexStringLower(sha256) is var computed && computed != expectedSha256)
        {
            throw new S3Exception(400, "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ("ClientComputedContentSHA256", expectedSha256), ("S3ComputedContentSHA256", computed));
        }
        var md5 = digest.FinishMd5();
        if (expectedMd5 is not null && !expectedMd5.AsSpan().SequenceEqual(md5))
            throw S3Exception.BadDigest("Content-MD5");
        StoredChecksum? stored = null;
        var raw = digest.FinishChecksum();
        if (algorithm is { } used && raw is not null)
        {
            stored = new StoredChecksum(used, Convert.ToBase64String(raw), IsComposite: false);
            Compare(call, stored, inHeader, trailing, chunks);
        }
        return new ReceivedBody(writer.Finish(), md5, stored, raw);
    }

    /// <summary>A request's document, in memory.</summary>
    /// <param name="call">The request.</param>
    /// <param name="checksumIsOfBody">False where checksum headers speak of something else, as with completed uploads.</param>
    public async Task<byte[]> ReceiveDocumentAsync(S3Call call, bool checksumIsOfBody = true)
    {
        if (call.Request.ContentLength > LargestDocument)
            throw new S3Exception(400, "MaxMessageLengthExceeded", "Your request was too big.");
        using var writer = new MemoryContentWriter(call.Request.ContentLength ?? 0);
        return (await ReceiveAsync(call, writer, isObject: false, checksumIsOfBody: checksumIsOfBody)).Content.ToArray();
    }

    private static async Task CopyAsync(S3Call call, BodyDigest digest, ChunkedBody? chunks)
    {
        var reader = call.Request.BodyReader;
        call.HasReadBody = true;
        var fault = call.Fault;
        var received = 0L;
        while (true)
        {
            var read = await reader.ReadAsync(call.Aborted);
            foreach (var segment in read.Buffer)
            {
                if (chunks is null)
                    digest.Write(segment.Span);
                else
                    chunks.Push(segment.Span);
            }
            received += read.Buffer.Length;
            var taken = read.Buffer.Length;
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
            if (fault is { Kind: FaultKind.ConnectionReset, AfterBytes: { } limit } && received >= limit)
            {
                call.Http.Abort();
                throw new OperationCanceledException("The connection was reset by a fault.");
            }
            if (fault is { Kind: FaultKind.Slow, BytesPerSecond: > 0 and var rate })
                await Task.Delay(TimeSpan.FromSeconds((double)taken / rate), call.Aborted);
        }
    }

    private static long? DecodedLength(S3Call call) => call.Header("x-amz-decoded-content-length") is not { } text
        ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : throw S3Exception.InvalidArgument("x-amz-decoded-content-length is no number");

    private static byte[]? ContentMd5(S3Call call)
    {
        if (call.Header("Content-MD5") is not { } text)
            return null;
        var bytes = new byte[16];
        return text.Length == 24 && Convert.TryFromBase64String(text, bytes, out var length) && length == 16
            ? bytes
            : throw new S3Exception(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    }

    private static (ChecksumAlgorithm? Algorithm, string? InHeader) DeclaredChecksum(S3Call call, bool trailing)
    {
        ChecksumAlgorithm? algorithm = null;
        string? value = null;
        foreach (var header in call.Request.Headers)
        {
            if (Checksums.FromHeaderName(header.Key) is not { } found)
                continue;
            if (algorithm is not null)
            {
                throw S3Exception.InvalidRequest(
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
            }
            algorithm = found;
            value = header.Value.ToString();
            var bytes = new byte[64];
            if (!Convert.TryFromBase64String(value, bytes, out var length) || length != Checksums.Length(found))
                throw S3Exception.InvalidRequest($"Value for {header.Key.ToLowerInvariant()} header is invalid.");
        }
        if (trailing && call.Header("x-amz-trailer") is { } trailer)
        {
            algorithm = Checksums.FromHeaderName(trailer.Trim()) ?? throw S3Exception.InvalidRequest(
                "The value specified in the x-amz-trailer header is not supported");
        }
        if (algorithm is null && call.Header("x-amz-sdk-checksum-algorithm") is not null && HttpMethods.IsPut(call.Method))
        {
            throw S3Exception.InvalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                + "x-amz-trailer headers were found.");
        }
        return (algorithm, value);
    }

    private static void Compare(S3Call call, StoredChecksum computed, string? inHeader, bool trailing, ChunkedBody? chunks)
    {
        var name = Checksums.Name(computed.Algorithm);
        if (inHeader is not null && inHeader != computed.Value)
            throw S3Exception.BadDigest(name);
        if (!trailing || call.Header("x-amz-trailer") is not { } trailer)
            return;
        if (!chunks!.Trailers.TryGetValue(trailer.Trim(), out var inTrailer))
            throw new S3Exception(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed");
        if (inTrailer != computed.Value)
            throw S3Exception.BadDigest(name);
    }
}
