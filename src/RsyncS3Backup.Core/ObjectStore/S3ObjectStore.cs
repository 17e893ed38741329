using System.Globalization;
using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore.Buckets;
using RsyncS3Backup.ObjectStore.Lifecycle;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// S3 over the AWS SDK, with the short way for what is asked by the thousand. The SDK's client is made with the first request:
/// that takes a fresh process a good tenth of a second, as long as all the rest of a run that finds nothing to do. Counting,
/// pacing and the watch over what stands still are below the client, in its handlers, where they see retries too.
/// </summary>
internal sealed class S3ObjectStore : IObjectStore
{
    private readonly Lazy<StoreLink> link;
    private readonly S3Access access;
    private readonly ChecksumChoice checksums;
    private readonly bool ownsLink;

    /// <param name="access">The bucket and how to reach it.</param>
    /// <param name="keyPrefix">What every key starts with.</param>
    /// <param name="connections">How many requests may be under way.</param>
    /// <param name="limits">Limits of transfers; null: the usual ones.</param>
    public S3ObjectStore(S3Access access, string keyPrefix, int connections, TransferLimits? limits = null)
    {
        this.access = access;
        KeyPrefix = keyPrefix;
        ownsLink = true;
        checksums = new ChecksumChoice(access, Abilities);
        link = new Lazy<StoreLink>(() =>
        {
            S3Connection connection = S3ClientFactory.Create(access, connections, limits, Traffic);
            return new StoreLink(access, connection, new ShortWay(connection), checksums, Abilities, Traffic, PageSize, connections);
        });
    }

    private S3ObjectStore(S3ObjectStore other, string keyPrefix)
    {
        access = other.access;
        link = other.link;
        checksums = other.checksums;
        Abilities = other.Abilities;
        Traffic = other.Traffic;
        KeyPrefix = keyPrefix;
    }

    /// <inheritdoc/>
    public string BucketName => access.Destination.Bucket;

    /// <inheritdoc/>
    public string KeyPrefix { get; }

    /// <inheritdoc/>
    public S3Target Target => link.IsValueCreated ? link.Value.Connection.Target : S3Target.Unresolved(access);

    /// <inheritdoc/>
    public Traffic Traffic { get; } = new(TimeProvider.System);

    /// <inheritdoc/>
    public S3RequestCounts Requests => link.IsValueCreated ? link.Value.Connection.Counter.Snapshot() : new S3RequestCounts();

    /// <inheritdoc/>
    public TimeSpan ClockCorrection => link.IsValueCreated
        // The date of an answer is as old as the answer.
        ? TimeSpan.FromMinutes(
            (int)CorrectClockSkew.GetClockCorrectionForEndpoint(link.Value.Connection.BucketAddress.AbsoluteUri).TotalMinutes)
        : TimeSpan.Zero;

    /// <inheritdoc/>
    public StoreAbilities Abilities { get; } = new(TimeProvider.System);

    /// <inheritdoc/>
    public string? ChecksumAlgorithm => checksums.UsesChecksums ? checksums.Algorithm : null;

    private bool UsesChecksums => checksums.UsesChecksums;

    /// <summary>The bucket's lifecycle rules.</summary>
    public LifecycleRequests Lifecycle => new(link.Value.Connection, link.Value.Bucket, access, checksums);

    /// <summary>Fetches the credentials, where they have to be fetched.</summary>
    /// <returns>The access key id, and when the credentials end; null where they do not, or do not say.</returns>
    /// <exception cref="BackupException">There are none.</exception>
    public async Task<(string AccessKey, DateTimeOffset? End)> CredentialsAsync()
    {
        AWSCredentials credentials = link.Value.Connection.Credentials;
        ImmutableCredentials found = await credentials.GetCredentialsAsync().ConfigureAwait(false);
        return (found.AccessKey, credentials.Expiration is { } end ? new DateTimeOffset(end.ToUniversalTime()) : null);
    }

    /// <summary>The bucket itself and its settings.</summary>
    public BucketSettingRequests Bucket => new(link.Value.Connection, BucketName);

    /// <summary>Keys that a page of a listing holds at most; null: as many as the store gives.</summary>
    internal int? PageSize { get; init; }

    private AmazonS3Client Client => link.Value.Connection.Client;

    /// <inheritdoc/>
    public string Key(string relativeKey) => KeyPrefix + relativeKey;

    /// <inheritdoc/>
    public IObjectStore At(string otherPrefix) => new S3ObjectStore(this, otherPrefix);

