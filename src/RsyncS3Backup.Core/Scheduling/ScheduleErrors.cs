namespace RsyncS3Backup.Scheduling;

/// <summary>The errors of schedules.</summary>
internal static class ScheduleErrors
{
    /// <summary>No cron expression.</summary>
    public static BackupError CronExpressionInvalid(string text, string problem) => Make(
        "CronExpressionInvalid", BackupErrorCategory.InvalidArgument, problem, $"Allowed: {ConfigurationRules.CronExpressionAllowed}.", text);

    /// <summary>No zone.</summary>
    public static BackupError TimeZoneUnknown(string name, string problem) => Make(
        "TimeZoneUnknown",
        BackupErrorCategory.InvalidArgument,
        problem,
        $"Allowed: {ConfigurationRules.TimeZoneAllowed}. Install the tz database (package tzdata) if every name is unknown.",
        name);

    private static BackupError Make(string id, BackupErrorCategory category, string message, string action, string target) => new()
    {
        Id = id,
        Category = category,
        Message = message,
        RecommendedAction = action,
        Target = target,
        ExitCode = BackupExitCode.BadConfiguration,
    };
}
