using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What each option does, with the real rsync.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RsyncOptionsTests : RsyncStageHarness
{
    private static readonly DateTime Time = new(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc);

    [Fact]
    public async Task A_checksum_finds_an_edit_that_size_and_time_hide()
    {
        await HideAnEditAsync();
        Assert.Equal(0, (await RunAsync()).Updated);
        Options = Options with { Checksum = true };
        Assert.Equal(1, (await RunAsync()).Updated);
    }

    [Fact]
    public async Task A_checksum_is_due_when_none_is_known_and_not_again_before_its_time()
    {
        Options = Options with { ChecksumEvery = TimeSpan.FromDays(30), DeleteExtraneous = true };
        await HideAnEditAsync();
        Assert.Equal(0, (await RunAsync()).Updated);

        Options = Options with { ChecksumEvery = TimeSpan.FromTicks(1) };
        Assert.Equal(1, (await RunAsync()).Updated);
    }

    [Fact]
    public async Task Include_patterns_come_before_exclude_patterns_and_pattern_files_come_last()
    {
        Options = Options with
        {
            IncludePatterns = ["*.jpg"],
            ExcludePatterns = ["*.tmp", "kept.jpg"],
            PatternFiles = [Files.File("patterns file", "# comment\n!\n*.log\n+ a.txt\n*.txt\n")],
            DeleteExtraneous = true,
        };
        foreach (string name in (string[])["kept.jpg", "a.txt", "b.txt", "c.log"])
            Files.File("source/" + name);
        await RunAsync();
        await RunAsync();

        // The file's "!" forgets the patterns before it, and the marker stays all the same.
        Assert.Equal(
            [".rsyncs3backup.json", "a.txt", "kept.jpg"],
            Directory.GetFiles(Mirror).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_sources_own_patterns_hold_for_it_alone()
    {
        Files.File("source/x.raw");
        Files.File("second/x.raw");
        await RunAsync(Request with
        {
            Sources = [new BackupSource { Path = Source, ExcludePatterns = ["*.raw"] }, new BackupSource { Path = Files["second"] }],
        });
        Assert.False(File.Exists(Files["mirror/source/x.raw"]));
        Assert.True(File.Exists(Files["mirror/second/x.raw"]));
    }

    [Fact]
    public async Task In_place_sparse_numeric_limited_and_with_extra_arguments_a_mirror_is_a_mirror()
    {
        Options = Options with
        {
            Inplace = true,
            Sparse = true,
            NumericIds = true,
            BandwidthLimit = 1L << 30,
            DeleteExtraneous = true,
            ExtraArguments = ["--whole-file", "--timeout=60", "--one-file-system"],
        };
        Files.File("source/a", "content");
        Files.File("source/gone");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        File.AppendAllText(Files["source/a"], "more");
        File.Delete(Files["source/gone"]);

        RsyncStageResult result = await RunAsync();

        AssertCounts(result, updated: 1, metadata: 1, deleted: 1);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    private async Task HideAnEditAsync()
    {
        File.SetLastWriteTimeUtc(Files.File("source/a", "one"), Time);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        File.SetLastWriteTimeUtc(Files.File("source/a", "two"), Time);
    }
}
