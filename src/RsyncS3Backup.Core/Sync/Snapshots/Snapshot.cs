namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>One dated snapshot in a bucket.</summary>
/// <param name="KeyPrefix">What its keys start with.</param>
/// <param name="Time">The beginning of what its date tokens say, in the job's time zone.</param>
/// <param name="Manifest">What it says of itself.</param>
internal sealed record Snapshot(string KeyPrefix, DateTime Time, SnapshotManifest Manifest)
{
    /// <summary>Why it counts for nothing; null when it does. See <see cref="SnapshotDoubt"/>.</summary>
    public string? Doubt { get; init; }

    /// <summary>
    /// The storage class of a manifest that cannot be read, because a lifecycle rule moved it to an archive; null for one that was read. Then
    /// nobody knows whose the snapshot is, and <see cref="Manifest"/> says nothing.
    /// </summary>
    public string? ArchivedIn { get; init; }

    /// <summary>True when everything that belongs in it is there.</summary>
    public bool IsComplete => Manifest.IsComplete && Doubt is null;
}
