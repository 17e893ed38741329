namespace RsyncS3Backup.Calendar;

/// <summary>Whether a job is due at an instant. Each occurrence makes one run or is merged into one, however often and late this is asked.</summary>
/// <remarks>
/// Occurrences are instants, so that neither a change of the host's zone nor of its clocks' daylight saving time matters. All that is
/// remembered is up to where they are settled.
/// </remarks>
internal sealed record DueDecision
{
    /// <summary>How late a job without catch-up may start: the longest time between two checks, an hour, is what a late trigger can cost.</summary>
    public static readonly TimeSpan DefaultTolerance = TimeSpan.FromHours(1);

    /// <summary>How far the clock may be set back before what it has settled since is taken for a mistake.</summary>
    public static readonly TimeSpan LargestStepBack = TimeSpan.FromDays(1);

    /// <summary>A trigger may come so long before its time: a clock is slewed, and Task Scheduler's timers have a coarse grain.</summary>
    public static readonly TimeSpan Early = TimeSpan.FromSeconds(5);

    /// <summary>True when the job is to run now.</summary>
    public required bool IsDue { get; init; }

    /// <summary>The occurrence that is due, or the last one that was missed; null when there is neither.</summary>
    public ScheduleOccurrence? Occurrence { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The first occurrence that is not yet settled when this decision is kept.</summary>
    public ScheduleOccurrence? Next { get; init; }

    /// <summary>What to keep for the next decision.</summary>
    public required ScheduleMemory Memory { get; init; }

    /// <summary>Decides.</summary>
    /// <param name="schedule">When the job is due.</param>
    /// <param name="memory">What the last decision said to keep; null when there was none: then nothing of the past is due.</param>
    /// <param name="now">The instant of the question.</param>
    /// <param name="catchUp">Whether missed occurrences make one run now.</param>
    /// <param name="tolerance">Without catch-up: how late an occurrence may run.</param>
    /// <param name="changed">When the configuration was last written, as far as that is known.</param>
    public static DueDecision From(
        CronSchedule schedule, ScheduleMemory? memory, DateTimeOffset now, bool catchUp, TimeSpan tolerance, DateTimeOffset? changed = null)
    {
        DateTimeOffset until = now.ToUniversalTime() + Early;
        if (memory is null)
            return NotDue(schedule, ScheduleMemory.From(schedule, now), now, "This is the first check; nothing of the past is due.");
        if (!memory.IsOf(schedule))
        {
            // The old times are void, and the new ones count from when they were written. What is not newer than the memory was copied with its time.
            DateTimeOffset since = changed is { } time && time > memory.Settled && time <= now ? time : now;
            return Decide(schedule, ScheduleMemory.From(schedule, since), since, "The schedule was changed; its times count from then on.");
        }

        if (memory.Settled <= until)
            return Decide(schedule, memory with { SettledBehind = null }, Settled(schedule, memory), reason: null);
        if (memory.Settled - until <= LargestStepBack)
        {
            return NotDue(
                schedule, memory, memory.Settled, $"The clock was set back: everything up to {ScheduleText.Time(memory.Settled)} is settled already.");
        }

        DateTimeOffset behind = memory.SettledBehind is { } earlier && earlier <= until ? earlier : now.ToUniversalTime();
        return Decide(
            schedule, memory with { SettledBehind = behind }, behind,
            $"The clock was set back from {ScheduleText.Time(memory.Settled)} or later; nothing before {ScheduleText.Time(behind)} is due.");

        DueDecision Decide(CronSchedule schedule, ScheduleMemory kept, DateTimeOffset from, string? reason)
        {
            if (schedule.Last(from, until) is not { } last)
                return NotDue(schedule, kept, from, reason ?? "No time has come since the last check.");
            bool isLate = now - last.Utc > tolerance;
            ScheduleMemory settled = kept.SettledBehind is null
                ? ScheduleMemory.From(schedule, last.Utc)
                : kept with { SettledBehind = last.Utc };
            return new DueDecision
            {
                IsDue = catchUp || !isLate,
                Occurrence = last,
                Reason = (isLate, catchUp) switch
                {
                    (false, _) => $"Due at {last}.",
                    (true, true) => $"Missed at {last}; runs once now.",
                    _ => $"Missed at {last}; not caught up.",
                },
                Next = schedule.After(last.Utc),
                Memory = settled,
            };
        }
    }

    private static DueDecision NotDue(CronSchedule schedule, ScheduleMemory kept, DateTimeOffset after, string reason) => new()
    {
        IsDue = false,
        Reason = reason,
        Next = schedule.After(after),
        Memory = kept,
    };

    // When the machine's zone is another now, a time of day that has run must not run again, and one that has not must not be lost: what
    // counts is what the clocks had shown. A schedule of every hour has no such times.
    private static DateTimeOffset Settled(CronSchedule schedule, ScheduleMemory memory) =>
        memory.Zone == schedule.Zone.Name || schedule.Expression.FollowsRealTime
            ? memory.Settled
            : new DateTimeOffset(schedule.Zone.FirstAt(memory.SettledLocal).Utc, TimeSpan.Zero);
}
