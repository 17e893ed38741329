namespace RsyncS3Backup.Reports;

/// <summary>What is known of jobs on any number of machines.</summary>
internal sealed record FleetReport
{
    /// <summary>When it was made.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>From when on runs are in it.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The zone that times are told in.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Local;

    /// <summary>The jobs: what needs a person first, then by machine and name.</summary>
    public required IReadOnlyList<ReportedJob> Jobs { get; init; }

    /// <summary>The jobs by machine and name.</summary>
    public IEnumerable<ReportedJob> ByHost => Jobs
        .OrderBy(job => job.Row.HostName, StringComparer.OrdinalIgnoreCase)
        .ThenBy(job => job.Row.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The machines.</summary>
    public int Hosts => Jobs.Select(job => job.Row.HostName).Distinct(StringComparer.OrdinalIgnoreCase).Count();

    /// <summary>The jobs without the rows that stand for machines.</summary>
    public int JobCount => Jobs.Count(job => job.Row.Name.Length > 0);

    /// <summary>Those that need a person at once.</summary>
    public IEnumerable<ReportedJob> Urgent => Jobs.Where(job => job.Urgency == 2);

    /// <summary>Those that are worth a look.</summary>
    public IEnumerable<ReportedJob> WorthALook => Jobs.Where(job => job.Urgency == 1);

    /// <summary>Those that are told of by themselves: what needs a person first.</summary>
    public IReadOnlyList<ReportedJob> News => [.. Urgent, .. WorthALook];

    /// <summary>What it says in one sentence.</summary>
    public string Summary
    {
        get
        {
            string of = $"{ReportText.Count(JobCount, "job", "jobs")} on {ReportText.Count(Hosts, "machine", "machines")}";
            int urgent = Urgent.Count(job => job.Row.Name.Length > 0);
            int silent = Urgent.Count() - urgent;
            string quiet = silent == 0 ? "" : $"nothing came from {ReportText.Count(silent, "machine", "machines")}";
            string needs = $"{ReportText.Number(urgent)} of {of} {(urgent == 1 ? "needs" : "need")} attention";
            return Jobs.Count == 0 ? "No job is known."
                : urgent > 0 ? $"{needs}{(silent > 0 ? ", and " : "")}{quiet}."
                : silent > 0 ? $"{char.ToUpperInvariant(quiet[0])}{quiet[1..]}; {of} are known."
                : WorthALook.Any() ? $"All of {of} are backed up; {ReportText.Number(WorthALook.Count())} worth a look."
                : $"All of {of} are well.";
        }
    }

    /// <summary>What all runs of the time cost, by currency.</summary>
    public IReadOnlyList<(string Currency, decimal Cost)> Costs =>
    [
        .. Jobs.SelectMany(job => job.Runs).Select(ReportRow.CostOf).OfType<(string Currency, decimal Cost)>()
            .GroupBy(cost => cost.Currency, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, group.Sum(cost => cost.Cost))),
    ];
}
