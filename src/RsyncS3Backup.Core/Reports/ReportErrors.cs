namespace RsyncS3Backup.Reports;

/// <summary>What can be wrong with a report.</summary>
internal static class ReportErrors
{
    /// <summary>The file cannot be written.</summary>
    public static BackupError NotWritten(string path, string reason) => BackupError.Make(
        ErrorIds.ReportNotWritten,
        BackupErrorCategory.WriteError,
        $"The report cannot be written to '{path}': {reason}",
        "Give -Path a file in a folder that is there and that you may write.",
        path,
        BackupExitCode.BadConfiguration);

    /// <summary>Nothing says what it is to be.</summary>
    public static BackupError FormatNotKnown(string path) => BackupError.Make(
        ErrorIds.InvalidParameter,
        BackupErrorCategory.InvalidArgument,
        $"What the report is to be does not follow from the name of '{path}'.",
        "Let the name end in .html, .md or .csv, or give -Format.",
        path,
        BackupExitCode.BadConfiguration);
}
