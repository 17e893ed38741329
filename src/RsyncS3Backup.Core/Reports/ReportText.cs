using System.Globalization;

namespace RsyncS3Backup.Reports;

/// <summary>The words and numbers of reports; the same in every culture.</summary>
internal static class ReportText
{
    /// <summary>A number with separators.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number of things.</summary>
    public static string Count(long number, string one, string many) => $"{Number(number)} {(number == 1 ? one : many)}";

    /// <summary>A status in words.</summary>
    public static string Status(BackupJobStatus status) => status switch
    {
        BackupJobStatus.NeverRan => "Never ran",
        BackupJobStatus.SucceededWithWarnings => "Warnings",
        _ => status.ToString(),
    };

    /// <summary>How a run ended, in words.</summary>
    public static string Status(BackupRun run) => run.Status switch
    {
        null => "Running",
        _ when run.IsInterrupted => "Interrupted",
        BackupStatus.SucceededWithWarnings => "Warnings",
        { } status => status.ToString(),
    };

    /// <summary>A status, and what is wrong beside it, e.g. <c>Succeeded, overdue</c>.</summary>
    public static string StatusOf(BackupReport row) => string.Join(", ", BesideOf(row).Prepend(MainOf(row)));

    /// <summary>The status alone.</summary>
    public static string MainOf(BackupReport row) =>
        row.Name.Length == 0 && row.Status == BackupJobStatus.Unknown ? "Silent" : Status(row.Status);

    /// <summary>What is wrong beside it.</summary>
    public static IEnumerable<string> BesideOf(BackupReport row)
    {
        if (row.IsOverdue)
            yield return "overdue";
        if (row.LastTestStatus == BackupStatus.Failed)
            yield return "copies differ";
        else if (row.IsTestOverdue)
            yield return "test overdue";
    }

    /// <summary>A day, e.g. <c>2 Nov</c>.</summary>
    public static string Day(DateTime day) => day.ToString("d MMM", CultureInfo.InvariantCulture);

    /// <summary>A time to the minute, in a zone.</summary>
    public static string Time(DateTimeOffset time, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>An amount, e.g. <c>$1.25</c> or <c>1.25 EUR</c>; with more digits where it is small.</summary>
    public static string Money(decimal amount, string? currency)
    {
        // Four digits tell the price of ten requests; what is less is not nothing.
        string text = amount switch
        {
            0 => "0.00",
            > 0 and < 0.0001m => "<0.0001",
            < 0.01m and > -0.01m => amount.ToString("0.0000", CultureInfo.InvariantCulture),
            _ => amount.ToString("#,0.00", CultureInfo.InvariantCulture),
        };
        return currency is null or "USD" ? (text[0] == '<' ? "<$" + text[1..] : "$" + text) : $"{text} {currency}";
    }

    /// <summary>A size with its sign.</summary>
    public static string Growth(long bytes) => (bytes > 0 ? "+" : bytes < 0 ? "−" : "±") + HumanText.Bytes(Math.Abs(bytes));

    /// <summary>What a stage 1 changed, e.g. <c>+3 ~2 −1</c>.</summary>
    public static string Changes(RsyncStageResult? stage) => stage is null
        ? ""
        : $"+{Number(stage.Created)} ~{Number(stage.Updated + stage.MetadataChanged)} −{Number(stage.Deleted)}";

    /// <summary>A text of one line that is not too long for a row.</summary>
    public static string Line(string text)
    {
        string line = ShownText.OneLine(text.Trim());
        return line.Length <= LongestLine ? line : line[..(char.IsHighSurrogate(line[LongestLine - 2]) ? LongestLine - 2 : LongestLine - 1)] + "…";
    }

    private const int LongestLine = 300;
}
