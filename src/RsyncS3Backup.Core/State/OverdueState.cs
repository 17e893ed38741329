using RsyncS3Backup.Calendar;

namespace RsyncS3Backup.State;

/// <summary>When it was told last that a job is overdue, in <c>overdue.json</c> of its state folder.</summary>
internal static class OverdueState
{
    /// <summary>
    /// True for one caller in each time of the job's <c>maxAge</c>, as long as the job is overdue; that caller is to tell of it. A success in
    /// between begins anew.
    /// </summary>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static bool Claim(string job, SuccessAge age, BackupTestLevel? test = null) => age.IsOverdue && ScheduleState.Locked(job, folder =>
    {
        string path = Path.Combine(folder, FileName(test));
        if (Standing(path, age) is not null)
            return false;
        StateFolder.Replace(path, json => json.WriteString("told", age.Now.ToUniversalTime()));
        return true;
    });

    /// <summary>When somebody is to tell of it next, also when that has been for long; null: never.</summary>
    public static DateTimeOffset? Next(string job, SuccessAge age, BackupTestLevel? test = null) => age.IsOverdue
        ? Standing(Path.Combine(StateFolder.Root(), StateFolder.FolderName(job), FileName(test)), age) + age.MaxAge ?? age.OverdueFrom
        : age.OverdueFrom;

    /// <summary>Nobody could be told, so that the next caller is to try again.</summary>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static void Forget(string job, BackupTestLevel? test = null) => ScheduleState.Locked(job, folder =>
    {
        File.Delete(Path.Combine(folder, FileName(test)));
        return folder;
    });

    private static string FileName(BackupTestLevel? test) => test is null ? "overdue.json" : $"overdue-{test}.json".ToLowerInvariant();

    // When it was told, where that still counts.
    private static DateTimeOffset? Standing(string path, SuccessAge age) =>
        Told(path) is { } told && told <= age.Now && age.Now - told < age.MaxAge && !(age.LastSuccess > told) ? told : null;

    // A message too many costs little.
    private static DateTimeOffset? Told(string path) =>
        StateFolder.Read(() => path, root => root.GetProperty("told").GetDateTimeOffset(), otherwise: (DateTimeOffset?)null);
}
