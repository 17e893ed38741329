using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace S3Server;

/// <summary>
/// Decodes <c>aws-chunked</c> as it arrives and checks each chunk's signature and the trailer's, when the payload is signed:
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
/// </summary>
internal sealed class ChunkedBody : IDisposable
{
    // S3: a chunk but the last must have at least 8 KiB.
    private const int SmallestChunk = 8 * 1024;
    private const int LongestLine = 4096;
    private const string HashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private readonly SignedRequest? signed;
    private readonly BodyDigest digest;
    private readonly IncrementalHash? chunkHash;
    private readonly StringBuilder line = new();
    private readonly StringBuilder trailerText = new();
    private State state = State.Header;
    private long remaining;
    private long chunkSize;
    private bool lastWasShort;
    private string chunkSignature = string.Empty;
    private string previousSignature;
    private string? trailerSignature;

    /// <param name="signed">What the chunks' signatures follow; null leaves them unchecked.</param>
    /// <param name="digest">Takes the decoded bytes.</param>
    public ChunkedBody(SignedRequest? signed, BodyDigest digest)
    {
        this.signed = signed;
        this.digest = digest;
        previousSignature = signed?.Signature ?? string.Empty;
        chunkHash = signed is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    private enum State
    {
        Header,
        Data,
        DataEnd,
        Trailer,
    }

    public Dictionary<string, string> Trailers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public void Push(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            if (state == State.Data)
            {
                var take = data[..(int)Math.Min(data.Length, remaining)];
                chunkHash?.AppendData(take);
                digest.Write(take);
                remaining -= take.Length;
                data = data[take.Length..];
                if (remaining == 0)
                {
                    CheckChunk();
                    state = State.DataEnd;
                }
                continue;
            }
            var end = data.IndexOf((byte)'\n');
            line.Append(Encoding.Latin1.GetString(end < 0 ? data : data[..end]));
            if (line.Length > LongestLine)
                throw S3Exception.InvalidRequest("A line of the aws-chunked body is too long.");
            if (end < 0)
                return;
            data = data[(end + 1)..];
            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            TakeLine(text);
        }
    }

    public void Finish(bool expectsTrailer)
    {
        // Clients differ in the empty lines around trailers; the HTTP body's own end closes them.
        if (state != State.Trailer)
            throw new S3Exception(400, "IncompleteBody", "The request body terminated unexpectedly");
        if (signed is null || !expectsTrailer)
            return;
        var expected = Signatures.SignFollowing(signed, "AWS4-HMAC-SHA256-TRAILER", previousSignature,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(trailerText.ToString()))));
        if (trailerSignature != expected)
            throw SignatureDoesNotMatch("trailer");
    }

    public void Dispose() => chunkHash?.Dispose();

    private void TakeLine(string text)
    {
        switch (state)
        {
            case State.Header:
                TakeChunkHeader(text);
                break;
            case State.DataEnd when text.Length == 0:
                state = State.Header;
                break;
            case State.Trailer when text.Length == 0:
                break;
            case State.Trailer:
                TakeTrailer(text);
                break;
            default:
                throw S3Exception.InvalidRequest("The aws-chunked body is malformed.");
        }
    }

    private void TakeChunkHeader(string text)
    {
        var semicolon = text.IndexOf(';', StringComparison.Ordinal);
        var size = semicolon < 0 ? text : text[..semicolon];
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out chunkSize) || chunkSize < 0)
            throw S3Exception.InvalidRequest("The aws-chunked body has a chunk without a size.");
        const string Extension = ";chunk-signature=";
        chunkSignature = semicolon >= 0 && text.AsSpan(semicolon).StartsWith(Extension, StringComparison.Ordinal)
            ? text[(semicolon + Extension.Length)..]
            : string.Empty;
        if (chunkSize == 0)
        {
            CheckChunk();
            state = State.Trailer;
            return;
        }
        if (lastWasShort)
            throw new S3Exception(403, "InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than 8192 bytes");
        lastWasShort = chunkSize < SmallestChunk;
        remaining = chunkSize;
        state = State.Data;
    }

    private void TakeTrailer(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            throw new S3Exception(400, "MalformedTrailerError", "The request contained trailing data that was not well-formed");
        var name = text[..colon].Trim();
        var value = text[(colon + 1)..].Trim();
        if (name.Equals("x-amz-trailer-signature", StringComparison.OrdinalIgnoreCase))
        {
            trailerSignature = value;
            return;
        }
        Trailers[name] = value;
        trailerText.Append(name.ToLowerInvariant()).Append(':').Append(value).Append('\n');
    }

    private void CheckChunk()
    {
        if (signed is null)
            return;
        var hash = chunkSize == 0 ? HashOfNothing : Convert.ToHexStringLower(chunkHash!.GetHashAndReset());
        var expected = Signatures.SignFollowing(
            signed, "AWS4-HMAC-SHA256-PAYLOAD", previousSignature, HashOfNothing + "\n" + hash);
        if (chunkSignature != expected)
            throw SignatureDoesNotMatch("chunk");
        previousSignature = expected;
    }

    private static S3Exception SignatureDoesNotMatch(string what) => new(403, "SignatureDoesNotMatch",
        $"The {what} signature we calculated does not match the signature you provided. Check your key and signing method.");
}
