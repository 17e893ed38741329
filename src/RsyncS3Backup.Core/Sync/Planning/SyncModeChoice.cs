using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>What the choice between the three ways rests on.</summary>
internal sealed record SyncModeFacts
{
    /// <summary>What the user wants.</summary>
    public required S3SyncMode Requested { get; init; }

    /// <summary>True when the prefix may be somebody else's until now, so that the catalog does not know what is there.</summary>
    public bool MayBeTakenOver { get; init; }

    /// <summary>What is wrong with the catalog.</summary>
    public required CatalogDoubt Doubt { get; init; }

    /// <summary>More about that, where there is more.</summary>
    public string? DoubtReason { get; init; }

    /// <summary>False when the last run left something undone that no journal may name.</summary>
    public bool LastRunWasComplete { get; init; }

    /// <summary>False when what belongs in S3 may be something else since, because the job was configured anew.</summary>
    public bool HasSameSettings { get; init; }

    /// <summary>When everything was last compared with S3.</summary>
    public DateTimeOffset? LastReconcile { get; init; }

    /// <summary>How often at least that has to be.</summary>
    public TimeSpan ReconcileEvery { get; init; }

    /// <summary>When this run began.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>True when stage 1 of this job made the mirror.</summary>
    public bool IsMirrorOfStage1 { get; init; }

    /// <summary>True when stage 1 ran right before, so that nobody expects changes that are not its own.</summary>
    public bool FollowsStage1 { get; init; }

    /// <summary>True when the journals name every change since the last complete stage 2.</summary>
    public bool IsJournalComplete { get; init; }

    /// <summary>How many changes they name.</summary>
    public long JournalChanges { get; init; }

    /// <summary>How many deletions are due that waited.</summary>
    public long DueDeletions { get; init; }

    /// <summary>How many objects the catalog knows.</summary>
    public long Objects { get; init; }
}

/// <summary>The way that a run takes, and why.</summary>
internal readonly record struct SyncModeChoice(S3SyncMode Mode, string Reason)
{
    // Looking up one change costs about as much as walking past ten entries in order.
    private const long EntriesWalkedPerLookup = 10;
    private const long FewChanges = 1_000;
    internal const int MostChanges = 100_000;

    /// <summary>The cheapest way that is safe, and not cheaper than the user wants.</summary>
    public static SyncModeChoice From(SyncModeFacts facts)
    {
        if (facts.Requested == S3SyncMode.Reconcile)
            return new(S3SyncMode.Reconcile, "It was asked for.");
        if (facts.MayBeTakenOver)
            return new(S3SyncMode.Reconcile, "The key prefix may be taken over: -AllowNewDestination.");
        if (WhyReconcile(facts) is { } doubt)
            return new(S3SyncMode.Reconcile, doubt);
        if (facts.Requested == S3SyncMode.Catalog)
            return new(S3SyncMode.Catalog, "It was asked for.");
        if (WhyNoJournal(facts) is { } gap)
            return new(S3SyncMode.Catalog, gap);
        return new(S3SyncMode.Journal, facts.Requested == S3SyncMode.Journal ? "It was asked for." : "Stage 1 noted every change.");
    }

    private static string? WhyReconcile(SyncModeFacts facts)
    {
        string? doubt = facts.Doubt switch
        {
            CatalogDoubt.Missing => "There is no catalog yet of what S3 holds.",
            CatalogDoubt.Damaged => "The catalog of what S3 holds was damaged.",
            CatalogDoubt.OtherDestination => "The catalog is about another bucket, prefix or mirror.",
            CatalogDoubt.RunDied => "An earlier run ended without closing the catalog.",
            CatalogDoubt.Contradicted => "S3 contradicted the catalog.",
            _ => null,
        };
        if (doubt is not null)
            return facts.DoubtReason is { } more ? $"{doubt} ({more})" : doubt;
        if (facts.LastReconcile is not { } last)
            return "S3 was never compared completely.";
        // A time in the future comes from a clock that was wrong.
        bool isDue = facts.Now - last >= facts.ReconcileEvery || last > facts.Now;
        return isDue && facts.Requested == S3SyncMode.Auto
            ? $"The last full comparison was on {HumanText.Time(last.ToLocalTime())}, and reconcileEvery has passed."
            : null;
    }

    private static string? WhyNoJournal(SyncModeFacts facts)
    {
        if (!facts.FollowsStage1 && facts.Requested == S3SyncMode.Auto)
            return "Stage 1 did not run before, so the mirror was walked.";
        if (!facts.IsMirrorOfStage1)
            return "The mirror has no mark of this job's stage 1, so the mirror was walked.";
        if (!facts.LastRunWasComplete)
            return "The last run left something undone, so the mirror was walked.";
        if (!facts.HasSameSettings)
            return "The job's settings are new, so the mirror was walked.";
        if (!facts.IsJournalComplete)
            return "The change journal may miss changes, so the mirror was walked.";
        if (facts.JournalChanges + facts.DueDeletions <= Math.Clamp(facts.Objects / EntriesWalkedPerLookup, FewChanges, MostChanges))
            return null;
        string due = facts.DueDeletions > 0 ? $", and {facts.DueDeletions} deletions are due" : "";
        return $"Stage 1 changed {facts.JournalChanges} entries{due}; a walk is quicker than looking up each.";
    }
}
