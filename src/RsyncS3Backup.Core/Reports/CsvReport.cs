using System.Buffers;
using System.Globalization;
using System.Text;

namespace RsyncS3Backup.Reports;

/// <summary>The rows of a report separated by commas (RFC 4180), with the names of their properties. Pure.</summary>
internal static class CsvReport
{
    private static readonly (string Name, Func<BackupReport, string?> Value)[] Columns =
    [
        (nameof(BackupReport.HostName), row => Text(row.HostName)),
        (nameof(BackupReport.Name), row => Text(row.Name)),
        (nameof(BackupReport.Status), row => row.Status.ToString()),
        (nameof(BackupReport.NeedsAttention), row => Flag(row.NeedsAttention)),
        (nameof(BackupReport.Reason), row => Text(row.Reason)),
        (nameof(BackupReport.RecommendedAction), row => Text(row.RecommendedAction)),
        (nameof(BackupReport.LastRun), row => Time(row.LastRun)),
        (nameof(BackupReport.LastSuccess), row => Time(row.LastSuccess)),
        (nameof(BackupReport.Age), row => Duration(row.Age)),
        (nameof(BackupReport.MaxAge), row => Duration(row.MaxAge)),
        (nameof(BackupReport.IsOverdue), row => Flag(row.IsOverdue)),
        (nameof(BackupReport.Entries), row => Number(row.Entries)),
        (nameof(BackupReport.Bytes), row => Number(row.Bytes)),
        (nameof(BackupReport.BucketBytes), row => Number(row.BucketBytes)),
        (nameof(BackupReport.GrowthBytes), row => Number(row.GrowthBytes)),
        (nameof(BackupReport.Changed), row => Number(row.Changed)),
        (nameof(BackupReport.UploadedBytes), row => Number(row.UploadedBytes)),
        (nameof(BackupReport.Duration), row => Duration(row.Duration)),
        (nameof(BackupReport.Requests), row => Number(row.Requests)),
        (nameof(BackupReport.Cost), row => row.Cost?.ToString("0.##########", CultureInfo.InvariantCulture)),
        (nameof(BackupReport.Currency), row => Text(row.Currency)),
        (nameof(BackupReport.LastTest), row => Time(row.LastTest)),
        (nameof(BackupReport.LastTestStatus), row => row.LastTestStatus?.ToString()),
        (nameof(BackupReport.Differences), row => Number(row.Differences)),
        (nameof(BackupReport.IsTestOverdue), row => Flag(row.IsTestOverdue)),
        (nameof(BackupReport.NextRun), row => Time(row.NextRun)),
        (nameof(BackupReport.BucketName), row => Text(row.BucketName)),
        (nameof(BackupReport.KeyPrefix), row => Text(row.KeyPrefix)),
    ];

    // Of sheets in some countries the semicolon too.
    private static readonly SearchValues<char> Separators = SearchValues.Create("\",;\t\r\n");

    /// <summary>The text; the first line names the columns.</summary>
    public static string Of(FleetReport report)
    {
        StringBuilder text = new();
        text.AppendJoin(',', Columns.Select(column => column.Name)).Append("\r\n");
        foreach (BackupReport row in report.Jobs.Select(job => job.Row))
            text.AppendJoin(',', Columns.Select(column => Quoted(column.Value(row) ?? ""))).Append("\r\n");
        return text.ToString();
    }

    private static string Quoted(string value) =>
        value.AsSpan().ContainsAny(Separators) ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;

    // What begins so is a formula to a sheet, and a job's name comes from another machine (OWASP, "CSV Injection").
    private static string? Text(string? text)
    {
        string? shown = text is null ? null : ShownText.Of(text);
        return shown is ['=' or '+' or '-' or '@' or '\uFF1D' or '\uFF0B' or '\uFF0D' or '\uFF20', ..] ? "'" + shown : shown;
    }

    private static string? Time(DateTimeOffset? time) => time?.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static string? Duration(TimeSpan? duration) => duration?.ToString("c", CultureInfo.InvariantCulture);

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Flag(bool flag) => flag ? "True" : "False";
}
