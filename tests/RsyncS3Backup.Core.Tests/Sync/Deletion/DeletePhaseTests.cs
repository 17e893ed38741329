using System.Net;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync.Deletion;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Deletion;

/// <summary>What goes from S3, what stays, and what is known of it afterwards, decided without a server.</summary>
public sealed class DeletePhaseTests : IDisposable
{
    private static readonly Dictionary<string, string> Ours = new() { ["file-mtime"] = "1ns", ["mtime"] = "0.000000001" };

    private readonly MemoryRun run = new();
    private readonly NestedPrefixes nested;
    private DeletePhase? phase;
    private int begun;

    public DeletePhaseTests()
    {
        nested = new NestedPrefixes(run.Scope, run.Catalog, PrefixOwner.Of(run.JobName, run.Request.MirrorPath));
        run.Counters.StartFrom(new MirrorSummary(true, 100, 0, ""), objects: 100);
    }

    public void Dispose()
    {
        phase?.Dispose();
        run.Dispose();
    }

    [Fact]
    public async Task What_the_job_sent_goes_without_a_question()
    {
        Add("a", "b");

        await RunAsync();

        Assert.Equal(["DELETE p/a p/b"], run.Store.Asked);
        Assert.Equal((2, 10, 0, 0), (run.Counters.Deleted, run.Counters.DeletedBytes, run.Counters.Foreign, run.Counters.Postponed));
        Assert.Empty(run.Catalog.Keys);
        Assert.True(run.Storage.AMonth.Amount < 0, "what was stored costs nothing any more");
        Assert.Equal(
            [(BackupActionKind.Deleted, "a", "p/a", 5L), (BackupActionKind.Deleted, "b", "p/b", 5L)],
            run.Observer.Actions.Select(action => (action.Action, action.Path, action.Key, action.Length)));
        Assert.Equal(1, begun);
    }

    [Fact]
    public async Task Where_nothing_is_gone_nothing_begins()
    {
        await RunAsync();

        Assert.Empty(run.Store.Asked);
        Assert.Equal(0, begun);
        Assert.False(run.Report.HasWarnings);
    }

