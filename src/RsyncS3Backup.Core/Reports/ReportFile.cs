using System.Text;
using RsyncS3Backup.Files;
using RsyncS3Backup.Reports.Html;

namespace RsyncS3Backup.Reports;

/// <summary>A report in a file.</summary>
internal static class ReportFile
{
    /// <summary>What its name says that a file is; null where it says nothing.</summary>
    public static BackupReportFormat? FormatOf(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".HTML" or ".HTM" => BackupReportFormat.Html,
        ".MD" or ".MARKDOWN" => BackupReportFormat.Markdown,
        ".CSV" => BackupReportFormat.Csv,
        _ => null,
    };

    /// <summary>A report as text.</summary>
    public static string Text(FleetReport report, BackupReportFormat format, string title) => format switch
    {
        BackupReportFormat.Markdown => MarkdownReport.Of(report, title),
        BackupReportFormat.Csv => CsvReport.Of(report),
        _ => HtmlReport.Of(report, title),
    };

    /// <summary>Writes a file that everybody may read, whole or not at all.</summary>
    /// <exception cref="BackupException">It cannot be written.</exception>
    public static void Write(string path, string text)
    {
        try
        {
            OwnFile.ReplaceForAll(path, Encoding.UTF8.GetBytes(text));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(ReportErrors.NotWritten(path, exception.Message), exception);
        }
    }
}
