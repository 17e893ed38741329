namespace RsyncS3Backup;

/// <summary>Bytes a second as people write them: <c>10MiB</c>, <c>500kB</c>, <c>1.5GiB</c>, or a number of bytes. At least 1 KiB.</summary>
internal static class BandwidthText
{
    private const long Least = 1024;

    /// <summary>Reads it; false when it is none, or less than rsync can do.</summary>
    public static bool TryParse(string text, out long bytes) => SizeText.TryParse(text, Least, out bytes);
}
