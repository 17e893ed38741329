using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace S3Server;

/// <summary>What a verified signature says, kept for the signatures of the chunks that follow.</summary>
internal sealed record SignedRequest(string PayloadHash, string Timestamp, string Scope, string Signature, byte[] SigningKey);

/// <summary>
/// AWS Signature Version 4, in the header and in the query, as
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html describes it.
/// </summary>
internal sealed class Signatures(S3ServerOptions options)
{
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string TimestampFormat = "yyyyMMdd'T'HHmmss'Z'";
    private static readonly TimeSpan AllowedSkew = TimeSpan.FromMinutes(15);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? scratch;

    private volatile DayKey? cachedKey;

    public SignedRequest? Verify(S3Call call)
    {
        var authorization = call.Header("Authorization");
        if (!options.RequireSignature)
            return null;
        if (authorization is not null)
            return VerifyHeader(call, authorization);
        if (call.Has("X-Amz-Signature"))
            return VerifyQuery(call);
        throw S3Exception.AccessDenied();
    }

    /// <summary>The signature of one chunk or of the trailer, which each covers the signature before it.</summary>
    public static string SignFollowing(SignedRequest request, string kind, string previousSignature, string hashes)
    {
        var buffer = Scratch();
        Append(buffer, $"{kind}\n{request.Timestamp}\n{request.Scope}\n{previousSignature}\n{hashes}");
        return HmacHex(request.SigningKey, buffer.WrittenSpan);
    }

