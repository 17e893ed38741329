using Amazon.S3;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// One bucket below one key prefix: all that a backup, its snapshots, a test and a restore ask of S3. Keys are relative to the
/// prefix where they are called so.
/// </summary>
internal interface IObjectStore : IDisposable
{
    /// <summary>The bucket.</summary>
    string BucketName { get; }

    /// <summary>What every key starts with.</summary>
    string KeyPrefix { get; }

    /// <summary>What error messages name.</summary>
    S3Target Target { get; }

    /// <summary>What moves between here and the store, all prefixes together.</summary>
    Traffic Traffic { get; }

    /// <summary>Requests so far, all prefixes together.</summary>
    S3RequestCounts Requests { get; }

    /// <summary>What is to be added to this machine's clock, as far as an answer of S3's has shown it; whole minutes.</summary>
    TimeSpan ClockCorrection { get; }

    /// <summary>What the store turned out not to do, all prefixes together.</summary>
    StoreAbilities Abilities { get; }

    /// <summary>The checksum that goes with uploads, by S3's name; null when only Content-MD5 may be sent.</summary>
    string? ChecksumAlgorithm { get; }

    /// <summary>The whole key.</summary>
    string Key(string relativeKey) => KeyPrefix + relativeKey;

    /// <summary>The same bucket below another prefix, over the same connections, which are this store's to close.</summary>
    IObjectStore At(string otherPrefix);

    /// <summary>
    /// Makes ready for requests, without one. Whoever asks for the first request on a thread of its own calls this before.
    /// </summary>
    /// <returns>What error messages name.</returns>
    /// <exception cref="BackupException">An insecure endpoint, an unknown profile, or no region.</exception>
    S3Target Connect();

    /// <summary>The objects whose keys are in a range, in key order. The next page is fetched while one is read.</summary>
    /// <exception cref="BackupException">The listing did not arrive whole, or not in order.</exception>
    IAsyncEnumerable<StoredObject> ListAsync(KeyRange range, CancellationToken cancellationToken);

    /// <summary>
    /// What of the keys that start so is on one level, in key order: objects, and folders as keys that end in a slash and have no
    /// object.
    /// </summary>
    /// <param name="start">What the relative keys start with; a folder, with a slash at its end, for what is right beneath it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    IAsyncEnumerable<StoredObject> ListLevelAsync(string start, CancellationToken cancellationToken);

    /// <summary>All versions and delete markers of the keys in a range: in key order, and of one key the latest first.</summary>
    /// <param name="range">Which of them.</param>
    /// <param name="after">From the first relative key on that is neither this nor beneath it; null: from the first.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The listing did not arrive whole, or not in order.</exception>
    IAsyncEnumerable<StoredObject> ListVersionsAsync(KeyRange range, string? after, CancellationToken cancellationToken);

    /// <summary>Whether the bucket keeps versions.</summary>
    /// <returns>Null when the credentials do not allow to ask, or the store does not know the question.</returns>
    Task<bool?> KeepsVersionsAsync(CancellationToken cancellationToken);

    /// <summary>Whether the bucket has S3 Object Lock.</summary>
    /// <returns>Null when the credentials do not allow to ask, or the store does not know the question.</returns>
    Task<bool?> HasObjectLockAsync(CancellationToken cancellationToken);

    /// <summary>What S3 knows of an object; null when there is none, or only a delete marker.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    Task<StoredObject?> HeadAsync(ObjectQuery query, CancellationToken cancellationToken);

    /// <summary>Asks for an object, or a part of it; the body has not arrived yet.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    Task<ObjectBody> GetAsync(ObjectQuery query, CancellationToken cancellationToken);

    /// <summary>The size in bytes of one part that an object was stored in; null where the store does not tell.</summary>
    /// <param name="query">The object.</param>
    /// <param name="number">The part, from 1.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<long?> PartSizeAsync(ObjectQuery query, int number, CancellationToken cancellationToken);

    /// <summary>The bytes of a small object; null when there is none, or when it is larger than that.</summary>
    Task<byte[]?> ReadAsync(string relativeKey, int most, CancellationToken cancellationToken);

    /// <summary>Asks S3 to bring an object back from the archive for a while.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no; <c>RestoreAlreadyInProgress</c> when it is under way.</exception>
    Task RetrieveAsync(ObjectQuery query, string tier, int? days, CancellationToken cancellationToken);

