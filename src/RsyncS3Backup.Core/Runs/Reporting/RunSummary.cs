using System.Globalization;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Reports;

namespace RsyncS3Backup.Runs.Reporting;

/// <summary>A run in the words of a message to a person.</summary>
internal static class RunSummary
{
    private const int LongestText = 500;
    private const int Items = 5;
    private const int JobsOfADigest = 20;

    /// <summary>One line: which job, where, how it ended, and what changed or why it failed.</summary>
    public static string Subject(RunReport report) => report.Digest is { } digest ? $"{report.Name}: {digest.Summary}" : Shorten(ShownText.OneLine($"{report.Name} on {report.HostName}: {News(report)}"), 250);

    private static string News(RunReport report)
    {
        if (report is { IsOverdueNotice: true, Age: { } age })
        {
            string kind = report.OverdueTest is { } level ? $"test ({level})" : "run";
            return $"OVERDUE, no good {kind} for {HumanText.Duration(age.Waited ?? TimeSpan.Zero)}; "
                + $"{HumanText.Duration(age.MaxAge ?? TimeSpan.Zero)} are allowed";
        }

        if (report.IsTest)
            return "a test message; no run has ended";
        if (Ended(report) is { Length: > 0 } how)
            return $"{how}, {(report.Error is { } problem ? Short(problem) : Found(report))}";
        string what = report.Error is { } error && report.Event == NotificationEvent.Failure ? Short(error) : Changes(report);
        string duration = report.Duration is { } took && report.Error is null ? $" in {HumanText.Duration(took)}" : "";
        return $"{Words(report.Status)}{(what.Length > 0 ? ", " : "")}{what}{duration}";

        static string Short(BackupError error) => $"{error.Id}: {FirstLine(error.Message)}";
    }

    /// <summary>The job and how it ended, for a title.</summary>
    public static string Title(RunReport report)
    {
        if (report.Digest is { } digest)
            return $"{report.Name}: {(digest.Urgent.Any() ? "ATTENTION" : digest.WorthALook.Any() ? "worth a look" : "all well")}";
        string how = report.IsTest ? "test"
            : report.IsOverdueNotice ? "OVERDUE"
            : Ended(report) is { Length: > 0 } ended ? ended
            : Words(report.Status);
        return Shorten(ShownText.OneLine($"{report.Name}: {how}"), 140);
    }