    private SignedRequest VerifyHeader(S3Call call, string authorization)
    {
        if (!authorization.StartsWith(Algorithm + " ", StringComparison.Ordinal))
            throw S3Exception.InvalidArgument("Unsupported Authorization Type");
        string? credential = null, signedHeaders = null, signature = null;
        foreach (var field in authorization[Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries))
        {
            if (field.StartsWith("Credential=", StringComparison.Ordinal))
                credential = field[11..];
            else if (field.StartsWith("SignedHeaders=", StringComparison.Ordinal))
                signedHeaders = field[14..];
            else if (field.StartsWith("Signature=", StringComparison.Ordinal))
                signature = field[10..];
        }
        if (credential is null || signedHeaders is null || signature is null)
            throw Malformed("AuthorizationHeaderMalformed", "The authorization header is malformed.");

        var timestamp = call.Header("x-amz-date") ?? (DateTimeOffset.TryParse(call.Header("Date"), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var date) ? date.UtcDateTime.ToString(TimestampFormat, CultureInfo.InvariantCulture)
            : throw S3Exception.AccessDenied("AWS authentication requires a valid Date or x-amz-date header"));
        var scope = CheckCredential(credential, timestamp, "AuthorizationHeaderMalformed");
        var time = ParseTimestamp(timestamp);
        if ((time - call.Now).Duration() > AllowedSkew)
        {
            throw new S3Exception(403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                ("RequestTime", timestamp), ("ServerTime", S3Xml.Timestamp(call.Now)), ("MaxAllowedSkewMilliseconds", "900000"));
        }
        var payloadHash = call.Header("x-amz-content-sha256")
            ?? throw S3Exception.InvalidRequest("Missing required header for this request: x-amz-content-sha256");
        foreach (var header in call.Request.Headers)
        {
            if (header.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) && !Lists(signedHeaders, header.Key))
                throw S3Exception.AccessDenied("There were headers present in the request which were not signed: " + header.Key);
        }
        return Compare(call, signedHeaders, payloadHash, timestamp, scope, signature);
    }

    private SignedRequest VerifyQuery(S3Call call)
    {
        string Required(string name) => call.Parameter(name) ?? throw Malformed("AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
            + "X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
        if (Required("X-Amz-Algorithm") != Algorithm)
            throw Malformed("AuthorizationQueryParametersError", "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
        var timestamp = Required("X-Amz-Date");
        var scope = CheckCredential(Required("X-Amz-Credential"), timestamp, "AuthorizationQueryParametersError");
        var time = ParseTimestamp(timestamp);
        if (!int.TryParse(Required("X-Amz-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds > 604800)
            throw Malformed("AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)");
        if (call.Now > time.AddSeconds(seconds))
            throw S3Exception.AccessDenied("Request has expired");
        if (time - call.Now > AllowedSkew)
            throw S3Exception.AccessDenied("Request is not valid yet");
        var payloadHash = call.Parameter("X-Amz-Content-Sha256") ?? UnsignedPayload;
        return Compare(call, Required("X-Amz-SignedHeaders"), payloadHash, timestamp, scope, Required("X-Amz-Signature"));
    }

    private string CheckCredential(string credential, string timestamp, string malformedCode)
    {
        var slash = credential.IndexOf('/', StringComparison.Ordinal);
        var scope = slash < 0 ? [] : credential[(slash + 1)..].Split('/');
        if (scope.Length != 4 || scope[3] != "aws4_request" || scope[2] != "s3")
            throw Malformed(malformedCode, "The Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/s3/aws4_request\".");
        if (credential.AsSpan(0, slash) is var accessKey && !accessKey.SequenceEqual(options.AccessKey))
        {
            throw new S3Exception(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.",
                ("AWSAccessKeyId", accessKey.ToString()));
        }
        if (scope[1] != options.Region)
        {
            throw new S3Exception(400, malformedCode,
                $"The authorization header is malformed; the region '{scope[1]}' is wrong; expecting '{options.Region}'",
                ("Region", options.Region));
        }
        if (!timestamp.StartsWith(scope[0], StringComparison.Ordinal))
            throw Malformed(malformedCode, "The date in the credential scope does not match the request's date.");
        return credential[(slash + 1)..];
    }

    private SignedRequest Compare(
        S3Call call, string signedHeaders, string payloadHash, string timestamp, string scope, string signature)
    {
        var buffer = Scratch();
        WriteCanonicalRequest(buffer, call, signedHeaders, payloadHash);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(buffer.WrittenSpan, hash);
        var canonical = Convert.ToHexStringLower(hash);
        var signingKey = SigningKey(timestamp[..8]);
        buffer.ResetWrittenCount();
        Append(buffer, $"{Algorithm}\n{timestamp}\n{scope}\n{canonical}");
        if (HmacHex(signingKey, buffer.WrittenSpan) == signature)
            return new SignedRequest(payloadHash, timestamp, scope, signature, signingKey);

        var toSign = Encoding.UTF8.GetString(buffer.WrittenSpan);
        buffer.ResetWrittenCount();
        WriteCanonicalRequest(buffer, call, signedHeaders, payloadHash);
        throw new S3Exception(403, "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
            ("AWSAccessKeyId", options.AccessKey), ("StringToSign", toSign), ("SignatureProvided", signature),
            ("CanonicalRequest", Encoding.Latin1.GetString(buffer.WrittenSpan)));
    }

    private static void WriteCanonicalRequest(ArrayBufferWriter<byte> buffer, S3Call call, string signedHeaders, string payloadHash)
    {
        Append(buffer, call.Method);
        Append(buffer, "\n");
        Append(buffer, UrlEncoding.Encode(call.Path, keepSlash: true));
        Append(buffer, "\n");
        if (call.Query.Count > 0)
            Append(buffer, CanonicalQuery(call.Query));
        Append(buffer, "\n");
        foreach (var range in signedHeaders.AsSpan().Split(';'))
        {
            var name = signedHeaders[range];
            Append(buffer, name);
            Append(buffer, ":");
            if (call.Request.Headers.TryGetValue(name, out var values))
                AppendHeaderValue(buffer, values.Count == 1 ? values[0] : string.Join(',', values.ToArray()));
            Append(buffer, "\n");
        }
        Append(buffer, "\n");
        Append(buffer, signedHeaders);
        Append(buffer, "\n");
        Append(buffer, payloadHash);
    }

    private static string CanonicalQuery(IReadOnlyList<KeyValuePair<string, string>> query)
    {
        var pairs = query.Where(pair => pair.Key != "X-Amz-Signature")
            .Select(pair => (Name: UrlEncoding.Encode(pair.Key, false), Value: UrlEncoding.Encode(pair.Value, false)))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal);
        return string.Join('&', pairs.Select(pair => pair.Name + "=" + pair.Value));
    }

    /// <summary>Trimmed, runs of spaces made one. Kestrel reads headers as Latin-1 here, which keeps the bytes sent.</summary>
    private static void AppendHeaderValue(ArrayBufferWriter<byte> buffer, string? value)
    {
        var text = value.AsSpan().Trim();
        var span = buffer.GetSpan(text.Length + 1);
        var length = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == ' ' && text[index - 1] == ' ')
                continue;
            span[length++] = (byte)text[index];
        }
        buffer.Advance(length);
    }

    private byte[] SigningKey(string day)
    {
        if (cachedKey is { } cached && cached.Day == day)
            return cached.Key;
        var key = Encoding.UTF8.GetBytes("AWS4" + options.SecretKey);
        foreach (var part in new[] { day, options.Region, "s3", "aws4_request" })
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        cachedKey = new DayKey(day, key);
        return key;
    }

    private static string HmacHex(byte[] key, ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[32];
        HMACSHA256.HashData(key, text, hash);
        return Convert.ToHexStringLower(hash);
    }

    private static DateTimeOffset ParseTimestamp(string timestamp) => DateTimeOffset.TryParseExact(timestamp, TimestampFormat,
        CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        ? time
        : throw S3Exception.AccessDenied("AWS authentication requires a valid Date or x-amz-date header");

    private static bool Lists(string signedHeaders, string name)
    {
        foreach (var range in signedHeaders.AsSpan().Split(';'))
        {
            if (signedHeaders.AsSpan(range).Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private static ArrayBufferWriter<byte> Scratch()
    {
        scratch ??= new ArrayBufferWriter<byte>(2048);
        scratch.ResetWrittenCount();
        return scratch;
    }

    private static void Append(ArrayBufferWriter<byte> buffer, string text)
    {
        var span = buffer.GetSpan(text.Length * 3);
        buffer.Advance(Encoding.UTF8.GetBytes(text, span));
    }

    private S3Exception Malformed(string code, string message) => new(400, code, message, ("Region", options.Region));

    private sealed record DayKey(string Day, byte[] Key);
}
