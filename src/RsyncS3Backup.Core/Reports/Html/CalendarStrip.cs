using System.Globalization;

namespace RsyncS3Backup.Reports.Html;

/// <summary>The days of one job as a strip of squares: the worst that happened on each.</summary>
internal static class CalendarStrip
{
    private const int Step = 12;
    private const int Side = 10;

    /// <summary>How a run looks in it: the name of a class of the style.</summary>
    public static string Look(BackupRun run) => run switch
    {
        { Status: null } => "run",
        { Status: BackupStatus.Failed } => "bad",
        { Status: BackupStatus.Cancelled } => "stop",
        { Status: BackupStatus.Paused } => "pause",
        { Status: BackupStatus.SucceededWithWarnings } => "warn",
        { Status: BackupStatus.Succeeded } => "ok",
        _ => "skip",
    };

    /// <summary>Writes the strip.</summary>
    public static void Write(HtmlWriter html, TimeAxis axis, ReportedJob job)
    {
        BackupRun?[] worst = new BackupRun?[axis.Days];
        foreach (BackupRun run in job.Runs.Where(run => run.Kind == BackupRunKind.Backup && !ReportedJob.IsRefused(run)))
        {
            if (axis.Place(run.StartTime) is { } place && (worst[place] is not { } before || Rank(run) > Rank(before)))
                worst[place] = run;
        }

        html.Add($"<svg class=\"strip\" viewBox=\"0 0 {axis.Days * Step} {Step}\" role=\"img\" aria-label=\"{Words(axis, worst)}\">");
        for (int place = 0; place < axis.Days; place++)
        {
            int x = (place * Step) + 1;
            if (worst[place] is not { } run)
            {
                html.Add($"<rect class=\"none\" x=\"{x}\" y=\"1\" width=\"{Side}\" height=\"{Side}\" rx=\"2\"/>");
                continue;
            }

            string look = Look(run);
            html.Add($"<rect class=\"{look}\" x=\"{x}\" y=\"1\" width=\"{Side}\" height=\"{Side}\" rx=\"2\">")
                .Add($"<title>{Title(axis, place, run)}</title></rect>");
            // Not by colour alone: what is wrong has a sign too.
            if (look == "bad")
                html.Add($"<path class=\"sign\" d=\"M{x + 2.5} 3.5l5 5m0-5l-5 5\"/>");
            else if (look == "warn")
                html.Add($"<path class=\"sign\" d=\"M{x + 5} 3v3.5m0 1v1.2\"/>");
            else if (look == "stop")
                html.Add($"<path class=\"sign\" d=\"M{x + 2.5} 6h5\"/>");
        }

        html.Add($"</svg>");
    }

    /// <summary>The days in words, e.g. <c>28 good, 1 failed</c>.</summary>
    public static string Counts(TimeAxis axis, ReportedJob job)
    {
        (string Look, string Word)[] words =
            [("ok", "good"), ("warn", "with warnings"), ("bad", "failed"), ("stop", "stopped"), ("pause", "paused"),
            ("skip", "skipped")];
        ILookup<string, BackupRun> looks =
            job.Backups.Where(run => axis.Place(run.StartTime) is not null).ToLookup(Look, StringComparer.Ordinal);
        string text = string.Join(
            ", ",
            words.Where(word => looks[word.Look].Any()).Select(word => $"{ReportText.Number(looks[word.Look].Count())} {word.Word}"));
        return text.Length > 0 ? text : "no runs";
    }

    private static int Rank(BackupRun run) => Array.IndexOf(["skip", "ok", "pause", "run", "warn", "stop", "bad"], Look(run));

    private static string Title(TimeAxis axis, int place, BackupRun run)
    {
        string day = axis.Day(place).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return run.Error is { } error ? $"{day}: {ReportText.Status(run)}, {error.Id}" : $"{day}: {ReportText.Status(run)}";
    }

    private static string Words(TimeAxis axis, BackupRun?[] worst)
    {
        string[] wrong =
        [
            .. worst.Select((run, place) => (run, place)).Where(day => day.run is not null && Rank(day.run) >= 4)
                .Select(day => $"{ReportText.Day(axis.Day(day.place))} {ReportText.Status(day.run!)}"),
        ];
        int good = worst.Count(run => run is not null && Look(run) == "ok");
        string text = $"{ReportText.Day(axis.First)} to {ReportText.Day(axis.Last)}: {ReportText.Count(good, "good day", "good days")}, "
            + ReportText.Count(worst.Count(run => run is null), "day without a run", "days without a run");
        return wrong.Length > 0 ? $"{text}; {string.Join(", ", wrong)}" : text;
    }
}