    /// <summary>Locks a version of an object.</summary>
    /// <param name="relativeKey">Its key.</param>
    /// <param name="versionId">Which version; null: the current one.</param>
    /// <param name="retention">Until when, and how.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="AmazonS3Exception">S3 said no.</exception>
    Task RetainAsync(string relativeKey, string? versionId, ObjectRetention retention, CancellationToken cancellationToken);

    /// <summary>Uploads one object from memory.</summary>
    Task<StoredObject> PutAsync(ObjectContent content, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <summary>
    /// Makes an object out of another one of the bucket, with attributes of its own, without sending its bytes.
    /// </summary>
    /// <param name="sourceKey">The source's whole key; an object can be copied onto itself to change its attributes.</param>
    /// <param name="sourceETag">The entity tag that the source must have; null: any.</param>
    /// <param name="size">The source's size in bytes.</param>
    /// <param name="relativeKey">The key of the copy.</param>
    /// <param name="headers">The copy's attributes; none of the source's are kept.</param>
    /// <param name="cancellationToken">Stops it; no multipart upload is left behind.</param>
    /// <exception cref="CopySourceException">The source is gone, changed, archived or closed, or the store does not copy.</exception>
    Task<StoredObject> CopyAsync(
        string sourceKey, string? sourceETag, long size, string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes objects, up to 1,000 a request, and hands out why for each that S3 did not delete, or did not speak of.
    /// </summary>
    IAsyncEnumerable<BackupError> DeleteAsync(IReadOnlyList<string> relativeKeys, CancellationToken cancellationToken);

    /// <summary>Starts an upload in parts and gives its id.</summary>
    Task<string> StartPartsAsync(string relativeKey, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <summary>Uploads one part from memory.</summary>
    Task<UploadedPart> PutPartAsync(string uploadId, int number, ObjectContent content, CancellationToken cancellationToken);

    /// <summary>Makes one part out of bytes of another object of the bucket, without sending them.</summary>
    /// <param name="source">Whose bytes.</param>
    /// <param name="relativeKey">The key of the upload.</param>
    /// <param name="uploadId">The upload.</param>
    /// <param name="number">The part, from 1.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="CopySourceException">
    /// The source is gone, changed, archived or closed, or the store does not copy parts.
    /// </exception>
    Task<UploadedPart> CopyPartAsync(
        CopyRange source, string relativeKey, string uploadId, int number, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the object out of its parts. Done it is when S3 says so; or, where the answer was lost, was none of S3's, or has no
    /// entity tag (Ceph 16), when the object turns out to be the one of these parts.
    /// </summary>
    /// <exception cref="BackupException">The object is not that of the parts: <c>S3AnswerInvalid</c>.</exception>
    Task<StoredObject> CompletePartsAsync(
        string relativeKey, string uploadId, IEnumerable<UploadedPart> parts, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <summary>Gives up an upload, so that its parts cost nothing.</summary>
    Task AbortPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken);

    /// <summary>The parts that S3 has of an upload, by number.</summary>
    /// <exception cref="BackupException">There is no such upload, or the listing did not arrive whole.</exception>
    IAsyncEnumerable<UploadedPart> ListPartsAsync(string relativeKey, string uploadId, CancellationToken cancellationToken);

    /// <summary>Every unfinished upload under the prefix, whoever began it.</summary>
    /// <exception cref="BackupException">The listing did not arrive whole.</exception>
    IAsyncEnumerable<PendingUpload> ListUploadsAsync(CancellationToken cancellationToken);
}

/// <summary>Bytes of an object to copy.</summary>
/// <param name="Key">Its whole key.</param>
/// <param name="ETag">The entity tag that it must have.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many.</param>
internal readonly record struct CopyRange(string Key, string ETag, long Offset, long Length);

/// <summary>One part of an upload, as S3 confirmed it.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">The entity tag, without quotes.</param>
/// <param name="Checksum">The checksum by the upload's algorithm, base64; null where S3 has none.</param>
internal readonly record struct UploadedPart(int Number, long Size, string ETag, string? Checksum)
{
    /// <summary>True for a part of an upload that was begun with another checksum than the job's: no further part can be added.</summary>
    public bool IsOfOtherAlgorithm { get; init; }
}

/// <summary>An upload that was neither completed nor aborted.</summary>
/// <param name="RelativeKey">The key below the prefix.</param>
/// <param name="UploadId">Its id.</param>
/// <param name="StartTime">When it began, by S3's clock.</param>
internal readonly record struct PendingUpload(string RelativeKey, string UploadId, DateTimeOffset StartTime);
