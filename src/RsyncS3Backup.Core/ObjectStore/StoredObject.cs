namespace RsyncS3Backup.ObjectStore;

/// <summary>One object, or one version of it, as a listing shows it.</summary>
/// <param name="RelativeKey">The key without the copy's prefix; ends in <c>/</c> for a folder's marker.</param>
/// <param name="Size">Bytes; 0 for a delete marker.</param>
/// <param name="ETag">The entity tag without quotes; empty for a delete marker.</param>
/// <param name="StorageClass">The storage class; STANDARD where the store does not tell.</param>
/// <param name="LastModified">When S3 stored it: whole seconds, and of an upload in parts when it began.</param>
internal sealed record StoredObject(string RelativeKey, long Size, string ETag, string StorageClass, DateTimeOffset LastModified)
{
    /// <summary>The version; null when the listing was not one of versions. <c>null</c> as text is a version that S3 calls so.</summary>
    public string? VersionId { get; init; }

    /// <summary>False for a version that is not the current one.</summary>
    public bool IsLatest { get; init; } = true;

    /// <summary>True for a version that says that the object was deleted.</summary>
    public bool IsDeleteMarker { get; init; }

    /// <summary>True for a folder: a marker, or in the listing of one level what keys beneath it have in common.</summary>
    public bool IsFolder => RelativeKey.EndsWith('/');

    /// <summary>True when there is an object of that key, and not only keys beneath it.</summary>
    public bool HasObject { get; init; } = true;
}
