namespace RsyncS3Backup.Calendar;

/// <summary>Whether a test of a job's copies is due. Pure: what is on record of earlier ones is all that is remembered.</summary>
/// <param name="Test">The test.</param>
/// <param name="IsDue">True when it is to run now.</param>
/// <param name="Next">When it is due next, or has been due; null where the calendar ends.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Age">How old the last good one is.</param>
internal sealed record TestDue(TestOptions Test, bool IsDue, DateTimeOffset? Next, string Reason, SuccessAge Age)
{
    /// <summary>Decides.</summary>
    /// <param name="test">The test.</param>
    /// <param name="timeZone">The time zone of its expression; null: the machine's.</param>
    /// <param name="last">When the last one of its level started, whatever it found; null when there was none.</param>
    /// <param name="lastGood">When the last one started that found everything well; null when there was none.</param>
    /// <param name="first">When the first one on record started; null when there was none.</param>
    /// <param name="since">Since when it is asked for; null: that is not known.</param>
    /// <param name="now">The instant.</param>
    /// <exception cref="BackupException">The expression is not valid, or this machine does not know the zone.</exception>
    public static TestDue Of(
        TestOptions test, string? timeZone, DateTimeOffset? last, DateTimeOffset? lastGood, DateTimeOffset? first, DateTimeOffset? since,
        DateTimeOffset now)
    {
        SuccessAge age = new(MaxAgeOf(test), lastGood, first ?? since, now);
        if (test.Every is { } every)
        {
            DateTimeOffset next = last is { } before ? before + every : now;
            return new TestDue(test, next <= now, next, last is null ? "There was no test of this level." : When(next <= now), age);
        }

        CronSchedule schedule = CronSchedule.From(new BackupScheduleOptions { CronExpression = test.Cron!, Timezone = timeZone });
        // A test that stands in the file since a moment is due at its next time, not at all before.
        if ((last ?? since) is { } from && schedule.Last(from, now) is { } due)
            return new TestDue(test, IsDue: true, due.Utc, When(isDue: true), age);
        return new TestDue(test, IsDue: false, schedule.After(now)?.Utc, When(isDue: false), age);
    }

    private static string When(bool isDue) => isDue ? "Its time has come since the last one." : "No time has come since the last one.";

    private static TimeSpan? MaxAgeOf(TestOptions test) => test.MaxAge
        ?? 2 * (test.Every ?? (CronExpression.TryParse(test.Cron ?? "", out CronExpression? expression, out _) ? expression.LongestGap() : null));
}
