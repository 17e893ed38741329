namespace RsyncS3Backup.Rsync;

/// <summary>What is to be deleted of one source's folder in the mirror, counted in entries.</summary>
/// <param name="AtLeast">What goes for certain.</param>
/// <param name="AtMost">What may go.</param>
/// <param name="Kept">What the folder held before the run and the source still has.</param>
/// <param name="Known">
/// What the folder held after its last good run, so that what refused or failed runs have copied since does not count; null: nobody knows.
/// </param>
internal readonly record struct DeletionCount(long AtLeast, long AtMost, long Kept, long? Known)
{
    /// <summary>What the folder held before the run.</summary>
    public long Existing => Math.Min(Kept + AtLeast, Known ?? long.MaxValue);
}

/// <summary>
/// Holds what would be deleted against the job's limit, of each source and of all: what one drive lost must not look small beside what the
/// others hold.
/// </summary>
internal sealed class DeletionJudgement
{
    // A few files may go away between the two passes without stopping the second one, as far as the job's limit allows them too.
    private const long SlackBetweenPasses = 100;

    private DeletionJudgement(long existing, long allowed, long deletions, long[] allowedOfSource) =>
        (Existing, Allowed, Deletions, AllowedOfSource) = (existing, allowed, deletions, allowedOfSource);

    /// <summary>What the whole mirror held before the run.</summary>
    public long Existing { get; }

    /// <summary>How much of all may be deleted.</summary>
    public long Allowed { get; }

    /// <summary>How much of all may have to be.</summary>
    public long Deletions { get; }

    /// <summary>How much of each source's folder may be deleted.</summary>
    public IReadOnlyList<long> AllowedOfSource { get; }

    /// <summary>The first source of which too much would be deleted; null: of none.</summary>
    public int? RefusedSource { get; private init; }

    /// <summary>True when nothing may be deleted.</summary>
    public bool IsRefused => RefusedSource is not null || Deletions > Allowed;

    /// <summary>The most that the pass which deletes may take of all.</summary>
    public long Bound => Math.Min(Allowed, Deletions + SlackBetweenPasses);

    /// <summary>The most that it may take of each source's folder.</summary>
    public IReadOnlyList<long> BoundOfSource { get; private init; } = [];

    /// <summary>Judges.</summary>
    /// <param name="limit">The job's limit.</param>
    /// <param name="sources">What would be deleted of each source.</param>
    /// <param name="known">What the mirror held after its last good run; null: nobody knows.</param>
    public static DeletionJudgement Of(DeleteLimit limit, IReadOnlyList<DeletionCount> sources, long? known)
    {
        long existing = Math.Min(sources.Sum(source => source.Kept + source.AtLeast), known ?? long.MaxValue);
        long[] allowed = [.. sources.Select(source => limit.AllowedOfSource(source.Existing))];
        int refused = Array.FindIndex([.. sources.Select((source, index) => source.AtMost > allowed[index])], isOver => isOver);
        return new DeletionJudgement(existing, limit.Allowed(existing), sources.Sum(source => source.AtMost), allowed)
        {
            RefusedSource = refused < 0 ? null : refused,
            BoundOfSource = [.. sources.Select((source, index) => Math.Min(allowed[index], source.AtMost + SlackBetweenPasses))],
        };
    }
}
