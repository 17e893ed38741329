using System.Text;
using System.Text.RegularExpressions;

namespace S3Server;

/// <summary>Requests on buckets, their listings and their configurations.</summary>
internal sealed partial class BucketOperations(S3ServerOptions options, S3Store store, BodyReader bodies)
{
    /// <summary>Configurations stored without being read, and what S3 answers while there is none.</summary>
    public static IReadOnlyDictionary<string, (string Operation, string MissingCode)> Configurations { get; } =
        new Dictionary<string, (string, string)>(StringComparer.Ordinal)
        {
            ["lifecycle"] = ("BucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
            ["tagging"] = ("BucketTagging", "NoSuchTagSet"),
            ["policy"] = ("BucketPolicy", "NoSuchBucketPolicy"),
            ["cors"] = ("BucketCors", "NoSuchCORSConfiguration"),
            ["encryption"] = ("BucketEncryption", "ServerSideEncryptionConfigurationNotFoundError"),
            ["publicAccessBlock"] = ("PublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
            ["ownershipControls"] = ("BucketOwnershipControls", "OwnershipControlsNotFoundError"),
            ["replication"] = ("BucketReplication", "ReplicationConfigurationNotFoundError"),
            ["object-lock"] = ("ObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
            ["website"] = ("BucketWebsite", "NoSuchWebsiteConfiguration"),
        };

    public Task ListBucketsAsync(S3Call call)
    {
        var document = new S3Xml("ListAllMyBucketsResult");
        document.Open("Owner").Add("ID", "loopback").Add("DisplayName", "loopback").Close("Owner").Open("Buckets");
        foreach (var bucket in store.AllBuckets())
            document.Open("Bucket").Add("Name", bucket.Name).Add("CreationDate", bucket.Created).Close("Bucket");
        return call.AnswerAsync(document.Close("Buckets"));
    }

    public async Task CreateAsync(S3Call call)
    {
        var name = call.RequiredBucket;
        if (!ValidName().IsMatch(name) || name.Contains("..", StringComparison.Ordinal) || IpAddress().IsMatch(name))
            throw new S3Exception(400, "InvalidBucketName", "The specified bucket is not valid.", ("BucketName", name));
        var body = await bodies.ReceiveDocumentAsync(call);
        if (body.Length > 0 && S3Xml.Parse(body, "CreateBucketConfiguration").Element("LocationConstraint")?.Value is { } location
            && location != options.Region)
        {
            throw new S3Exception(400, "IllegalLocationConstraintException",
                $"The {location} location constraint is incompatible for the region specific endpoint this request was sent to.");
        }
        // S3 answers 200 in us-east-1 to the owner who makes a bucket again, and 409 elsewhere.
        if (!store.TryCreateBucket(name) && options.Region != "us-east-1")
        {
            throw new S3Exception(409, "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.", ("BucketName", name));
        }
        if (call.Header("x-amz-bucket-object-lock-enabled") == "true")
            store.SetObjectLock(name);
        call.Response.Headers.Location = "/" + name;
        call.Answer(200);
    }

    public void Delete(S3Call call)
    {
        if (!store.Bucket(call.RequiredBucket).IsEmpty)
        {
            throw new S3Exception(409, "BucketNotEmpty", "The bucket you tried to delete is not empty",
                ("BucketName", call.RequiredBucket));
        }
        store.RemoveBucket(call.RequiredBucket);
        call.Answer(204);
    }

    public void Head(S3Call call)
    {
        call.Response.Headers["x-amz-bucket-region"] = options.Region;
        store.Bucket(call.RequiredBucket);
        call.Answer(200);
    }

    public Task GetLocationAsync(S3Call call)
    {
        store.Bucket(call.RequiredBucket);
        var region = options.Region == "us-east-1" ? "" : options.Region;
        var text = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"{S3Xml.Namespace}\">{region}</LocationConstraint>";
        return call.AnswerAsync(Encoding.UTF8.GetBytes(text), "application/xml");
    }

    public Task GetVersioningAsync(S3Call call) => call.AnswerAsync(
        new S3Xml("VersioningConfiguration").Add("Status", store.Bucket(call.RequiredBucket).Versioning));

    public async Task PutVersioningAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var status = S3Xml.Parse(await bodies.ReceiveDocumentAsync(call), "VersioningConfiguration").Element("Status")?.Value;
        if (status is not ("Enabled" or "Suspended"))
            throw S3Exception.MalformedXml();
        if (bucket.HasObjectLock && status != "Enabled")
        {
            throw new S3Exception(409, "InvalidBucketState",
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
        }
        bucket.Versioning = status;
        call.Answer(200);
    }

    public async Task ConfigureAsync(S3Call call, string configuration)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        switch (call.Method)
        {
            case "PUT":
                var body = await bodies.ReceiveDocumentAsync(call);
                if (configuration == "lifecycle")
                    PutLifecycle(call, bucket, body);
                if (configuration == "object-lock")
                    PutObjectLock(bucket, body);
                bucket.Configurations[configuration] = body;
                call.Answer(configuration == "policy" ? 204 : 200);
                break;
            case "DELETE":
                bucket.Configurations.TryRemove(configuration, out _);
                call.Answer(204);
                break;
            default:
                if (!bucket.Configurations.TryGetValue(configuration, out var stored))
                {
                    if (configuration == "object-lock" && bucket.HasObjectLock)
                    {
                        await call.AnswerAsync(ObjectLocks.Configuration, "application/xml");
                        break;
                    }
                    throw new S3Exception(404, Configurations[configuration].MissingCode,
                        "The configuration does not exist", ("BucketName", bucket.Name));
                }
                if (configuration == "lifecycle")
                    call.Response.Headers[LifecycleRules.SmallObjectsHeader] = bucket.SmallObjects;
                await call.AnswerAsync(stored, configuration == "policy" ? "application/json" : "application/xml");
                break;
        }
    }

    // Since November 2023 S3 takes it for a bucket that is there already.
    private static void PutObjectLock(S3Bucket bucket, byte[] body)
    {
        if (S3Xml.Parse(body, "ObjectLockConfiguration").Element("ObjectLockEnabled")?.Value != "Enabled")
            throw S3Exception.MalformedXml();
        if (bucket.Versioning != "Enabled")
            throw new S3Exception(409, "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
        bucket.HasObjectLock = true;
    }

    private static void PutLifecycle(S3Call call, S3Bucket bucket, byte[] body)
    {
        // S3 takes no configuration that it cannot verify.
        if (call.Header("content-md5") is null && !call.Request.Headers.Any(header => header.Key.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase)))
            throw S3Exception.InvalidRequest("Missing required header for this request: Content-MD5");
        LifecycleRules.Check(body);
        bucket.SmallObjects = call.Header(LifecycleRules.SmallObjectsHeader) ?? S3Bucket.NoSmallObjects;
    }

    /// <summary>Everything belongs to the one key this server knows.</summary>
    public static Task GetAclAsync(S3Call call)
    {
        var document = new S3Xml("AccessControlPolicy");
        document.Open("Owner").Add("ID", "loopback").Add("DisplayName", "loopback").Close("Owner");
        return call.AnswerAsync(document.Open("AccessControlList").Close("AccessControlList"));
    }

    public Task ListObjectsV2Async(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var encode = Encoder(call);
        var prefix = call.Parameter("prefix") ?? string.Empty;
        var delimiter = call.Parameter("delimiter");
        var startAfter = call.Parameter("start-after");
        var token = call.Parameter("continuation-token");
        var maxKeys = call.IntegerParameter("max-keys", options.MaxKeys, 0, options.MaxKeys);
        var (after, afterIsPrefix) = token is null ? (startAfter ?? string.Empty, false) : ReadToken(token);
        var page = bucket.List(prefix, delimiter, after, afterIsPrefix, maxKeys);

        var document = new S3Xml("ListBucketResult").Add("Name", bucket.Name).Add("Prefix", encode(prefix));
        if (!string.IsNullOrEmpty(delimiter))
            document.Add("Delimiter", encode(delimiter));
        if (startAfter is not null)
            document.Add("StartAfter", encode(startAfter));
        document.Add("ContinuationToken", token).Add("MaxKeys", maxKeys).Add("KeyCount", page.Entries.Count)
            .Add("IsTruncated", page.IsTruncated).Add("EncodingType", call.Parameter("encoding-type"));
        if (page.IsTruncated)
            document.Add("NextContinuationToken", WriteToken(page.Entries[^1]));
        WriteEntries(document, page, encode, withOwner: call.Parameter("fetch-owner") == "true");
        return call.AnswerAsync(document);
    }

    public Task ListObjectsAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var encode = Encoder(call);
        var prefix = call.Parameter("prefix") ?? string.Empty;
        var delimiter = call.Parameter("delimiter");
        var marker = call.Parameter("marker") ?? string.Empty;
        var maxKeys = call.IntegerParameter("max-keys", options.MaxKeys, 0, options.MaxKeys);
        var markerIsPrefix = !string.IsNullOrEmpty(delimiter) && marker.EndsWith(delimiter, StringComparison.Ordinal);
        var page = bucket.List(prefix, delimiter, marker, markerIsPrefix, maxKeys);

        var document = new S3Xml("ListBucketResult").Add("Name", bucket.Name).Add("Prefix", encode(prefix))
            .Add("Marker", encode(marker)).Add("MaxKeys", maxKeys);
        if (!string.IsNullOrEmpty(delimiter))
            document.Add("Delimiter", encode(delimiter));
        document.Add("IsTruncated", page.IsTruncated).Add("EncodingType", call.Parameter("encoding-type"));
        // S3 sends NextMarker only with a delimiter; else the last key is the next marker.
        if (page.IsTruncated && !string.IsNullOrEmpty(delimiter))
            document.Add("NextMarker", encode(page.Entries[^1].Name));
        WriteEntries(document, page, encode, withOwner: true);
        return call.AnswerAsync(document);
    }

    public Task ListObjectVersionsAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var encode = Encoder(call);
        var prefix = call.Parameter("prefix") ?? string.Empty;
        var keyMarker = call.Parameter("key-marker") ?? string.Empty;
        var versionMarker = call.Parameter("version-id-marker");
        var maxKeys = call.IntegerParameter("max-keys", options.MaxKeys, 0, options.MaxKeys);
        if (!string.IsNullOrEmpty(call.Parameter("delimiter")))
            throw S3Exception.NotImplemented("delimiter with versions");
        var versions = bucket.Versions(prefix, keyMarker, string.IsNullOrEmpty(versionMarker) ? null : versionMarker, maxKeys + 1);
        var truncated = versions.Count > maxKeys && maxKeys > 0;
        var shown = versions.Take(maxKeys).ToArray();

        var document = new S3Xml("ListVersionsResult").Add("Name", bucket.Name).Add("Prefix", encode(prefix))
            .Add("KeyMarker", encode(keyMarker)).Add("VersionIdMarker", versionMarker ?? string.Empty).Add("MaxKeys", maxKeys)
            .Add("EncodingType", call.Parameter("encoding-type")).Add("IsTruncated", truncated);
        if (truncated)
            document.Add("NextKeyMarker", encode(shown[^1].Key)).Add("NextVersionIdMarker", shown[^1].VersionId);
        foreach (var version in shown)
        {
            var element = version.IsDeleteMarker ? "DeleteMarker" : "Version";
            document.Open(element).Add("Key", encode(version.Key)).Add("VersionId", version.VersionId)
                .Add("IsLatest", bucket.IsCurrent(version)).Add("LastModified", version.LastModified);
            if (!version.IsDeleteMarker)
            {
                document.Add("ETag", RequestAttributes.Quote(version.ETag)).Add("Size", version.Size)
                    .Add("StorageClass", version.StorageClass);
            }
            document.Open("Owner").Add("ID", "loopback").Close("Owner").Close(element);
        }
        return call.AnswerAsync(document);
    }

