using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.Rsync.Sources;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>Which passes delete, and how much, decided without an rsync.</summary>
public sealed class RsyncDeletionsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly RunContext context = RunContext.Start("deletions", SilentObserver.Instance);
    private readonly StageReport report = new(context: null);
    private readonly Passes passes = new();
    private readonly string job = "deletions-" + Guid.NewGuid().ToString("N");
    private MirrorGuard? guard;
    private SourceGuard? sources;
    private RsyncScope? scope;

    public void Dispose()
    {
        context.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Where_nothing_is_withheld_no_pass_deletes()
    {
        Assert.Null(await Delete("0", [First("one", 0, 50)]));
        Assert.Empty(passes.Ran);
    }

    [Fact]
    public async Task What_is_withheld_is_deleted_from_the_sources_that_lost_something()
    {
        passes.Deleted.AddRange([3, 4]);

        List<RsyncPassOutcome> outcomes = [First("one", 3, 50), First("two", 0, 50), First("three", 4, 50)];
        Assert.Null(await Delete("20", outcomes));

        // At most what the limit leaves: no dry run is needed far from it.
        Assert.Equal(["one 20", "three 17"], passes.Ran);
        Assert.Equal([3L, 0L, 4L], outcomes.Select(outcome => outcome.Deleted));
        Assert.Empty(passes.Counted);
    }

    [Fact]
    public async Task A_pass_that_deletes_takes_no_more_than_its_source_may_lose()
    {
        passes.Deleted.AddRange([5, 100]);

        Assert.Null(await Delete("default", [First("one", 5, 20), First("two", 6, 2000)]));

        // Of 25 entries 22, of 2,006 at most a hundred more than may have to go; together half of all 2,031, or those hundred more.
        Assert.Equal(["one 22", "two 112"], passes.Ran);
    }

    [Theory]
    // Withheld at least 6 (so 12 at most), the limit, the exact number; whether it is counted exactly, and refused.
    [InlineData("12", 0, false, false)]
    [InlineData("11", 11, true, false)]
    [InlineData("11", 12, true, true)]
    [InlineData("0", 6, true, true)]
    public async Task Near_the_limit_a_dry_run_counts_before_anything_is_refused(string limit, long exact, bool isCounted, bool isRefused)
    {
        passes.Exact.Add(exact);
        passes.Names.Add("a");
        passes.Deleted.Add(6);

        BackupError? error = await Delete(limit, [First(null, 6, 94)]);

        Assert.Equal(isRefused ? "DeleteLimitExceeded" : null, error?.Id);
        Assert.Equal(isRefused, error?.Message.EndsWith("First: 'a'.", StringComparison.Ordinal) ?? false);
        Assert.Equal(isCounted ? 1 : 0, passes.Counted.Count);
        Assert.Equal(isRefused ? 0 : 1, passes.Ran.Count);
        // What a refused run found remains known, so that what the next one copies does not make the share look smaller.
        Assert.Equal(isRefused ? 94 + exact : null, guard!.KnownEntries);
        Assert.Equal(isRefused ? 94 + exact : null, sources!.KnownEntries(Leg(null)));
    }

    [Fact]
    public async Task What_one_source_lost_is_no_more_allowed_to_the_next_one()
    {
        passes.Deleted.AddRange([12, 0]);

        Assert.Null(await Delete("12", [First("one", 3, 50), First("two", 3, 50)]));
        Assert.Equal(["one 12", "two 0"], passes.Ran);
    }

    [Fact]
    public async Task A_single_entry_is_deleted_too()
    {
        passes.Deleted.Add(1);

        Assert.Null(await Delete("20", [First("one", 1, 50)]));
        Assert.Equal(["one 20"], passes.Ran);
    }

    [Fact]
    public async Task A_source_that_loses_too_much_is_named_with_what_it_would_lose()
    {
        passes.Exact.AddRange([1, 90]);
        passes.Names.AddRange(["one/kept", "two/a", "two/b"]);

        BackupError? error = await Delete("50%", [First("one", 1, 500), First("none", 0, 500), First("two", 90, 10)]);

        Assert.Contains($"90 of 100 entries of the mirror '{Leg("two").Destination}'", error!.Message, StringComparison.Ordinal);
        Assert.Contains("allows 50. None was deleted. First: 'two/a', 'two/b'.", error.Message, StringComparison.Ordinal);
        Assert.Equal(["one", "two"], passes.Counted);
        Assert.Empty(passes.Ran);
        Assert.Equal((1101, 501, null, 100), (
            guard!.KnownEntries, sources!.KnownEntries(Leg("one")), sources.KnownEntries(Leg("none")), sources.KnownEntries(Leg("two"))));
    }

    [Fact]
    public async Task What_all_sources_lose_together_is_refused_with_the_whole_mirror()
    {
        passes.Exact.AddRange([6, 6]);
        passes.Names.AddRange(["one/a", "two/b"]);

        BackupError? error = await Delete("10", [First("one", 6, 94), First("two", 6, 94)]);

        Assert.Contains($"12 of 200 entries of the mirror '{Mirror}'", error!.Message, StringComparison.Ordinal);
        Assert.Contains("allows 10. None was deleted. First: 'one/a', 'two/b'.", error.Message, StringComparison.Ordinal);
        Assert.Equal(200, guard!.KnownEntries);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    [InlineData(25)]
    public async Task A_source_that_lost_more_meanwhile_ends_the_deletions(int code)
    {
        passes.Deleted.Add(20);
        passes.Withheld = 1;
        passes.Code = code;

        BackupError? error = await Delete("20", [First("one", 3, 50), First("two", 3, 50)]);

        Assert.Contains("The source lost more files while it was mirrored", error!.Message, StringComparison.Ordinal);
        Assert.Equal(["one 20"], passes.Ran);
    }

    [Fact]
    public async Task A_pass_that_fails_ends_the_deletions_with_its_own_error()
    {
        passes.Deleted.Add(1);
        passes.Withheld = 1;
        passes.Code = 11;
        passes.Error = RsyncErrors.Ended(11, "", "/s");

        BackupError? error = await Delete("20", [First("one", 3, 50), First("two", 3, 50)]);

        Assert.Equal("RsyncFileError", error?.Id);
        Assert.Equal(["one 20"], passes.Ran);
    }

    [Theory]
    [InlineData("5", 5, false)]
    [InlineData("4", 5, true)]
    [InlineData("0", 0, false)]
    [InlineData("0", 1, true)]
    public void A_plan_foresees_what_would_be_refused(string limit, int deleted, bool isRefused)
    {
        RsyncDeletions deletions = Make(limit, [Leg(null)]);
        for (int i = 0; i < deleted; i++)
            scope!.Counts.Add(RsyncChange.Deleted);
        passes.FirstDeleted.Add("a");

        BackupError? error = deletions.Foresee([First(null, 0, 100) with { Deleted = deleted }]);

        Assert.Equal(isRefused, error is not null);
        if (isRefused)
            Assert.Contains($"{deleted} of {100 + deleted} entries", error!.Message, StringComparison.Ordinal);
    }

    private string Mirror => Path.Combine(folder.Path, "mirror");

    private Task<BackupError?> Delete(string limit, List<RsyncPassOutcome> outcomes) =>
        Make(limit, [.. outcomes.Select(outcome => outcome.Leg)]).DeleteAsync(outcomes, CancellationToken.None);

    private RsyncDeletions Make(string limit, RsyncLeg[] legs)
    {
        Assert.True(DeleteLimit.TryParse(limit, out DeleteLimit parsed));
        scope = new RsyncScope
        {
            Request = new RsyncStageRequest { Sources = [], Options = new RsyncOptions { LocalDestination = Mirror, MaxDelete = parsed } },
            Context = context,
            Report = report,
            Progress = new RsyncProgressReporter(SilentObserver.Instance, job, legs.Length),
            Grace = TimeSpan.Zero,
        };
        guard = MirrorGuard.Check(job, Mirror, allowNew: true);
        sources = SourceGuard.Check(job, legs, allowNew: true);
        return new RsyncDeletions(passes, guard, sources, scope);
    }

    private RsyncLeg Leg(string? name) => new(
        folder.Folder(Path.Combine("source", name ?? "")), name is null ? Mirror : Path.Combine(Mirror, name), name);

    private RsyncPassOutcome First(string? name, long withheld, long kept) =>
        new(Leg(name), RsyncPass.WithholdDeletions, withheld > 0 ? 25 : 0, Statistics(kept), Errors(withheld), IsBlockedForNow: false);

    private static RsyncStatistics Statistics(long kept)
    {
        RsyncStatistics statistics = new();
        statistics.TryRead(Encoding.ASCII.GetBytes($"Number of files: {kept}"));
        return statistics;
    }

    private static RsyncErrorOutput Errors(long withheld)
    {
        RsyncErrorOutput errors = new(new RsyncNeed());
        if (withheld > 0)
            errors.Feed(Encoding.ASCII.GetBytes($"Deletions stopped due to --max-delete limit ({withheld} skipped)\n"));
        return errors;
    }

    /// <summary>Stands for rsync: says what each pass found, in turn.</summary>
    private sealed class Passes : IDeletionPasses
    {
        public List<string> FirstDeleted { get; } = [];

        /// <summary>What the passes delete.</summary>
        public List<long> Deleted { get; } = [];

        /// <summary>What the dry runs count.</summary>
        public List<long> Exact { get; } = [];

        public List<string> Names { get; } = [];

        public int Code { get; set; }

        public long Withheld { get; set; }

        public BackupError? Error { get; set; }

        public List<string> Ran { get; } = [];

        public List<string> Counted { get; } = [];

        public Task<RsyncPassOutcome> RunAsync(RsyncLeg source, RsyncPass pass, CancellationToken cancellationToken)
        {
            Assert.True(pass is { Deletes: true, IsDryRun: false });
            Ran.Add($"{source.Name} {pass.MaxDelete}");
            return Task.FromResult(new RsyncPassOutcome(source, pass, Code, Statistics(1), Errors(Withheld), IsBlockedForNow: false)
            {
                Deleted = Deleted[Ran.Count - 1],
                Error = Error,
            });
        }

        public Task<long> CountDeletionsAsync(RsyncPassOutcome first, List<string> names, CancellationToken cancellationToken)
        {
            Counted.Add(first.Leg.Name ?? "");
            if (Counted.Count == 1)
                names.AddRange(Names);
            return Task.FromResult(Exact[Counted.Count - 1]);
        }
    }
}
