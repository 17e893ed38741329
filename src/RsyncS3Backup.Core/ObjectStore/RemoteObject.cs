namespace RsyncS3Backup.ObjectStore;

/// <summary>One object as a listing shows it.</summary>
/// <param name="RelativeKey">The key without the job's prefix.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">The entity tag without quotes.</param>
/// <param name="StorageClass">The storage class; not every store tells it.</param>
internal sealed record RemoteObject(string RelativeKey, long Size, string ETag, string StorageClass = S3StorageClasses.Standard);
