using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>
/// A bucket in memory, for tables of decisions that need no server. It notes what it is asked, and any of that can be made to fail.
/// </summary>
internal sealed class MemoryStore : IObjectStore
{
    private readonly Bucket bucket;

    public MemoryStore(string keyPrefix)
        : this(keyPrefix, new Bucket())
    {
    }

    private MemoryStore(string keyPrefix, Bucket bucket) => (KeyPrefix, this.bucket) = (keyPrefix, bucket);

    public string BucketName => "bucket";

    public string KeyPrefix { get; }

    public S3Target Target { get; } = new("bucket", "https://store", "here", S3StorageClasses.Standard);

    public Traffic Traffic { get; } = new(TimeProvider.System);

    public S3RequestCounts Requests { get; } = new();

    public string? ChecksumAlgorithm => "CRC32";

    public TimeSpan ClockCorrection => TimeSpan.Zero;

    public StoreAbilities Abilities { get; } = new(TimeProvider.System);

    /// <summary>Whether the bucket has Object Lock; null: it does not say.</summary>
    public bool? HasObjectLock { get; set; }

    /// <summary>What was asked, in words: <c>HEAD key</c>, <c>READ key</c>, <c>PUT key</c>, <c>DELETE key key</c>, <c>LIST prefix</c>.</summary>
    public List<string> Asked => bucket.Asked;

    /// <summary>The whole keys of all objects, in order.</summary>
    public IEnumerable<string> Keys => bucket.Objects.Keys;

    /// <summary>Gives, for what is asked, the exception that it ends with.</summary>
    public Func<string, Exception?> Fails
    {
        set => bucket.Fails = value;
    }

    /// <summary>What is said of single keys, by the whole key, when they are to be deleted.</summary>
    public Dictionary<string, BackupError> Refused => bucket.Refused;

    public List<PendingUpload> Uploads => bucket.Uploads;

    /// <summary>True when what was opened by <see cref="At"/> is disposed of.</summary>
    public bool IsClosed => bucket.Open == 0;

    /// <summary>An error answer.</summary>
    public static AmazonS3Exception Answer(HttpStatusCode status, string code) =>
        new(code, ErrorType.Unknown, code, "request", status);

    /// <summary>Puts an object there, by its whole key.</summary>
    public void Put(string key, byte[]? content = null, Func<StoredObject, StoredObject>? change = null)
    {
        StoredObject made = new(key, content?.Length ?? 0, content is null ? "tag" : Convert.ToHexString(MD5.HashData(content)).ToLowerInvariant());
        bucket.Objects[key] = (change?.Invoke(made) ?? made, content ?? []);
    }

    /// <summary>The content of an object, by its whole key.</summary>
    public byte[] Content(string key) => bucket.Objects[key].Content;

    public ObjectHeaders? HeadersOf(string key) => bucket.Headers.GetValueOrDefault(key);

    public IObjectStore At(string otherPrefix)
    {
        bucket.Open++;
        return new MemoryStore(otherPrefix, bucket);
    }

    public S3Target Connect() => Target;

    public Task<bool?> HasObjectLockAsync(CancellationToken cancellationToken)
    {
        Asked.Add("LOCK?");
        return Task.FromResult(HasObjectLock);
    }

    public Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken)
    {
        Asked.Add($"RETAIN {KeyPrefix}{relativeKey}");
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Ask($"LIST {KeyPrefix}{range.Start}");
        foreach (StoredObject item in Below(range.Start))
        {
            await Task.CompletedTask;
            yield return item;
        }
    }

    public async IAsyncEnumerable<StoredObject> ListLevelAsync(string start, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Ask($"LEVEL {KeyPrefix}{start}");
        string? last = null;
        foreach (StoredObject item in Below(start))
        {
            await Task.CompletedTask;
            int end = item.RelativeKey.IndexOf('/', start.Length);
            string? folder = end < 0 ? null : item.RelativeKey[..(end + 1)];
            if (folder is null)
                yield return item;
            else if (folder != last)
                yield return StoredObject.Folder(folder);
            last = folder;
        }
    }

    public Task<StoredObject?> HeadAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        Ask($"HEAD {query.Key}");
        return Task.FromResult(bucket.Objects.TryGetValue(query.Key, out (StoredObject About, byte[]) found) ? found.About : null);
    }

    public Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken)
    {
        string key = KeyPrefix + relativeKey;
        Ask($"READ {key}");
        return Task.FromResult(bucket.Objects.TryGetValue(key, out (StoredObject, byte[] Content) found) ? found.Content : null);
    }

    public Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        string key = KeyPrefix + content.RelativeKey;
        Ask($"PUT {key}");
        Put(key, content.Bytes.ToArray());
        bucket.Headers[key] = headers;
        return Task.FromResult(bucket.Objects[key].About with { RelativeKey = content.RelativeKey });
    }

    public async IAsyncEnumerable<BackupError> DeleteAsync(
        IReadOnlyList<string> relativeKeys, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Ask($"DELETE {string.Join(' ', relativeKeys.Select(key => KeyPrefix + key))}");
        foreach (string key in relativeKeys.Select(key => KeyPrefix + key))
        {
            await Task.CompletedTask;
            if (Refused.TryGetValue(key, out BackupError? error))
                yield return error;
            else
                bucket.Objects.Remove(key);
        }
    }

    public async IAsyncEnumerable<PendingUpload> ListUploadsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (PendingUpload upload in Uploads)
        {
            await Task.CompletedTask;
            yield return upload;
        }
    }

    public Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken)
    {
        Ask($"ABORT {KeyPrefix}{relativeKey} {uploadId}");
        return Task.CompletedTask;
    }

    public void Dispose() => bucket.Open--;

    public IAsyncEnumerable<StoredObject> ListVersionsAsync(KeyRange range, string? after, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool?> KeepsVersionsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<long?> PartSizeAsync(ObjectQuery query, int number, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        Ask($"RETRIEVE {query.Key} {tier} {days}");
        return Task.CompletedTask;
    }

    public Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<UploadedPart> ListPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private StoredObject[] Below(string start) => [.. bucket.Objects.Values
        .Where(item => item.About.RelativeKey.StartsWith(KeyPrefix + start, StringComparison.Ordinal))
        .Select(item => item.About with { RelativeKey = item.About.RelativeKey[KeyPrefix.Length..] })];

    private void Ask(string what)
    {
        lock (bucket)
            Asked.Add(what);
        if (bucket.Fails?.Invoke(what) is { } exception)
            throw exception;
    }

    private sealed class Bucket
    {
        public SortedDictionary<string, (StoredObject About, byte[] Content)> Objects { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, ObjectHeaders> Headers { get; } = [];

        public Dictionary<string, BackupError> Refused { get; } = [];

        public List<PendingUpload> Uploads { get; } = [];

        public List<string> Asked { get; } = [];

        public Func<string, Exception?>? Fails { get; set; }

        public int Open { get; set; }
    }
}
