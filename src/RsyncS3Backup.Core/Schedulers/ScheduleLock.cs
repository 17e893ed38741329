using RsyncS3Backup.Files;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Schedulers;

/// <summary>Lets one session at a time change what is read, changed and written back whole.</summary>
internal static class ScheduleLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits for the others.</summary>
    /// <exception cref="BackupException">They do not end.</exception>
    public static async Task<FileStream> TakeAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(StateFolder.Root(), "schedules.lock");
        // The file stays: whoever waits for one that is taken away in the end holds a lock that nobody else sees.
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        for (long started = Environment.TickCount64; ; await Task.Delay(50, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                StateFolder.CreateRoot();
                OwnFile.RequirePlain(path);
                return new FileStream(path, options);
            }
            catch (IOException exception) when (exception is not BlockedException && File.Exists(path))
            {
                if (Environment.TickCount64 - started > Patience.TotalMilliseconds)
                    throw new BackupException(NativeScheduleErrors.Busy(path), exception);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new BackupException(NativeScheduleErrors.LockNotWritten(path, exception.Message), exception);
            }
        }
    }
}
