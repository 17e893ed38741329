using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What is known of the copies as a whole while they are compared.</summary>
internal sealed class TestFacts
{
    private readonly Lazy<StageOneChanges?> stageOne;
    private string? unread;

    /// <param name="readStageOne">Reads what stage 1 changed and no stage 2 has carried out; gives null when that is not known.</param>
    public TestFacts(Func<StageOneChanges?> readStageOne)
    {
        // Only differences ask, so a clean backup costs no memory.
        stageOne = new Lazy<StageOneChanges?>(readStageOne);
    }

    /// <summary>False when a bucket is tested alone.</summary>
    public required bool HasMirror { get; init; }

    /// <summary>True when the catalog knows everything that was sent.</summary>
    public required bool IsCatalogComplete { get; init; }

    /// <summary>True when stage 2 deletes what the mirror no longer has.</summary>
    public required bool DeletesFromS3 { get; init; }

    /// <summary>True when it does not delete that at once, so that what is noted as gone belongs there for a while.</summary>
    public bool DeletesLater { get; init; }

    /// <summary>True for keys that the job's patterns keep from S3.</summary>
    public required Func<string, bool> IsExcluded { get; init; }

    /// <summary>Notes a folder that could not be read: what is beneath it may be there.</summary>
    public void CouldNotRead(MirrorEntry entry)
    {
        if (entry.RelativeKey.EndsWith('/'))
            unread = entry.RelativeKey;
    }

    /// <summary>True for keys beneath the last folder that could not be read.</summary>
    public bool IsProtected(string relativeKey) => unread is not null && relativeKey.StartsWith(unread, StringComparison.Ordinal);

    /// <summary>Whether stage 1 changed an entry since the last stage 2; null when that is not known.</summary>
    public bool? StageOneChanged(string relativeKey) => stageOne.Value?.Contains(relativeKey);
}
