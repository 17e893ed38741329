namespace RsyncS3Backup.Files;

/// <summary>Keeps a folder's time, to the nanosecond, over a change of ours that rsync would report as one of the source's in its next run.</summary>
internal static class FolderTime
{
    /// <summary>Makes the change and sets the time back.</summary>
    public static void Keep(string folder, Action change)
    {
        long nanoseconds = FileAttributesReader.Read(RealPath.Of(folder)).ModifiedNanoseconds;
        change();
        if (OperatingSystem.IsWindows())
        {
            Directory.SetLastWriteTimeUtc(folder, DateTime.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick));
            return;
        }

        // Where it fails, the next run reports the mirror's root as changed; nothing worse.
        try
        {
            using FolderHandle handle = UnixCalls.OpenRoot(RealPath.Of(folder));
            UnixCalls.ChangeTime(handle, nanoseconds);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }
}
