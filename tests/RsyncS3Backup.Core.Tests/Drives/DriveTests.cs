using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Drives;

/// <summary>Mirrors on, and restores to and from, real file systems.</summary>
public sealed class DriveTests : RestoreHarness
{
    /// <summary>The drive; true when it keeps everything.</summary>
    public static TheoryData<string, bool> Kinds { get; } = new()
    {
        { "ext4", true },
        { "ext3-small-inodes", true },
        { "xfs", true },
        { "btrfs", true },
        { "tmpfs", true },
        { "overlay", true },
    };

    protected override string Mirror => Files["drive/mirror"];

    private protected override string Target => Files["drive/restored"];

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public async Task A_mirror_costs_what_changed_and_restores_do_not_fetch_twice(string kind, bool keepsAll)
    {
        using LoopDrive drive = LoopDrive.Mount(kind, Files["drive"]);
        Options = Options with { DirectoryMarkers = S3DirectoryMarkers.All };
        FillSource();

        RsyncStageResult first = await Stage1Async();
        await SyncAsync();
        AssertMirrored("first");
        RsyncStageResult second = await Stage1Async();
        AssertNothingDone(second, await SyncAsync());
        AssertNothingDone(second, await SyncAsync(Request with { FollowsStage1 = false }));

        File.WriteAllText(Files["source/folder/b"], "B");
        Touch(Files["source/folder/b"], 5);
        File.Delete(Files["source/gone"]);
        RsyncStageResult third = await Stage1Async();
        S3SyncStageResult sent = await SyncAsync();
        AssertMirrored("third");
        Assert.Equal((1L, 1L), (third.Updated, third.Deleted));
        Assert.Equal((1L, 1L), (sent.Updated, sent.Deleted));

        // Onto the drive, from the bucket, and from it.
        await RestoreTwiceAsync(Restore(BackupCopy.S3), keepsAll);
        await RestoreTwiceAsync(Restore(BackupCopy.Local) with { Destination = Files["back"] }, keepsAll);
    }

    private void FillSource()
    {
        Write("a", "first");
        Write("gone", "gone");
        Write("folder/b", "b");
        Directory.CreateDirectory(Files["source/empty"]);
        File.CreateSymbolicLink(Files["source/link"], "a");
        RawFileSystem.MakeHardLink(Files["source/twin"], Files["source/a"]);
        File.SetUnixFileMode(Files["source/folder/b"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        RawFileSystem.SetOwner(Files["source/folder/b"], 1000, 1001);
        foreach (string entry in (string[])["a", "gone", "folder/b", "folder", "empty", ""])
            Touch(Files["source/" + entry], 1);
    }

    // An odd second, and every digit down to what .NET can set.
    private static void Touch(string path, int second) =>
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, second, DateTimeKind.Utc).AddTicks(1234567));

    private async Task<RsyncStageResult> Stage1Async()
    {
        using RunContext context = RunContext.Start(JobName, Observer);
        RsyncStageRequest request = new() { Sources = [new BackupSource { Path = Source }], Options = Rsync };
        RsyncStageResult result = await RsyncStage.RunAsync(request, context, CancellationToken.None);
        Assert.True(result.Error is null, result.Error?.Message + " " + string.Join(' ', result.FailedItems.Select(item => item.Message)));
        return result;
    }

    private static void AssertNothingDone(RsyncStageResult mirrored, S3SyncStageResult sent)
    {
        Assert.Equal(
            (0L, 0L, 0L, 0L, 0L),
            (mirrored.Created, mirrored.Updated, mirrored.MetadataChanged, mirrored.Deleted, mirrored.TransferredBytes));
        Assert.Equal((null, 0L), (sent.Error, sent.Requests.Total));
    }

    private async Task RestoreTwiceAsync(RestoreRequest request, bool keepsAll)
    {
        RestoreResult first = await RestoreAsync(request);
        RestoreResult second = await RestoreAsync(request);

        Assert.True(first.Error is null && second.Error is null, (first.Error ?? second.Error)?.Message);
        Assert.Equal((0L, 0L), (second.Restored, second.TransferredBytes));
        if (keepsAll)
            AssertSameTree(request.Destination!, ReadTree(Mirror), ReadTree(request.Destination!));
        Assert.Equal("first B", $"{File.ReadAllText(Path.Combine(request.Destination!, "a"))} {File.ReadAllText(Path.Combine(request.Destination!, "folder/b"))}");
        Assert.False(File.Exists(Path.Combine(request.Destination!, "gone")));
    }
}
