using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>Stage 2 as a row: written and read in the same order.</summary>
internal static class S3SyncStageRow
{
    /// <summary>Writes what stage 2 did.</summary>
    public static void Write(RowWriter row, S3SyncStageResult stage)
    {
        long[] numbers =
        [
            stage.StartTime.UtcTicks, stage.Duration.Ticks, stage.Created, stage.Updated, stage.MetadataChanged, stage.Deleted, stage.Unchanged,
            stage.Failed, stage.Total, stage.TotalBytes, stage.TransferredBytes, stage.Copied, stage.DeletedBytes, stage.Requests.Put,
            stage.Requests.Copy, stage.Requests.List, stage.Requests.Get, stage.Requests.Head, stage.Requests.Delete,
        ];
        // Later numbers come last, so that rows without them can still be read.
        decimal[] more = [stage.EstimatedRequestCost, stage.EstimatedListingCost, stage.PrunedSnapshots, CellText.Flag(stage.IsSnapshotComplete), stage.Attempts];
        row.Add(stage.Status.ToString()).Add(CellText.Numbers(numbers, more)).Add(stage.SkippedReason).Add(stage.Path)
            .Add(CellText.Problems(stage.Error, stage.FailedItems, stage.Warnings))
            .Add(stage.PrunedPrefixes.Count == 0 ? null : CellText.Json(json => ProblemsJson.WriteTexts(json, stage.PrunedPrefixes))).Skip(2)
            .Add(stage.BucketName).Add(stage.KeyPrefix).Add(stage.StorageClass).Add(stage.SyncMode?.ToString()).Add(stage.SyncModeReason);
    }

    /// <summary>What it did, as it was written.</summary>
    public static S3SyncStageResult Read(BackupRun run, ref RowReader row)
    {
        StageCells common = new(ref row, out NumberReader numbers);
        // Of a stage 1 the sources are there.
        using JsonDocument pruned = JsonDocument.Parse(row.Text() ?? "[]");
        row.Skip(2);
        return new S3SyncStageResult
        {
            Name = run.Name,
            RunId = run.RunId,
            Status = common.Status,
            Path = common.Mirror,
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
            BucketName = row.Text(),
            KeyPrefix = row.Text() ?? "",
            StorageClass = row.Text() ?? "",
            SyncMode = CellText.Word<S3SyncMode>(row.Text()),
            SyncModeReason = row.Text(),
            Copied = numbers.Next(),
            DeletedBytes = numbers.Next(),
            Requests = new S3RequestCounts
            {
                Put = numbers.Next(),
                Copy = numbers.Next(),
                List = numbers.Next(),
                Get = numbers.Next(),
                Head = numbers.Next(),
                Delete = numbers.Next(),
            },
            EstimatedRequestCost = numbers.NextDecimal(),
            EstimatedListingCost = numbers.NextDecimal(),
            PrunedSnapshots = numbers.NextOr(0),
            PrunedPrefixes = ProblemsJson.ReadTexts(pruned.RootElement),
            IsSnapshotComplete = numbers.NextOr(CellText.Unknown) is var flag && flag == CellText.Unknown ? null : flag != 0,
            Attempts = (int)numbers.NextOr(1),
        };
    }
}
