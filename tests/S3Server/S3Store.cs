using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace S3Server;

/// <summary>What the server holds. Tests reach it directly, to prepare buckets and to look at what arrived.</summary>
public sealed class S3Store : IDisposable
{
    internal const string NullVersion = "null";
    private readonly ConcurrentDictionary<string, S3Bucket> buckets = new(StringComparer.Ordinal);
    private readonly S3ServerOptions options;
    private long lastFile;

    internal S3Store(S3ServerOptions options)
    {
        this.options = options;
        if (options.Folder is not null)
            Directory.CreateDirectory(options.Folder);
    }

    public IReadOnlyList<string> Buckets => buckets.Keys.Order(StringComparer.Ordinal).ToArray();

    /// <summary>Makes a bucket; one that exists stays as it is.</summary>
    public void CreateBucket(string bucket) => TryCreateBucket(bucket);

    public bool BucketExists(string bucket) => buckets.ContainsKey(bucket);

    /// <summary>Puts so many empty objects, a thousand a folder, without a request.</summary>
    public void Fill(string bucket, string prefix, int count)
    {
        var attributes = new ObjectAttributes();
        for (var number = 0; number < count; number++)
        {
            Bucket(bucket).Put(new StoredObject
            {
                Key = KeyOf(prefix, number),
                ETag = "d41d8cd98f00b204e9800998ecf8427e",
                LastModified = DateTimeOffset.UtcNow,
                Attributes = attributes,
            });
        }
    }

