using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace S3Server;

/// <summary>Requests on objects.</summary>
internal sealed class ObjectOperations(S3Store store, BodyReader bodies)
{
    private const int LongestKey = 1024;
    private const long LargestCopy = 5L * 1024 * 1024 * 1024;

    public async Task PutAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var key = CheckKey(call.RequiredKey);
        var attributes = RequestAttributes.Read(call);
        var held = ObjectLocks.Read(call, bucket);
        var precondition = Conditions.ForWrite(call);
        // A precondition that already fails need not wait for the body; it is checked again, under the lock, before the write.
        precondition?.Invoke(bucket.Find(key) is { IsDeleteMarker: false } current ? current : null);
        using var writer = store.NewContent(ExpectedLength(call));
        var body = await bodies.ReceiveAsync(call, writer, isObject: true);
        var etag = body.Md5 is not null && attributes.HasMd5ETag ? body.Md5 : RandomNumberGenerator.GetBytes(16);
        var stored = new StoredObject
        {
            Key = key,
            Content = body.Content,
            ETag = Convert.ToHexStringLower(etag),
            LastModified = call.Now,
            Attributes = attributes,
            Lock = held,
            Checksum = body.Checksum,
        };
        try
        {
            bucket.Put(stored, precondition);
        }
        catch (S3Exception)
        {
            body.Content.Release();
            throw;
        }
        call.Response.Headers.ETag = RequestAttributes.Quote(stored.ETag);
        // Kestrel's own is up to a second old, and no answer of S3 is from before what it tells of.
        call.Response.Headers.Date = stored.LastModified.ToString("R", CultureInfo.InvariantCulture);
        if (stored.Checksum is { } checksum)
            RequestAttributes.WriteChecksum(call, checksum);
        RequestAttributes.WriteEncryption(call, attributes);
        RequestAttributes.WriteVersion(call, bucket, stored);
        call.Answer(200);
    }

    public async Task GetAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var stored = Find(call, bucket);
        try
        {
            if (stored.IsArchived && HttpMethods.IsGet(call.Method))
                throw InvalidObjectState(stored);
            RequestAttributes.WriteVersion(call, bucket, stored);
            if (Conditions.IsNotModified(call, stored))
            {
                call.Response.Headers.ETag = RequestAttributes.Quote(stored.ETag);
                call.Answer(304);
                return;
            }
            var (offset, count, partial) = Range(call, stored);
            RequestAttributes.Write(call, stored, withChecksum: call.Header("x-amz-checksum-mode") == "ENABLED" && !partial);
            // Those who may not ask for it are not told of it either.
            if (stored.Lock is not null && store.Policy?.Allows("s3:GetObjectRetention", bucket.Name, stored.Key) == false)
            {
                call.Response.Headers.Remove(ObjectLocks.ModeHeader);
                call.Response.Headers.Remove(ObjectLocks.UntilHeader);
            }
            foreach (var pair in call.Query)
            {
                if (pair.Key.StartsWith("response-", StringComparison.Ordinal))
                    call.Response.Headers[pair.Key[9..]] = pair.Value;
            }
            call.Response.StatusCode = partial ? 206 : 200;
            if (partial)
                call.Response.Headers.ContentRange = $"bytes {offset}-{offset + count - 1}/{stored.Size}";
            call.Response.ContentLength = count;
            if (HttpMethods.IsGet(call.Method))
                await SendAsync(call, stored, offset, count);
        }
        finally
        {
            stored.Content.Release();
        }
    }

    public void Delete(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var version = call.Parameter("versionId");
        var deleted = bucket.Delete(
            call.RequiredKey, version, call.Now, Conditions.ForWrite(call), found => ObjectLocks.RequireUnlocked(call, found));
        if (deleted is not null && bucket.Versioning is not null)
        {
            call.Response.Headers["x-amz-version-id"] = deleted.VersionId;
            if (deleted.IsDeleteMarker)
                call.Response.Headers["x-amz-delete-marker"] = "true";
        }
        call.Answer(204);
    }

    public async Task DeleteManyAsync(S3Call call, Func<string, S3Exception?> faultOf)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var hasDigest = call.Header("Content-MD5") is not null || call.Header("x-amz-sdk-checksum-algorithm") is not null
            || call.Header("x-amz-trailer") is not null || Checksums.All.Any(algorithm => call.Header(Checksums.HeaderName(algorithm)) is not null);
        if (!hasDigest)
            throw S3Exception.InvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
        var request = S3Xml.Parse(await bodies.ReceiveDocumentAsync(call), "Delete");
        var quiet = request.Element("Quiet")?.Value.Trim() == "true";
        var listed = request.Elements("Object").ToArray();
        if (listed.Length is 0 or > 1000)
            throw S3Exception.MalformedXml();
        var document = new S3Xml("DeleteResult");
        foreach (var element in listed)
        {
            var key = element.Element("Key")?.Value ?? throw S3Exception.MalformedXml();
            var version = element.Element("VersionId")?.Value;
            if (faultOf(key) is { } fault)
            {
                document.Open("Error").Add("Key", key).Add("VersionId", version).Add("Code", fault.Code)
                    .Add("Message", fault.Message).Close("Error");
                continue;
            }
            StoredObject? deleted;
            try
            {
                deleted = bucket.Delete(key, version, call.Now, lockOf: found => ObjectLocks.RequireUnlocked(call, found));
            }
            catch (S3Exception locked)
            {
                document.Open("Error").Add("Key", key).Add("VersionId", version).Add("Code", locked.Code)
                    .Add("Message", locked.Message).Close("Error");
                continue;
            }
            if (quiet)
                continue;
            document.Open("Deleted").Add("Key", key).Add("VersionId", version);
            if (deleted is { IsDeleteMarker: true })
                document.Add("DeleteMarker", true).Add("DeleteMarkerVersionId", deleted.VersionId);
            document.Close("Deleted");
        }
        await call.AnswerAsync(document);
    }

    public async Task CopyAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var key = CheckKey(call.RequiredKey);
        var asked = RequestAttributes.Read(call);
        var held = ObjectLocks.Read(call, bucket);
        var replaces = Directive(call, "x-amz-metadata-directive");
        var replacesTags = Directive(call, "x-amz-tagging-directive");
        var source = FindCopySource(call);
        try
        {
            if (source.Size > LargestCopy)
            {
                throw S3Exception.InvalidRequest(
                    "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120");
            }
            var sameKey = SourceName(call) is var (name, from, version) && name == bucket.Name && from == key && version is null;
            var changes = replaces || held is not null || call.Header("x-amz-storage-class") is not null
                || call.Header("x-amz-server-side-encryption") is not null
                || call.Header("x-amz-website-redirect-location") is not null || call.Header("x-amz-checksum-algorithm") is not null;
            if (sameKey && !changes)
            {
                throw S3Exception.InvalidRequest("This copy request is illegal because it is trying to copy an object to itself "
                    + "without changing the object's metadata, storage class, website redirect location or encryption attributes.");
            }
            var attributes = (replaces ? asked : asked with
            {
                Headers = source.Attributes.Headers,
                Metadata = source.Attributes.Metadata,
            }) with
            { Tags = replacesTags ? asked.Tags : source.Tags };

            // A copy is one object put whole: its ETag and checksum are those of its content, not the source's composites.
            var etag = source.ETag;
            var checksum = source.Checksum;
            var algorithm = call.Header("x-amz-checksum-algorithm") is { } wanted
                ? Checksums.FromName(wanted) ?? throw S3Exception.InvalidRequest("Checksum algorithm provided is unsupported.")
                : checksum?.Algorithm;
            if (etag.Contains('-', StringComparison.Ordinal) || checksum is { IsComposite: true } || algorithm != checksum?.Algorithm)
                (etag, checksum) = await RecomputeAsync(call, source, algorithm);
            if (!attributes.HasMd5ETag)
                etag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            var copy = new StoredObject
            {
                Key = key,
                Content = source.Content.Share(),
                ETag = etag,
                LastModified = call.Now,
                Attributes = attributes,
                Lock = held,
                Checksum = checksum,
            };
            try
            {
                bucket.Put(copy, Conditions.ForWrite(call));
            }
            catch (S3Exception)
            {
                copy.Content.Release();
                throw;
            }
            RequestAttributes.WriteVersion(call, bucket, copy);
            RequestAttributes.WriteEncryption(call, attributes);
            if (source.VersionId != S3Store.NullVersion)
                call.Response.Headers["x-amz-copy-source-version-id"] = source.VersionId;
            var document = new S3Xml("CopyObjectResult").Add("ETag", RequestAttributes.Quote(copy.ETag))
                .Add("LastModified", copy.LastModified);
            if (copy.Checksum is { } made)
                document.Add(Checksums.ElementName(made.Algorithm), made.Value).Add("ChecksumType", made.Type);
            await call.AnswerAsync(document);
        }
        finally
        {
            source.Content.Release();
        }
    }

    public async Task RetentionAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        if (!bucket.HasObjectLock)
            throw S3Exception.InvalidRequest("Bucket is missing Object Lock Configuration");
        var stored = Find(call, bucket);
        stored.Content.Release();
        if (call.Method == "PUT")
        {
            stored.Lock = ObjectLocks.Replace(call, await bodies.ReceiveDocumentAsync(call), stored.Lock);
            call.Answer(200);
            return;
        }
        if (stored.Lock is not { } held)
            throw new S3Exception(404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration");
        await call.AnswerAsync(new S3Xml("Retention").Add("Mode", held.Mode).Add("RetainUntilDate", ObjectLocks.Text(held.Until)));
    }

    public async Task TaggingAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var stored = Find(call, bucket);
        stored.Content.Release();
        RequestAttributes.WriteVersion(call, bucket, stored);
        switch (call.Method)
        {
            case "PUT":
                var request = S3Xml.Parse(await bodies.ReceiveDocumentAsync(call), "Tagging");
                stored.LaterTags = RequestAttributes.CheckTags(request.Descendants("Tag").Select(tag => new KeyValuePair<string, string>(
                    tag.Element("Key")?.Value ?? string.Empty, tag.Element("Value")?.Value ?? string.Empty)).ToList());
                call.Answer(200);
                break;
            case "DELETE":
                stored.LaterTags = [];
                call.Answer(204);
                break;
            default:
                var document = new S3Xml("Tagging").Open("TagSet");
                foreach (var tag in stored.Tags)
                    document.Open("Tag").Add("Key", tag.Key).Add("Value", tag.Value).Close("Tag");
                await call.AnswerAsync(document.Close("TagSet"));
                break;
        }
    }

    public Task GetAttributesAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var stored = Find(call, bucket);
        stored.Content.Release();
        var wanted = (call.Header("x-amz-object-attributes")
            ?? throw S3Exception.InvalidRequest("Missing required header for this request: x-amz-object-attributes"))
            .Split(',', StringSplitOptions.TrimEntries);
        call.Response.Headers.LastModified = stored.LastModified.ToString("R", CultureInfo.InvariantCulture);
        RequestAttributes.WriteVersion(call, bucket, stored);
        var document = new S3Xml("GetObjectAttributesResponse");
        if (wanted.Contains("ETag"))
            document.Add("ETag", stored.ETag);
        if (wanted.Contains("Checksum") && stored.Checksum is { } checksum)
        {
            // Here, and only here, S3 leaves out the number of parts behind a composite checksum.
            document.Open("Checksum").Add(Checksums.ElementName(checksum.Algorithm), checksum.Value.Split('-')[0])
                .Add("ChecksumType", checksum.Type).Close("Checksum");
        }
        if (wanted.Contains("ObjectParts") && stored.Parts is { } parts)
        {
            document.Open("ObjectParts").Add("PartsCount", parts.Count);
            foreach (var part in stored.Checksum is { IsComposite: true } ? parts : [])
            {
                document.Open("Part").Add("PartNumber", part.Number).Add("Size", part.Size)
                    .Add(Checksums.ElementName(part.Checksum!.Algorithm), part.Checksum.Value).Close("Part");
            }
            document.Close("ObjectParts");
        }
        if (wanted.Contains("StorageClass"))
            document.Add("StorageClass", stored.StorageClass);
        if (wanted.Contains("ObjectSize"))
            document.Add("ObjectSize", stored.Size);
        return call.AnswerAsync(document);
    }

    public async Task RestoreAsync(S3Call call)
    {
        var stored = Find(call, store.Bucket(call.RequiredBucket));
        stored.Content.Release();
        await bodies.ReceiveDocumentAsync(call);
        if (stored.ArchiveStatus is not null)
        {
            // For good: it goes back to the tier for frequent access.
            stored.ArchiveStatus = null;
            call.Answer(202);
            return;
        }
        if (stored.StorageClass is not ("GLACIER" or "DEEP_ARCHIVE"))
            throw InvalidObjectState(stored);
        var status = stored.IsRestored ? 200 : 202;
        stored.IsRestored = true;
        call.Answer(status);
    }

    /// <summary>The source of a copy, with its conditions checked and its content held for the caller to release.</summary>
    public StoredObject FindCopySource(S3Call call)
    {
        var (bucket, key, version) = SourceName(call);
        var source = store.Bucket(bucket).FindAndHold(key, version);
        if (source is null)
            throw version is null ? S3Exception.NoSuchKey(key) : S3Exception.NoSuchVersion(key, version);
        try
        {
            if (source.IsDeleteMarker)
                throw S3Exception.NoSuchKey(key);
            if (source.IsArchived)
                throw InvalidObjectState(source);
            if (call.Fault?.Kind != FaultKind.ConditionIgnored && Conditions.IsNotModified(call, source, "x-amz-copy-source-"))
                throw S3Exception.PreconditionFailed("x-amz-copy-source-If-None-Match");
            return source;
        }
        catch (S3Exception)
        {
            source.Content.Release();
            throw;
        }
    }

    public static string CheckKey(string key) => key.Length * 3 > LongestKey && Encoding.UTF8.GetByteCount(key) is var length and > LongestKey
        ? throw new S3Exception(400, "KeyTooLongError", "Your key is too long",
            ("Size", length.ToString(CultureInfo.InvariantCulture)), ("MaxSizeAllowed", "1024"))
        : key;

    private static long ExpectedLength(S3Call call) =>
        long.TryParse(call.Header("x-amz-decoded-content-length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            ? length
            : call.Request.ContentLength ?? 0;

    private static bool Directive(S3Call call, string header) => call.Header(header) switch
    {
        null or "COPY" => false,
        "REPLACE" => true,
        _ => throw S3Exception.InvalidArgument("Unknown directive in " + header),
    };

    private static (string Bucket, string Key, string? Version) SourceName(S3Call call)
    {
        var header = call.Header("x-amz-copy-source") ?? string.Empty;
        string? version = null;
        if (header.IndexOf("?versionId=", StringComparison.Ordinal) is var mark and >= 0)
        {
            version = header[(mark + 11)..];
            header = header[..mark];
        }
        var name = UrlEncoding.Decode(header, plusIsSpace: false).TrimStart('/');
        // arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/object/KEY; here an access point is the bucket NAME-ACCOUNT, as in its host's name.
        if (name.StartsWith("arn:", StringComparison.Ordinal))
        {
            var parts = name.Split(':', 6);
            var path = parts[5].Split('/', 4);
            name = $"{path[1]}-{parts[4]}/{path[3]}";
        }
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && slash + 1 < name.Length
            ? (name[..slash], name[(slash + 1)..], version)
            : throw S3Exception.InvalidArgument("Invalid copy source object key");
    }

    private static S3Exception InvalidObjectState(StoredObject stored) => new(403, "InvalidObjectState",
        "The operation is not valid for the object's storage class", ("StorageClass", stored.StorageClass));

    /// <summary>The object a request names, its content held for the caller to release.</summary>
    private static StoredObject Find(S3Call call, S3Bucket bucket)
    {
        var key = call.RequiredKey;
        var version = call.Parameter("versionId");
        var found = bucket.FindAndHold(key, version);
        if (found is null)
            throw version is null ? S3Exception.NoSuchKey(key) : S3Exception.NoSuchVersion(key, version);
        if (!found.IsDeleteMarker)
            return found;
        call.Response.Headers["x-amz-delete-marker"] = "true";
        RequestAttributes.WriteVersion(call, bucket, found);
        throw version is null ? S3Exception.NoSuchKey(key) : S3Exception.MethodNotAllowed(call.Method);
    }

    private static (long Offset, long Count, bool Partial) Range(S3Call call, StoredObject stored)
    {
        if (call.Has("partNumber"))
        {
            var number = call.IntegerParameter("partNumber", 1, 1, 10_000);
            if (stored.Parts is not { } parts)
                return number == 1 ? (0, stored.Size, false) : throw InvalidRange();
            if (number > parts.Count)
                throw InvalidRange();
            return (parts.Take(number - 1).Sum(part => part.Size), parts[number - 1].Size, true);
        }
        var header = call.Header("Range");
        if (header is null || !header.StartsWith("bytes=", StringComparison.Ordinal) || header.Contains(',', StringComparison.Ordinal))
            return (0, stored.Size, false);
        var dash = header.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
            return (0, stored.Size, false);
        var hasFirst = long.TryParse(header.AsSpan(6, dash - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var first);
        var hasLast = long.TryParse(header.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last);
        if (!hasFirst)
        {
            if (!hasLast)
                return (0, stored.Size, false);
            return last > 0 && stored.Size > 0
                ? (Math.Max(0, stored.Size - last), Math.Min(last, stored.Size), true)
                : throw InvalidRange();
        }
        if (first >= stored.Size)
            throw InvalidRange();
        last = hasLast ? Math.Min(last, stored.Size - 1) : stored.Size - 1;
        return last >= first ? (first, last - first + 1, true) : (0, stored.Size, false);
    }

    private static S3Exception InvalidRange() => new(416, "InvalidRange", "The requested range is not satisfiable");

    private static async Task SendAsync(S3Call call, StoredObject stored, long offset, long count)
    {
        IContentSink sink = call.Fault is { Kind: FaultKind.CorruptBody or FaultKind.ConnectionDroppedMidBody or FaultKind.Slow } fault
            ? new FaultySink(call, fault, count)
            : new PipeSink(call.Response.BodyWriter);
        await stored.Content.CopyToAsync(sink, offset, count, call.Aborted);
    }

    private static async Task<(string ETag, StoredChecksum? Checksum)> RecomputeAsync(
        S3Call call, StoredObject source, ChecksumAlgorithm? algorithm)
    {
        using var nowhere = new DiscardingContentWriter();
        using var digest = new BodyDigest(nowhere, md5: true, sha256: false, algorithm);
        await source.Content.CopyToAsync(new DigestSink(digest), 0, source.Size, call.Aborted);
        var raw = digest.FinishChecksum();
        return (Convert.ToHexStringLower(digest.FinishMd5()!), algorithm is { } used && raw is not null
            ? new StoredChecksum(used, Convert.ToBase64String(raw), IsComposite: false)
            : null);
    }
}
