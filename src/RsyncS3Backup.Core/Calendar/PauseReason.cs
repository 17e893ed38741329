namespace RsyncS3Backup.Calendar;

/// <summary>Why a run paused, what remains and when it goes on, in a sentence. Pure.</summary>
/// <param name="Zone">Whose times are shown, and whose days have bytes.</param>
/// <param name="Schedule">When the job is due; null: somebody starts it.</param>
/// <param name="Now">The instant.</param>
internal sealed record PauseReason(ScheduleZone Zone, BackupScheduleOptions? Schedule, DateTimeOffset Now)
{
    /// <summary>The bytes of the day are used up.</summary>
    /// <param name="most">The day's bytes.</param>
    /// <param name="items">Entries that remain.</param>
    /// <param name="bytes">Their bytes that remain.</param>
    public string MaxUpload(long most, long items, long bytes)
    {
        DateTimeOffset tomorrow = Zone.At(Zone.FirstAt(Zone.At(Now.UtcDateTime).Date.AddDays(1)).Utc);
        // What starts with the day has its bytes.
        string when = Next(tomorrow.AddTicks(-1)) ?? $"a run after {ScheduleText.Time(tomorrow)} goes on";
        return $"The day's maxUpload ({HumanText.Bytes(most)}) is used up: {What(items, bytes)}, and {when}.";
    }

    /// <summary>The time of a stage 2 is up.</summary>
    /// <param name="stopAt">When in the day that is.</param>
    /// <param name="items">Entries that remain.</param>
    /// <param name="bytes">Their bytes that remain.</param>
    public string StopAt(string? stopAt, long items, long bytes) => $"{TimeIsUp(stopAt)}: {What(items, bytes)}, and {Then}.";

    /// <summary>The time of a stage 1 is up.</summary>
    /// <param name="stopAt">When in the day that is.</param>
    public string StopAt(string? stopAt) => $"{TimeIsUp(stopAt)}: the mirror is not complete, nothing was sent to S3, and {Then}.";

    private string Then => Next(Now) ?? "the next run goes on";

    private string? Next(DateTimeOffset after) => Schedule is not null && CronSchedule.From(Schedule).After(after) is { } next
        ? $"the job is due next at {next}"
        : null;

    private static string TimeIsUp(string? stopAt) => $"The run's time is up (stopAt{(stopAt is null ? "" : $", {stopAt}")})";

    private static string What(long items, long bytes) =>
        items == 1 ? $"1 item ({HumanText.Bytes(bytes)}) remains" : $"{items} items ({HumanText.Bytes(bytes)}) remain";
}
