namespace RsyncS3Backup.Metrics;

/// <summary>What can be wrong with a file of metrics that somebody asks for. What a run leaves is a warning instead.</summary>
internal static class MetricErrors
{
    /// <summary>The file cannot be written.</summary>
    public static BackupError NotWritten(string path, string reason) => BackupError.Make(
        ErrorIds.MetricsNotWritten,
        BackupErrorCategory.WriteError,
        $"The metrics cannot be written to '{path}': {reason}",
        "Give -FilePath a file in a folder that is there and that you may write, or leave -FilePath out to get the text.",
        path,
        BackupExitCode.BadConfiguration);
}
