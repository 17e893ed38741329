using System.Net;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>A snapshot of which something is left is never taken for complete.</summary>
public sealed class SnapshotPrunerTests : IDisposable
{
    private const string Manifest = "d/" + SnapshotManifest.RelativeKey;
    private readonly MemoryRun run = new();

    public SnapshotPrunerTests() => Put(Of(isComplete: true));

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task It_says_that_it_is_incomplete_first_and_loses_its_manifest_last()
    {
        Fill(2);
        run.Store.Put("e/other");
        run.Store.Uploads.Add(new PendingUpload("half", "u", MemoryRun.Now));

        (long deleted, BackupError? problem) = await PruneAsync(Of(isComplete: true));

        Assert.Equal((3, null), (deleted, problem));
        Assert.Equal(
            [$"PUT {Manifest}", "ABORT d/half u", "LIST d/", "DELETE d/0000 d/0001", $"DELETE {Manifest}"], run.Store.Asked);
        Assert.Equal(["e/other"], run.Store.Keys);
        Assert.True(run.Storage.AMonth.Amount < 0, "what was stored costs nothing any more");
        Assert.True(run.Store.IsClosed);
    }

    [Fact]
    public async Task What_it_says_while_it_goes_is_whose_it_was_and_that_it_is_incomplete()
    {
        run.Store.Fails = asked => asked.StartsWith("LIST", StringComparison.Ordinal) ? MemoryStore.Answer(HttpStatusCode.ServiceUnavailable, "SlowDown") : null;

        (long deleted, BackupError? problem) = await PruneAsync(Of(isComplete: true));

        Assert.Equal((0, "S3Unavailable"), (deleted, problem?.Id));
        SnapshotManifest left = SnapshotManifest.Parse(run.Store.Content(Manifest))!;
        Assert.Equal(("job", "mirror", "nas", false, MemoryRun.Now), (left.Job, left.Mirror, left.Host, left.IsComplete, left.Time));
    }

    [Fact]
    public async Task One_that_is_incomplete_already_says_it_and_is_not_written_again()
    {
        Put(Of(isComplete: false));

        (long deleted, BackupError? problem) = await PruneAsync(Of(isComplete: false));

        Assert.Equal((1, null), (deleted, problem));
        Assert.Equal(["LIST d/", $"DELETE {Manifest}"], run.Store.Asked.Where(asked => asked != "DELETE "));
    }

    [Theory]
    [InlineData(999, 2)]
    [InlineData(1000, 2)]
    [InlineData(1001, 3)]
    [InlineData(2001, 4)]
    public async Task Many_objects_go_in_batches(int objects, int requests)
    {
        Fill(objects);

        (long deleted, BackupError? problem) = await PruneAsync(Of(isComplete: true));

        Assert.Equal((objects + 1, null), (deleted, problem));
        string[] deletions = [.. run.Store.Asked.Where(asked => asked.StartsWith("DELETE d/", StringComparison.Ordinal))];
        Assert.Equal(requests, deletions.Length);
        Assert.All(deletions, asked => Assert.InRange(asked.Count(character => character == ' '), 1, 1000));
        Assert.Equal($"DELETE {Manifest}", deletions[^1]);
        Assert.Empty(run.Store.Keys);
    }

    [Theory]
    // Which object S3 refuses; how many went before.
    [InlineData(500, 0)]
    [InlineData(1500, 1000)]
    [InlineData(2000, 2000)]
    public async Task What_S3_does_not_delete_ends_it_and_the_manifest_stays(int refused, long before)
    {
        Fill(2001);
        BackupError no = BackupError.Make("S3AccessDenied", BackupErrorCategory.PermissionDenied, "No.", "Ask.", "x", BackupExitCode.Stage2Failed);
        run.Store.Refused[$"d/{refused:0000}"] = no;
        run.Store.Refused[$"d/{refused + 1:0000}"] = no with { Message = "Another." };

        (long deleted, BackupError? problem) = await PruneAsync(Of(isComplete: true));

        Assert.Equal((before, "No."), (deleted, problem?.Message));
        Assert.False(SnapshotManifest.Parse(run.Store.Content(Manifest))!.IsComplete);
        Assert.DoesNotContain($"DELETE {Manifest}", run.Store.Asked);
    }

    [Fact]
    public async Task Whoever_stops_it_hears_of_it()
    {
        Fill(1);
        using CancellationTokenSource stop = new();
        run.Store.Fails = asked =>
        {
            stop.Cancel();
            return new OperationCanceledException(asked);
        };

        await Assert.ThrowsAsync<OperationCanceledException>(() => Pruner().PruneAsync(Of(isComplete: true), stop.Token));
    }

    private SnapshotPruner Pruner() => new(run.Store, run.Request, run.Storage, MemoryRun.Now);

    private Task<(long Deleted, BackupError? Problem)> PruneAsync(Snapshot snapshot) => Pruner().PruneAsync(snapshot, CancellationToken.None);

    private void Fill(int objects)
    {
        for (int i = 0; i < objects; i++)
            run.Store.Put($"d/{i:0000}", [1, 2, 3]);
    }

    private void Put(Snapshot snapshot) => run.Store.Put(Manifest, snapshot.Manifest.ToJson());

    private static Snapshot Of(bool isComplete) => new("d/", new DateTime(2026, 1, 1), new SnapshotManifest
    {
        Job = "job",
        Mirror = "mirror",
        Host = "nas",
        IsComplete = isComplete,
        Time = new DateTimeOffset(2026, 1, 1, 2, 0, 0, TimeSpan.Zero),
    });
}
