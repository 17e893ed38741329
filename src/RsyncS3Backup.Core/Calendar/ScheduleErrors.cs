namespace RsyncS3Backup.Calendar;

/// <summary>The errors of schedules.</summary>
internal static class ScheduleErrors
{
    /// <summary>What a cron expression must be.</summary>
    internal const string CronExpressionAllowed =
        "five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-7, 0 and 7 are Sunday), e.g. '0 2 * * *'";

    /// <summary>What a time zone must be.</summary>
    internal const string TimeZoneAllowed = "an IANA time zone such as 'America/New_York'";

    /// <summary>No cron expression.</summary>
    public static BackupError CronExpressionInvalid(string text, string problem) => Make(
        ErrorIds.CronExpressionInvalid, BackupErrorCategory.InvalidArgument, problem, $"Allowed: {CronExpressionAllowed}.", text);

    /// <summary>No zone.</summary>
    public static BackupError TimeZoneUnknown(string name, string problem) => Make(
        ErrorIds.TimeZoneUnknown,
        BackupErrorCategory.InvalidArgument,
        problem,
        $"Allowed: {TimeZoneAllowed}. Install the tz database (package tzdata) if every name is unknown.",
        name);

    /// <summary>The job's configuration has no schedule.</summary>
    public static BackupError ScheduleMissing(string job) => Make(
        ErrorIds.ScheduleMissing,
        BackupErrorCategory.ObjectNotFound,
        $"The configuration of job '{job}' has no schedule.",
        "Add \"schedule\": { \"cronExpression\": \"0 2 * * *\", \"timezone\": \"Europe/Berlin\" } to it, or give -CronExpression.",
        job);

    /// <summary>What is kept of a schedule cannot be written.</summary>
    public static BackupError StateNotWritten(string job, string reason) => Make(
        ErrorIds.ScheduleStateNotWritten,
        BackupErrorCategory.WriteError,
        $"What is kept of the schedule of job '{job}' could not be written: {reason}",
        "Check the state folder, its permissions and its free space; RSYNCS3BACKUP_STATE moves it.",
        job);

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) =>
        BackupError.Make(id, category, message, action, target, BackupExitCode.BadConfiguration);
}