    [Fact]
    public async Task A_job_that_does_not_delete_deletes_nothing_and_asks_nothing()
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = false } };
        Add("a");
        AddListed("b");

        await RunAsync();

        Assert.Empty(run.Store.Asked);
    }

    [Theory]
    [InlineData("AccessDenied", true)]
    // S3 did not speak of it: it may be gone, or not.
    [InlineData(null, false)]
    public async Task A_deletion_that_S3_did_not_do_is_not_taken_for_done(string? code, bool isRowRight)
    {
        Add("a", "b", "c");
        run.Store.Refused["p/b"] = Refusal("p/b", code);

        await RunAsync();

        Assert.Equal((2, 10), (run.Counters.Deleted, run.Counters.DeletedBytes));
        Assert.Equal(["b"], run.Catalog.Keys);
        CatalogEntry row = run.Catalog.Find("b")!;
        Assert.Equal((isRowRight, !isRowRight), (row.IsOurs, row.IsLeftover));
        Assert.Equal("p/b", Assert.Single(run.Report.FailedItems()).Target);
        Assert.Equal(["a", "c"], Deleted());
    }

    [Theory]
    [InlineData(500, "InternalError", true)]
    [InlineData(408, "RequestTimeout", true)]
    [InlineData(400, "ExpiredToken", false)]
    [InlineData(403, "InvalidAccessKeyId", false)]
    public async Task After_a_deletion_that_may_have_happened_nobody_knows_what_S3_has(int status, string code, bool mayHaveHappened)
    {
        Add("a", "b");
        run.Store.Fails = what => what.StartsWith("DELETE", StringComparison.Ordinal) ? MemoryStore.Answer((HttpStatusCode)status, code) : null;

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(RunAsync);

        Assert.Equal(["a", "b"], run.Catalog.Keys);
        Assert.All(run.Catalog.Read(), row => Assert.Equal((!mayHaveHappened, mayHaveHappened), (row.IsOurs, row.IsLeftover)));
        Assert.Equal(0, run.Counters.Deleted);
        Assert.Empty(Deleted());
    }

    [Fact]
    public async Task Of_a_deletion_in_several_requests_nobody_knows_which_were_done_before_one_was_refused()
    {
        // What XML cannot say is deleted by a request of its own.
        Add("a", "b\u0001");
        run.Store.Fails = what => what.StartsWith("DELETE", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.BadRequest, "ExpiredToken") : null;

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(RunAsync);

        Assert.Equal(2, run.Catalog.Count);
        Assert.All(run.Catalog.Read(), row => Assert.Equal((false, true), (row.IsOurs, row.IsLeftover)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Credentials_that_may_not_delete_are_told_of_objects_that_are_out_of_date(bool isWholeRequest)
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = false } };
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("folder/a")), isKnown: true);
        if (isWholeRequest)
            run.Store.Fails = what => what.StartsWith("DELETE", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.Forbidden, "AccessDenied") : null;
        else
            run.Store.Refused["p/folder/a"] = Refusal("p/folder/a", "AccessDenied");

        await Phase.RunReplacedAsync(Begin, CancellationToken.None);

        Assert.Contains("'p/folder/a' is out of date", Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
        Assert.Equal((0, 0), (run.Report.Failed, run.Counters.Deleted));
        Assert.True(run.Catalog.Find("folder/a")!.IsOurs);
    }

    [Theory]
    [InlineData("SlowDown", false)]
    [InlineData("AccessDenied", true)]
    public async Task Another_reason_of_a_refusal_is_a_failure_also_of_a_job_that_does_not_delete(string code, bool deletes)
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = deletes } };
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("folder/a")), isKnown: true);
        run.Store.Refused["p/folder/a"] = Refusal("p/folder/a", code);

        await Phase.RunReplacedAsync(Begin, CancellationToken.None);

        Assert.Equal((1, false), (run.Report.Failed, run.Report.HasWarnings));
    }

    [Fact]
    public async Task A_job_that_does_not_delete_is_ended_by_another_answer_all_the_same()
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = false } };
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("folder/a")), isKnown: true);
        run.Store.Fails = what => what.StartsWith("DELETE", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.InternalServerError, "X") : null;

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(() => Phase.RunReplacedAsync(Begin, CancellationToken.None));

        Assert.False(run.Report.HasWarnings);
    }

    [Theory]
    // The limit; how many are gone, replaced, found gone now, and due since an earlier run; whether it is refused.
    [InlineData("3", 3, 0, 0, 0, false)]
    [InlineData("3", 4, 0, 0, 0, true)]
    [InlineData("3", 2, 1, 0, 0, false)]
    [InlineData("3", 2, 2, 0, 0, true)]
    [InlineData("3", 0, 0, 3, 0, false)]
    [InlineData("3", 0, 0, 4, 0, true)]
    [InlineData("3", 0, 2, 2, 0, true)]
    // What was counted when it was found is not counted again.
    [InlineData("0", 0, 0, 0, 9, false)]
    [InlineData("3%", 3, 0, 0, 0, false)]
    [InlineData("3%", 4, 0, 0, 0, true)]
    [InlineData("default", 100, 0, 0, 0, false)]
    [InlineData("default", 101, 0, 0, 0, true)]
    public async Task More_than_the_job_allows_is_refused_before_anything_goes(
        string limit, int gone, int replaced, int later, int due, bool isRefused)
    {
        Assert.True(DeleteLimit.TryParse(limit, out DeleteLimit parsed));
        S3SyncOptions options = run.Request.Options;
        run.Request = run.Request with
        {
            MaxDelete = parsed,
            Options = later + due > 0 ? options with { DeleteAfter = TimeSpan.FromDays(1) } : options,
        };
        for (int i = 0; i < gone; i++)
            Phase.Add(MemoryRun.Gone(run.Sent($"gone{i:000}")), isKnown: true);
        for (int i = 0; i < replaced; i++)
            Phase.AddReplaced(MemoryRun.Gone(run.Sent($"replaced{i}")), isKnown: true);
        for (int i = 0; i < later; i++)
            Phase.Add(MemoryRun.Gone(run.Sent($"later{i}")), isKnown: true);
        for (int i = 0; i < due; i++)
            Phase.Add(MemoryRun.Gone(run.Sent($"due{i}") with { GoneTime = MemoryRun.Now.AddDays(-2) }), isKnown: true);

        BackupError? error = await RefusalAsync();

        Assert.Equal(isRefused ? "DeleteLimitExceeded" : null, error?.Id);
        if (!isRefused)
            return;
        Assert.Contains($"{gone + replaced + later} of 100 objects under s3://bucket/p/ would be deleted, and {parsed.Allowed(100)} are allowed", error!.Message, StringComparison.Ordinal);
        Assert.Empty(run.Store.Asked);
        Assert.Equal(gone + replaced + later, run.Catalog.Count);
        Assert.All(run.Catalog.Read(), row => Assert.Null(row.GoneTime));
        Assert.Equal(0, begun);
    }

    [Fact]
    public async Task A_refusal_names_the_first_ten_of_what_would_go()
    {
        run.Request = run.Request with { MaxDelete = DeleteLimit.OfCount(0) };
        for (int i = 0; i < 9; i++)
            Phase.Add(MemoryRun.Gone(run.Sent($"gone{i}")), isKnown: true);
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("r1")), isKnown: true);
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("r2")), isKnown: true);

        string message = (await Assert.ThrowsAsync<BackupException>(RunAsync)).Error.Message;

        Assert.EndsWith("The first: r1, r2, gone0, gone1, gone2, gone3, gone4, gone5, gone6, gone7.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_empty_mirror_takes_nothing_along_unless_the_user_says_so(bool isAllowed)
    {
        run.Counters.StartFrom(new MirrorSummary(true, 0, 0, ""), objects: 3);
        run.Request = run.Request with { AllowEmptyMirror = isAllowed, MaxDelete = DeleteLimit.OfCount(0), Options = Waiting(1) };
        Phase.Add(MemoryRun.Gone(run.Sent("later")), isKnown: true);
        Phase.Add(MemoryRun.Gone(run.Sent("due") with { GoneTime = MemoryRun.Now.AddDays(-1) }), isKnown: true);
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("replaced")), isKnown: true);

        BackupError? error = await RefusalAsync();

        Assert.Equal(isAllowed ? null : "MirrorEmpty", error?.Id);
        Assert.Equal(isAllowed ? ["p/later"] : ["p/due", "p/later", "p/replaced"], run.Store.Keys);
        if (!isAllowed)
            Assert.Contains("all 3 objects", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_mirror_of_which_one_object_is_left_takes_that_along_no_less_carefully()
    {
        run.Counters.StartFrom(new MirrorSummary(true, 0, 0, ""), objects: 1);
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("replaced")), isKnown: true);

        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => Phase.RunReplacedAsync(Begin, CancellationToken.None));

        Assert.Equal("MirrorEmpty", refused.Error.Id);
        Assert.Empty(run.Store.Asked);
    }

    [Fact]
    public async Task Nothing_goes_after_an_upload_that_failed()
    {
        Add("a", "b");
        AddListed("c");
        run.Counters.TransferFailed();

        await RunAsync();

        Assert.Empty(run.Store.Asked);
        Assert.Equal(2, run.Catalog.Count);
        Assert.Contains("2 objects that the mirror no longer has stay in S3, because 1 uploads failed", Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1, 1)]
    [InlineData(true, 2, 1)]
    [InlineData(false, 2, 0)]
    public async Task What_lies_beneath_a_folder_that_cannot_be_read_is_told_of_by_a_job_that_deletes(bool deletes, int count, int warnings)
    {
        run.Request = run.Request with { Options = run.Request.Options with { DeleteFromS3 = deletes } };
        for (int i = 0; i < count; i++)
            Phase.Protect();

        await RunAsync();

        Assert.Equal(warnings, run.Report.Warnings().Count(warning => warning.StartsWith($"{count} objects beneath", StringComparison.Ordinal)));
        Assert.Empty(run.Store.Asked);
    }

    [Theory]
    [InlineData("ours", 0, true)]
    [InlineData("theirs", 1, false)]
    [InlineData("gone", 0, true)]
    [InlineData("denied", 1, false)]
    public async Task What_no_row_tells_of_goes_only_when_this_module_sent_it(string what, int foreign, bool goes)
    {
        AddListed("b");
        if (what != "gone")
            run.Store.Put("p/b", change: stored => what == "ours" ? stored with { Metadata = Ours } : stored);
        if (what == "denied")
            run.Store.Fails = asked => asked.StartsWith("HEAD", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.Forbidden, "AccessDenied") : null;

        await RunAsync();

        Assert.Equal(goes ? ["HEAD p/b", "DELETE p/b"] : ["HEAD p/b"], run.Store.Asked);
        Assert.Equal(foreign, run.Counters.Foreign);
        Assert.Equal(goes, run.Catalog.Find("b") is not { IsForeign: true, IsLeftover: true });
        Assert.Equal(goes ? 2 : 1, begun);
    }

    [Fact]
    public async Task What_no_row_tells_of_is_asked_for_once_and_its_row_keeps_what_is_known()
    {
        run.Catalog.Put(MemoryRun.Row("b") with { Mode = 0, ETag = "theirs" });
        AddListed("b");
        run.Store.Put("p/b");

        await RunAsync();

        CatalogEntry row = run.Catalog.Find("b")!;
        Assert.Equal(("theirs", true, true), (row.ETag, row.IsForeign, row.IsLeftover));
    }

    [Fact]
    public async Task Another_answer_than_a_refusal_ends_the_run_before_anything_goes()
    {
        Add("a");
        AddListed("b");
        run.Store.Fails = asked => asked.StartsWith("HEAD", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.ServiceUnavailable, "SlowDown") : null;

        await Assert.ThrowsAsync<Amazon.S3.AmazonS3Exception>(RunAsync);

        Assert.DoesNotContain(run.Store.Asked, asked => asked.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Theory]
    // Hours since it was found gone; whether it goes, whether it is noted now.
    [InlineData(null, false, true)]
    [InlineData(1, false, false)]
    [InlineData(24, true, false)]
    [InlineData(-1, false, true)]
    public async Task What_is_gone_waits_for_as_long_as_the_job_says(int? goneForHours, bool goes, bool isNoted)
    {
        run.Request = run.Request with { Options = Waiting(1) };
        DateTimeOffset? goneTime = goneForHours is { } hours ? MemoryRun.Now.AddHours(-hours) : null;
        CatalogEntry row = run.Sent("a") with { IsLeftover = true, GoneTime = goneTime };
        run.Catalog.Put(row);
        Phase.Add(MemoryRun.Gone(row), isKnown: true);

        await RunAsync();

        Assert.Equal(goes ? ["DELETE p/a"] : [], run.Store.Asked);
        Assert.Equal(isNoted ? 1 : 0, run.Counters.Postponed);
        DateTimeOffset? known = goes ? null : isNoted ? MemoryRun.Now : goneTime;
        Assert.Equal(known, run.Catalog.Find("a")?.GoneTime);
    }

    [Fact]
    public async Task The_time_of_another_object_than_was_noted_begins_anew()
    {
        run.Request = run.Request with { Options = Waiting(1) };
        CatalogEntry row = run.Sent("a") with { IsLeftover = true, GoneTime = MemoryRun.Now.AddDays(-9) };
        run.Catalog.Put(row);
        Phase.Add(MemoryRun.Gone(row) with { IsRowRefuted = true }, isKnown: true);

        await RunAsync();

        Assert.Empty(run.Store.Asked);
        Assert.Equal(MemoryRun.Now, run.Catalog.Find("a")!.GoneTime);
    }

    [Theory]
    [InlineData(-9, true)]
    [InlineData(0, false)]
    public async Task What_turned_out_to_be_the_jobs_waits_since_it_was_noted(int days, bool goes)
    {
        run.Request = run.Request with { Options = Waiting(1) };
        run.Catalog.Put(CatalogEntry.Uncertain("a") with { IsLeftover = true, GoneTime = MemoryRun.Now.AddDays(days) });
        run.Store.Put("p/a", change: stored => stored with { Metadata = Ours });
        AddListed("a");

        await RunAsync();

        Assert.Equal(goes, run.Store.Asked.Contains("DELETE p/a"));
    }

    [Fact]
    public async Task The_time_of_what_came_back_meanwhile_or_has_no_row_does_not_begin()
    {
        run.Request = run.Request with { Options = Waiting(1) };
        Add("back");
        Phase.Add(MemoryRun.Gone(MemoryRun.Row("lost")), isKnown: true);

        await RunAsync();

        Assert.Equal(0, run.Counters.Postponed);
        Assert.Equal(["back"], run.Catalog.Keys);
        Assert.Null(run.Catalog.Find("back")!.GoneTime);
    }

    [Theory]
    [InlineData(1, "1 object that the mirror no longer has stays in S3: this run has no catalog")]
    [InlineData(2, "2 objects that the mirror no longer has stay in S3: this run has no catalog")]
    public async Task Without_a_catalog_no_time_begins(int count, string warning)
    {
        run.Request = run.Request with { Options = Waiting(1) };
        phase = new DeletePhase(run.Scope, null, null, nested);
        for (int i = 0; i < count; i++)
            phase.Add(MemoryRun.Gone(MemoryRun.Row($"a{i}")), isKnown: true);

        await RunAsync();

        Assert.StartsWith(warning, Assert.Single(run.Report.Warnings()), StringComparison.Ordinal);
        Assert.Empty(run.Store.Asked);
    }

    [Fact]
    public async Task Without_a_catalog_the_rest_goes_all_the_same()
    {
        phase = new DeletePhase(run.Scope, null, null, nested);
        phase.Add(MemoryRun.Gone(MemoryRun.Row("a")), isKnown: true);
        phase.Add(MemoryRun.Listed("b"), isKnown: false);
        run.Store.Put("p/b");

        await RunAsync();

        Assert.Equal(["HEAD p/b", "DELETE p/a"], run.Store.Asked);
        Assert.False(run.Report.HasWarnings);
        Assert.Equal((1, 1), (run.Counters.Deleted, run.Counters.Foreign));
    }

    [Fact]
    public async Task What_lies_in_the_prefix_of_another_job_neither_goes_nor_waits()
    {
        Phase.Add(MemoryRun.Gone(run.Sent("inner/!before")), isKnown: true);
        Phase.Add(MemoryRun.Gone(run.Sent("own")), isKnown: true);
        await MeetOtherAsync("inner/");
        await RunAsync();
        Assert.Equal(["DELETE p/own"], Deletions());

        run.Request = run.Request with { Options = Waiting(1) };
        using DeletePhase second = new(run.Scope, run.Catalog, null, nested);
        run.Catalog.Put(run.Catalog.Find("inner/!before")! with { IsLeftover = true });
        second.Add(MemoryRun.Gone(run.Catalog.Find("inner/!before")!), isKnown: true);
        await second.RunAsync(Begin, CancellationToken.None);
        Assert.Null(run.Catalog.Find("inner/!before")!.GoneTime);
    }

    [Fact]
    public async Task Where_all_of_it_is_another_jobs_nothing_is_asked()
    {
        Phase.Add(MemoryRun.Gone(run.Sent("inner/a")), isKnown: true);
        await MeetOtherAsync("inner/");

        await RunAsync();

        Assert.Empty(Deletions());
    }

    [Theory]
    [InlineData(true, "", "DELETE p/a")]
    [InlineData(false, "ours", "HEAD p/a", "DELETE p/a")]
    [InlineData(false, "", "HEAD p/a")]
    public async Task The_object_of_a_file_that_is_a_folder_now_goes_at_once(bool isKnown, string what, params string[] asked)
    {
        CatalogEntry row = run.Sent("a");
        if (what == "ours")
            run.Store.Put("p/a", change: stored => stored with { Metadata = Ours });

        await Phase.DeleteNowAsync(MemoryRun.Gone(row), isKnown, Begin, CancellationToken.None);

        Assert.Equal(asked, run.Store.Asked);
        Assert.Equal(1, begun);
        Assert.Equal(asked[^1] == "HEAD p/a" ? 1 : 0, run.Counters.Foreign);
    }

    [Fact]
    public async Task What_a_file_takes_the_place_of_goes_when_it_is_the_jobs()
    {
        run.Store.Put("p/f/ours", change: stored => stored with { Metadata = Ours });
        run.Store.Put("p/f/theirs");
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("f/known")), isKnown: true);
        Phase.AddReplaced(MemoryRun.Listed("f/ours"), isKnown: false);
        Phase.AddReplaced(MemoryRun.Listed("f/theirs"), isKnown: false);

        await Phase.RunReplacedAsync(Begin, CancellationToken.None);

        Assert.Equal(["p/f/theirs"], run.Store.Keys);
        Assert.Equal((2, 1), (run.Counters.Deleted, run.Counters.Foreign));
        Assert.Equal(2, begun);
    }

    [Fact]
    public async Task Where_no_file_takes_the_place_of_a_folder_nothing_begins()
    {
        Add("a");

        await Phase.RunReplacedAsync(Begin, CancellationToken.None);

        Assert.Equal((0, 1), (begun, run.Catalog.Count));
        Assert.Empty(run.Store.Asked);
    }

    [Fact]
    public async Task A_dated_snapshot_says_that_it_is_incomplete_before_anything_of_it_goes()
    {
        run.Request = run.Request with { Options = run.Request.Options with { S3Prefix = "p/{yyyy}/" } };
        using SnapshotRun snapshot = new(run.Scope, PrefixOwner.Of(run.JobName, run.Request.MirrorPath));
        phase = new DeletePhase(run.Scope, run.Catalog, snapshot, nested);
        Add("a");

        await RunAsync();

        Assert.Equal(["PUT p/" + SnapshotManifest.RelativeKey, "DELETE p/a"], run.Store.Asked);
    }

    [Fact]
    public async Task A_catalog_that_cannot_tell_what_an_object_cost_does_not_stop_the_deletion()
    {
        Add("a");
        run.Catalog.Fails = SqliteException.Damaged("broken");

        await RunAsync();

        Assert.Equal(1, run.Counters.Deleted);
    }

    [Fact]
    public void The_lists_of_a_run_are_gone_with_it()
    {
        run.Request = run.Request with { Options = Waiting(1) };
        Add("later");
        Phase.Add(MemoryRun.Gone(run.Sent("due") with { GoneTime = MemoryRun.Now.AddDays(-2) }), isKnown: true);
        AddListed("doubtful");
        Phase.AddReplaced(MemoryRun.Gone(run.Sent("replaced")), isKnown: true);
        Phase.AddReplaced(MemoryRun.Listed("asked"), isKnown: false);
        using (DeletePhase now = new(run.Scope with { Request = run.Request with { Options = new S3SyncOptions { DeleteFromS3 = true } } }, run.Catalog, null, nested))
        {
            now.Add(MemoryRun.Gone(run.Sent("now")), isKnown: true);
            Assert.Equal(6, Directory.GetFiles(run.SpoolFolder).Length);
        }

        Assert.Equal(5, Directory.GetFiles(run.SpoolFolder).Length);
        Phase.Dispose();
        phase = null;
        Assert.Empty(Directory.GetFiles(run.SpoolFolder));
    }

    private DeletePhase Phase => phase ??= new DeletePhase(run.Scope, run.Catalog, null, nested);

    private S3SyncOptions Waiting(int days) => run.Request.Options with { DeleteAfter = TimeSpan.FromDays(days) };

    private void Add(params string[] keys)
    {
        foreach (string key in keys)
            Phase.Add(MemoryRun.Gone(run.Sent(key)), isKnown: true);
    }

    private void AddListed(string key) => Phase.Add(MemoryRun.Listed(key), isKnown: false);

    private void Begin() => begun++;

    // In the order of a run.
    private async Task RunAsync()
    {
        await Phase.RunReplacedAsync(Begin, CancellationToken.None);
        await Phase.AskAsync(Begin, CancellationToken.None);
        await Phase.RunAsync(Begin, CancellationToken.None);
    }

    private async Task<BackupError?> RefusalAsync()
    {
        try
        {
            await RunAsync();
            return null;
        }
        catch (BackupException exception)
        {
            return exception.Error;
        }
    }

    private ValueTask MeetOtherAsync(string folder)
    {
        MirrorMarker other = new("other", "other", MemoryRun.Now, new FileSystemIdentity("ext4", null));
        run.Store.Put($"p/{folder}{MirrorMarker.FileName}", other.ToBytes());
        return nested.MeetAsync(new StoredObject(folder + MirrorMarker.FileName, 1, "tag"), CancellationToken.None);
    }

    private IEnumerable<string> Deletions() => run.Store.Asked.Where(asked => asked.StartsWith("DELETE", StringComparison.Ordinal));

    private IEnumerable<string> Deleted() =>
        run.Observer.Actions.Where(action => action.Action == BackupActionKind.Deleted).Select(action => action.Path);

    private static BackupError Refusal(string key, string? code) =>
        BackupError.Make("S3AccessDenied", BackupErrorCategory.PermissionDenied, "No.", "Ask.", key, BackupExitCode.Stage2Failed) with { S3ErrorCode = code };
}