    /// <summary>The key of one of these objects.</summary>
    public static string KeyOf(string prefix, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{number / 1000:D5}/picture-{number:D8}.jpg");

    /// <summary>Sets versioning to <c>Enabled</c> or <c>Suspended</c>.</summary>
    public void SetVersioning(string bucket, string status) => Bucket(bucket).Versioning = status;

    /// <summary>Gives a bucket Object Lock, and with it versioning.</summary>
    public void SetObjectLock(string bucket)
    {
        Bucket(bucket).Versioning = "Enabled";
        Bucket(bucket).HasObjectLock = true;
    }

    /// <summary>Sets the lock of the current object without a request; null takes it away.</summary>
    public void SetLock(string bucket, string key, ObjectLock? held) =>
        (Bucket(bucket).Find(key) ?? throw new KeyNotFoundException(key)).Lock = held;

    /// <summary>Puts a lifecycle configuration without a request; null takes it away.</summary>
    public void SetLifecycle(string bucket, string? rules, string smallObjects = S3Bucket.NoSmallObjects)
    {
        Bucket(bucket).SmallObjects = smallObjects;
        if (rules is null)
            Bucket(bucket).Configurations.TryRemove("lifecycle", out _);
        else
            Bucket(bucket).Configurations["lifecycle"] = Encoding.UTF8.GetBytes(rules);
    }

    /// <summary>The lifecycle configuration as it was put, and the word on small objects; null for none.</summary>
    public (string Rules, string SmallObjects)? FindLifecycle(string bucket) =>
        Bucket(bucket).Configurations.TryGetValue("lifecycle", out var rules)
            ? (Encoding.UTF8.GetString(rules), Bucket(bucket).SmallObjects)
            : null;

    /// <summary>Moves the current object as a lifecycle rule does, or into an archive access tier of INTELLIGENT_TIERING.</summary>
    public void Move(string bucket, string key, string storageClass, string? archiveStatus = null)
    {
        var stored = Bucket(bucket).Find(key) ?? throw new KeyNotFoundException(key);
        stored.MovedTo = storageClass;
        stored.ArchiveStatus = archiveStatus;
        stored.IsRestored = false;
    }

    /// <summary>The keys of current objects in S3's order.</summary>
    public IReadOnlyList<string> Keys(string bucket, string prefix = "") =>
        Bucket(bucket).List(prefix, null, string.Empty, false, int.MaxValue).Entries.ConvertAll(entry => entry.Name);

    /// <summary>How many current objects a bucket has.</summary>
    public int Count(string bucket) => Bucket(bucket).Count;

    /// <summary>The current objects in S3's order.</summary>
    public IReadOnlyList<StoredObjectInfo> Objects(string bucket, string prefix = "") =>
        Bucket(bucket).List(prefix, null, string.Empty, false, int.MaxValue).Entries.ConvertAll(entry => Describe(entry.Object!));

    /// <summary>All versions and delete markers, newest first within a key.</summary>
    public IReadOnlyList<StoredObjectInfo> Versions(string bucket, string prefix = "") =>
        Bucket(bucket).Versions(prefix, string.Empty, null, int.MaxValue).Select(Describe).ToArray();

    /// <summary>The current object; null when there is none or it is deleted.</summary>
    public StoredObjectInfo? Find(string bucket, string key) =>
        Bucket(bucket).Find(key) is { IsDeleteMarker: false } found ? Describe(found) : null;

    /// <summary>The content of the current object.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public byte[] GetBytes(string bucket, string key)
    {
        var found = Bucket(bucket).FindAndHold(key, null) ?? throw new KeyNotFoundException(key);
        try
        {
            return found.Content.ToArray();
        }
        finally
        {
            found.Content.Release();
        }
    }

    /// <summary>What the credentials may do; null: everything.</summary>
    public AccessPolicy? Policy { get; set; }

    /// <summary>Puts an object without a request.</summary>
    public StoredObjectInfo Put(
        string bucket, string key, ReadOnlySpan<byte> content, IReadOnlyDictionary<string, string>? metadata = null,
        string storageClass = "STANDARD", DateTimeOffset? lastModified = null)
    {
        using var writer = NewContent(content.Length);
        using var digest = new BodyDigest(writer, md5: true, sha256: false, ChecksumAlgorithm.Crc64Nvme);
        digest.Write(content);
        var stored = new StoredObject
        {
            Key = key,
            Content = writer.Finish(),
            ETag = Convert.ToHexStringLower(digest.FinishMd5()!),
            LastModified = lastModified ?? Now(),
            Checksum = new(ChecksumAlgorithm.Crc64Nvme, Convert.ToBase64String(digest.FinishChecksum()!), IsComposite: false),
            Attributes = new() { Metadata = metadata ?? ObjectAttributes.EmptyMetadata, StorageClass = storageClass },
        };
        Bucket(bucket).Put(stored);
        return Describe(stored);
    }

    /// <summary>Deletes an object, or one version of it for good, without a request.</summary>
    public void Delete(string bucket, string key, string? versionId = null) => Bucket(bucket).Delete(key, versionId, Now());

    /// <summary>Multipart uploads neither completed nor aborted: each costs its owner money.</summary>
    public IReadOnlyList<UnfinishedUpload> UnfinishedUploads(string bucket)
    {
        var found = Bucket(bucket);
        return found.Uploads().Select(upload => (Upload: upload, Parts: found.Parts(upload))).Select(pair => new UnfinishedUpload(
            pair.Upload.Id, pair.Upload.Key, pair.Parts.Count, pair.Parts.Sum(part => part.Size), pair.Upload.Initiated)).ToArray();
    }

    /// <summary>Deletes the files of a folder-backed store.</summary>
    public void Dispose()
    {
        foreach (var bucket in buckets.Values)
            bucket.Clear();
        buckets.Clear();
    }

    internal S3Bucket Bucket(string name) =>
        buckets.TryGetValue(name, out var bucket) ? bucket : throw S3Exception.NoSuchBucket(name);

    internal IEnumerable<S3Bucket> AllBuckets() => buckets.Values.OrderBy(bucket => bucket.Name, StringComparer.Ordinal);

    internal bool TryCreateBucket(string name) => buckets.TryAdd(name, new S3Bucket(name, Now()));

    internal void RemoveBucket(string name)
    {
        if (buckets.TryRemove(name, out var bucket))
            bucket.Clear();
    }

    internal ContentWriter NewContent(long expectedLength) => options switch
    {
        { KeepContent: false } when expectedLength > S3ServerOptions.KeptAnyway => new DiscardingContentWriter(),
        { Folder: { } folder } => new FileContentWriter(Path.Combine(folder,
            $"{Environment.ProcessId}-{Interlocked.Increment(ref lastFile).ToString("x8", CultureInfo.InvariantCulture)}-"
            + $"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.content")),
        _ => new MemoryContentWriter(expectedLength),
    };

    /// <summary>S3 keeps whole seconds in Last-Modified and milliseconds in listings; this is the finer of the two.</summary>
    private static DateTimeOffset Now() => DateTimeOffset.UtcNow;

    private static StoredObjectInfo Describe(StoredObject stored) => new()
    {
        Key = stored.Key,
        VersionId = stored.VersionId,
        IsDeleteMarker = stored.IsDeleteMarker,
        Size = stored.Size,
        ETag = stored.ETag,
        StorageClass = stored.StorageClass,
        LastModified = stored.LastModified,
        Metadata = stored.Attributes.Metadata,
        Headers = stored.Attributes.Headers.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.OrdinalIgnoreCase),
        Tags = stored.Tags.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal),
        ChecksumAlgorithm = stored.Checksum is { } checksum ? Checksums.Name(checksum.Algorithm) : null,
        Checksum = stored.Checksum?.Value,
        ChecksumType = stored.Checksum?.Type,
        PartCount = stored.Parts?.Count ?? 0,
        Lock = stored.Lock,
        Encryption = stored.Attributes.Encryption,
        EncryptionKey = stored.Attributes.EncryptionKey,
        BucketKey = stored.Attributes.BucketKey,
    };
}
