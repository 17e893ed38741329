namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// How a large file is cut into parts. Depends on the size only, so that a later run can compute the same entity tag from the file. Up to
/// 78 GiB the numbers are those of the AWS CLI, so that objects either of us wrote compare equal.
/// </summary>
internal static class PartSize
{
    private const long MiB = 1024 * 1024;

    // Limits of S3: 10,000 parts an upload (Amazon S3 User Guide, "multipart upload limits").
    private const int MaximumParts = 10_000;

    /// <summary>Files of this size and larger go in parts; also the smallest part size. Bytes.</summary>
    public const long Threshold = 8 * MiB;

    /// <summary>The largest object that S3 takes, in bytes: 48.8 TiB, which is 10,000 parts of 5 GiB.</summary>
    public const long LargestObject = 5L * 1024 * MiB * MaximumParts;

    /// <summary>The part size for a file of <paramref name="size"/> bytes: 8 MiB, or what makes at most 10,000 parts, in whole MiB.</summary>
    public static long For(long size)
    {
        long wholeMiB = (AtLeast(0, size) + MiB - 1) / MiB * MiB;
        return Math.Max(Threshold, wholeMiB);
    }

    /// <summary>The smallest part size from <paramref name="partSize"/> on that makes at most 10,000 parts of <paramref name="size"/> bytes.</summary>
    public static long AtLeast(long partSize, long size) => Math.Max(partSize, (size + MaximumParts - 1) / MaximumParts);

    /// <summary>How many parts that makes.</summary>
    public static int Count(long size, long partSize) => (int)((size + partSize - 1) / partSize);
}
