using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Stage 1 with the real rsync.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RsyncStageTests : RsyncStageHarness
{
    [Fact]
    public async Task A_first_run_creates_everything()
    {
        Files.File("source/a.txt", "hello");
        Files.File("source/folder/b.txt", "world!");
        Files.Folder("source/empty");
        File.CreateSymbolicLink(Files["source/link -> odd"], "a.txt");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Null(result.Error);
        AssertCounts(result, created: 6);
        Assert.Equal((6, 16, 11), (result.Total, result.TotalBytes, result.TransferredBytes));
        Assert.Equal(0, result.RsyncExitCode);
        Assert.NotNull(result.RsyncVersion);
        Assert.True(File.Exists(result.LogPath));
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    [Fact]
    public async Task A_run_without_changes_counts_all_as_unchanged()
    {
        Files.File("source/a.txt", "hello");
        Files.File("source/folder/b.txt", "world!");
        Options = Options with { DeleteExtraneous = true };
        await RunAsync();

        RsyncStageResult result = await RunAsync();

        AssertCounts(result, unchanged: 4);
        Assert.Equal(0, result.TransferredBytes);
    }

    [Fact]
    public async Task Changes_are_counted_by_kind()
    {
        Files.File("source/content", "old");
        Files.File("source/mode", "same");
        Files.File("source/same", "same");
        await RunAsync();
        File.WriteAllText(Files["source/content"], "new and longer");
        File.SetUnixFileMode(Files["source/mode"], UnixFileMode.UserRead);
        Files.File("source/created", "x");

        RsyncStageResult result = await RunAsync();

        // The root's time changed too, which is no change beside the new file.
        AssertCounts(result, created: 1, updated: 1, metadata: 1, unchanged: 2);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    [Fact]
    public async Task A_new_file_is_one_change_and_the_folder_whose_time_it_changes_is_none()
    {
        Files.File("source/folder/old");
        await RunAsync();
        Files.File("source/folder/new");

        AssertCounts(await RunAsync(), created: 1, unchanged: 3);

        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
        File.SetUnixFileMode(Files["source/folder"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AssertCounts(await RunAsync(), metadata: 1, unchanged: 3);
    }

    [Fact]
    public async Task An_edit_of_equal_size_within_the_same_second_is_seen()
    {
        DateTime time = new(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(Files.File("source/a", "one"), time.AddTicks(1));
        await RunAsync();
        File.SetLastWriteTimeUtc(Files.File("source/a", "two"), time.AddTicks(2));

        await RunAsync();

        Assert.Equal("two", File.ReadAllText(Files["mirror/a"]));
    }

    [Fact]
    public async Task Without_deletions_the_mirror_keeps_what_is_gone()
    {
        Files.File("source/a");
        Files.File("source/b");
        await RunAsync();
        File.Delete(Files["source/b"]);

        AssertCounts(await RunAsync(), unchanged: 2);
        Assert.True(File.Exists(Files["mirror/b"]));
    }

    [Fact]
    public async Task With_deletions_what_is_gone_is_deleted_and_counted_once()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/a");
        Files.File("source/folder/below/b");
        Files.File("source/folder/c");
        await RunAsync();
        Directory.Delete(Files["source/folder"], recursive: true);
        Files.File("source/new", "12345");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        AssertCounts(result, created: 1, deleted: 4, unchanged: 2);
        Assert.Equal(5, result.TransferredBytes);
        Assert.Equal(0, result.RsyncExitCode);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    [Fact]
    public async Task A_folder_with_content_that_became_a_file_is_replaced_where_deletions_are_on()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/x/below/file");
        Files.File("source/y");
        await RunAsync();
        Directory.Delete(Files["source/x"], recursive: true);
        Files.File("source/x", "a file now");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        AssertCounts(result, created: 1, deleted: 2, unchanged: 2);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    [Fact]
    public async Task A_folder_with_content_that_became_a_file_is_a_failed_item_where_deletions_are_off()
    {
        Files.File("source/x/below");
        await RunAsync();
        Directory.Delete(Files["source/x"], recursive: true);
        Files.File("source/x", "a file now");

        RsyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, "RsyncPartialTransfer", 1), (result.Status, result.Error?.Id, result.Failed));
        Assert.Equal("x", Assert.Single(result.FailedItems).Target);
        Assert.True(File.Exists(Files["mirror/x/below"]));
    }

    [Fact]
    public async Task More_deletions_than_allowed_are_refused_before_the_first_one()
    {
        for (int i = 0; i < 20; i++)
            Files.File($"source/folder/{i:00}");
        Files.File("source/kept");
        Options = Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.OfPercent(50) };
        await RunAsync();
        for (int i = 0; i < 15; i++)
            File.Delete(Files[$"source/folder/{i:00}"]);
        Files.File("source/new");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(BackupStatus.Failed, result.Status);
        Assert.Equal(("DeleteLimitExceeded", BackupExitCode.Refused), (result.Error?.Id, result.Error?.ExitCode));
        Assert.Contains("15 of 23 entries", result.Error?.Message);
        Assert.Contains("allows 11", result.Error?.Message);
        Assert.Equal(10, result.Error!.Message.Split("'folder/").Length - 1);
        Assert.Equal(0, result.Deleted);
        Assert.Equal(20, Directory.GetFiles(Files["mirror/folder"]).Length);
        Assert.True(File.Exists(Files["mirror/new"]));
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public async Task The_limit_counts_folders_too_and_is_exact(int limit, bool isRefused)
    {
        Files.File("source/kept");
        Files.File("source/gone/a");
        Files.File("source/gone/deep/b");
        Files.File("source/gone2");
        Options = Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.OfCount(limit) };
        await RunAsync();
        Directory.Delete(Files["source/gone"], recursive: true);
        File.Delete(Files["source/gone2"]);

        RsyncStageResult result = await RunAsync();

        Assert.Equal(isRefused ? "DeleteLimitExceeded" : null, result.Error?.Id);
        Assert.Equal(isRefused ? 0 : 5, result.Deleted);
        Assert.Equal(isRefused, File.Exists(Files["mirror/gone/deep/b"]));
    }

    [Fact]
    public async Task A_source_that_the_patterns_empty_is_refused_like_an_empty_one()
    {
        Files.File("source/.DS_Store");
        Files.File("mirror/precious");
        Options = Options with { DeleteExtraneous = true, ExcludePatterns = [".DS_Store"] };

        Assert.Equal("SourceEmpty", (await RunAsync()).Error?.Id);
        Assert.True(File.Exists(Files["mirror/precious"]));
        Assert.Equal(1, (await RunAsync(Request with { AllowEmptySource = true })).Deleted);
    }

    [Fact]
    public async Task An_empty_source_empties_the_mirror_only_on_request()
    {
        Files.File("mirror/precious");
        Options = Options with { DeleteExtraneous = true };

        RsyncStageResult refused = await RunAsync();
        Assert.Equal(("SourceEmpty", BackupExitCode.Refused), (refused.Error?.Id, refused.Error?.ExitCode));
        Assert.Null(refused.RsyncExitCode);
        Assert.Equal(1, (await RunAsync(Request with { AllowEmptySource = true })).Deleted);
        Assert.False(File.Exists(Files["mirror/precious"]));
    }

    [Fact]
    public async Task Hard_links_stay_hard_links_on_request()
    {
        Files.File("source/a", "content");
        await ShellAsync($"ln '{Files["source/a"]}' '{Files["source/b"]}'");
        Options = Options with { HardLinks = true };

        RsyncStageResult result = await RunAsync();

        AssertCounts(result, created: 3);
        Assert.Equal(7, result.TransferredBytes);
        File.AppendAllText(Files["mirror/a"], "!");
        Assert.Equal("content!", File.ReadAllText(Files["mirror/b"]));
    }

    [Fact]
    public async Task Excluded_names_are_left_out_and_not_deleted()
    {
        Files.File("source/a");
        Files.File("source/sub/skip.tmp");
        Files.File("mirror/old.tmp");
        Options = Options with { ExcludePatterns = ["*.tmp"], DeleteExtraneous = true };

        await RunAsync();

        Assert.True(File.Exists(Files["mirror/a"]));
        Assert.False(File.Exists(Files["mirror/sub/skip.tmp"]));
        Assert.True(File.Exists(Files["mirror/old.tmp"]));
    }

    [Fact]
    public async Task Several_sources_get_folders_of_their_own_and_other_folders_are_left_alone()
    {
        Files.File("source/a", "1");
        Files.File("second/b", "22");
        Files.File("second/gone");
        RsyncStageRequest request = Request with
        {
            Sources = [new BackupSource { Path = Source }, new BackupSource { Path = Files["second"], Name = "other" }],
            Options = Options with { DeleteExtraneous = true },
        };
        RsyncStageResult first = await RunAsync(request);
        Assert.Equal(BackupStatus.Succeeded, first.Status);
        AssertCounts(first, created: 5);
        Assert.Equal((5, 3), (first.Total, first.TotalBytes));
        Files.File("mirror/foreign/file");
        File.Delete(Files["second/gone"]);

        RsyncStageResult result = await RunAsync(request);

        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        Assert.Contains("'foreign'", Assert.Single(result.Warnings));
        AssertCounts(result, deleted: 1, unchanged: 4);
        Assert.True(File.Exists(Files["mirror/foreign/file"]));
        Assert.Equal(Snapshot(Source), Snapshot(Files["mirror/source"]));
        Assert.Equal(Snapshot(Files["second"]), Snapshot(Files["mirror/other"]));
    }

    [Fact]
    public async Task Names_that_are_not_utf8_are_mirrored_and_counted()
    {
        await ShellAsync($"cd '{Source}' && touch $'\\xff\\xfe' && mkdir $'d\\x80' && ln -s $'\\xff\\xfe' l");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        AssertCounts(result, created: 4);
        await ShellAsync($"diff -r --no-dereference --exclude={MirrorMarker.FileName} '{Source}' '{Mirror}'");
        await ShellAsync($"rm -rf '{Source}' '{Mirror}'");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Random_trees_with_hostile_names_are_mirrored_exactly()
    {
        Options = Options with { DeleteExtraneous = true, HardLinks = true, MaxDelete = DeleteLimit.Unlimited };
        Random random = new(20240229);
        HostileTree tree = new(random);
        for (int i = 0; i < TestEffort.Times(35); i++)
        {
            tree.Change(Source);
            IReadOnlyList<string> before = Directory.Exists(Mirror) ? Snapshot(Mirror) : [];
            RsyncStageResult result = await RunAsync();

            IReadOnlyList<string> expected = Snapshot(Source);
            Assert.Equal(expected, Snapshot(Mirror));
            Assert.True(result.Status == BackupStatus.Succeeded, $"round {i}: {result.Error}");
            Assert.Equal(expected.Count, result.Total);
            HashSet<string> known = [.. before.Select(WithoutTimeOfFolder)];
            int changed = expected.Count(line => !known.Contains(WithoutTimeOfFolder(line)));
            Assert.Equal(changed, result.Created + result.Updated + result.MetadataChanged);
            Assert.Equal(expected.Count - changed, result.Unchanged);
        }
    }

    [Fact]
    public async Task Cancelling_keeps_what_is_done_and_the_next_run_finishes()
    {
        // Sparse, so that it takes no room, and long enough that no machine copies it between two progress reports.
        using (FileStream big = File.Create(Files["source/big"]))
            big.SetLength(8L << 30);
        using CancellationTokenSource cancellation = new();
        Observer = new RecordingObserver { OnProgress = progress => CancelOnceCopying(progress, cancellation) };

        RsyncStageResult result = await RunAsync(Request, cancellationToken: cancellation.Token);

        Assert.Equal((BackupStatus.Cancelled, "RunCancelled"), (result.Status, result.Error?.Id));
        Assert.Empty(ProcessesMentioning(Files.Path));
        Assert.False(File.Exists(Files["mirror/big"]));
        Assert.True(File.Exists(Files["mirror/.rsync-partial/big"]));
    }

    [Fact]
    public async Task Progress_ends_with_everything_done_and_the_story_is_told()
    {
        RecordingObserver observer = Observer;
        Files.File("source/a", "12345");
        Files.File("source/b", "123");

        await RunAsync();

        StageProgress last = observer.ProgressReports[^1];
        Assert.Equal((1, JobName, 3L, 3L, 8L), (last.Stage, last.Name, last.Files, last.TotalFiles, last.Bytes));
        Assert.Contains(observer.VerboseMessages, message => message.Contains($"mirrors {Source} to {Mirror}", StringComparison.Ordinal));
        Assert.Contains(observer.VerboseMessages, message => message.Contains("3 created", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_is_cancelled_before_it_starts_changes_nothing()
    {
        Files.File("source/a");

        RsyncStageResult result = await RunAsync(Request, cancellationToken: new CancellationToken(canceled: true));

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.False(Directory.Exists(Mirror));
    }

    [SkippableFact]
    public async Task A_full_drive_fails_with_its_own_error_and_a_rerun_after_making_room_finishes()
    {
        string drive = Files.Folder("drive");
        Skip.If(await ShellCodeAsync($"mount -t tmpfs -o size=1m none '{drive}' 2>/dev/null") != 0, "Drives cannot be mounted here.");
        try
        {
            File.WriteAllBytes(Files["source/a"], new byte[600_000]);
            File.WriteAllBytes(Files["drive/other"], new byte[600_000]);
            Options = Options with { LocalDestination = Files["drive/mirror"], RequireMountPoint = true };

            RsyncStageResult full = await RunAsync();
            Assert.Equal(("DestinationFull", BackupStatus.Failed), (full.Error?.Id, full.Status));
            File.Delete(Files["drive/other"]);

            Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
            Assert.Equal(600_000, new FileInfo(Files["drive/mirror/a"]).Length);
        }
        finally
        {
            await ShellAsync($"umount '{drive}'");
        }
    }

    [Fact]
    public async Task Variables_that_change_what_rsync_does_are_kept_from_it()
    {
        Environment.SetEnvironmentVariable("RSYNC_ICONV", "utf-8,iso-8859-1");
        try
        {
            Files.File("source/é", "x");
            await RunAsync();
            Assert.True(File.Exists(Files["mirror/é"]));
        }
        finally
        {
            Environment.SetEnvironmentVariable("RSYNC_ICONV", null);
        }
    }

    internal static IReadOnlyList<string> ProcessesMentioning(string text) =>
        [.. Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])).Select(CommandLine)
            .Where(line => line.Contains(text, StringComparison.Ordinal))];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void CancelOnceCopying(StageProgress progress, CancellationTokenSource cancellation)
    {
        if (progress.Bytes > 0 && !progress.Completed)
            cancellation.Cancel();
    }

    private static async Task ShellAsync(string script) => Assert.Equal(0, await ShellCodeAsync(script));

    private static async Task<int> ShellCodeAsync(string script)
    {
        using Process shell = Process.Start("/bin/bash", ["-c", script]);
        await shell.WaitForExitAsync();
        return shell.ExitCode;
    }

    private static string WithoutTimeOfFolder(string line) =>
        line.Contains(" | folder ", StringComparison.Ordinal) ? line[..line.LastIndexOf(' ')] : line;
}
