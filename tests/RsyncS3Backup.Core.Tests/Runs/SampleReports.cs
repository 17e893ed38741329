using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>Runs to tell of.</summary>
internal static class SampleReports
{
    public static RunReport Good { get; } = new()
    {
        Name = "photos",
        RunId = "20260102T030405Z-abc123",
        Status = BackupStatus.Succeeded,
        ExitCode = BackupExitCode.Succeeded,
        StartTime = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Duration = TimeSpan.FromSeconds(75),
        HostName = "nas",
        LogPath = "/state/photos/logs/a.jsonl",
        Stage1 = new RsyncStageResult
        {
            Name = "photos",
            RunId = "20260102T030405Z-abc123",
            Status = BackupStatus.Succeeded,
            Source = ["/data"],
            Destination = "/mirror",
            Created = 12,
            Updated = 2,
            MetadataChanged = 1,
            Deleted = 1,
            Total = 2000,
            TransferredBytes = 5 * 1024 * 1024,
            Duration = TimeSpan.FromSeconds(3),
        },
        Stage2 = new S3SyncStageResult
        {
            Name = "photos",
            RunId = "20260102T030405Z-abc123",
            Status = BackupStatus.Succeeded,
            Path = "/mirror",
            BucketName = "my-backups",
            KeyPrefix = "rsync/photos/",
            StorageClass = "STANDARD",
            Created = 12,
            TransferredBytes = 5 * 1024 * 1024,
            Duration = TimeSpan.FromSeconds(70),
        },
    };

    public static RunReport Bad { get; } = Good with
    {
        Status = BackupStatus.Failed,
        ExitCode = BackupExitCode.Refused,
        Stage1 = Good.Stage1! with
        {
            Status = BackupStatus.Failed,
            Error = new BackupError
            {
                Id = "SourceMissing",
                Category = BackupErrorCategory.ObjectNotFound,
                Message = "The source '/data/<photos> & more' does not exist.\nIt was here.",
                RecommendedAction = "Check the path.",
                Target = "/data",
                ExitCode = BackupExitCode.Refused,
            },
            Warnings = [.. Enumerable.Range(1, 30).Select(i => $"warning {i}")],
        },
        Stage2 = Good.Stage2! with { Status = BackupStatus.Skipped, SkippedReason = "Stage 1 failed (SourceMissing); the bucket was not touched." },
    };

    public static RunReport Warned { get; } = Good with
    {
        Status = BackupStatus.SucceededWithWarnings,
        Stage1 = Good.Stage1! with { Status = BackupStatus.SucceededWithWarnings, Warnings = ["2 files vanished."] },
    };
}
