using RsyncS3Backup.State;

namespace RsyncS3Backup.Schedulers;

/// <summary>
/// The wish that a job's next check starts it, due or not: a file in its state folder. A scheduler that is told to start a job starts the
/// check, and hands nothing on that could say so.
/// </summary>
internal static class StartRequest
{
    // The shell that starts nothing in quiet times looks for it too (Start-WhenDue.sh).
    private const string FileName = "schedule.start";

    // A wish that nobody took for so long was for a start that failed.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Wishes it.</summary>
    /// <exception cref="BackupException">The state folder cannot be written.</exception>
    public static void Make(string job)
    {
        string path = Path.Combine(StateFolder.ForJob(job).Path, FileName);
        try
        {
            StateFolder.CreateFile(path).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(NativeScheduleErrors.NotWritten(job, path, exception.Message), exception);
        }
    }

    /// <summary>True while somebody wishes it.</summary>
    public static bool IsMade(string job) => File.Exists(PathFor(job));

    /// <summary>Takes the wish away.</summary>
    /// <returns>True for the one caller that took it in time.</returns>
    public static bool Take(string job)
    {
        string path = PathFor(job);
        string mine = $"{path}.{Guid.NewGuid():N}";
        try
        {
            File.Move(path, mine);
            bool isInTime = DateTime.UtcNow - File.GetLastWriteTimeUtc(mine) < Patience;
            File.Delete(mine);
            return isInTime;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string PathFor(string job) => Path.Combine(StateFolder.Root(), StateFolder.FolderName(job), FileName);
}
