using System.Globalization;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What a run does with its catalog, and what it reads from it, with a catalog in memory.</summary>
public sealed class CatalogSessionTests : IDisposable
{
    private const string Settings = "Empty True";
    private static readonly MirrorSummary Known = new(IsEverythingSent: true, 3, 30, Settings);
    private readonly MemoryRun run = new() { Opened = [] };

    public CatalogSessionTests()
    {
        run.Request = run.Request with { FollowsStage1 = true };
        run.Catalog.LastReconcile = MemoryRun.Now.AddDays(-1);
        run.Catalog.Mirror = Known;
    }

    public void Dispose() => run.Dispose();

    [Theory]
    // Whether the mirror has a marker; the file that is named; what is opened, and about which mirror.
    [InlineData(true, null, "own.db", true)]
    [InlineData(false, null, "own.db", false)]
    [InlineData(true, "snapshot.db", "snapshot.db", true)]
    public void A_catalog_is_about_an_endpoint_a_bucket_a_prefix_and_a_mirror_by_its_id(bool isInMirror, string? path, string opened, bool hasId)
    {
        using CatalogSession session = Session(isInMirror, path);

        string mirror = ChangeJournalFolder.Mirror(run.Request.MirrorPath) + (hasId ? "\nid" : "");
        Assert.Equal([$"{opened} https://s3 bucket p/ {mirror}"], run.Opened!);
        Assert.Equal((Known, CatalogDoubt.None, isInMirror), (session.LastMirror, session.Doubt, session.IsMirrorOfJob));
        Assert.Same(run.Catalog, session.Catalog);
    }

    [Fact]
    public void The_mirror_of_another_job_is_none_of_its_stage_1()
    {
        using CatalogSession session = Session(job: "another");

        Assert.False(session.IsMirrorOfJob);
        Assert.Equal((S3SyncMode.Catalog, true), (session.Mode.Mode, session.Mode.Reason.Contains("no mark of this job's", StringComparison.Ordinal)));
    }

