using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>The marker in the mirror, with the real rsync.</summary>
[Collection(FakeRsync.Collection)]
public sealed class MirrorGuardTests : RsyncStageHarness
{
    private string Marker => Files[$"mirror/{MirrorMarker.FileName}"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_run_marks_the_mirror_for_its_user_only_and_the_next_one_finds_nothing_to_do(bool deletes)
    {
        Options = Options with { DeleteExtraneous = deletes };
        Files.File("source/a");
        await RunAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Marker));
        MirrorMarker marker = MirrorMarker.Read(Mirror)!;
        Assert.Equal(JobName, marker.Job);
        Assert.Equal(FileSystemIdentity.Of(Files.Path), marker.FileSystem);

        AssertCounts(await RunAsync(), unchanged: 2);
        Assert.Equal(marker, MirrorMarker.Read(Mirror));
        Assert.Equal([MirrorMarker.FileName, "a"], Names(Mirror));
    }

    [Fact]
    public async Task The_marker_leaves_the_time_of_the_mirror_as_the_source_has_it_to_the_nanosecond()
    {
        using (System.Diagnostics.Process touch = System.Diagnostics.Process.Start("touch", ["-d", "1969-07-20 20:17:40.123456789Z", Source]))
            await touch.WaitForExitAsync();
        await RunAsync();

        Assert.Equal(-14_182_939_876_543_211, FileAttributesReader.Read(Mirror).ModifiedNanoseconds);
    }

    [Fact]
    public async Task A_failed_first_run_leaves_no_marker_and_the_next_one_is_not_refused()
    {
        Options = Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.OfCount(0) };
        Files.File("source/a");
        Files.File("mirror/foreign");

        Assert.Equal("DeleteLimitExceeded", (await RunAsync()).Error?.Id);
        Assert.False(File.Exists(Marker));
        Options = Options with { MaxDelete = DeleteLimit.Unlimited };
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.True(File.Exists(Marker));
    }

    [SkippableFact]
    public async Task A_drive_that_was_unmounted_after_a_failed_first_run_is_missed()
    {
        Files.File("source/a");
        Files.Folder("mirror");
        using (SmallDrive.Mount(Mirror, "1m"))
        {
            Options = Options with { RsyncPath = FakeRsync.Make(Files, "exit 12").Path };
            Assert.Equal("RsyncProtocolError", (await RunAsync()).Error?.Id);
            Assert.Equal("RsyncProtocolError", (await RunAsync()).Error?.Id);
        }

        Options = Options with { RsyncPath = null };
        await AssertRefusedAsync("DestinationChanged");

        Assert.Empty(Names(Mirror));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Request with { AllowNewDestination = true })).Status);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("", true)]
    [InlineData("lost+found", true)]
    [InlineData(null, true)]
    [InlineData("", false)]
    public async Task A_mirror_that_is_suddenly_empty_or_gone_is_not_mounted(string? left, bool deletes)
    {
        Options = Options with { DeleteExtraneous = deletes };
        Files.File("source/a");
        await RunAsync();
        Directory.Delete(Mirror, recursive: true);
        if (left is not null)
            Directory.CreateDirectory(Path.Combine(Mirror, left));

        await AssertRefusedAsync("DestinationNotMounted");

        Assert.False(File.Exists(Files["mirror/a"]));
        RsyncStageResult allowed = await RunAsync(Request with { AllowNewDestination = true });
        Assert.Equal(BackupStatus.Succeeded, allowed.Status);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task A_folder_with_other_content_in_the_mirrors_place_is_another_destination()
    {
        await MirrorOnceAsync();
        Directory.Delete(Mirror, recursive: true);
        Files.File("mirror/somebody's/photo");

        await AssertRefusedAsync("DestinationChanged");
        Assert.Equal(["somebody's"], Names(Mirror));
    }

    [Fact]
    public async Task A_mirror_of_another_job_is_refused_with_its_name_until_it_is_allowed()
    {
        string first = await MirrorOnceAsync();
        JobName = "other-" + first;
        File.Delete(Files["source/a"]);
        Files.File("source/b");

        BackupError error = await AssertRefusedAsync("DestinationChanged");

        Assert.Contains(first, error.Message);
        Assert.True(File.Exists(Files["mirror/a"]));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Request with { AllowNewDestination = true })).Status);
        Assert.Equal(JobName, MirrorMarker.Read(Mirror)!.Job);
        JobName = first;
        await AssertRefusedAsync("DestinationChanged");
    }

    [Fact]
    public async Task Another_mirror_of_the_same_job_is_refused()
    {
        await MirrorOnceAsync();
        (MirrorMarker.Read(Mirror)! with { Id = Guid.NewGuid().ToString() }).Write(Mirror);
        await AssertRefusedAsync("DestinationChanged");
    }

    [Fact]
    public async Task The_right_marker_on_another_file_system_is_refused()
    {
        await MirrorOnceAsync();
        (MirrorMarker.Read(Mirror)! with { FileSystem = new FileSystemIdentity("another", null) }).Write(Mirror);
        Assert.Contains("file system", (await AssertRefusedAsync("DestinationChanged")).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":1,"job":2,"created":3,"fileSystem":4}""")]
    public async Task A_marker_that_cannot_be_read_is_refused_and_can_be_replaced(string content)
    {
        await MirrorOnceAsync();
        File.WriteAllText(Marker, content);

        await AssertRefusedAsync("DestinationChanged");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(Request with { AllowNewDestination = true })).Status);
        Assert.Equal(JobName, MirrorMarker.Read(Mirror)!.Job);
    }

    [Fact]
    public async Task A_mirror_is_known_again_after_the_state_was_lost()
    {
        await MirrorOnceAsync();
        MirrorMarker marker = MirrorMarker.Read(Mirror)!;
        Directory.Delete(StateFolder.ForJob(JobName).Path, recursive: true);

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.Equal(marker, MirrorMarker.Read(Mirror));
        Directory.Delete(Mirror, recursive: true);
        await AssertRefusedAsync("DestinationNotMounted");
    }

    [Fact]
    public async Task A_mirror_that_was_made_without_a_marker_is_taken_and_marked()
    {
        Files.File("source/a");
        Files.File("mirror/a");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.True(File.Exists(Marker));
    }

    [Fact]
    public async Task A_new_place_in_the_configuration_begins_anew()
    {
        await MirrorOnceAsync();
        Options = Options with { LocalDestination = Files["second"] };
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.NotEqual(MirrorMarker.Read(Mirror)!.Id, MirrorMarker.Read(Files["second"])!.Id);
    }

    [Fact]
    public async Task A_marker_of_the_source_does_not_replace_the_mirrors_and_files_of_that_name_deeper_down_are_mirrored()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File($"source/{MirrorMarker.FileName}", "the source is a mirror too");
        Files.File($"source/deeper/{MirrorMarker.FileName}", "mine");
        await RunAsync();
        await RunAsync();

        Assert.Equal(JobName, MirrorMarker.Read(Mirror)!.Job);
        Assert.Equal("mine", File.ReadAllText(Files[$"mirror/deeper/{MirrorMarker.FileName}"]));
        File.Delete(Files[$"source/deeper/{MirrorMarker.FileName}"]);
        Assert.Equal(1, (await RunAsync()).Deleted);
    }

    [Fact]
    public async Task What_a_drive_keeps_at_its_root_is_not_deleted_and_what_has_the_name_deeper_down_is()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/a");
        foreach (string name in VolumeFolders.Names)
        {
            Files.File($"mirror/{name}/kept");
            Files.File($"mirror/deeper/{name}");
        }

        RsyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, VolumeFolders.Names.Count + 1), (result.Status, result.Deleted));
        Assert.All(VolumeFolders.Names, name => Assert.True(File.Exists(Files[$"mirror/{name}/kept"])));
        Assert.False(Directory.Exists(Files["mirror/deeper"]));
    }

    [Fact]
    public async Task An_empty_source_is_fine_while_the_mirror_holds_only_its_marker()
    {
        Options = Options with { DeleteExtraneous = true };
        await RunAsync();
        Assert.True(File.Exists(Marker));
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task Several_sources_have_one_marker_at_the_root_and_no_warning_of_it()
    {
        Files.File("source/a");
        Files.File("second/b");
        RsyncStageRequest request = Request with
        {
            Sources = [new BackupSource { Path = Source }, new BackupSource { Path = Files["second"] }],
            Options = Options with { DeleteExtraneous = true },
        };
        await RunAsync(request);

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(request)).Status);
        Assert.Equal([MirrorMarker.FileName, "second", "source"], Names(Mirror));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_refused_run_does_not_make_the_next_one_pass_although_it_copied_what_is_new()
    {
        Options = Options with { DeleteExtraneous = true };
        FillSource("old");
        await RunAsync();
        Directory.Delete(Source, recursive: true);
        FillSource("new");

        Assert.Equal("DeleteLimitExceeded", (await RunAsync()).Error?.Id);
        Assert.Equal("DeleteLimitExceeded", (await RunAsync()).Error?.Id);

        Assert.Equal(120, Directory.GetFiles(Mirror, "old*").Length);
        Assert.Equal(120, (await RunAsync(Request with { Options = Options with { MaxDelete = DeleteLimit.OfCount(120) } })).Deleted);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Fact]
    public async Task A_mirror_without_history_is_refused_twice_too()
    {
        Options = Options with { DeleteExtraneous = true };
        FillSource("new");
        for (int i = 0; i < 120; i++)
            Files.File($"mirror/old{i}");

        Assert.Equal("DeleteLimitExceeded", (await RunAsync()).Error?.Id);
        Assert.Equal("DeleteLimitExceeded", (await RunAsync()).Error?.Id);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Deletions_that_the_limit_allows_stay_allowed_after_the_source_has_grown()
    {
        Options = Options with { DeleteExtraneous = true };
        FillSource("one");
        await RunAsync();
        FillSource("two");
        FillSource("three");
        await RunAsync();
        foreach (string file in Directory.GetFiles(Source, "one*"))
            File.Delete(file);

        Assert.Equal(120, (await RunAsync()).Deleted);
    }

    private void FillSource(string prefix)
    {
        for (int i = 0; i < 120; i++)
            Files.File($"source/{prefix}{i}");
    }

    private async Task<string> MirrorOnceAsync()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/a");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        return JobName;
    }

    private async Task<BackupError> AssertRefusedAsync(string id)
    {
        RsyncStageResult result = await RunAsync();
        Assert.Equal((id, BackupExitCode.Refused), (result.Error?.Id, result.Error?.ExitCode));
        Assert.Null(result.RsyncExitCode);
        Assert.Contains("-AllowNewDestination", result.Error!.RecommendedAction);
        return result.Error;
    }

    private static IEnumerable<string?> Names(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
