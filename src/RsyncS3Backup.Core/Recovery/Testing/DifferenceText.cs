using System.Globalization;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What a copy has, in a few words.</summary>
internal static class DifferenceText
{
    /// <summary>The mirror's side: bytes, permissions, modification time.</summary>
    public static string Of(MirrorEntry local)
    {
        DateTimeOffset modified = DateTimeOffset.UnixEpoch.AddTicks(local.Attributes.ModifiedNanoseconds / TimeSpan.NanosecondsPerTick);
        string mode = OperatingSystem.IsWindows() ? "" : $", {FileModeText.Of(local.Attributes.Mode)}";
        return string.Create(CultureInfo.InvariantCulture, $"{local.ContentLength} B{mode}, modified {modified.LocalDateTime:yyyy-MM-dd HH:mm:ss}");
    }

    /// <summary>S3's side: bytes, when they were stored, entity tag.</summary>
    public static string Of(StoredObject remote) => string.Create(
        CultureInfo.InvariantCulture, $"{remote.Size} B, stored {remote.LastModified?.LocalDateTime:yyyy-MM-dd HH:mm:ss}, {remote.ETag}");
}
