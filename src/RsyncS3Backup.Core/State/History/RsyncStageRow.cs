using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>Stage 1 as a row: written and read in the same order.</summary>
internal static class RsyncStageRow
{
    /// <summary>Writes what stage 1 did.</summary>
    public static void Write(RowWriter row, RsyncStageResult stage)
    {
        long[] numbers =
        [
            stage.StartTime.UtcTicks, stage.Duration.Ticks, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged,
            stage.Failed, stage.Total, stage.TotalBytes, stage.TransferredBytes,
        ];
        row.Add(stage.Status.ToString()).Add(CellText.Numbers(numbers)).Add(stage.SkippedReason).Add(stage.Destination)
            .Add(CellText.Problems(stage.Error, stage.FailedItems, stage.Warnings))
            .Add(CellText.Json(json => ProblemsJson.WriteTexts(json, stage.Source)))
            .Add(stage.RsyncVersion).Add(stage.RsyncExitCode);
    }

    /// <summary>What it did, as it was written.</summary>
    public static RsyncStageResult Read(BackupRun run, ref RowReader row)
    {
        StageCells common = new(ref row, out _);
        string sources = row.Text() ?? "[]";
        using JsonDocument document = JsonDocument.Parse(sources);
        return new RsyncStageResult
        {
            Name = run.Name,
            RunId = run.RunId,
            Status = common.Status,
            Source = ProblemsJson.ReadTexts(document.RootElement),
            Destination = common.Mirror,
            StartTime = common.Started,
            Duration = common.Duration,
            Created = common.Created,
            Updated = common.Updated,
            MetadataChanged = common.MetadataChanged,
            Deleted = common.Deleted,
            Unchanged = common.Unchanged,
            Failed = common.Failed,
            Total = common.Total,
            TotalBytes = common.TotalBytes,
            TransferredBytes = common.TransferredBytes,
            SkippedReason = common.SkippedReason,
            Error = common.Error,
            FailedItems = common.FailedItems,
            Warnings = common.Warnings,
            LogPath = run.LogPath,
            RsyncVersion = row.Text(),
            RsyncExitCode = (int?)row.NumberOrNull(),
        };
    }
}
