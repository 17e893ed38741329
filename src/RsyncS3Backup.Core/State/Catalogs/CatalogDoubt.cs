namespace RsyncS3Backup.State.Catalogs;

/// <summary>Why a catalog may not tell what S3 holds. Anything but <see cref="None"/> asks for a reconcile, and stays until one completes.</summary>
internal enum CatalogDoubt
{
    /// <summary>What it holds is what S3 confirmed.</summary>
    None,

    /// <summary>There was none, or no reconcile has ever completed.</summary>
    Missing,

    /// <summary>It could not be read and was set aside.</summary>
    Damaged,

    /// <summary>It was about another endpoint, bucket, prefix or mirror.</summary>
    OtherDestination,

    /// <summary>A run began and did not end, so what it did last may not be recorded.</summary>
    RunDied,

    /// <summary>S3 held something else than it says.</summary>
    Contradicted,
}
