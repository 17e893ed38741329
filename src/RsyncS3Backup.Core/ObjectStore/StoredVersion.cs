namespace RsyncS3Backup.ObjectStore;

/// <summary>What S3 says it has stored.</summary>
/// <param name="ETag">The entity tag, without quotes.</param>
/// <param name="VersionId">The version, in a bucket that keeps versions.</param>
internal readonly record struct StoredVersion(string ETag, string? VersionId)
{
    /// <summary>
    /// S3's own clock when it had stored it: an object that a listing shows as modified later is not this one. Null when S3 did not say.
    /// </summary>
    public DateTimeOffset? StoredTime { get; init; }

    /// <summary>From headers or properties that S3 may have left out, or filled with quotes.</summary>
    public static StoredVersion From(string? etag, string? versionId) =>
        new((etag ?? "").Trim('"'), string.IsNullOrEmpty(versionId) ? null : versionId);
}
