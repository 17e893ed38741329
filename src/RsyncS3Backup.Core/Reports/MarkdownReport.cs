using System.Globalization;
using System.Text;

namespace RsyncS3Backup.Reports;

/// <summary>A report as Markdown with tables (GitHub Flavored Markdown), for tickets and wikis. Pure.</summary>
internal static class MarkdownReport
{
    // What means something to Markdown, or to those who read it: a name must not become a link, a picture, a mention or HTML.
    private const string Special = @"\`*_{}[]()#+!|~<>&@$";

    /// <summary>The text.</summary>
    public static string Of(FleetReport report, string title)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# {Escape(title)}\n\n{report.Summary}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Made {ReportText.Time(report.Now, report.Zone)} ({Escape(report.Zone.Id)}).\n");
        IReadOnlyList<ReportedJob> news = report.News;
        if (news.Count > 0)
        {
            text.Append("\n## What is wrong\n\n");
            foreach (BackupReport row in news.Select(job => job.Row))
            {
                text.Append(CultureInfo.InvariantCulture, $"- **{Escape(Named(row))}**: {Escape(ReportText.StatusOf(row))}. {Escape(row.Reason ?? "")}");
                text.Append(row.RecommendedAction is { } action ? $" {Escape(action)}\n" : "\n");
            }
        }

        if (report.Jobs.Count > 0)
            Table(text, report);
        return text.ToString();
    }

    private static void Table(StringBuilder text, FleetReport report)
    {
        text.Append("\n## All jobs\n\n");
        Row(text, ["Status", "Job", "Machine", "Last good run", "Age", "Mirror", "S3", "Growth", "Uploaded", "Took", "Cost", "Last test", "Next run"]);
        Row(text, ["---", "---", "---", "---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---", "---"]);
        foreach (BackupReport row in report.Jobs.Select(job => job.Row))
        {
            string?[] cells =
            [
                ReportText.StatusOf(row), row.Name, row.HostName, Time(row.LastSuccess), Duration(row.Age), Bytes(row.Bytes), Bytes(row.BucketBytes),
                row.GrowthBytes is { } growth ? ReportText.Growth(growth) : null, Bytes(row.UploadedBytes), Duration(row.Duration),
                row.Cost is { } cost ? ReportText.Money(cost, row.Currency) : null,
                Time(row.LastTest) + (row.LastTestStatus == BackupStatus.Failed ? " failed" : ""), Time(row.NextRun),
            ];
            Row(text, cells.Select(cell => Escape(cell ?? "")));
        }

        string? Time(DateTimeOffset? time) => time is { } known ? ReportText.Time(known, report.Zone) : null;
    }

    private static string? Bytes(long? bytes) => bytes is { } known ? HumanText.Bytes(known) : null;

    private static string? Duration(TimeSpan? duration) => duration is { } known ? HumanText.Duration(known) : null;

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Named(BackupReport row) => row.Name.Length > 0 ? $"{row.Name} on {row.HostName}" : row.HostName;

    private static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length + 8);
        foreach (char character in ShownText.Of(text))
        {
            // By their numbers those that have no escape, or become HTML in spite of it.
            if (character is '<' or '>' or '&' or '@' or '|')
                escaped.Append(CultureInfo.InvariantCulture, $"&#{(int)character};");
            else if (Special.Contains(character, StringComparison.Ordinal))
                escaped.Append('\\').Append(character);
            else
                escaped.Append(character);
        }

        // A colon before slashes is what makes a bare address a link, and so does this beginning.
        return escaped.Replace("://", "&#58;//").ToString().Replace("www.", "www&#46;", StringComparison.OrdinalIgnoreCase);
    }
}