    /// <summary>What a person wants to know beyond that, from the most important to the least.</summary>
    public static IEnumerable<(string Label, string Text)> Details(RunReport report)
    {
        if (report.Digest is { } digest)
        {
            foreach ((string label, string text) in Jobs(digest))
                yield return (label, text);
            yield break;
        }

        if (report.Age is { } age)
            yield return (report.OverdueTest is null ? "Last good run" : "Last good test", LastGoodRun(age));
        if (report.IsOverdueNotice && report.Error is null)
            yield return ("What to do", Overdue(report));
        if (report.Error is { } error)
        {
            yield return ("Error", Shorten($"{error.Id}: {error.Message}", LongestText));
            yield return ("What to do", Shorten(WhatToDo(report, error), LongestText));
        }

        if (report.Stage1 is { } stage1)
            yield return ("Mirror", Stage(stage1.Status, stage1.SkippedReason ?? stage1.PausedReason, Counts(stage1), stage1.TransferredBytes, stage1.Duration, stage1.Destination));
        if (report.Stage2 is { } stage2)
        {
            string where = stage2.BucketName is null ? "" : $"s3://{stage2.BucketName}/{stage2.KeyPrefix}";
            yield return ("S3", Stage(stage2.Status, stage2.SkippedReason ?? stage2.PausedReason, Counts(stage2), stage2.TransferredBytes, stage2.Duration, where));
        }

        if (report.Kind != BackupRunKind.Backup)
            yield return (report.Kind.ToString(), Found(report));
        foreach ((string label, string text) in Problems(report))
            yield return (label, text);
        yield return ("Host", report.HostName);
        if (report.StartTime != default)
            yield return ("Started", report.StartTime.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture));
        if (report.Duration is { } duration)
            yield return ("Duration", HumanText.Duration(duration));
        if (report.LogPath is { } log)
            yield return ("Log", log);
        if (report.RunId.Length > 0)
            yield return ("Run", report.RunId);
    }

    /// <summary>The whole message as plain text.</summary>
    public static string PlainText(RunReport report)
    {
        IEnumerable<string> details = Details(report).Select(detail => $"{detail.Label}: {detail.Text.Replace("\n", "\n    ", StringComparison.Ordinal)}");
        return $"{Subject(report)}\n\n{string.Join('\n', details)}\n";
    }

    /// <summary>A text of at most so many characters.</summary>
    public static string Shorten(string text, int longest)
    {
        if (text.Length <= longest)
            return text;
        // Not between the halves of a surrogate pair.
        int end = char.IsHighSurrogate(text[longest - 2]) ? longest - 2 : longest - 1;
        return text[..end] + "…";
    }

    private static IEnumerable<(string Label, string Text)> Jobs(FleetReport digest)
    {
        IReadOnlyList<ReportedJob> news = digest.News;
        foreach (BackupReport row in news.Take(JobsOfADigest).Select(job => job.Row))
        {
            string name = ShownText.OneLine(row.Name.Length > 0 ? $"{row.Name} on {row.HostName}" : row.HostName);
            yield return (Shorten(name, 140), Shorten($"{ReportText.StatusOf(row)}. {row.Reason} {row.RecommendedAction}".TrimEnd(), LongestText));
        }

        if (news.Count > JobsOfADigest)
            yield return ("Others", $"{ReportText.Count(news.Count - JobsOfADigest, "more job", "more jobs")} with something to look at");
        ReportedJob[] well = [.. digest.Jobs.Where(job => job.Urgency == 0)];
        if (well.Length > 0)
            yield return ("Well", $"{ReportText.Count(well.Length, "job", "jobs")}, {HumanText.Bytes(well.Sum(job => job.Row.Bytes ?? 0))}");
        yield return ("Made", ReportText.Time(digest.Now, digest.Zone));
    }

    private static string LastGoodRun(SuccessAge age)
    {
        string when = age.LastSuccess is { } success
            ? $"{success.ToString("yyyy-MM-dd HH:mm zzz", CultureInfo.InvariantCulture)}, {HumanText.Duration(age.Age!.Value)} ago"
            : "none is on record";
        return age.MaxAge is { } most ? $"{when}; {HumanText.Duration(most)} are allowed{(age.IsOverdue ? ": OVERDUE" : "")}" : when;
    }

    private static string Overdue(RunReport report)
    {
        string kind = report.OverdueTest is null ? "" : " -Kind Test";
        string quoted = $"'{report.Name.Replace("'", "''", StringComparison.Ordinal)}'";
        return $"See 'Get-BackupHistory {quoted}{kind} -Last 5' for what became of its runs, and 'Get-BackupSchedule {quoted}' for what starts it.";
    }

    private static IEnumerable<(string Label, string Text)> Problems(RunReport report)
    {
        string[] warnings =
        [
            .. report.Stage1?.Warnings ?? [], .. report.Stage2?.Warnings ?? [], .. report.Test?.Warnings ?? [], .. report.Repair?.Warnings ?? [],
        ];
        if (warnings.Length > 0)
            yield return ("Warnings", Several(warnings));
        string[] failed = [.. FailedItems(report).Select(item => item.ToString())];
        if (failed.Length > 0)
            yield return ("Failed", Several(failed));
        string[] hooks = [.. report.Hooks.Where(hook => hook.Error is not null).Select(hook => hook.Error!.Message)];
        if (hooks.Length > 0)
            yield return ("Hooks", Several(hooks));
        string[] untold = [.. report.Notifications.Where(sent => sent.Error is not null).Select(sent => sent.Error!.Message).Distinct()];
        if (untold.Length > 0)
            yield return ("Not told", Several(untold));
    }

    // The error of a stage may send the reader to its failed entries: where one thing mends all of them, it is said here.
    private static string WhatToDo(RunReport report, BackupError error)
    {
        string[] ways = [.. FailedItems(report).Select(item => item.RecommendedAction).Distinct()];
        return ways.Length == 1 && ways[0] != error.RecommendedAction
            ? $"{ways[0]} {error.RecommendedAction}"
            : error.RecommendedAction;
    }

    private static IEnumerable<BackupError> FailedItems(RunReport report) =>
        (report.Stage1?.FailedItems ?? []).Concat(report.Stage2?.FailedItems ?? [])
            .Concat(report.Test?.FailedItems ?? []).Concat(report.Repair?.FailedItems ?? []);

    /// <summary>How a test or a repair ended, e.g. <c>test (Full) FAILED</c>; empty for a backup.</summary>
    private static string Ended(RunReport report) => report switch
    {
        { Test: { } test } => $"test ({test.Level}) {Words(report.Status)}",
        { Repair: not null } => $"repair {Words(report.Status)}",
        _ => "",
    };

    private static string Found(RunReport report)
    {
        if (report.Repair is { } repair)
        {
            return Counted(
                repair.Duration, (repair.RepairedInMirror, "repaired in the mirror"), (repair.RepairedInS3, "repaired in S3"), (repair.Skipped, "left"),
                (repair.Failed, "failed"));
        }

        BackupDifferenceCounts kinds = report.Test!.DifferenceCounts;
        return Counted(
            report.Test.Duration, (report.Test.Total, "entries"), (report.Test.Restored, "restored"), (kinds.MissingInS3, "missing in S3"),
            (kinds.MissingInMirror, "missing in the mirror"), (kinds.ContentDiffers, "with another content"), (kinds.MetadataDiffers, "with other attributes"),
            (kinds.MirrorCorrupted, "damaged in the mirror"), (kinds.S3Corrupted, "damaged in S3"), (kinds.ChangedOutside, "changed outside"),
            (kinds.NotYetSent, "not sent yet"), (report.Test.Failed, "not looked at"));
    }

    private static string Counted(TimeSpan took, params (long Count, string What)[] all)
    {
        string text = string.Join(", ", all.Where(item => item.Count > 0)
            .Select(item => $"{item.Count.ToString("N0", CultureInfo.InvariantCulture)} {item.What}"));
        return $"{(text.Length > 0 ? text : "nothing")} in {HumanText.Duration(took)}";
    }

    private static string Changes(RunReport report)
    {
        List<string> parts = [];
        if (report.Stage1 is { Status: not BackupStatus.Skipped } stage1)
            parts.Add(Counts(stage1));
        if (report.Stage2 is { Status: not BackupStatus.Skipped } stage2)
        {
            if (stage2.TransferredBytes > 0)
                parts.Add($"{HumanText.Bytes(stage2.TransferredBytes)} sent to S3");
            if (stage2.CopiedBytes > 0)
                parts.Add($"{HumanText.Bytes(stage2.CopiedBytes)} copied inside S3");
            if (stage2.TransferredBytes + stage2.CopiedBytes == 0)
                parts.Add("nothing to send to S3");
        }

        return string.Join(", ", parts);
    }

    private static string Counts(RsyncStageResult stage) => Counts(stage.Created, stage.Updated + stage.MetadataChanged, stage.Deleted, stage.Failed);

    private static string Counts(S3SyncStageResult stage) =>
        Counts(stage.Created, stage.Updated + stage.MetadataChanged, stage.Deleted, stage.Failed);

    private static string Counts(long created, long changed, long deleted, long failed)
    {
        (long Count, string What)[] all = [(created, "new"), (changed, "changed"), (deleted, "deleted"), (failed, "failed")];
        string text = string.Join(", ", all.Where(item => item.Count > 0)
            .Select(item => $"{item.Count.ToString("N0", CultureInfo.InvariantCulture)} {item.What}"));
        return text.Length > 0 ? text : "nothing changed";
    }

    private static string Stage(BackupStatus status, string? reason, string counts, long bytes, TimeSpan duration, string where)
    {
        if (status == BackupStatus.Skipped)
            return $"skipped. {reason}";
        string text = $"{Words(status)}, {counts}, {HumanText.Bytes(bytes)} in {HumanText.Duration(duration)}";
        return (where.Length > 0 ? $"{text} ({where})" : text) + (reason is null ? "" : $". {reason}");
    }

    private static string Words(BackupStatus? status) => status switch
    {
        null => "started",
        BackupStatus.Succeeded => "succeeded",
        BackupStatus.SucceededWithWarnings => "succeeded with warnings",
        BackupStatus.Failed => "FAILED",
        BackupStatus.Cancelled => "cancelled",
        BackupStatus.Paused => "paused",
        _ => "skipped",
    };

    private static string Several(string[] texts)
    {
        string shown = string.Join('\n', texts.Take(Items).Select(text => Shorten(ShownText.OneLine(text), LongestText)));
        return texts.Length > Items ? $"{shown}\n… and {texts.Length - Items} more" : shown;
    }

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd();
}
