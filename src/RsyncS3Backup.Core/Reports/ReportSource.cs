namespace RsyncS3Backup.Reports;

/// <summary>Gathers what is known of jobs, in any order and from anywhere, and makes a report of it.</summary>
/// <param name="now">The instant that the report is made for.</param>
internal sealed class ReportSource(DateTimeOffset now)
{
    private readonly Dictionary<(string Host, string Name), Known> jobs = [];
    private readonly List<Failure> failures = [];
    private readonly List<string> expected = [];

    /// <summary>What a machine says of a job.</summary>
    public void Add(BackupJob job, string host) => Find(host, job.Name).Job = job;

    /// <summary>A run, a test or a repair. The same one may come twice, and its stages may come one by one.</summary>
    public void Add(BackupRun run, string host)
    {
        Dictionary<string, BackupRun> runs = Find(host, run.Name).Runs;
        runs[run.RunId] = runs.TryGetValue(run.RunId, out BackupRun? known) ? Together(known, run) : run;
    }

    /// <summary>A row of an earlier report. Of several of one job the newest counts; where that cannot be told, the one that needs a person.</summary>
    public void Add(BackupReport row)
    {
        Known known = Find(row.HostName, row.Name);
        if (known.Row is not { } other)
            known.Row = row;
        else if (row.LastRun is { } last && other.LastRun is { } before && last != before)
            known.Row = last > before ? row : other;
        else if (ReportedJob.UrgencyOf(row) >= ReportedJob.UrgencyOf(other))
            known.Row = row;
    }

    /// <summary>Something went wrong on a machine, or on the way to it.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="job">The job; null where that is not known.</param>
    /// <param name="message">What.</param>
    /// <param name="action">What to do; null where that is not known.</param>
    public void AddFailure(string host, string? job, string message, string? action) => failures.Add(new Failure(host, job, message, action));

    /// <summary>Machines of which something has to come.</summary>
    public void Expect(IEnumerable<string> hosts) => expected.AddRange(hosts.Select(HostNames.Of).Where(host => host.Length > 0));

    /// <summary>The rows of a whole report.</summary>
    public FleetReport Build(DateTimeOffset since)
    {
        // The row of a machine that was silent before says nothing once something came.
        HashSet<string> heard = [.. jobs.Keys.Where(key => key.Name.Length > 0).Select(key => key.Host)];
        List<ReportedJob> made =
            [.. jobs.Where(job => job.Key.Name.Length > 0 || !heard.Contains(job.Key.Host)).Select(job => job.Value.Of(now, since))];
        // As rows, because what differs beyond what they show is the same to a reader.
        BackupReport[] untold = [.. failures.Where(failure => !IsTold(failure, made)).Select(Row).Distinct()];
        made.AddRange(untold.Select(row => new ReportedJob(row, [])));
        string[] silent =
        [
            .. expected.Distinct(StringComparer.OrdinalIgnoreCase)
                .Where(host => !made.Exists(job => HostNames.AreSame(job.Row.HostName, host))),
        ];
        made.AddRange(silent.Select(host => new ReportedJob(Silent(host), [])));
        return new FleetReport
        {
            Now = now,
            Since = since,
            Jobs =
            [
                .. made.OrderByDescending(job => job.Urgency)
                    .ThenBy(job => job.Row.HostName, StringComparer.OrdinalIgnoreCase)
                    .ThenBy(job => job.Row.Name, StringComparer.OrdinalIgnoreCase),
            ],
        };
    }

    private Known Find(string host, string name)
    {
        host = HostNames.Of(host);
        (string, string) key = (host.ToUpperInvariant(), name);
        if (!jobs.TryGetValue(key, out Known? known))
            jobs[key] = known = new Known(host, name);
        return known;
    }

    // A result and its error record tell the same; so do the stage's error and that of each of its entries.
    private static bool IsTold(Failure failure, List<ReportedJob> made) => made.Exists(job =>
        HostNames.AreSame(job.Row.HostName, failure.Host)
        && (job.Row.Reason?.Contains(ReportText.Line(failure.Message), StringComparison.Ordinal) == true
            || job.Runs.Any(run => Errors(run).Any(error => error.Message == failure.Message))));

    private static IEnumerable<BackupError> Errors(BackupRun run) =>
        (run.Stage1?.FailedItems ?? []).Concat(run.Stage2?.FailedItems ?? []).Concat(run.Test?.FailedItems ?? [])
            .Concat(new[] { run.Stage1?.Error, run.Stage2?.Error, run.Test?.Error, run.Repair?.Error }.OfType<BackupError>());

    private static BackupReport Row(Failure failure) => new()
    {
        HostName = HostNames.Of(failure.Host),
        Name = failure.Job ?? "",
        Status = failure.Job is null ? BackupJobStatus.Unknown : BackupJobStatus.Failed,
        Reason = ReportText.Line(failure.Message),
        RecommendedAction = failure.Action is null ? null : ReportText.Line(failure.Action),
    };

    private static BackupReport Silent(string host) => new()
    {
        HostName = host,
        Name = "",
        Status = BackupJobStatus.Unknown,
        Reason = "Nothing came from this machine.",
        RecommendedAction = "See whether it is on and can be reached, and whether it has jobs.",
    };

    // Stage 1 and stage 2 that ran as a pipeline are two results of one run; the history has the whole.
    private static BackupRun Together(BackupRun first, BackupRun second)
    {
        RsyncStageResult? stage1 = first.Stage1 ?? second.Stage1;
        S3SyncStageResult? stage2 = first.Stage2 ?? second.Stage2;
        bool areParts = (first.Stage1 is null) != (second.Stage1 is null) && (first.Stage2 is null) != (second.Stage2 is null);
        BackupRun whole = (second.Status is not null && second.Duration >= (first.Duration ?? TimeSpan.Zero) ? second : first) with
        {
            Stage1 = stage1,
            Stage2 = stage2,
            LastSuccess = first.LastSuccess ?? second.LastSuccess,
        };
        return areParts
            ? whole with
            {
                StartTime = first.StartTime < second.StartTime ? first.StartTime : second.StartTime,
                Duration = first.Duration + second.Duration,
                Status = Worse(first.Status, second.Status),
            }
            : whole;
    }

    private static BackupStatus? Worse(BackupStatus? first, BackupStatus? second)
    {
        BackupStatus[] worstFirst =
            [BackupStatus.Failed, BackupStatus.Cancelled, BackupStatus.Paused, BackupStatus.SucceededWithWarnings, BackupStatus.Succeeded];
        return Array.Find(worstFirst, status => status == first || status == second) is var worst && (worst == first || worst == second)
            ? worst
            : BackupStatus.Skipped;
    }

    private sealed record Failure(string Host, string? Job, string Message, string? Action);

    private sealed class Known(string host, string name)
    {
        public BackupJob? Job { get; set; }

        public BackupReport? Row { get; set; }

        public Dictionary<string, BackupRun> Runs { get; } = new(StringComparer.Ordinal);

        public ReportedJob Of(DateTimeOffset now, DateTimeOffset since)
        {
            BackupRun[] newestFirst =
                [.. Runs.Values.OrderByDescending(run => run.StartTime).ThenByDescending(run => run.RunId, StringComparer.Ordinal)];
            bool isRowAll = Row is not null && Job is null && newestFirst.Length == 0;
            BackupReport row = isRowAll ? ReportRow.Aged(Row!, now) : ReportRow.Of(host, name, Job, newestFirst, now);
            return new ReportedJob(row, [.. newestFirst.TakeWhile(run => run.StartTime >= since)]);
        }
    }
}