    public static Func<string, string> Encoder(S3Call call) => call.Parameter("encoding-type") switch
    {
        null => static text => text,
        "url" => UrlEncoding.EncodeListed,
        _ => throw S3Exception.InvalidArgument("Invalid Encoding Method specified in Request"),
    };

    private static void WriteEntries(S3Xml document, ListPage page, Func<string, string> encode, bool withOwner)
    {
        foreach (var (name, stored) in page.Entries)
        {
            if (stored is null)
            {
                document.Open("CommonPrefixes").Add("Prefix", encode(name)).Close("CommonPrefixes");
                continue;
            }
            document.Open("Contents").Add("Key", encode(name)).Add("LastModified", stored.LastModified)
                .Add("ETag", RequestAttributes.Quote(stored.ETag));
            if (stored.Checksum is { } checksum)
                document.Add("ChecksumAlgorithm", Checksums.Name(checksum.Algorithm)).Add("ChecksumType", checksum.Type);
            document.Add("Size", stored.Size).Add("StorageClass", stored.StorageClass);
            if (withOwner)
                document.Open("Owner").Add("ID", "loopback").Add("DisplayName", "loopback").Close("Owner");
            document.Close("Contents");
        }
    }

    private static string WriteToken((string Name, StoredObject? Object) last) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes((last.Object is null ? "p" : "k") + last.Name));

    private static (string After, bool IsPrefix) ReadToken(string token)
    {
        try
        {
            var text = Encoding.UTF8.GetString(Convert.FromBase64String(token));
            if (text.Length > 0 && text[0] is 'p' or 'k')
                return (text[1..], text[0] == 'p');
        }
        catch (FormatException)
        {
            // Falls through to the same answer as any other token that is not ours.
        }
        throw S3Exception.InvalidArgument("The continuation token provided is incorrect");
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    private static partial Regex ValidName();

    [GeneratedRegex(@"^\d+\.\d+\.\d+\.\d+$")]
    private static partial Regex IpAddress();
}
