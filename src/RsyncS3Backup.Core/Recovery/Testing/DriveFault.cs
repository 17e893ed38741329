namespace RsyncS3Backup.Recovery.Testing;

/// <summary>Tells a drive that cannot read what it holds from a user who may not.</summary>
internal static class DriveFault
{
    private const int FromWindows = unchecked((int)0x80070000);

    // .NET hands an errno that it has no exception for on as HResult. EIO; and on Linux EBADMSG and EUCLEAN, with which XFS and ext4 refuse what
    // does not have its checksum (EFSBADCRC and EFSCORRUPTED in their sources).
    private static readonly int[] OnLinux = [5, 74, 117];

    // ERROR_CRC, ERROR_SECTOR_NOT_FOUND, ERROR_READ_FAULT, ERROR_DATA_CHECKSUM_ERROR (ReFS), ERROR_IO_DEVICE and ERROR_FILE_CORRUPT ("System Error
    // Codes" in Microsoft's documentation).
    private static readonly int[] OnWindows = [23, 27, 30, 323, 1117, 1392];

    /// <summary>True when a read failed because of the drive.</summary>
    public static bool Is(Exception exception) => exception is IOException { InnerException: null }
        && (OperatingSystem.IsWindows()
            ? OnWindows.Contains(exception.HResult ^ FromWindows)
            : exception.HResult == OnLinux[0] || (OperatingSystem.IsLinux() && OnLinux.Contains(exception.HResult)));
}