    [Fact]
    public void Where_no_catalog_can_be_kept_everything_is_compared_and_that_is_told()
    {
        run.Opened = null;
        using CatalogSession session = Session();

        session.Begin();
        session.End(isDone: true, isComplete: true, run.Counters);
        session.EndAsBefore();

        Assert.Equal((S3SyncMode.Reconcile, "No catalog of what S3 holds can be kept."), (session.Mode.Mode, session.Mode.Reason));
        Assert.Equal((CatalogDoubt.Missing, true), (session.Doubt, session.HasBegun));
        Assert.Empty(session.Due);
        Assert.Null(session.LastMirror);
        Assert.EndsWith("compares everything: no room", Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", S3SyncMode.Journal)]
    [InlineData("reconcile asked", S3SyncMode.Reconcile)]
    [InlineData("taken over", S3SyncMode.Reconcile)]
    [InlineData("doubt", S3SyncMode.Reconcile)]
    [InlineData("never", S3SyncMode.Reconcile)]
    [InlineData("long ago", S3SyncMode.Reconcile)]
    [InlineData("without stage 1", S3SyncMode.Catalog)]
    [InlineData("unsent", S3SyncMode.Catalog)]
    [InlineData("unknown", S3SyncMode.Catalog)]
    [InlineData("other patterns", S3SyncMode.Catalog)]
    [InlineData("other markers", S3SyncMode.Catalog)]
    [InlineData("no deletion", S3SyncMode.Catalog)]
    [InlineData("torn journal", S3SyncMode.Catalog)]
    [InlineData("no marker", S3SyncMode.Catalog)]
    [InlineData("no marker, planned", S3SyncMode.Journal)]
    [InlineData("many planned", S3SyncMode.Catalog)]
    [InlineData("many due", S3SyncMode.Catalog)]
    [InlineData("many planned of many", S3SyncMode.Journal)]
    public void The_way_of_a_run_rests_on_what_is_known(string what, S3SyncMode mode)
    {
        MemoryCatalog catalog = run.Catalog;
        Set(what, "reconcile asked", request => request with { Options = request.Options with { SyncMode = S3SyncMode.Reconcile } });
        Set(what, "taken over", request => request with { AllowNewDestination = true });
        Set(what, "without stage 1", request => request with { FollowsStage1 = false });
        Set(what, "other patterns", request => request with { Options = request.Options with { ExcludePatterns = ["*.tmp"] } });
        Set(what, "other markers", request => request with { Options = request.Options with { DirectoryMarkers = S3DirectoryMarkers.All } });
        Set(what, "no deletion", request => request with { Options = request.Options with { DeleteFromS3 = false } });
        (catalog.Doubt, catalog.DoubtReason) = what == "doubt" ? (CatalogDoubt.RunDied, "why") : (CatalogDoubt.None, null);
        catalog.LastReconcile = what switch
        {
            "never" => null,
            "long ago" => MemoryRun.Now - run.Request.Options.ReconcileEvery,
            _ => catalog.LastReconcile,
        };
        catalog.Mirror = what switch
        {
            "unknown" => null,
            "unsent" => Known with { IsEverythingSent = false },
            _ => Known,
        };
        if (what == "many due")
            catalog.Gone = [.. Enumerable.Range(0, 1001).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        for (int row = 0; what == "many planned of many" && row < 10_010; row++)
            catalog.Put(MemoryRun.Row(row.ToString(CultureInfo.InvariantCulture)));
        if (what == "torn journal")
            ChangeJournal.Start(run.JobName, "run1", run.Request.MirrorPath, keepsEarlier: true).Dispose();
        Planned? planned = what.Contains("planned", StringComparison.Ordinal) ? new Planned(what.StartsWith("many", StringComparison.Ordinal) ? 1001 : 0) : null;

        using CatalogSession session = Session(isInMirror: !what.StartsWith("no marker", StringComparison.Ordinal), planned: planned);

        Assert.Equal((what, mode), (what, session.Mode.Mode));
        if (what == "doubt")
            Assert.EndsWith("(why)", session.Mode.Reason, StringComparison.Ordinal);
    }

    [Theory]
    // Whether the job deletes, after how many days, whether the catalog can be read; what the catalog is asked for, and what is due.
    [InlineData(true, 0, false, "gone 2026-03-31 02:00:00Z 100001", 1)]
    [InlineData(true, 30, false, "gone 2026-03-01 02:00:00Z 100001", 1)]
    [InlineData(true, 0, true, "gone 2026-03-31 02:00:00Z 100001", 0)]
    [InlineData(false, 30, false, null, 0)]
    public void What_is_due_waited_for_as_long_as_the_job_says(bool deletes, int days, bool fails, string? asked, int due)
    {
        run.Request = run.Request with
        {
            Options = run.Request.Options with { DeleteFromS3 = deletes, DeleteAfter = days == 0 ? null : TimeSpan.FromDays(days) },
        };
        run.Catalog.Gone = ["a"];
        run.Catalog.Fails = fails ? new IOException() : null;

        using CatalogSession session = Session();

        Assert.Equal(due, session.Due.Count);
        Assert.Equal(asked is null ? [] : [asked], run.Catalog.Told);
    }

    [Theory]
    [InlineData(S3SyncMode.Reconcile, true)]
    [InlineData(S3SyncMode.Catalog, false)]
    public void The_catalog_hears_once_that_a_run_is_on(S3SyncMode mode, bool isReconcile)
    {
        run.Request = run.Request with { Options = run.Request.Options with { SyncMode = mode, DeleteFromS3 = false } };
        using CatalogSession session = Session();
        Assert.False(session.HasBegun);

        session.Begin();
        session.Begin();

        Assert.True(session.HasBegun);
        Assert.Equal([$"begin {isReconcile} 2026-03-31 02:00:00Z"], run.Catalog.Told);
    }

    [Theory]
    // Whether it began; came to its end; left nothing undone; whether something stayed undecided; what the catalog says. Then what it hears.
    [InlineData(true, true, true, false, "", "end True", true)]
    [InlineData(true, true, false, false, "", "end True", false)]
    [InlineData(true, true, true, true, "", "end False", true)]
    [InlineData(true, false, true, false, "", "end False", null)]
    [InlineData(false, true, true, false, "", "begin False,end True", true)]
    [InlineData(false, true, true, false, "same", "end True", true)]
    [InlineData(false, true, true, false, "failed", "end True", true)]
    [InlineData(false, false, true, false, "", "begin False,end False", null)]
    public void A_run_that_ends_tells_what_it_knows(
        bool began, bool isDone, bool isComplete, bool hasUndecided, string catalog, string told, bool? isEverythingSent)
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = false } };
        string settings = "Empty False";
        MirrorSummary? expected = isEverythingSent is { } sent ? new MirrorSummary(sent, 1, 5, settings) : null;
        run.Catalog.Mirror = catalog == "same" ? expected : Known;
        run.Catalog.Failure = catalog == "failed" ? "broken" : null;
        using CatalogSession session = Session();
        run.Counters.StartFrom(new MirrorSummary(true, 1, 5, ""), 0);
        if (hasUndecided)
            run.Counters.EntryUndecided();
        if (began)
            session.Begin();
        run.Catalog.Told.Clear();

        session.End(isDone, isComplete, run.Counters);

        string[] heard = [.. run.Catalog.Told.Select(item => string.Join(' ', item.Split(' ')[..2]))];
        Assert.Equal(told.Split(','), heard);
        Assert.Equal($"{told.Split(',')[^1]} {expected}", run.Catalog.Told[^1]);
    }

