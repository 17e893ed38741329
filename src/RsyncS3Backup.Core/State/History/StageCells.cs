using System.Text.Json;

namespace RsyncS3Backup.State.History;

/// <summary>What the rows of both stages have.</summary>
internal sealed class StageCells
{
    public StageCells(ref RowReader row, out NumberReader numbers)
    {
        Status = Enum.Parse<BackupStatus>(row.Text()!);
        numbers = new NumberReader(row.Bytes());
        Started = HistoryRows.Time(numbers.Next());
        Duration = TimeSpan.FromTicks(numbers.Next());
        Created = numbers.Next();
        Updated = numbers.Next();
        MetadataChanged = numbers.Next();
        Deleted = numbers.Next();
        Unchanged = numbers.Next();
        Failed = numbers.Next();
        Total = numbers.Next();
        TotalBytes = numbers.Next();
        TransferredBytes = numbers.Next();
        SkippedReason = row.Text();
        Mirror = row.Text()!;
        if (row.Text() is not { } problems)
            return;
        using JsonDocument document = JsonDocument.Parse(problems);
        (Error, FailedItems, Warnings) = ProblemsJson.Read(document.RootElement);
    }

    public BackupStatus Status { get; }

    public DateTimeOffset Started { get; }

    public TimeSpan Duration { get; }

    public long Created { get; }

    public long Updated { get; }

    public long MetadataChanged { get; }

    public long Deleted { get; }

    public long Unchanged { get; }

    public long Failed { get; }

    public long Total { get; }

    public long TotalBytes { get; }

    public long TransferredBytes { get; }

    public string? SkippedReason { get; }

    public string Mirror { get; }

    public BackupError? Error { get; }

    public IReadOnlyList<BackupError> FailedItems { get; } = [];

    public IReadOnlyList<string> Warnings { get; } = [];
}
