using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Testing;
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
        { "ntfs", false },
        { "exfat", false },
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

        BackupTestRequest test = new() { Configuration = Job, S3 = Request, Level = BackupTestLevel.Quick };
        Assert.Equal(0, (await BackupTest.RunAsync(test, Observer, _ => { }, CancellationToken.None)).Differences);

        // Onto the drive, from the bucket, and from it.
        await RestoreTwiceAsync(Restore(BackupCopy.S3), keepsAll);
        await RestoreTwiceAsync(Restore(BackupCopy.Local) with { Destination = Files["back"] }, keepsAll);
    }

    [SkippableTheory]
    [InlineData("ntfs", true)]
    [InlineData("exfat", false)]
    public async Task What_a_drive_does_not_keep_is_not_restored_again_each_time(string kind, bool hasLinks)
    {
        using LoopDrive drive = LoopDrive.Mount(kind, Files["other"]);
        Files.Folder("drive");
        Options = Options with { DirectoryMarkers = S3DirectoryMarkers.All };
        FillSource();
        await Stage1Async();
        await SyncAsync();
        RestoreRequest request = Restore() with { Destination = Files["other/restored"] };

        RestoreResult first = await RestoreAsync(request);
        RestoreResult second = await RestoreAsync(request);

        Assert.Contains(first.Warnings, text => text.Contains("do not have the owner or the permissions that they had", StringComparison.Ordinal));
        Assert.Equal((hasLinks ? 0L : 1L, 0L, 0L), (second.Failed, second.Restored, second.TransferredBytes));
        Assert.Equal(hasLinks ? [] : ["link"], second.FailedItems.Select(item => item.Target));
        DateTime time = File.GetLastWriteTimeUtc(Files["other/restored/a"]);
        Assert.Equal(new DateTime(2020, 1, 1, 0, 0, 1, DateTimeKind.Utc), time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)));
    }

    [SkippableFact]
    public async Task What_a_drive_cannot_hold_by_its_name_is_restored_under_another_when_that_is_wished()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a drive.");
        Files.Folder("drive");
        Write("12:30.log", "noon");
        Write("what?/beneath", "?");
        Write("plain", "plain");
        await Stage1Async();
        await SyncAsync();
        using LoopDrive drive = LoopDrive.Mount("exfat", Files["other"]);
        RestoreRequest request = Restore() with { Destination = Files["other/restored"] };

        RestoreResult refused = await RestoreAsync(request);
        RestoreResult renamed = await RestoreAsync(request with { RenameInvalid = true });
        RestoreResult again = await RestoreAsync(request with { RenameInvalid = true });

        Assert.Equal((1L, 2L, 0L), (refused.Restored, refused.Failed, refused.Renamed));
        Assert.All(refused.FailedItems, item => Assert.Equal(ErrorIds.RestoreNameNotHeld, item.Id));
        Assert.Contains("-RenameInvalid restores it as '12_30~2f0595.log'", refused.FailedItems[0].RecommendedAction, StringComparison.Ordinal);
        Assert.Equal((2L, 1L, 0L, 2L), (renamed.Restored, renamed.Unchanged, renamed.Failed, renamed.Renamed));
        Assert.Equal([new("12:30.log", "12_30~2f0595.log"), new("what?/beneath", "what_~2cc9a5/beneath")], renamed.RenamedItems);
        Assert.Contains(renamed.Warnings, text => text.Contains("'12:30.log' is '12_30~2f0595.log', for one", StringComparison.Ordinal));
        Assert.Equal("?", File.ReadAllText(Files["other/restored/what_~2cc9a5/beneath"]));
        Assert.Equal((0L, 3L), (again.Restored, again.Unchanged));
    }

    [SkippableFact]
    public async Task What_a_drive_cannot_hold_is_said_once_a_kind_and_S3_keeps_what_it_has_of_it()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a drive.");
        Files.Folder("drive");
        FillSource();
        Write("folder/case", "lower");
        Write("folder/CASE", "UPPER");
        Write("what?/beneath", "?");
        RawFileSystem.MakeFifo(Files["source/pipe"]);
        await Stage1Async();
        await SyncAsync();
        string[] before = [.. ReadBucket().Keys];
        Directory.Delete(Mirror, recursive: true);
        File.Delete(Files["source/gone"]);
        using LoopDrive drive = LoopDrive.Mount("exfat", Files["drive"]);

        RsyncStageResult first = await Stage1Async(allowNew: true);
        S3SyncStageResult sent = await SyncAsync(Request with { AllowNewDestination = true });
        RsyncStageResult second = await Stage1Async();
        AssertNothingDone(second, await SyncAsync());

        Assert.Equal(BackupStatus.SucceededWithWarnings, first.Status);
        Assert.Contains(first.Warnings, text => text.Contains("does not keep: owners and groups, permissions, hard links", StringComparison.Ordinal));
        Assert.Equal(3, second.Warnings.Count);
        Assert.Contains("2 entries are links, pipes, sockets or devices", second.Warnings[0]);
        Assert.Contains("'link', 'pipe'", second.Warnings[0]);
        Assert.Contains("1 entry has a name that the mirror's drive refuses: 'what?'", second.Warnings[1]);
        Assert.Contains("takes for that of another entry: 'folder/case'", second.Warnings[2]);
        Assert.Equal((null, 1L), (sent.Error, sent.Deleted));
        Assert.Equal(before.Except(["gone"]).Order(StringComparer.Ordinal), ReadBucket().Keys.Order(StringComparer.Ordinal));
        Assert.Equal("UPPER", File.ReadAllText(Path.Combine(Mirror, "folder/case")));

        // The names on the drive stay whose they are, whatever comes before them later; and deletions go on.
        Write("folder/A", "upper");
        Write("folder/a", "lower");
        File.Delete(Files["source/twin"]);
        RsyncStageResult third = await Stage1Async();
        File.Delete(Files["source/folder/A"]);
        await Stage1Async();
        RsyncStageResult fifth = await Stage1Async();
        Write("folder/A", "once again");
        RsyncStageResult sixth = await Stage1Async();

        Assert.Equal((1L, 1L), (third.Created, third.Deleted));
        Assert.Equal((0L, 0L, 0L), (fifth.Created, fifth.Updated, fifth.Deleted));
        Assert.Equal((0L, 1L, 0L), (sixth.Created, sixth.Updated, sixth.Deleted));
        Assert.Equal("once again", File.ReadAllText(Path.Combine(Mirror, "folder/A")));
    }

    [SkippableTheory]
    [InlineData(MirrorOwnership.Auto, null)]
    [InlineData(MirrorOwnership.Ignore, null)]
    [InlineData(MirrorOwnership.Keep, "RsyncPartialTransfer")]
    [InlineData(MirrorOwnership.FakeSuper, "FakeSuperNotPossible")]
    public async Task A_drive_without_owners_stops_no_run_unless_owners_are_asked_for(MirrorOwnership ownership, string? error)
    {
        using LoopDrive drive = LoopDrive.Mount("exfat", Files["drive"]);
        FillSource();
        Rsync = Rsync with { Ownership = ownership };

        RsyncStageResult first = await TryStage1Async();
        RsyncStageResult second = await TryStage1Async();

        Assert.Equal((error, error), (first.Error?.Id, second.Error?.Id));
        Assert.Equal(ownership == MirrorOwnership.Auto, string.Join(' ', first.Warnings).Contains("owners and groups", StringComparison.Ordinal));
        Assert.DoesNotContain(second.Warnings, text => text.Contains("does not keep", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("ext4", true)]
    [InlineData("ntfs", false)]
    public async Task Owners_that_are_written_down_reach_S3_and_come_back(string kind, bool keepsPermissions)
    {
        using LoopDrive drive = LoopDrive.Mount(kind, Files["drive"]);
        FillSource();
        RawFileSystem.MakeFifo(Files["source/pipe"]);
        Rsync = Rsync with { Ownership = MirrorOwnership.FakeSuper };
        Options = Options with { DirectoryMarkers = S3DirectoryMarkers.All };

        await Stage1Async();
        S3SyncStageResult sent = await SyncAsync();
        AssertNothingDone(await Stage1Async(), await SyncAsync());
        AssertNothingDone(await Stage1Async(), await SyncAsync(Request with { FollowsStage1 = false }));

        Assert.Contains(sent.Warnings, text => text.Contains("pipe' is a device, a pipe or a socket", StringComparison.Ordinal));
        Assert.Contains("file-owner=1000", Metadata("folder/b"));
        Assert.Contains("file-group=1001", Metadata("folder/b"));
        Assert.Contains("file-permissions=0120", Metadata("link"));

        RawFileSystem.SetOwner(Files["source/folder/b"], 1002, 1003);
        Assert.Equal((0L, 1L), (await Stage1Async()) is var third ? (third.Updated, third.MetadataChanged) : default);
        Assert.Equal((0L, 1L), (await SyncAsync()) is var changed ? (changed.Requests.Put, changed.Requests.Copy) : default);
        Assert.Contains("file-owner=1002", Metadata("folder/b"));

        File.Delete(Files["source/pipe"]);
        await Stage1Async();
        foreach (BackupCopy from in (BackupCopy[])[BackupCopy.Local, BackupCopy.S3])
        {
            RestoreRequest request = Restore(from) with { Destination = Files["back-" + from] };
            RestoreResult back = await RestoreAsync(request);
            Assert.True(back.Error is null, back.Error?.Message);
            Dictionary<string, RawEntry> found = ReadTree(request.Destination!);
            Assert.Equal((1002u, 1003u, true), (found["folder/b"].Owner, found["folder/b"].Group, found["link"].IsLink));
            Assert.Equal(0L, (await RestoreAsync(request)).Restored);
            if (keepsPermissions)
                AssertSameTree(from.ToString(), ReadTree(Source), found);
        }
    }

    private string Metadata(string key) => ReadBucket()[key].Metadata;

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

    private async Task<RsyncStageResult> TryStage1Async(bool allowNew = false)
    {
        using RunContext context = RunContext.Start(JobName, Observer);
        RsyncStageRequest request =
            new() { Sources = [new BackupSource { Path = Source }], Options = Rsync, AllowNewDestination = allowNew };
        return await RsyncStage.RunAsync(request, context, CancellationToken.None);
    }

    private async Task<RsyncStageResult> Stage1Async(bool allowNew = false)
    {
        RsyncStageResult result = await TryStage1Async(allowNew);
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
