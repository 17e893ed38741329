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

    // Part sizes that other tools use: aws and ours 8, rclone 5, boto and s5cmd 50, s3cmd 15, mc 16 and 64 MiB.
    private static readonly long[] Usual = [5 * MiB, 8 * MiB, 10 * MiB, 15 * MiB, 16 * MiB, 32 * MiB, 50 * MiB, 64 * MiB, 100 * MiB];

    /// <summary>Files of this size and larger go in parts; also the smallest part size. Bytes.</summary>
    public const long Threshold = 8 * MiB;

    /// <summary>The largest object that S3 takes, in bytes: 48.8 TiB, which is 10,000 parts of 5 GiB.</summary>
    public const long LargestObject = 5L * 1024 * MiB * MaximumParts;

    /// <summary>The part size for a file of <paramref name="size"/> bytes: 8 MiB, or what makes at most 10,000 parts, in whole MiB.</summary>
    public static long For(long size) => For(size, Threshold);

    /// <summary>Likewise, with another size in place of 8 MiB.</summary>
    public static long For(long size, long smallest) =>
        Fits(size, smallest) ? smallest : (AtLeast(0, size) + MiB - 1) / MiB * MiB;

    /// <summary>True for a part size that makes no more parts of <paramref name="size"/> bytes than S3 takes.</summary>
    public static bool Fits(long size, long partSize) => (size + partSize - 1) / partSize <= MaximumParts;

    /// <summary>The smallest part size from <paramref name="partSize"/> on that makes at most 10,000 parts of <paramref name="size"/> bytes.</summary>
    public static long AtLeast(long partSize, long size) => Math.Max(partSize, (size + MaximumParts - 1) / MaximumParts);

    /// <summary>The part sizes that cut <paramref name="size"/> bytes into that many parts, the likeliest first.</summary>
    public static IEnumerable<long> Candidates(long size, int parts)
    {
        if (parts < 1)
            return [];
        long evenly = (size + parts - 1) / parts;
        long wholeMiB = (evenly + MiB - 1) / MiB * MiB;
        return new[] { For(size) }.Concat(Usual).Append(wholeMiB).Append(evenly)
            .Where(candidate => candidate > 0 && Count(size, candidate) == parts)
            .Distinct();
    }

    /// <summary>How many requests upload a file of so many bytes.</summary>
    public static int WriteRequests(long size) => size < Threshold ? 1 : Count(size, For(size)) + 2;

    /// <summary>How many requests download an object of so many bytes.</summary>
    public static int ReadRequests(long size) => size < Threshold ? 1 : Count(size, For(size));

    /// <summary>How many parts that makes.</summary>
    public static int Count(long size, long partSize) => (int)((size + partSize - 1) / partSize);
}
