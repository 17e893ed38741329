using System.Text;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Mirror;
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

        AssertCounts(result, updated: 1, deleted: 1, unchanged: 1);
        Assert.Equal(Snapshot(Source), Snapshot(Mirror));
    }

    /// <summary>How editors save a text.</summary>
    public static TheoryData<string, int> Encodings => new()
    {
        { "utf-8", 3 },
        { "utf-8", 0 },
        { "utf-16", 2 },
        { "utf-16BE", 2 },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task A_pattern_file_leaves_out_the_same_in_every_encoding(string encoding, int mark)
    {
        Files.File("source/kept.txt");
        Files.File("source/secret.key");
        Files.File("source/größe.tmp");
        Files.File("source/keep.tmp");
        Options = Options with { PatternFiles = [WritePatterns(encoding, mark, "secret.key\r\n# a comment\r\n\r\n; another\r\n+ keep.tmp\r\ngröße.*\r\n*.tmp")] };

        RsyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, null), (result.Status, result.Error));
        Assert.Equal(
            ["keep.tmp", "kept.txt"],
            Directory.GetFiles(Mirror).Select(Path.GetFileName).Where(name => name != MirrorMarker.FileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_mark_that_clears_all_rules_in_a_converted_file_does_not_clear_the_modules_own()
    {
        Files.File("source/a");
        Options = Options with { DeleteExtraneous = true, PatternFiles = [WritePatterns("utf-16", 2, "!\n*.tmp\n")] };
        await RunAsync();

        await RunAsync();

        Assert.True(File.Exists(Path.Combine(Mirror, MirrorMarker.FileName)));
    }

    [Theory]
    [InlineData("is not there", null)]
    [InlineData("is a folder", "")]
    [InlineData("holds in line 2 what is not text", "a\nb\0c")]
    [InlineData("has the byte order mark of UTF-8", "\u00EF\u00BB\u00BFa\u00FF")]
    public async Task A_pattern_file_that_is_none_is_refused_before_anything_is_copied(string expected, string? content)
    {
        Files.File("source/a");
        string path = Files["patterns"];
        if (content is { Length: 0 })
            Directory.CreateDirectory(path);
        else if (content is not null)
            File.WriteAllBytes(path, Encoding.Latin1.GetBytes(content));
        Options = Options with { PatternFiles = [path] };

        RsyncStageResult result = await RunAsync();

        Assert.Equal(("PatternFileInvalid", BackupExitCode.Refused, path), (result.Error?.Id, result.Error?.ExitCode, result.Error?.Target));
        Assert.Contains(expected, result.Error!.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Mirror));
        BackupConfiguration job = new() { Name = "x", Sources = Request.Sources, Options = new BackupOptions { Rsync = Options } };
        Assert.Equal(
            (result.Error.Message, "$.options.rsync.patternFiles[0]"),
            Assert.Single(PatternFile.ProblemsOf(job)) is var problem ? (problem.Message, problem.JsonPath) : default);
    }

    [Fact]
    public async Task A_blank_at_the_end_of_a_pattern_is_told_with_its_line()
    {
        Files.File("source/a");
        Options = Options with { PatternFiles = [WritePatterns("utf-8", 0, "# blank \nfine\nnot fine \n")] };

        RsyncStageResult result = await RunAsync();

        Assert.StartsWith("Line 3 of '", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_excluded_later_is_told_once_with_its_count_and_left()
    {
        Files.File("source/a");
        Files.File("source/old/one.tmp");
        Files.File("source/old/two.tmp");
        Options = Options with { DeleteExtraneous = true };
        Assert.Empty((await RunAsync()).Warnings);
        Options = Options with { ExcludePatterns = ["*.tmp"] };

        string warning = Assert.Single((await RunAsync()).Warnings);

        Assert.Contains("still holds 2 entries", warning, StringComparison.Ordinal);
        Assert.Contains("'old/one.tmp'", warning, StringComparison.Ordinal);
        Assert.True(File.Exists(Files["mirror/old/one.tmp"]));
        Assert.Empty((await RunAsync()).Warnings);
    }

    [Fact]
    public async Task A_pattern_that_excludes_nothing_of_the_mirror_is_no_warning()
    {
        Files.File("source/a");
        Files.File("source/b.tmp");
        Options = Options with { DeleteExtraneous = true, ExcludePatterns = ["*.tmp"] };

        Assert.Empty((await RunAsync()).Warnings);
        Options = Options with { ExcludePatterns = ["*.tmp", "*.bak"] };
        Assert.Empty((await RunAsync()).Warnings);
    }

    [Fact]
    public async Task What_is_excluded_is_deleted_on_request_and_nothing_of_the_modules_own()
    {
        Files.File("source/a");
        Files.File("source/b.tmp");
        Options = Options with { DeleteExtraneous = true };
        await RunAsync();
        Options = Options with { ExcludePatterns = ["*.tmp"], DeleteExcluded = true };

        RsyncStageResult result = await RunAsync();

        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Deleted));
        Assert.False(File.Exists(Files["mirror/b.tmp"]));
        Assert.True(File.Exists(Path.Combine(Mirror, MirrorMarker.FileName)));
        Assert.Equal(0, (await RunAsync()).Deleted);
    }

    [Fact]
    public async Task What_is_excluded_counts_for_the_limit_of_deletions()
    {
        for (int i = 0; i < 6; i++)
            Files.File($"source/{i}.tmp");
        Files.File("source/a");
        Options = Options with { DeleteExtraneous = true };
        await RunAsync();
        Options = Options with { ExcludePatterns = ["*.tmp"], DeleteExcluded = true, MaxDelete = DeleteLimit.OfCount(5) };

        RsyncStageResult result = await RunAsync();

        Assert.Equal(("DeleteLimitExceeded", 0L), (result.Error?.Id, result.Deleted));
        Assert.True(File.Exists(Files["mirror/0.tmp"]));
    }

    private string WritePatterns(string encoding, int mark, string text)
    {
        string path = Files["patterns"];
        Encoding written = Encoding.GetEncoding(encoding);
        File.WriteAllBytes(path, [.. mark > 0 ? written.GetPreamble() : [], .. written.GetBytes(text)]);
        return path;
    }

    private async Task HideAnEditAsync()
    {
        File.SetLastWriteTimeUtc(Files.File("source/a", "one"), Time);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        File.SetLastWriteTimeUtc(Files.File("source/a", "two"), Time);
    }
}
