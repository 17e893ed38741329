using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Signs requests with AWS Signature Version 4. Source: "Signature Calculations for the Authorization Header" in the Amazon S3 API
/// reference. The key derived from a secret is kept for as long as secret and day stay the same. Thread-safe.
/// </summary>
internal sealed class SignatureV4(string region)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    // One for each thread: a request makes no garbage but what is sent.
    [ThreadStatic]
    private static byte[]? scratch;

    private SigningKey? lastKey;

    /// <summary>The value of the Authorization header.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="path">The path as it is sent, encoded.</param>
    /// <param name="query">The query as it is sent, encoded and sorted, without the question mark; empty for none.</param>
    /// <param name="headers">All headers to sign with their values: names in lower case, in ordinal order.</param>
    /// <param name="payloadHash">The value of <c>x-amz-content-sha256</c>.</param>
    /// <param name="time">The value of <c>x-amz-date</c>.</param>
    /// <param name="credentials">Who signs.</param>
    public string Authorization(
        string method, string path, string query, IReadOnlyList<KeyValuePair<string, string>> headers, string payloadHash, string time,
        ImmutableCredentials credentials)
    {
        string day = time[..8];
        string scope = $"{day}/{region}/s3/aws4_request";
        string signedHeaders = string.Join(';', headers.Select(header => header.Key));
        Utf8Text text = new(scratch ??= new byte[2048]);
        text.Append(method, "\n", path, "\n", query, "\n");
        foreach ((string name, string value) in headers)
            text.Append(name, ":", value, "\n");
        text.Append("\n", signedHeaders, "\n", payloadHash);
        string canonicalHash = HexHash(text.Bytes);
        text.Clear();
        text.Append(Algorithm, "\n", time, "\n", scope, "\n", canonicalHash);
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(KeyFor(credentials.SecretKey, day), text.Bytes, signature);
        scratch = text.Buffer;
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

    private static string Hex(ReadOnlySpan<byte> bytes)
    {
        const string digits = "0123456789abcdef";
        Span<char> text = stackalloc char[2 * bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[2 * i] = digits[bytes[i] >> 4];
            text[2 * i + 1] = digits[bytes[i] & 0xF];
        }

        return new string(text);
    }

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

    /// <summary>Text in UTF-8 in a buffer that grows.</summary>
    private ref struct Utf8Text(byte[] buffer)
    {
        private int length;

        public byte[] Buffer { get; private set; } = buffer;

        public readonly ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, length);

        public void Clear() => length = 0;

        public void Append(params ReadOnlySpan<string> parts)
        {
            foreach (string part in parts)
            {
                int longest = Encoding.UTF8.GetMaxByteCount(part.Length);
                if (length + longest > Buffer.Length)
                {
                    byte[] larger = new byte[2 * (length + longest)];
                    Bytes.CopyTo(larger);
                    Buffer = larger;
                }

                length += Encoding.UTF8.GetBytes(part, Buffer.AsSpan(length));
            }
        }
    }

    private sealed record SigningKey(string Secret, string Day, byte[] Key);
}
