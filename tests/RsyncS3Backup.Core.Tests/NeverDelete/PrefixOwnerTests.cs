using System.Text;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>What a job, a machine or a person put into the bucket is not deleted or replaced by another job.</summary>
public sealed class PrefixOwnerTests : SyncHarness
{
    private const string Owner = Prefix + MirrorMarker.FileName;

    [Fact]
    public async Task The_marker_is_the_first_object_and_is_the_file_in_the_mirror()
    {
        Write("a", "x");
        List<string> order = [];
        Server.Faults.Add(new FaultRule
        {
            Operation = "PutObject",
            Kind = FaultKind.Custom,
            Times = int.MaxValue,
            Handler = request =>
            {
                lock (order)
                    order.Add(request.Request.Path.Value!);
                return Task.FromResult(false);
            },
        });

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L, 1L), (result.Status, result.Created, result.Total));
        Assert.Equal([$"/{BucketName}/{Owner}", $"/{BucketName}/{Prefix}a"], order);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Mirror, MirrorMarker.FileName)), Server.Store.GetBytes(BucketName, Owner));
        MirrorMarker marker = MirrorMarker.Parse(Server.Store.GetBytes(BucketName, Owner));
        Assert.Equal((JobName, KeyPrefix.Host, MirrorMarker.Read(Mirror)!.Id), (marker.Job, marker.Host, marker.Id));
        Assert.True(Server.Store.Find(BucketName, Owner)!.Metadata.ContainsKey("file-mtime"));
    }

    [Fact]
    public async Task A_run_without_changes_does_not_ask()
    {
        Write("a", "x");
        await RunAsync();

        Assert.Equal(0, (await RunAsync()).Requests.Total);
    }

    [Fact]
    public async Task A_second_job_on_the_prefix_of_a_first_is_refused_and_changes_nothing()
    {
        Write("a", "x");
        await RunAsync();
        string[] before = Everything();
        using Other other = new(this, "second");
        other.Write("b", "y");

        S3SyncStageResult refused = await other.RunAsync(Request);

        AssertRefused(refused, JobName);
        Assert.Equal(before, Everything());
        // Nor does the first one lose anything.
        Assert.Equal((BackupStatus.Succeeded, 1L), ((await RunAsync()).Status, (await RunAsync()).Unchanged));
    }

    [Fact]
    public async Task One_job_file_on_two_machines_is_refused_on_the_second()
    {
        Write("a", "x");
        await RunAsync();
        MirrorMarker marker = MirrorMarker.Parse(Server.Store.GetBytes(BucketName, Owner));
        Server.Store.Put(BucketName, Owner, (marker with { Id = Guid.NewGuid().ToString(), Host = "elsewhere" }).ToBytes());
        Write("b", "y");

        S3SyncStageResult refused = await RunAsync();

        AssertRefused(refused, $"the job '{JobName}' on elsewhere");
        Assert.DoesNotContain(Prefix + "b", Server.Store.Keys(BucketName));
        S3SyncStageResult taken = await SyncAsync(Request with { AllowNewDestination = true });
        Assert.Equal((null, 1L), (taken.Error, taken.Created));
        Assert.Equal(MirrorMarker.Read(Mirror)!.Id, MirrorMarker.Parse(Server.Store.GetBytes(BucketName, Owner)).Id);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task A_repair_changes_nothing_in_the_prefix_of_another_machine_either()
    {
        Write("a", "x");
        await RunAsync();
        MirrorMarker marker = MirrorMarker.Parse(Server.Store.GetBytes(BucketName, Owner));
        Server.Store.Put(BucketName, Owner, (marker with { Id = Guid.NewGuid().ToString(), Host = "elsewhere" }).ToBytes());
        Server.Store.Delete(BucketName, Prefix + "a");
        string[] before = Everything();
        BackupConfiguration job = new()
        {
            Name = JobName,
            Sources = [new BackupSource { Path = Source }],
            Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options with { Enabled = true } } },
            Destination = Destination,
        };
        BackupTestRequest request = new() { Configuration = job, S3 = Request, Level = BackupTestLevel.Quick };

        BackupException refused = await Assert.ThrowsAsync<BackupException>(() => BackupRepairs.RunAsync(
            request, [new RepairWish("a", BackupCopy.Local)], new RecordingObserver(), _ => { }, CancellationToken.None));

        Assert.Equal("PrefixOwnedByOther", refused.Error.Id);
        Assert.Equal(before, Everything());
    }

    [Fact]
    public async Task A_marker_that_nobody_can_read_is_somebody_elses()
    {
        Write("a", "x");
        Server.Store.Put(BucketName, Owner, "{}"u8);

        AssertRefused(await RunAsync(), "cannot be read");
        Assert.Equal([Owner], Server.Store.Keys(BucketName));
    }

    [Fact]
    public async Task A_first_run_adopts_what_it_has_itself_and_leaves_alone_what_it_does_not_know()
    {
        Server.Store.Put(BucketName, Prefix + "same", "same"u8);
        Server.Store.Put(BucketName, Prefix + "theirs", "theirs"u8);
        Write("same", "same");
        Write("new", "new");

        S3SyncStageResult first = await RunAsync();

        Assert.Equal(
            (BackupStatus.SucceededWithWarnings, 1L, 1L, 1L, 0L),
            (first.Status, first.Created, first.MetadataChanged, first.Foreign, first.Deleted));
        Assert.Contains("1 objects", Assert.Single(first.Warnings), StringComparison.Ordinal);
        await AssertTheirsStays("in every later run, also one that lists");
    }

    [Fact]
    public async Task What_was_there_before_the_mirror_stays_when_the_catalog_is_lost()
    {
        Server.Store.Put(BucketName, Prefix + "theirs", "theirs"u8, lastModified: DateTimeOffset.UtcNow - TimeSpan.FromHours(1));
        Write("same", "same");
        Write("gone", "gone");
        await RunAsync();
        File.Delete(Files["source/gone"]);
        LoseCatalog();

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((1L, 1L), (result.Foreign, result.Deleted));
        Assert.DoesNotContain(Prefix + "gone", Server.Store.Keys(BucketName));
        await AssertTheirsStays("with the catalog lost");
    }

    [Fact]
    public async Task What_somebody_adds_later_stays_and_goes_when_the_user_says_so()
    {
        Write("a", "x");
        await RunAsync();
        Server.Store.Put(BucketName, Prefix + "theirs", "theirs"u8);

        await AssertTheirsStays("after a listing");
        Assert.Equal(1, (await SyncAsync(Request with { AllowNewDestination = true })).Deleted);
        AssertMirrored("taken over");
    }

    [Fact]
    public async Task Foreign_objects_do_not_go_when_deletion_is_switched_on_later()
    {
        Options = Options with { DeleteFromS3 = false };
        Server.Store.Put(BucketName, Prefix + "theirs", "theirs"u8);
        Write("a", "x");
        await RunAsync();

        Options = Options with { DeleteFromS3 = true };

        await AssertTheirsStays("with deletion on");
    }

    [Fact]
    public async Task A_foreign_object_that_the_mirror_has_too_is_the_jobs_from_then_on()
    {
        Server.Store.Put(BucketName, Prefix + "file", "theirs"u8);
        Write("a", "x");
        await RunAsync();
        Write("file", "mine");
        Assert.Equal((0L, 1L), (await RunAsync()) is var sent ? (sent.Foreign, sent.Updated) : default);
        File.Delete(Files["source/file"]);

        Assert.Equal(1, (await RunAsync()).Deleted);
    }

    [Fact]
    public async Task A_prefix_in_the_prefix_of_another_job_is_refused()
    {
        Write("a", "x");
        await RunAsync();
        using Other inner = new(this, "inner");
        inner.Write("b", "y");

        S3SyncStageResult refused = await inner.RunAsync(Request, Prefix + "inner/");

        AssertRefused(refused, $"s3://{BucketName}/{Prefix}, which belongs to the job '{JobName}'");
        Assert.Equal([Owner, Prefix + "a"], Server.Store.Keys(BucketName));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_prefix_of_another_job_beneath_ones_own_is_not_touched(bool deletes)
    {
        Options = Options with { DeleteFromS3 = deletes };
        using Other inner = new(this, "inner");
        // The first sorts before the marker, the second after it.
        inner.Write("!first", "1");
        inner.Write("second", "2");
        Assert.Equal(BackupStatus.Succeeded, (await inner.RunAsync(Request, Prefix + "photos/")).Status);
        string[] before = Everything();
        Write("a", "x");
        Write("photos/second", "not theirs");

        S3SyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, "PrefixOwnedByOther"), (result.Status, Assert.Single(result.FailedItems).Id));
        Assert.Equal([.. before, .. Everything().Where(line => line.StartsWith(Prefix + "a ", StringComparison.Ordinal)
            || line.StartsWith(Owner, StringComparison.Ordinal))], Everything().OrderBy(line => !before.Contains(line)));
        Assert.Equal((0L, BackupStatus.Failed), (result.Deleted, (await RunAsync()).Status));
        Assert.Subset(Everything().ToHashSet(), before.ToHashSet());
    }

    [Fact]
    public async Task The_copy_of_a_mirror_in_a_source_is_an_ordinary_folder()
    {
        Write("old/file", "x");
        Files.File($"source/old/{MirrorMarker.FileName}", Encoding.UTF8.GetString(MirrorMarker.New("old", Source).ToBytes()));

        Assert.Equal((BackupStatus.Succeeded, 2L), (await RunAsync()) is var result ? (result.Status, result.Created) : default);
        Options = Options with { SyncMode = S3SyncMode.Reconcile };
        Assert.Equal((BackupStatus.Succeeded, 2L), (await RunAsync()) is var again ? (again.Status, again.Unchanged) : default);
        Directory.Delete(Files["source/old"], recursive: true);
        Write("a", "x");
        Assert.Equal((BackupStatus.Succeeded, 2L), (await RunAsync()) is var gone ? (gone.Status, gone.Deleted) : default);
    }

    [Fact]
    public async Task A_mirror_that_takes_the_place_of_the_jobs_last_one_keeps_the_prefix()
    {
        Write("a", "x");
        await RunAsync();
        Rsync = Rsync with { LocalDestination = Files["elsewhere"] };
        await MirrorAsync();
        Write("b", "y");
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Request with { MirrorPath = Files["elsewhere"] });

        Assert.Equal((null, 1L), (result.Error, result.Created));
        Assert.Equal(
            MirrorMarker.Read(Files["elsewhere"])!.Id, MirrorMarker.Parse(Server.Store.GetBytes(BucketName, Owner)).Id);
    }

    [Fact]
    public async Task A_folder_that_no_stage_1_made_has_an_owner_too()
    {
        Files.File("plain/a", "x");
        Files.File("other/a", "y");

        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync(Request with { MirrorPath = Files["plain"] })).Status);
        AssertRefused(await SyncAsync(Request with { MirrorPath = Files["other"] }), "another mirror");
        Files.File("plain/b", "x");
        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync(Request with { MirrorPath = Files["plain"] })).Status);
        Assert.False(File.Exists(Files[$"plain/{MirrorMarker.FileName}"]));
        Assert.Equal("x"u8, Server.Store.GetBytes(BucketName, Prefix + "a"));
    }

    [Fact]
    public async Task Credentials_that_may_not_read_are_no_reason_to_fail()
    {
        Write("a", "x");
        Server.Faults.Add(new FaultRule { Operation = "GetObject", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        // That the prefix is nobody's, a listing of the marker's key tells.
        S3SyncStageResult first = await RunAsync();
        Write("b", "y");
        S3SyncStageResult second = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (first.Status, first.Created));
        Assert.Equal((BackupStatus.Succeeded, 1L), (second.Status, second.Created));
        Assert.Contains("s3:GetObject", File.ReadAllText(second.LogPath!), StringComparison.Ordinal);
        Assert.Equal([Prefix + MirrorMarker.FileName, Prefix + "a", Prefix + "b"], Server.Store.Keys(BucketName));
    }

    private static void AssertRefused(S3SyncStageResult result, string text)
    {
        Assert.Equal(
            (BackupStatus.Failed, "PrefixOwnedByOther", BackupExitCode.Refused, 0L),
            (result.Status, result.Error?.Id, result.Error?.ExitCode, result.Created + result.Updated + result.Deleted));
        Assert.Contains(text, result.Error!.Message, StringComparison.Ordinal);
    }

    // Two runs more, each with something to send: one by a listing and one by the catalog.
    private async Task AssertTheirsStays(string when)
    {
        foreach (S3SyncMode mode in new[] { S3SyncMode.Reconcile, S3SyncMode.Catalog })
        {
            Write($"more {mode}", "x");
            Options = Options with { SyncMode = mode };
            S3SyncStageResult result = await RunAsync();
            Assert.True(result.Error is null && result.Deleted == 0 && result.Foreign == 1, $"{when}: {result}");
            Assert.Equal("theirs"u8, Server.Store.GetBytes(BucketName, Prefix + "theirs"));
        }
    }

    private void LoseCatalog()
    {
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
            File.Delete(file);
    }

    private string[] Everything() => [.. Server.Store.Keys(BucketName).Select(
        key => $"{key} {Convert.ToHexString(Server.Store.GetBytes(BucketName, key))}")];

    /// <summary>Another job, with a source and a mirror of its own.</summary>
    private sealed class Other(PrefixOwnerTests tests, string name) : IDisposable
    {
        private readonly string job = $"{name}-{Guid.NewGuid():N}";

        public void Write(string path, string content) => tests.Files.File(Path.Combine(name, "source", path), content);

        public async Task<S3SyncStageResult> RunAsync(S3SyncRequest like, string prefix = Prefix)
        {
            string mirror = tests.Files[$"{name}/mirror"];
            using RunContext context = RunContext.Start(job, new RecordingObserver());
            RsyncStageRequest stage1 = new()
            {
                Sources = [new BackupSource { Path = tests.Files[$"{name}/source"] }],
                Options = tests.Rsync with { LocalDestination = mirror },
            };
            Assert.Null((await RsyncStage.RunAsync(stage1, context, CancellationToken.None)).Error);
            S3SyncRequest stage2 = like with { MirrorPath = mirror, Options = like.Options with { S3Prefix = prefix } };
            return await S3SyncStage.RunAsync(stage2, context, CancellationToken.None);
        }

        public void Dispose() => Directory.Delete(StateFolder.PathFor(job), recursive: true);
    }
}
