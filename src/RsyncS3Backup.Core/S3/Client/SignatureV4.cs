using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace RsyncS3Backup.S3.Client;

/// <summary>
/// Signs PUT requests with AWS Signature Version 4. Source: "Signature Calculations for the Authorization Header" in the Amazon S3 API
/// reference. The key derived from a secret is kept for as long as secret and day stay the same. Thread-safe.
/// </summary>
internal sealed class SignatureV4(string region)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private SigningKey? lastKey;

    /// <summary>The value of the Authorization header.</summary>
    /// <param name="path">The path as it is sent, encoded.</param>
    /// <param name="query">The query as it is sent, encoded and sorted, without the question mark; empty for none.</param>
    /// <param name="headers">All headers to sign with their values: names in lower case, in ordinal order.</param>
    /// <param name="payloadHash">The value of <c>x-amz-content-sha256</c>.</param>
    /// <param name="time">The value of <c>x-amz-date</c>.</param>
    /// <param name="credentials">Who signs.</param>
    public string Authorization(
        string path, string query, IReadOnlyList<KeyValuePair<string, string>> headers, string payloadHash, string time,
        ImmutableCredentials credentials)
    {
        string day = time[..8];
        string scope = $"{day}/{region}/s3/aws4_request";
        StringBuilder names = new(256);
        StringBuilder canonical = new(1024);
        canonical.Append("PUT\n").Append(path).Append('\n').Append(query).Append('\n');
        foreach ((string name, string value) in headers)
        {
            canonical.Append(name).Append(':').Append(value).Append('\n');
            names.Append(names.Length > 0 ? ";" : "").Append(name);
        }

        string signedHeaders = names.ToString();
        canonical.Append('\n').Append(signedHeaders).Append('\n').Append(payloadHash);
        string toSign = $"{Algorithm}\n{time}\n{scope}\n{HexHash(canonical.ToString())}";
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(KeyFor(credentials.SecretKey, day), Encoding.UTF8.GetBytes(toSign), signature);
        return $"{Algorithm} Credential={credentials.AccessKey}/{scope}, SignedHeaders={signedHeaders}, Signature={Hex(signature)}";
    }

    /// <summary>The time in the form that <c>x-amz-date</c> has.</summary>
    public static string Time(DateTimeOffset now) => now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The SHA-256 of a body in the form that <c>x-amz-content-sha256</c> has.</summary>
    public static string HexHash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return Hex(hash);
    }

    private static string HexHash(string text)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            return HexHash(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

    private byte[] KeyFor(string secret, string day)
    {
        SigningKey? known = lastKey;
        if (known is not null && known.Day == day && known.Secret == secret)
            return known.Key;
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (string step in new[] { day, region, "s3", "aws4_request" })
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(step));
        lastKey = new SigningKey(secret, day, key);
        return key;
    }

    private sealed record SigningKey(string Secret, string Day, byte[] Key);
}