    /// <inheritdoc/>
    public S3Target Connect() => link.Value.Connection.Target;

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListAsync(KeyRange range, CancellationToken cancellationToken) =>
        link.Value.Lists.ObjectsAsync(KeyPrefix, range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListLevelAsync(string start, CancellationToken cancellationToken) =>
        link.Value.Lists.LevelAsync(KeyPrefix, start, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredObject> ListVersionsAsync(KeyRange range, string? after, CancellationToken cancellationToken) =>
        link.Value.Lists.VersionsAsync(KeyPrefix, range, after, cancellationToken);

    /// <inheritdoc/>
    public Task<bool?> KeepsVersionsAsync(CancellationToken cancellationToken) =>
        IsOnAsync(() => Bucket.VersioningAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<bool?> HasObjectLockAsync(CancellationToken cancellationToken) =>
        IsOnAsync(() => Bucket.ObjectLockAsync(cancellationToken), cancellationToken);

    private async Task<bool?> IsOnAsync(Func<Task<BucketAnswer>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return (await ask().ConfigureAwait(false)).IsOn;
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw new BackupException(S3Errors.From(exception, Target), exception);
        }
    }

    /// <inheritdoc/>
    public Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken)
    {
        PutObjectRetentionRequest put = new()
        {
            BucketName = BucketName,
            Key = Key(relativeKey),
            VersionId = versionId,
            Retention = new ObjectLockRetention
            {
                Mode = ObjectLockRetentionMode.FindValue(ObjectHeaders.LockMode(retention.Mode)),
                RetainUntilDate = retention.Until.UtcDateTime,
            },
        };
        return SoundAnswers.AskAsync(
            Target, "PutObjectRetention", put.Key, token => Client.PutObjectRetentionAsync(put, token), SoundAnswers.FindRequestId,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<StoredObject?> HeadAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        bool usesChecksum = UsesChecksums;
        (HttpResponseMessage? direct, bool isRefused) = await link.Value.Short
            .TryAsync(HttpMethod.Head, query.Key, VersionQuery(query), null, QuestionLines(query, usesChecksum), cancellationToken)
            .ConfigureAwait(false);
        if (direct is not null)
        {
            using (direct)
            {
                if (direct.StatusCode != HttpStatusCode.NotFound)
                    Abilities.NoteRead();
                return direct.StatusCode == HttpStatusCode.NotFound
                    ? null : ObjectAnswers.Received(RelativeKey(query), direct.Headers, direct.Content.Headers);
            }
        }

        GetObjectMetadataRequest head = new()
        {
            BucketName = BucketName,
            Key = query.Key,
            VersionId = query.VersionId,
            EtagToMatch = Quoted(query.ETag),
        };
        try
        {
            GetObjectMetadataResponse found = await checksums.SendAsync(usesChecksum, SendAsync).ConfigureAwait(false);
            link.Value.Short.NoteSdkMeets(isRefused && UsesChecksums == usesChecksum);
            Abilities.NoteRead();
            return ObjectAnswers.Received(RelativeKey(query), found);
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return null;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.Forbidden && query.VersionId is null)
        {
            if (await IsMissingAsync(query.Key, cancellationToken).ConfigureAwait(false))
                return null;
            throw;
        }

        Task<GetObjectMetadataResponse> SendAsync(bool withChecksum)
        {
            head.ChecksumMode = withChecksum ? ChecksumMode.ENABLED : null;
            return SoundAnswers.AskAsync(
                Target, "HeadObject", query.Key, token => Client.GetObjectMetadataAsync(head, token),
                answer => SoundAnswers.FindTag(answer.ETag), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<long?> PartSizeAsync(ObjectQuery query, int number, CancellationToken cancellationToken)
    {
        GetObjectMetadataRequest head = new()
        {
            BucketName = BucketName,
            Key = query.Key,
            VersionId = query.VersionId,
            EtagToMatch = Quoted(query.ETag),
            PartNumber = number,
        };
        try
        {
            GetObjectMetadataResponse found = await Client.GetObjectMetadataAsync(head, cancellationToken).ConfigureAwait(false);
            // A store that does not know of part numbers tells of the whole object, as of one that was not stored in parts.
            return found.PartsCount > 1 || found.ContentRange is { Length: > 0 } ? found.ContentLength : null;
        }
        catch (AmazonS3Exception exception) when ((int)exception.StatusCode is >= 400 and < 500)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        bool usesChecksum = UsesChecksums;
        (HttpResponseMessage? direct, bool isRefused) = await link.Value.Short
            .TryAsync(HttpMethod.Get, query.Key, VersionQuery(query), null, QuestionLines(query, usesChecksum), cancellationToken)
            .ConfigureAwait(false);
        if (direct is not null)
        {
            ObjectBody body = new(ObjectAnswers.Received(RelativeKey(query), direct.Headers, direct.Content.Headers), direct);
            // A store that ignores the range would send the whole object into every part.
            if (query.Range is null || direct.StatusCode == HttpStatusCode.PartialContent)
                return body;
            body.Dispose();
            throw new IOException("The store ignored the range that was asked for.", new InvalidDataException());
        }

        GetObjectResponse found = await GetThroughSdkAsync(query, cancellationToken).ConfigureAwait(false);
        link.Value.Short.NoteSdkMeets(isRefused && UsesChecksums == usesChecksum);
        return new ObjectBody(ObjectAnswers.Received(RelativeKey(query), found), found);
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken)
    {
        try
        {
            // Rare, and often not there: the short way would only ask twice. A range: of whatever lies there no more is fetched, and the SDK does
            // not compare it with an entity tag that need be no MD5.
            ObjectQuery query = new(Key(relativeKey)) { Range = (0, most) };
            using GetObjectResponse found = await GetThroughSdkAsync(query, cancellationToken).ConfigureAwait(false);
            if (found.ContentLength > most)
                return null;
            byte[] bytes = new byte[found.ContentLength];
            await found.ResponseStream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            return bytes;
        }
        catch (AmazonS3Exception exception) when (exception.ErrorCode is "NoSuchKey" or "InvalidRange")
        {
            // An empty object has no range.
            return null;
        }
        catch (AmazonS3Exception exception)
            when (exception.StatusCode == HttpStatusCode.Forbidden && exception.ErrorCode != "InvalidObjectState")
        {
            if (await IsMissingAsync(Key(relativeKey), cancellationToken).ConfigureAwait(false))
                return null;
            throw;
        }
    }

    /// <summary>
    /// Whether a key that is forbidden is only missing. S3 says so of itself only to those who may list the whole bucket; a policy that allows to
    /// list a prefix speaks of requests that have one, and a question about a key has none. Source: "GetObject" in the Amazon S3 API Reference.
    /// </summary>
    /// <returns>False also when that may not be listed either.</returns>
    private async Task<bool> IsMissingAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (StoredObject _ in link.Value.Lists.ObjectsAsync("", new KeyRange(key, IsOneKey: true), cancellationToken).ConfigureAwait(false))
                return false;
            return true;
        }
        catch (BackupException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken)
    {
        RestoreObjectRequest retrieve = new()
        {
            BucketName = BucketName,
            Key = query.Key,
            VersionId = query.VersionId,
            RetrievalTier = GlacierJobTier.FindValue(tier),
            Days = days,
        };
        await Client.RestoreObjectAsync(retrieve, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        bool usesChecksum = UsesChecksums;
        (HttpResponseMessage? direct, bool isRefused) = await link.Value.Short.TryAsync(
            HttpMethod.Put, Key(content.RelativeKey), "", content, headers.Lines().Concat(content.ChecksumHeaders(usesChecksum, checksums.Algorithm)),
            cancellationToken).ConfigureAwait(false);
        if (direct is not null)
        {
            Abilities.NoteUploaded();
            using (direct)
                return ObjectAnswers.Stored(content.RelativeKey, content.Length, headers.StorageClass, direct.Headers);
        }

        PutObjectResponse done = await RefusedHeadersException.WatchAsync(headers, () => checksums.SendAsync(
            usesChecksum, withChecksum => PutThroughSdkAsync(content, headers, withChecksum, cancellationToken))).ConfigureAwait(false);
        link.Value.Short.NoteSdkMeets(isRefused && UsesChecksums == usesChecksum);
        Abilities.NoteUploaded();
        return ObjectAnswers.Stored(content.RelativeKey, content.Length, headers.StorageClass, done.ETag, done.VersionId);
    }

    /// <inheritdoc/>
    public async Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        if (!Abilities.CanCopy)
            throw new CopySourceException(Abilities.MayRead ? CopySourceProblem.Refused : CopySourceProblem.Denied, sourceKey);
        try
        {
            StoredObject copy = size <= access.LargestCopy
                ? await link.Value.Copies
                    .WholeAsync(sourceKey, sourceETag, size, Key(relativeKey), relativeKey, headers, cancellationToken).ConfigureAwait(false)
                : await CopyPartsAsync(sourceKey, sourceETag, size, relativeKey, headers, cancellationToken).ConfigureAwait(false);
            Abilities.NoteCopied();
            return copy;
        }
        catch (AmazonS3Exception exception) when (CopyRequests.SourceProblem(exception) is { } problem)
        {
            // What it takes to copy a large object in parts says nothing of the others.
            if (problem == CopySourceProblem.Refused && size <= access.LargestCopy)
                Abilities.NoteCopyRefused(StoreRefusals.Describe(exception), StoreRefusals.IsUnknownRequest(exception));
            else if (problem == CopySourceProblem.Denied)
                Abilities.NoteDenied();
            throw new CopySourceException(problem, sourceKey, exception);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<BackupError> DeleteAsync(IReadOnlyList<string> relativeKeys, CancellationToken cancellationToken) =>
        link.Value.Deletes.DeleteAsync([.. relativeKeys.Select(Key)], cancellationToken);

    /// <inheritdoc/>
    public Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken) =>
        link.Value.Parts.StartAsync(Key(relativeKey), headers, checksumType: null, cancellationToken);

    /// <inheritdoc/>
    public Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken) =>
        link.Value.Parts.PutAsync(Key(content.RelativeKey), uploadId, number, content, cancellationToken);

    /// <inheritdoc/>
    public async Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken)
    {
        if (!Abilities.CanCopyParts)
            throw new CopySourceException(Abilities.MayRead ? CopySourceProblem.Refused : CopySourceProblem.Denied, source.Key);
        try
        {
            UploadedPart part = await link.Value.Copies
                .PartAsync(source.Key, source.ETag, source.Offset, source.Length, Key(relativeKey), uploadId, number, cancellationToken)
                .ConfigureAwait(false);
            Abilities.NoteRead();
            return part;
        }
        catch (AmazonS3Exception exception)
            when (!AbortedUploads.IsUnknown(exception) && CopyRequests.SourceProblem(exception) is { } problem)
        {
            // It has no headers that an upload of the part has too, so there is nothing else that the store may mean.
            if (StoreRefusals.IsUnknownRequest(exception))
                Abilities.NoteLacking(StoreFeature.CopyParts, StoreRefusals.Describe(exception));
            else if (problem == CopySourceProblem.Denied)
                Abilities.NoteDenied();
            throw new CopySourceException(problem, source.Key, exception);
        }
    }

    /// <inheritdoc/>
    public async Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        UploadedPart[] inOrder = [.. parts.OrderBy(part => part.Number)];
        StoredObject stored = await link.Value.Parts
            .CompleteAsync(relativeKey, Key(relativeKey), uploadId, inOrder, FindAsync, cancellationToken).ConfigureAwait(false);
        Abilities.NoteUploaded();
        return stored with { StorageClass = headers.StorageClass };

        Task<StoredObject?> FindAsync(CancellationToken token) => HeadAsync(new ObjectQuery(Key(relativeKey)), token);
    }

    /// <inheritdoc/>
    public Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken) =>
        link.Value.Parts.AbortAsync(Key(relativeKey), uploadId, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<UploadedPart> ListPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken) =>
        link.Value.Lists.PartsAsync(Key(relativeKey), uploadId, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<PendingUpload> ListUploadsAsync(CancellationToken cancellationToken) =>
        link.Value.Lists.UploadsAsync(KeyPrefix, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ownsLink && link.IsValueCreated)
            link.Value.Dispose();
    }

    private async Task<StoredObject> CopyPartsAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken)
    {
        // Parts tell nothing of the whole, so a store that ignores the condition would not be found out; and a source that is
        // gone is not worth an upload that has to be aborted.
        StoredObject source = await HeadAsync(new ObjectQuery(sourceKey), cancellationToken).ConfigureAwait(false)
            ?? throw new CopySourceException(CopySourceProblem.Gone, sourceKey);
        if (sourceETag is not null && source.ETag != sourceETag)
            throw new CopySourceException(CopySourceProblem.Changed, sourceKey);

        // Without the answer there is no id to abort, so this request is not given up half-way.
        string uploadId = await link.Value.Parts
            .StartAsync(Key(relativeKey), headers, PartChecksums.TypeOfCopies(checksums.Algorithm), CancellationToken.None).ConfigureAwait(false);
        bool completed = false;
        try
        {
            UploadedPart[] parts = await link.Value.Copies
                .PartsAsync(sourceKey, sourceETag, size, Key(relativeKey), uploadId, cancellationToken).ConfigureAwait(false);
            StoredObject stored = await CompletePartsAsync(relativeKey, uploadId, parts, headers, cancellationToken).ConfigureAwait(false);
            completed = true;
            return stored;
        }
        finally
        {
            if (!completed)
                await this.AbortQuietlyAsync(relativeKey, uploadId).ConfigureAwait(false);
        }
    }

