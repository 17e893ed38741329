using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync;

/// <summary>How one pass over one source ended.</summary>
/// <param name="Leg">The source and its folder in the mirror.</param>
/// <param name="Pass">What the pass was to do.</param>
/// <param name="Code">rsync's exit code.</param>
/// <param name="Statistics">What rsync counted.</param>
/// <param name="Errors">What rsync said on its standard error.</param>
/// <param name="IsBlockedForNow">True when entries are in the way of others and the pass that deletes will remove them.</param>
internal sealed record RsyncPassOutcome(
    RsyncLeg Leg, RsyncPass Pass, int Code, RsyncStatistics Statistics, RsyncErrorOutput Errors, bool IsBlockedForNow)
{
    /// <summary>How many deletions rsync withheld.</summary>
    public long Withheld => Errors.Withheld;

    /// <summary>How many entries it deleted, or in a dry run would have.</summary>
    public long Deleted { get; init; }

    /// <summary>True when rsync deleted nothing, because it could not read all of the source.</summary>
    public bool SkipsDeletions { get; init; }

    /// <summary>Why the pass failed; null when it did not.</summary>
    public BackupError? Error { get; init; }

    /// <summary>True when the source held nothing but its own folder.</summary>
    public bool IsEmptySource => Statistics.Entries <= 1;

    /// <summary>Entries that the mirror held before the pass and that the source still has.</summary>
    public long KeptEntries => Math.Max(0, (Statistics.Entries ?? 0) - Statistics.Created);
}