    [Theory]
    [InlineData(true, "end False " + "MirrorSummary { IsEverythingSent = True, Entries = 3, Bytes = 30, Settings = " + Settings + " }")]
    [InlineData(false, null)]
    public void A_run_that_did_not_look_at_the_mirror_leaves_what_was_known_of_it(bool began, string? told)
    {
        using CatalogSession session = Session();
        if (began)
            session.Begin();
        run.Catalog.Told.Clear();

        session.EndAsBefore();

        Assert.Equal(told is null ? [] : [told], run.Catalog.Told);
    }

    [Fact]
    public void That_a_catalog_fails_at_the_end_it_says_for_itself()
    {
        CatalogSession session = Session();
        session.Begin();
        run.Catalog.Fails = new IOException();

        session.End(isDone: true, isComplete: true, run.Counters);
        session.EndAsBefore();
        session.Dispose();

        Assert.Equal("closed", run.Catalog.Told[^1]);
    }

    [Fact]
    public void Another_catalog_of_the_job_is_about_another_prefix()
    {
        using CatalogSession session = Session();

        Assert.Same(run.Catalog, session.Open("other.db", "q/"));

        Assert.StartsWith("other.db https://s3 bucket q/ ", run.Opened![^1], StringComparison.Ordinal);
    }

    private void Set(string what, string when, Func<RsyncS3Backup.Sync.S3SyncRequest, RsyncS3Backup.Sync.S3SyncRequest> change)
    {
        if (what == when)
            run.Request = change(run.Request);
    }

    private CatalogSession Session(bool isInMirror = true, string? path = null, string? job = null, IPlannedMirror? planned = null)
    {
        MirrorMarker marker = new("id", job ?? run.JobName, MemoryRun.Now, new FileSystemIdentity("", null));
        PendingChanges pending = PendingChanges.Open(run.JobName, run.Request.MirrorPath);
        return new CatalogSession(run.Scope, "https://s3", path, pending, new PrefixOwner(marker, [], isInMirror), planned);
    }

    private sealed class Planned(long count) : IPlannedMirror
    {
        public long Count => count;

        public IEnumerable<BackupChange> Changes() => [];

        public List<string> Names(string folderKey, Func<List<string>> readNow) => readNow();

        public PlannedEntry? Look(string relativePath) => null;
    }
}
