using System.Globalization;
using System.Text;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State;

/// <summary>
/// Until when nothing of a job can be due, in a small file of its state folder. A scheduler's shell compares it with the clock before it starts
/// PowerShell (Start-WhenDue.sh). Where anything is in doubt there is no file, and every start asks.
/// </summary>
/// <remarks>
/// The first line has the form's number, when the file was written and when to ask next (both in seconds since 1970), and the machine's offset from
/// UTC. The second is the job's file. The time of this file is that of the job's file, so that any edit of it shows. A job that takes values from other
/// files has none: the shell would have to look at each of them.
/// </remarks>
internal static class QuietTime
{
    /// <summary>What nobody can foresee, such as new rules of a time zone, is found out within this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    // Not every shell tells times of change apart that are within one second, and an edit may have come after the job was read.
    private static readonly TimeSpan Edit = TimeSpan.FromMinutes(1);

    /// <summary>The file's path, whether it is there or not.</summary>
    public static string PathFor(string job, BackupScheduleTask task) =>
        Path.Combine(StateFolder.Root(), StateFolder.FolderName(job), FileName(task));

    /// <summary>Says that nothing is due before the first of some moments.</summary>
    /// <param name="job">The job.</param>
    /// <param name="task">Of which nothing is due.</param>
    /// <param name="now">The instant at which that was found.</param>
    /// <param name="moments">When to ask; null for no such moment. One that has come: at every start.</param>
    /// <param name="isStill">Whether that still holds, asked of the state folder under its lock; null: it does.</param>
    public static void Write(
        BackupConfiguration job, BackupScheduleTask task, DateTimeOffset now, IEnumerable<DateTimeOffset?> moments, Func<string, bool>? isStill = null)
    {
        // Windows has no shell that costs less than PowerShell's own start by much.
        if (OperatingSystem.IsWindows())
            return;
        try
        {
            DateTimeOffset next = moments.OfType<DateTimeOffset>().Append(now + Longest).Min();
            ScheduleState.Locked(job.Name, folder =>
            {
                if (isStill?.Invoke(folder) != false && job.BaseFiles.Count == 0 && job.Path is { } path && FileAttributesReader.TryRead(RealPath.Of(path)) is { } read
                    && Text(path, read.ModifiedNanoseconds, TimeZoneInfo.Local.GetUtcOffset(now), now, next) is { } text)
                    return Write(folder, FileName(task), text, read.ModifiedNanoseconds);
                return EndIn(folder, task);
            });
        }
        catch (Exception exception) when (exception is BackupException or IOException or UnauthorizedAccessException)
        {
            // A start too many costs a second. What is there says too much, if anything is.
            TryEnd(job.Name, task);
        }
    }

    /// <summary>From now on every start asks.</summary>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static void End(string job, BackupScheduleTask task)
    {
        if (File.Exists(PathFor(job, task)))
            ScheduleState.Locked(job, folder => EndIn(folder, task));
    }

    /// <summary>The same, in a job's state folder that is there.</summary>
    public static bool EndIn(string folder, BackupScheduleTask task)
    {
        File.Delete(Path.Combine(folder, FileName(task)));
        return true;
    }

    /// <summary>What the file holds. Pure.</summary>
    /// <param name="jobFile">The job's file.</param>
    /// <param name="modified">When it was changed, in nanoseconds since 1970.</param>
    /// <param name="offset">The machine's offset from UTC.</param>
    /// <param name="now">The instant at which it is written.</param>
    /// <param name="next">When to ask next.</param>
    /// <returns>Null when every start is to ask.</returns>
    internal static string? Text(string jobFile, long modified, TimeSpan offset, DateTimeOffset now, DateTimeOffset next)
    {
        long settled = (now - Edit).ToUnixTimeSeconds();
        long asks = (next - DueDecision.Early).ToUnixTimeSeconds();
        if (asks <= now.ToUnixTimeSeconds() || modified / 1_000_000_000 > settled || !Path.IsPathRooted(jobFile) || jobFile.Any(char.IsControl))
            return null;
        string zone = (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hhmm", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"1 {now.ToUnixTimeSeconds()} {asks} {zone}\n{jobFile}\n");
    }

    private static string FileName(BackupScheduleTask task) => task == BackupScheduleTask.Test ? "schedule.quiet-tests" : "schedule.quiet";

    private static bool Write(string folder, string name, string text, long modified)
    {
        OwnFile.Replace(Path.Combine(folder, name), Encoding.UTF8.GetBytes(text));
        using FolderHandle handle = UnixCalls.OpenRoot(RealPath.Of(folder));
        UnixCalls.ChangeTime(handle, name, modified);
        return true;
    }

    /// <summary>The same, where a failure has nothing to end: what is there ends by itself within a day.</summary>
    public static void TryEnd(string job, BackupScheduleTask task)
    {
        try
        {
            File.Delete(PathFor(job, task));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then it ends by itself.
        }
    }
}