    private Task<GetObjectResponse> GetThroughSdkAsync(ObjectQuery query, CancellationToken cancellationToken)
    {
        GetObjectRequest get = new()
        {
            BucketName = BucketName,
            Key = query.Key,
            VersionId = query.VersionId,
            EtagToMatch = Quoted(query.ETag),
            ByteRange = query.Range is { } range ? new ByteRange(range.First, range.Last) : null,
        };
        return checksums.SendAsync(UsesChecksums, withChecksum =>
        {
            get.ChecksumMode = withChecksum ? ChecksumMode.ENABLED : null;
            return SoundAnswers.AskAsync(
                Target, "GetObject", query.Key, token => Client.GetObjectAsync(get, token), answer => SoundAnswers.FindTag(answer.ETag),
                cancellationToken);
        });
    }

    private Task<PutObjectResponse> PutThroughSdkAsync(
        ObjectContent content, ObjectHeaders headers, bool usesChecksum, CancellationToken cancellationToken) =>
        SoundAnswers.AskAsync(
            Target, "PutObject", Key(content.RelativeKey), token => Client.PutObjectAsync(PutRequest(content, headers, usesChecksum), token),
            answer => SoundAnswers.FindTag(answer.ETag), cancellationToken);

    private PutObjectRequest PutRequest(ObjectContent content, ObjectHeaders headers, bool usesChecksum)
    {
        PutObjectRequest put = new()
        {
            BucketName = BucketName,
            Key = Key(content.RelativeKey),
            InputStream = content.OpenRead(),
            AutoCloseStream = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = link.Value.Connection.IsHttps ? true : null,
        };
        headers.ApplyTo(put.Headers);
        if (usesChecksum)
        {
            PartChecksums.Set(put, content, checksums.Algorithm);
        }
        else
        {
            put.MD5Digest = content.Md5;
        }

        return put;
    }

