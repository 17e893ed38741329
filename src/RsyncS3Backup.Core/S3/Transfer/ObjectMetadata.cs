using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// File attributes as object metadata, under the names that AWS DataSync and File Gateway read and write (<c>file-*</c>) and the one that
/// rclone does (<c>mtime</c>). Sources: "Metadata copied by AWS DataSync" in its user guide; rclone's S3 page, "Modification times".
/// </summary>
internal static class ObjectMetadata
{
    /// <summary>Names and values for one entry.</summary>
    public static IEnumerable<KeyValuePair<string, string>> For(FileAttributesSnapshot attributes)
    {
        if (!OperatingSystem.IsWindows())
        {
            yield return new("file-permissions", "0" + Convert.ToString(attributes.Mode, 8));
            yield return new("file-owner", attributes.UserId.ToString(CultureInfo.InvariantCulture));
            yield return new("file-group", attributes.GroupId.ToString(CultureInfo.InvariantCulture));
        }

        long nanoseconds = attributes.ModifiedNanoseconds;
        yield return new("file-mtime", nanoseconds.ToString(CultureInfo.InvariantCulture) + "ns");
        yield return new("mtime", Seconds(nanoseconds));
    }

    /// <summary>Seconds with nine decimals, as rclone writes them.</summary>
    internal static string Seconds(long nanoseconds)
    {
        const long perSecond = 1_000_000_000;
        string sign = nanoseconds < 0 ? "-" : "";
        ulong magnitude = (ulong)Math.Abs((decimal)nanoseconds);
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{magnitude / perSecond}.{magnitude % perSecond:D9}");
    }
}
