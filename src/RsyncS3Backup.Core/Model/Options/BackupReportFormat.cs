namespace RsyncS3Backup;

/// <summary>What a report is written as.</summary>
public enum BackupReportFormat
{
    /// <summary>One HTML file with pictures, that needs nothing else.</summary>
    Html,

    /// <summary>Text with tables in Markdown, for a ticket or a wiki.</summary>
    Markdown,

    /// <summary>The rows alone, separated by commas, for a sheet.</summary>
    Csv,
}
