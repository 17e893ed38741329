using System.Runtime.InteropServices;

namespace RsyncS3Backup.Files;

/// <summary>Keeps a folder's time, to the nanosecond, over a change of ours that rsync would report as one of the source's in its next run.</summary>
internal static partial class FolderTime
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

        // utimensat(2); the constants are those of Linux and of macOS.
        const long nanosecondsPerSecond = 1_000_000_000;
        long seconds = Math.DivRem(nanoseconds, nanosecondsPerSecond, out long rest);
        if (rest < 0)
            (seconds, rest) = (seconds - 1, rest + nanosecondsPerSecond);
        long omit = OperatingSystem.IsMacOS() ? -2 : (1L << 30) - 2;
        Span<long> times = [0, omit, seconds, rest];
        // Where it fails, the next run reports the mirror's root as changed; nothing worse.
        _ = SetTimes(OperatingSystem.IsMacOS() ? -2 : -100, folder, ref MemoryMarshal.GetReference(times), 0);
    }

    [LibraryImport("libc", EntryPoint = "utimensat", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetTimes(int folder, string path, ref long times, int flags);
}
