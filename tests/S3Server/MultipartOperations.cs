using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace S3Server;

/// <summary>Requests on multipart uploads.</summary>
internal sealed class MultipartOperations(S3ServerOptions options, S3Store store, BodyReader bodies, ObjectOperations objects)
{
    private const int LastPartNumber = 10_000;

    public Task CreateAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var algorithm = ReadAlgorithm(call.Header("x-amz-checksum-algorithm"));
        var type = call.Header("x-amz-checksum-type");
        var isHash = algorithm is ChecksumAlgorithm.Sha1 or ChecksumAlgorithm.Sha256;
        if (type is not (null or "COMPOSITE" or "FULL_OBJECT"))
            throw S3Exception.InvalidRequest("Value for x-amz-checksum-type header is invalid.");
        if ((type == "FULL_OBJECT" && isHash) || (type == "COMPOSITE" && algorithm == ChecksumAlgorithm.Crc64Nvme))
        {
            throw S3Exception.InvalidRequest(
                $"The {type} checksum type cannot be used with the {Checksums.Name(algorithm!.Value)} checksum algorithm.");
        }
        var upload = new MultipartUpload
        {
            Id = S3Bucket.NewId("upload-"),
            Key = call.RequiredKey,
            Initiated = call.Now,
            Attributes = RequestAttributes.Read(call),
            Lock = ObjectLocks.Read(call, bucket),
            Algorithm = algorithm ?? (options.DefaultChecksum ? ChecksumAlgorithm.Crc64Nvme : null),
            // S3: CRC64NVME is always of the whole object; the others are composite unless asked otherwise.
            IsFullObject = algorithm is null or ChecksumAlgorithm.Crc64Nvme || type == "FULL_OBJECT",
        };
        bucket.AddUpload(upload);
        RequestAttributes.WriteEncryption(call, upload.Attributes);
        if (algorithm is { } asked)
        {
            call.Response.Headers["x-amz-checksum-algorithm"] = Checksums.Name(asked);
            call.Response.Headers["x-amz-checksum-type"] = upload.IsFullObject ? "FULL_OBJECT" : "COMPOSITE";
        }
        return call.AnswerAsync(new S3Xml("InitiateMultipartUploadResult").Add("Bucket", bucket.Name).Add("Key", upload.Key)
            .Add("UploadId", upload.Id));
    }

    public async Task UploadPartAsync(S3Call call)
    {
        var (bucket, upload, number) = FindPart(call);
        using var writer = store.NewContent(call.Request.ContentLength ?? 0);
        var body = await bodies.ReceiveAsync(call, writer, isObject: true, upload.Algorithm);
        if (body.Checksum is { } sent && sent.Algorithm != upload.Algorithm)
        {
            body.Content.Release();
            throw S3Exception.InvalidRequest("Checksum Type mismatch occurred, expected checksum Type: "
                + $"{(upload.Algorithm is { } expected ? Checksums.Name(expected) : "null")}, actual: {Checksums.Name(sent.Algorithm)}");
        }
        var part = NewPart(call, upload, number, body.Content, body.Md5, body.Checksum, body.RawChecksum);
        bucket.AddPart(upload, part);
        call.Response.Headers.ETag = RequestAttributes.Quote(part.ETag);
        if (body.Checksum is { } checksum)
            call.Response.Headers[Checksums.HeaderName(checksum.Algorithm)] = checksum.Value;
        RequestAttributes.WriteEncryption(call, upload.Attributes);
        call.Answer(200);
    }

    public async Task UploadPartCopyAsync(S3Call call)
    {
        var (bucket, upload, number) = FindPart(call);
        var source = objects.FindCopySource(call);
        try
        {
            var (offset, count) = CopyRange(call.Header("x-amz-copy-source-range"), source.Size);
            using var writer = store.NewContent(count);
            using var digest = new BodyDigest(writer, options.Md5ETags, sha256: false, upload.Algorithm);
            await source.Content.CopyToAsync(new DigestSink(digest), offset, count, call.Aborted);
            var raw = digest.FinishChecksum();
            var checksum = upload.Algorithm is { } algorithm && raw is not null
                ? new StoredChecksum(algorithm, Convert.ToBase64String(raw), IsComposite: false)
                : null;
            var part = NewPart(call, upload, number, writer.Finish(), digest.FinishMd5(), checksum, raw);
            bucket.AddPart(upload, part);
            var document = new S3Xml("CopyPartResult").Add("ETag", RequestAttributes.Quote(part.ETag))
                .Add("LastModified", part.LastModified);
            if (checksum is not null)
                document.Add(Checksums.ElementName(checksum.Algorithm), checksum.Value);
            await call.AnswerAsync(document);
        }
        finally
        {
            source.Content.Release();
        }
    }

    public async Task CompleteAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var upload = bucket.FindUpload(call.Parameter("uploadId")!, call.RequiredKey);
        var precondition = Conditions.ForWrite(call);
        // The checksum headers of this request speak of the object, not of the list that is its body.
        var declared = DeclaredChecksum(call);
        var list = S3Xml.Parse(await bodies.ReceiveDocumentAsync(call, checksumIsOfBody: false), "CompleteMultipartUpload");
        StoredObject? made = null;
        bucket.Complete(upload, () => made = Assemble(call, upload, list, declared), precondition);

        RequestAttributes.WriteVersion(call, bucket, made!);
        RequestAttributes.WriteEncryption(call, upload.Attributes);
        var document = new S3Xml("CompleteMultipartUploadResult")
            .Add("Location", $"http://{call.Request.Headers.Host}/{bucket.Name}/{UrlEncoding.Encode(made!.Key, keepSlash: false)}")
            .Add("Bucket", bucket.Name).Add("Key", made.Key).Add("ETag", RequestAttributes.Quote(made.ETag));
        if (made.Checksum is { } checksum)
            document.Add(Checksums.ElementName(checksum.Algorithm), checksum.Value).Add("ChecksumType", checksum.Type);
        await call.AnswerAsync(document);
    }

    public void Abort(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        bucket.Abort(bucket.FindUpload(call.Parameter("uploadId")!, call.RequiredKey));
        call.Answer(204);
    }

    public Task ListUploadsAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var encode = BucketOperations.Encoder(call);
        var prefix = call.Parameter("prefix") ?? string.Empty;
        var keyMarker = call.Parameter("key-marker") ?? string.Empty;
        var idMarker = call.Parameter("upload-id-marker") ?? string.Empty;
        var most = call.IntegerParameter("max-uploads", 1000, 1, 1000);
        var behind = bucket.Uploads(prefix).Where(upload => Utf8KeyComparer.Instance.Compare(upload.Key, keyMarker) is var order
            && (order > 0 || (order == 0 && idMarker.Length > 0 && string.CompareOrdinal(upload.Id, idMarker) > 0))).ToArray();
        var truncated = behind.Length > most;

        var document = new S3Xml("ListMultipartUploadsResult").Add("Bucket", bucket.Name).Add("KeyMarker", encode(keyMarker))
            .Add("UploadIdMarker", idMarker).Add("Prefix", encode(prefix)).Add("MaxUploads", most)
            .Add("EncodingType", call.Parameter("encoding-type")).Add("IsTruncated", truncated);
        if (truncated)
            document.Add("NextKeyMarker", encode(behind[most - 1].Key)).Add("NextUploadIdMarker", behind[most - 1].Id);
        foreach (var upload in behind.Take(most))
        {
            document.Open("Upload").Add("Key", encode(upload.Key)).Add("UploadId", upload.Id).Add("Initiated", upload.Initiated)
                .Add("StorageClass", upload.Attributes.StorageClass).Close("Upload");
        }
        return call.AnswerAsync(document);
    }

    public Task ListPartsAsync(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var upload = bucket.FindUpload(call.Parameter("uploadId")!, call.RequiredKey);
        var marker = call.IntegerParameter("part-number-marker", 0, 0, LastPartNumber);
        var most = call.IntegerParameter("max-parts", 1000, 1, 1000);
        var behind = bucket.Parts(upload).Where(part => part.Number > marker).ToArray();
        var truncated = behind.Length > most;
        var document = new S3Xml("ListPartsResult").Add("Bucket", bucket.Name).Add("Key", upload.Key).Add("UploadId", upload.Id)
            .Add("PartNumberMarker", marker).Add("MaxParts", most).Add("IsTruncated", truncated)
            .Add("StorageClass", upload.Attributes.StorageClass);
        if (truncated)
            document.Add("NextPartNumberMarker", behind[most - 1].Number);
        foreach (var part in behind.Take(most))
        {
            document.Open("Part").Add("PartNumber", part.Number).Add("LastModified", part.LastModified)
                .Add("ETag", RequestAttributes.Quote(part.ETag)).Add("Size", part.Size);
            if (part.Checksum is { } checksum)
                document.Add(Checksums.ElementName(checksum.Algorithm), checksum.Value);
            document.Close("Part");
        }
        return call.AnswerAsync(document);
    }

    private static ChecksumAlgorithm? ReadAlgorithm(string? name) => name is null
        ? null
        : Checksums.FromName(name) ?? throw S3Exception.InvalidRequest("Checksum algorithm provided is unsupported.");

    private (S3Bucket Bucket, MultipartUpload Upload, int Number) FindPart(S3Call call)
    {
        var bucket = store.Bucket(call.RequiredBucket);
        var upload = bucket.FindUpload(call.Parameter("uploadId")!, call.RequiredKey);
        if (!int.TryParse(call.Parameter("partNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is < 1 or > LastPartNumber)
            throw S3Exception.InvalidArgument("Part number must be an integer between 1 and 10000, inclusive");
        return (bucket, upload, number);
    }

    private static UploadedPart NewPart(S3Call call, MultipartUpload upload, int number, StoredContent content, byte[]? md5,
        StoredChecksum? checksum, byte[]? rawChecksum)
    {
        var etag = md5 is not null && upload.Attributes.HasMd5ETag ? md5 : RandomNumberGenerator.GetBytes(16);
        return new UploadedPart(number, content.Length, Convert.ToHexStringLower(etag), etag, checksum, rawChecksum, call.Now)
        {
            Content = content,
        };
    }

    private static StoredChecksum? DeclaredChecksum(S3Call call)
    {
        foreach (var algorithm in Checksums.All)
        {
            if (call.Header(Checksums.HeaderName(algorithm)) is { } value)
                return new StoredChecksum(algorithm, value, value.Contains('-', StringComparison.Ordinal));
        }
        return null;
    }

    private StoredObject Assemble(S3Call call, MultipartUpload upload, XElement list, StoredChecksum? declared)
    {
        var parts = new List<UploadedPart>();
        foreach (var element in list.Elements("Part"))
            parts.Add(FindListed(upload, element, parts.Count == 0 ? 0 : parts[^1].Number));
        if (parts.Count == 0)
            throw S3Exception.MalformedXml();
        foreach (var part in parts.SkipLast(1))
        {
            if (part.Size >= options.MinimumPartSize)
                continue;
            throw new S3Exception(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size",
                ("ProposedSize", part.Size.ToString(CultureInfo.InvariantCulture)),
                ("MinSizeAllowed", options.MinimumPartSize.ToString(CultureInfo.InvariantCulture)),
                ("PartNumber", part.Number.ToString(CultureInfo.InvariantCulture)), ("ETag", part.ETag));
        }
        var size = parts.Sum(part => part.Size);
        if (call.Header("x-amz-mp-object-size") is { } declaredSize && declaredSize != size.ToString(CultureInfo.InvariantCulture))
            throw S3Exception.InvalidRequest("The provided 'x-amz-mp-object-size' header value does not match what was computed.");
        var checksum = JoinChecksums(upload, parts);
        if (declared is not null && checksum is not null && declared.Algorithm == checksum.Algorithm
            && declared.Value != checksum.Value)
            throw S3Exception.BadDigest(Checksums.Name(declared.Algorithm));
        return new StoredObject
        {
            Key = upload.Key,
            Content = StoredContent.Join(parts.Select(part => part.Content)),
            ETag = Convert.ToHexStringLower(MD5.HashData(parts.SelectMany(part => part.Md5!).ToArray())) + "-" + parts.Count,
            LastModified = call.Now,
            Attributes = upload.Attributes,
            Lock = upload.Lock,
            Checksum = checksum,
            Parts = parts.ConvertAll(part => part with { Content = StoredContent.Empty }),
        };
    }

    private static UploadedPart FindListed(MultipartUpload upload, XElement element, int previous)
    {
        if (!int.TryParse(element.Element("PartNumber")?.Value.Trim(), out var number))
            throw S3Exception.MalformedXml();
        var etag = element.Element("ETag")?.Value.Trim().Trim('"');
        if (number <= previous)
        {
            throw new S3Exception(400, "InvalidPartOrder",
                "The list of parts was not in ascending order. The parts list must be specified in order by part number.");
        }
        if (!upload.Parts.TryGetValue(number, out var part) || part.ETag != etag)
            throw InvalidPart(upload, number);
        foreach (var algorithm in Checksums.All)
        {
            if (element.Element(Checksums.ElementName(algorithm))?.Value.Trim() is { } value
                && part.Checksum is { } stored && stored.Algorithm == algorithm && stored.Value != value)
                throw InvalidPart(upload, number);
        }
        return part;
    }

    private static S3Exception InvalidPart(MultipartUpload upload, int number) => new(400, "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity "
        + "tag may not match the part's entity tag.", ("UploadId", upload.Id),
        ("PartNumber", number.ToString(CultureInfo.InvariantCulture)));

    private static StoredChecksum? JoinChecksums(MultipartUpload upload, List<UploadedPart> parts)
    {
        if (upload.Algorithm is not { } algorithm || parts.Exists(part => part.Checksum?.Algorithm != algorithm))
            return null;
        if (!upload.IsFullObject)
        {
            using var running = Checksums.Start(algorithm);
            foreach (var part in parts)
                running.Append(part.RawChecksum);
            return new StoredChecksum(algorithm, $"{Convert.ToBase64String(running.Finish())}-{parts.Count}", IsComposite: true);
        }
        var joined = parts[0].RawChecksum!;
        foreach (var part in parts.Skip(1))
            joined = CrcCombination.Combine(algorithm, joined, part.RawChecksum!, part.Size);
        return new StoredChecksum(algorithm, Convert.ToBase64String(joined), IsComposite: false);
    }

    private static (long Offset, long Count) CopyRange(string? header, long size)
    {
        if (header is null)
            return (0, size);
        var bounds = header.StartsWith("bytes=", StringComparison.Ordinal) ? header[6..].Split('-') : [];
        if (bounds.Length != 2 || !long.TryParse(bounds[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !long.TryParse(bounds[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) || first > last)
        {
            throw S3Exception.InvalidArgument("The x-amz-copy-source-range value must be of the form bytes=first-last where first "
                + "and last are the zero-based offsets of the first and last bytes to copy");
        }
        return last < size ? (first, last - first + 1)
            : throw S3Exception.InvalidArgument($"Range specified is not valid for source object of size: {size}");
    }
}
