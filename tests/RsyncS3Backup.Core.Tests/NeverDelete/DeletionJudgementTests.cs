using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>How much of a mirror may be deleted, decided without a mirror.</summary>
public sealed class DeletionJudgementTests
{
    [Theory]
    // deletions, kept, known, limit: existing, allowed, refused
    [InlineData(0, 0, null, "default", 0, 100, false)]
    [InlineData(500, 500, null, "default", 1000, 500, false)]
    [InlineData(501, 499, null, "default", 1000, 500, true)]
    [InlineData(3, 7, null, "33%", 10, 3, false)]
    [InlineData(4, 6, null, "33%", 10, 3, true)]
    [InlineData(10, 0, null, "100%", 10, 10, false)]
    [InlineData(1, 9, null, "0", 10, 0, true)]
    [InlineData(7, 0, null, "7", 7, 7, false)]
    [InlineData(8, 0, null, "7", 8, 7, true)]
    // What refused runs have copied since does not make the mirror larger.
    [InlineData(300, 900, 400L, "default", 400, 200, true)]
    [InlineData(300, 900, 5000L, "default", 1200, 600, false)]
    public void One_source_is_held_against_the_limit(
        long deletions, long kept, long? known, string limit, long existing, long allowed, bool isRefused)
    {
        Assert.True(DeleteLimit.TryParse(limit, out DeleteLimit parsed));

        DeletionJudgement judgement = DeletionJudgement.Of(parsed, [new DeletionCount(deletions, deletions, kept, known)], known);

        Assert.Equal((existing, allowed, isRefused), (judgement.Existing, judgement.Allowed, judgement.IsRefused));
    }

    [Fact]
    public void What_one_source_loses_is_not_small_beside_what_the_others_hold()
    {
        DeletionJudgement judgement = DeletionJudgement.Of(
            DeleteLimit.Default, [new DeletionCount(0, 0, 3000, null), new DeletionCount(1999, 1999, 1, null)], null);

        Assert.True(judgement.Deletions <= judgement.Allowed);
        Assert.Equal((true, 1), (judgement.IsRefused, judgement.RefusedSource));
        Assert.Equal([1500, 1000], judgement.AllowedOfSource);
    }

    [Fact]
    public void The_first_source_that_loses_too_much_is_named_and_counts_as_it_was_known()
    {
        DeletionJudgement judgement = DeletionJudgement.Of(
            DeleteLimit.Default, [new DeletionCount(300, 300, 900, 400), new DeletionCount(0, 0, 100, null)], null);

        Assert.Equal((true, 0, 200L), (judgement.IsRefused, judgement.RefusedSource, judgement.AllowedOfSource[0]));
    }

    [Fact]
    public void What_all_lose_together_counts_too()
    {
        DeletionJudgement judgement = DeletionJudgement.Of(
            DeleteLimit.OfCount(10), [new DeletionCount(6, 6, 100, null), new DeletionCount(6, 6, 100, null)], null);

        Assert.Equal((true, null), (judgement.IsRefused, judgement.RefusedSource));
    }

    [Fact]
    public void An_estimate_counts_as_much_as_it_may_be_and_the_mirror_as_little()
    {
        DeletionJudgement judgement = DeletionJudgement.Of(DeleteLimit.Default, [new DeletionCount(400, 800, 1000, null)], null);

        Assert.Equal((1400, 700, 800, true), (judgement.Existing, judgement.Allowed, judgement.Deletions, judgement.IsRefused));
    }

    [Fact]
    public void A_source_that_shrinks_between_the_passes_loses_a_hundred_more_at_most_and_never_more_than_its_limit()
    {
        DeletionCount[] sources = [new DeletionCount(50, 50, 10_000, null), new DeletionCount(20, 20, 30, null), new DeletionCount(0, 0, 9, null)];

        DeletionJudgement judgement = DeletionJudgement.Of(DeleteLimit.Default, sources, null);

        Assert.False(judgement.IsRefused);
        Assert.Equal(170, judgement.Bound);
        // A tenth of the small ones stays.
        Assert.Equal([150, 45, 8], judgement.BoundOfSource);
    }

    [Fact]
    public void The_bound_of_an_estimate_is_the_limit_of_what_is_there_for_certain()
    {
        // 12 withheld, so 12 to 24; of 62 entries at least, 6 are kept.
        DeletionJudgement judgement = DeletionJudgement.Of(DeleteLimit.Default, [new DeletionCount(12, 24, 50, null)], null);

        Assert.Equal([55], judgement.BoundOfSource);
        Assert.Equal(100, judgement.Bound);
    }
}
