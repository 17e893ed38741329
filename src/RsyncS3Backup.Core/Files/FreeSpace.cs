namespace RsyncS3Backup.Files;

/// <summary>How much a drive can still take.</summary>
internal static class FreeSpace
{
    /// <summary>Bytes that this user may still write to the drive of a folder; null when the system does not say.</summary>
    public static long? Of(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
