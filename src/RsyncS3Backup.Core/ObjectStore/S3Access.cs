namespace RsyncS3Backup.ObjectStore;

/// <summary>A bucket and how to reach it: all that a client of S3 needs to know.</summary>
internal record S3Access
{
    /// <summary>The bucket and how to reach it.</summary>
    public required S3Destination Destination { get; init; }

    /// <summary>Keys given by the caller; null: the SDK's own chain, or the destination's profile.</summary>
    public S3Credentials? Credentials { get; init; }

    /// <summary>Allow plain HTTP to a host that is not this machine.</summary>
    public bool AllowInsecureEndpoint { get; init; }

    /// <summary>What to run again when a request fails, as an error's advice names it.</summary>
    public string Work { get; init; } = S3Target.Stage2;

    /// <summary>Bytes that one CopyObject takes, larger objects are copied in parts; tests take fewer.</summary>
    internal long LargestCopy { get; init; } = 5L * 1024 * 1024 * 1024;

    /// <summary>Bytes of each part of such a copy, where that makes no more parts than S3 takes; tests take fewer.</summary>
    internal long CopyPartSize { get; init; } = 1024L * 1024 * 1024;

    /// <summary>
    /// Bytes of each part of an upload, where that makes no more parts than S3 takes, and from which on a file goes in parts; tests
    /// take fewer.
    /// </summary>
    internal long UploadPartSize { get; init; } = PartSize.Threshold;

    /// <summary>The storage class that new objects are to have; null for who only reads.</summary>
    internal virtual string? AskedStorageClass => null;

    /// <summary>The checksum that goes with uploads, by S3's name.</summary>
    internal virtual string ChecksumAlgorithm => S3ChecksumAlgorithms.Crc32;

    /// <summary>True when checksums go with requests; false when only Content-MD5 may be sent.</summary>
    internal bool UsesChecksums => Destination.ChecksumMode == S3ChecksumMode.WhenSupported;
}
