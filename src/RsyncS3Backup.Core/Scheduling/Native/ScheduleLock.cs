using RsyncS3Backup.State;

namespace RsyncS3Backup.Scheduling.Native;

/// <summary>Lets one session at a time change what is read, changed and written back whole.</summary>
internal static class ScheduleLock
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits for the others.</summary>
    /// <exception cref="BackupException">They do not end.</exception>
    public static async Task<FileStream> TakeAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(StateFolder.Root(), "schedules.lock");
        for (long started = Environment.TickCount64; ; await Task.Delay(50, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                Directory.CreateDirectory(StateFolder.Root());
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (IOException exception) when (exception is not (DirectoryNotFoundException or PathTooLongException))
            {
                if (Environment.TickCount64 - started > Patience.TotalMilliseconds)
                    throw new BackupException(NativeScheduleErrors.Busy(path), exception);
            }
            catch (UnauthorizedAccessException exception)
            {
                throw new BackupException(NativeScheduleErrors.NotWritten("", path, exception.Message), exception);
            }
        }
    }
}
