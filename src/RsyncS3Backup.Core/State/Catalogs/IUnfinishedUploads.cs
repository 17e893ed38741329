namespace RsyncS3Backup.State.Catalogs;

/// <summary>Remembers uploads in parts, so that a run after a crash can go on with them or abort them. Thread-safe.</summary>
internal interface IUnfinishedUploads
{
    /// <summary>All that were begun and did not end; none, where they cannot be read.</summary>
    IReadOnlyList<UnfinishedUpload> All();

    /// <summary>The upload that was begun for a key and did not end; the last one, if there are several.</summary>
    UnfinishedUpload? Find(string relativeKey) =>
        All().LastOrDefault(upload => upload.RelativeKey == relativeKey && !upload.IsIntention);

    /// <summary>Called when an upload has begun, before its first part; durable when it returns.</summary>
    void Remember(UnfinishedUpload upload);

    /// <summary>Called when an upload was completed or aborted, or turned out to be unknown to S3.</summary>
    void Forget(string uploadId);
}
