using System.Globalization;
using System.Text;

namespace S3Server;

/// <summary>Reads and writes the headers that describe objects.</summary>
internal static class RequestAttributes
{
    // S3: all user metadata of an object together, names and values, in UTF-8.
    private const int LargestMetadata = 2048;
    private const string MetadataPrefix = "x-amz-meta-";

    private static readonly string[] SystemHeaders =
        ["Content-Type", "Content-Encoding", "Cache-Control", "Content-Disposition", "Content-Language", "Expires"];

    private static readonly HashSet<string> StorageClasses = new(StringComparer.Ordinal)
    {
        "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "GLACIER_IR", "DEEP_ARCHIVE",
        "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE",
    };

    public static ObjectAttributes Read(S3Call call)
    {
        List<KeyValuePair<string, string>>? headers = null;
        foreach (var name in SystemHeaders)
        {
            if (call.Header(name) is not { Length: > 0 } value)
                continue;
            if (name == "Content-Encoding" && (value = WithoutAwsChunked(value)).Length == 0)
                continue;
            (headers ??= []).Add(new(name, value));
        }
        var storageClass = call.Header("x-amz-storage-class") ?? "STANDARD";
        if (!StorageClasses.Contains(storageClass))
            throw new S3Exception(400, "InvalidStorageClass", "The storage class you specified is not valid");
        var encryption = call.Header("x-amz-server-side-encryption") ?? "AES256";
        if (encryption is not ("AES256" or "aws:kms" or "aws:kms:dsse"))
            throw S3Exception.InvalidArgument("The encryption method specified is not supported");
        if (encryption == "AES256" && call.Header("x-amz-server-side-encryption-aws-kms-key-id") is not null)
        {
            throw S3Exception.InvalidArgument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms");
        }
        return new ObjectAttributes
        {
            Headers = headers ?? [],
            Metadata = ReadMetadata(call),
            StorageClass = storageClass,
            Tags = call.Header("x-amz-tagging") is { } tagging ? ReadTags(tagging) : [],
            Encryption = encryption,
            EncryptionKey = call.Header("x-amz-server-side-encryption-aws-kms-key-id"),
            BucketKey = call.Header("x-amz-server-side-encryption-bucket-key-enabled") == "true",
            WebsiteRedirect = call.Header("x-amz-website-redirect-location"),
        };
    }

    public static void Write(S3Call call, StoredObject stored, bool withChecksum)
    {
        var headers = call.Response.Headers;
        headers.ETag = Quote(stored.ETag);
        headers.LastModified = stored.LastModified.ToString("R");
        headers.AcceptRanges = "bytes";
        var typed = false;
        foreach (var pair in stored.Attributes.Headers)
        {
            headers[pair.Key] = pair.Value;
            typed |= pair.Key == "Content-Type";
        }
        if (!typed)
            headers.ContentType = "binary/octet-stream";
        foreach (var pair in stored.Attributes.Metadata)
            headers[MetadataPrefix + pair.Key] = ForHeader(pair.Value);
        // S3 leaves the header out for STANDARD.
        if (stored.StorageClass != "STANDARD")
            headers["x-amz-storage-class"] = stored.StorageClass;
        if (stored.Tags.Count > 0)
            headers["x-amz-tagging-count"] = Number(stored.Tags.Count);
        if (stored.Parts is { Count: > 0 } parts && call.Has("partNumber"))
            headers["x-amz-mp-parts-count"] = Number(parts.Count);
        if (stored.Attributes.WebsiteRedirect is { } redirect)
            headers["x-amz-website-redirect-location"] = redirect;
        if (stored.ArchiveStatus is { } archive)
            headers["x-amz-archive-status"] = archive;
        if (stored.IsRestored)
            headers["x-amz-restore"] = "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2035 00:00:00 GMT\"";
        WriteEncryption(call, stored.Attributes);
        ObjectLocks.Write(call, stored.Lock);
        if (withChecksum && stored.Checksum is { } checksum)
            WriteChecksum(call, checksum);
    }

    public static void WriteEncryption(S3Call call, ObjectAttributes attributes)
    {
        call.Response.Headers["x-amz-server-side-encryption"] = attributes.Encryption;
        if (attributes.EncryptionKey is { } key)
            call.Response.Headers["x-amz-server-side-encryption-aws-kms-key-id"] = key;
        if (attributes.BucketKey)
            call.Response.Headers["x-amz-server-side-encryption-bucket-key-enabled"] = "true";
    }

    public static void WriteChecksum(S3Call call, StoredChecksum checksum)
    {
        call.Response.Headers[Checksums.HeaderName(checksum.Algorithm)] = checksum.Value;
        call.Response.Headers["x-amz-checksum-type"] = checksum.Type;
    }

    public static void WriteVersion(S3Call call, S3Bucket bucket, StoredObject stored)
    {
        if (bucket.Versioning is not null)
            call.Response.Headers["x-amz-version-id"] = stored.VersionId;
    }

    public static string Quote(string etag) => "\"" + etag + "\"";

    public static List<KeyValuePair<string, string>> ReadTags(string query)
    {
        var tags = new List<KeyValuePair<string, string>>();
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = UrlEncoding.Decode(equals < 0 ? pair : pair.AsSpan(0, equals), plusIsSpace: true);
            tags.Add(new(name, equals < 0 ? string.Empty : UrlEncoding.Decode(pair.AsSpan(equals + 1), plusIsSpace: true)));
        }
        return CheckTags(tags);
    }

    public static List<KeyValuePair<string, string>> CheckTags(List<KeyValuePair<string, string>> tags)
    {
        if (tags.Count > 10)
            throw new S3Exception(400, "BadRequest", "Object tags cannot be greater than 10");
        if (tags.Exists(tag => tag.Key.Length is 0 or > 128 || tag.Value.Length > 256)
            || tags.DistinctBy(tag => tag.Key).Count() != tags.Count)
            throw new S3Exception(400, "InvalidTag", "The TagKey or TagValue you have provided is invalid");
        return tags;
    }

    private static IReadOnlyDictionary<string, string> ReadMetadata(S3Call call)
    {
        Dictionary<string, string>? metadata = null;
        var size = 0;
        foreach (var header in call.Request.Headers)
        {
            if (!header.Key.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            // Kestrel reads headers as Latin-1 here; S3 takes the bytes for UTF-8.
            var value = header.Value.ToString();
            if (value.AsSpan().ContainsAnyExceptInRange('\0', '\x7F'))
                value = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(value));
            var name = header.Key[MetadataPrefix.Length..].ToLowerInvariant();
            (metadata ??= new(StringComparer.Ordinal))[name] = value;
            size += name.Length + Encoding.UTF8.GetByteCount(value);
        }
        if (size > LargestMetadata)
        {
            throw new S3Exception(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
                ("Size", Number(size)), ("MaxSizeAllowed", Number(LargestMetadata)));
        }
        return metadata ?? ObjectAttributes.EmptyMetadata;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>S3 returns metadata outside US-ASCII as RFC 2047 words.</summary>
    private static string ForHeader(string value) => value.AsSpan().ContainsAnyExceptInRange(' ', '~')
        ? $"=?UTF-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}?="
        : value;

    /// <summary>S3 takes <c>aws-chunked</c> off what it stores; it says how the request was sent, not what was.</summary>
    private static string WithoutAwsChunked(string encoding) => !encoding.Contains("aws-chunked", StringComparison.OrdinalIgnoreCase)
        ? encoding
        : string.Join(',', encoding.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(part => !part.Equals("aws-chunked", StringComparison.OrdinalIgnoreCase)));
}