    private string RelativeKey(ObjectQuery query) =>
        query.Key.StartsWith(KeyPrefix, StringComparison.Ordinal) ? query.Key[KeyPrefix.Length..] : query.Key;

    private static string VersionQuery(ObjectQuery query) =>
        query.VersionId is { } version ? "versionId=" + Uri.EscapeDataString(version) : "";

    private static IEnumerable<KeyValuePair<string, string>> QuestionLines(ObjectQuery query, bool usesChecksum)
    {
        if (Quoted(query.ETag) is { } etag)
            yield return new("if-match", etag);
        if (query.Range is { } range)
            yield return new("range", string.Create(CultureInfo.InvariantCulture, $"bytes={range.First}-{range.Last}"));
        if (usesChecksum)
            yield return new("x-amz-checksum-mode", "ENABLED");
    }

    private static string? Quoted(string? etag) => etag is null ? null : $"\"{etag}\"";
}

/// <summary>What the requests to one bucket go through, whatever prefix they are about.</summary>
internal sealed class StoreLink(
    S3Access access, S3Connection connection, ShortWay shortWay, ChecksumChoice checksums, StoreAbilities abilities, Traffic traffic, int? pageSize,
    int connections)
    : IDisposable
{
    /// <summary>The SDK's client.</summary>
    public S3Connection Connection => connection;

    /// <summary>The short way.</summary>
    public ShortWay Short => shortWay;

    /// <summary>Listings.</summary>
    public ListRequests Lists { get; } = new(access, connection, shortWay, traffic, pageSize, Math.Max(1, connections / 2));

    /// <summary>Uploads in parts.</summary>
    public PartRequests Parts { get; } = new(access, connection, shortWay, checksums);

    /// <summary>Copies inside the bucket.</summary>
    public CopyRequests Copies { get; } = new(access, connection);

    /// <summary>Requests about the bucket that the SDK would not send as they must be.</summary>
    public BucketRequests Bucket { get; } = new(connection, shortWay);

    /// <summary>Deletions.</summary>
    public DeleteRequests Deletes { get; } = new(access, connection, new BucketRequests(connection, shortWay), checksums, abilities);

    /// <inheritdoc/>
    public void Dispose()
    {
        shortWay.Dispose();
        connection.Dispose();
    }
}
