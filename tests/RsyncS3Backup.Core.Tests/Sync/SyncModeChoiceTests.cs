using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class SyncModeChoiceTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static readonly SyncModeFacts AllIsWell = new()
    {
        Requested = S3SyncMode.Auto,
        Doubt = CatalogDoubt.None,
        LastRunWasComplete = true,
        HasSameSettings = true,
        LastReconcile = Now.AddDays(-1),
        ReconcileEvery = TimeSpan.FromDays(7),
        Now = Now,
        IsMirrorOfStage1 = true,
        FollowsStage1 = true,
        IsJournalComplete = true,
        JournalChanges = 500,
        Objects = 1_000_000,
    };

    [Fact]
    public void The_journal_is_enough_after_a_stage_1_that_noted_everything() => AssertMode(S3SyncMode.Journal, AllIsWell);

    [Theory]
    [InlineData(CatalogDoubt.Missing)]
    [InlineData(CatalogDoubt.Damaged)]
    [InlineData(CatalogDoubt.OtherDestination)]
    [InlineData(CatalogDoubt.RunDied)]
    [InlineData(CatalogDoubt.Contradicted)]
    internal void A_doubtful_catalog_is_compared_with_S3_whatever_was_asked_for(CatalogDoubt doubt)
    {
        foreach (S3SyncMode requested in Enum.GetValues<S3SyncMode>())
            AssertMode(S3SyncMode.Reconcile, AllIsWell with { Requested = requested, Doubt = doubt });
    }

    [Fact]
    public void A_catalog_that_was_never_compared_with_S3_is() => AssertMode(S3SyncMode.Reconcile, AllIsWell with { LastReconcile = null });

    [Fact]
    public void S3_is_compared_when_it_is_time()
    {
        AssertMode(S3SyncMode.Journal, AllIsWell with { LastReconcile = Now.AddDays(-7).AddSeconds(1) });
        AssertMode(S3SyncMode.Reconcile, AllIsWell with { LastReconcile = Now.AddDays(-7) });
        AssertMode(S3SyncMode.Reconcile, AllIsWell with { LastReconcile = Now.AddHours(1) });
        AssertMode(S3SyncMode.Reconcile, AllIsWell with { ReconcileEvery = TimeSpan.Zero });
    }

    [Fact]
    public void Who_asks_for_the_catalog_or_the_journal_is_not_sent_to_S3_by_the_calendar()
    {
        SyncModeFacts overdue = AllIsWell with { LastReconcile = Now.AddYears(-1) };

        AssertMode(S3SyncMode.Catalog, overdue with { Requested = S3SyncMode.Catalog });
        AssertMode(S3SyncMode.Journal, overdue with { Requested = S3SyncMode.Journal });
    }

    [Fact]
    public void The_mirror_is_walked_when_the_journal_may_not_know_it_all()
    {
        AssertMode(S3SyncMode.Catalog, AllIsWell with { FollowsStage1 = false });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { IsJournalComplete = false });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { LastRunWasComplete = false });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { IsMirrorOfStage1 = false });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { HasSameSettings = false });
    }

    [Fact]
    public void The_journal_that_was_asked_for_gives_way_too_when_it_may_not_know_it_all()
    {
        SyncModeFacts asked = AllIsWell with { Requested = S3SyncMode.Journal };

        AssertMode(S3SyncMode.Journal, asked with { FollowsStage1 = false });
        AssertMode(S3SyncMode.Catalog, asked with { IsJournalComplete = false });
        AssertMode(S3SyncMode.Catalog, asked with { LastRunWasComplete = false });
        AssertMode(S3SyncMode.Catalog, asked with { IsMirrorOfStage1 = false });
    }

    [Fact]
    public void Many_changes_are_found_by_a_walk()
    {
        AssertMode(S3SyncMode.Journal, AllIsWell with { JournalChanges = 100_000 });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { JournalChanges = 100_001 });
        AssertMode(S3SyncMode.Catalog, AllIsWell with { JournalChanges = 1_001, Objects = 2_000 });
        AssertMode(S3SyncMode.Journal, AllIsWell with { JournalChanges = 1_000, Objects = 10 });
    }

    [Theory]
    [InlineData(99_999, 1, null)]
    [InlineData(99_999, 2, "Stage 1 changed 99999 entries, and 2 deletions are due; a walk is quicker than looking up each.")]
    [InlineData(100_000, 1, "Stage 1 changed 100000 entries, and 1 deletions are due; a walk is quicker than looking up each.")]
    [InlineData(100_001, 0, "Stage 1 changed 100001 entries; a walk is quicker than looking up each.")]
    public void Deletions_that_are_due_are_looked_up_as_changes_are(long changes, long due, string? reason) =>
        Assert.Equal(
            reason is null ? new(S3SyncMode.Journal, "Stage 1 noted every change.") : new SyncModeChoice(S3SyncMode.Catalog, reason),
            SyncModeChoice.From(AllIsWell with { JournalChanges = changes, DueDeletions = due }));

    [Theory]
    [InlineData(S3SyncMode.Auto, S3SyncMode.Journal, "Stage 1 noted every change.")]
    [InlineData(S3SyncMode.Journal, S3SyncMode.Journal, "It was asked for.")]
    [InlineData(S3SyncMode.Catalog, S3SyncMode.Catalog, "It was asked for.")]
    [InlineData(S3SyncMode.Reconcile, S3SyncMode.Reconcile, "It was asked for.")]
    public void What_was_asked_for_is_done_where_all_is_well(S3SyncMode requested, S3SyncMode mode, string reason) =>
        Assert.Equal(new SyncModeChoice(mode, reason), SyncModeChoice.From(AllIsWell with { Requested = requested }));

    [Theory]
    [InlineData(S3SyncMode.Auto)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Journal)]
    public void A_prefix_that_may_be_taken_over_is_listed(S3SyncMode requested) =>
        AssertMode(S3SyncMode.Reconcile, AllIsWell with { Requested = requested, MayBeTakenOver = true });

    [Fact]
    public void More_about_a_doubt_is_said_and_a_comparison_of_this_moment_is_none_in_the_future()
    {
        SyncModeChoice choice = SyncModeChoice.From(AllIsWell with { Doubt = CatalogDoubt.Contradicted, DoubtReason = "why" });

        Assert.Equal("S3 contradicted the catalog. (why)", choice.Reason);
        AssertMode(S3SyncMode.Journal, AllIsWell with { LastReconcile = Now });
    }

    private static void AssertMode(S3SyncMode expected, SyncModeFacts facts)
    {
        SyncModeChoice chosen = SyncModeChoice.From(facts);

        Assert.True(expected == chosen.Mode, $"{facts} gave {chosen}");
        Assert.NotEmpty(chosen.Reason);
    }
}
