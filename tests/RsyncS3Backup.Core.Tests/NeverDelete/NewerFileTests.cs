using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Recovery;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>A restore in place replaces what was meant, and no work that is newer than the copy unless somebody says so.</summary>
[Collection(FakeRsync.Collection)]
public sealed class NewerFileTests : RestoreHarness
{
    private static readonly DateTime Old = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(BackupCopy.Local, "photos [2024]", "photos [2024]/a")]
    [InlineData(BackupCopy.S3, "photos [2024]", "photos [2024]/a")]
    [InlineData(BackupCopy.Local, "photos [2024]/a", "photos [2024]/a")]
    [InlineData(BackupCopy.S3, "photos [2024]/a", "photos [2024]/a")]
    [InlineData(BackupCopy.Local, "photos [2-3]", "photos 2/a")]
    [InlineData(BackupCopy.S3, "photos [2-3]", "photos 2/a")]
    [InlineData(BackupCopy.Local, "photos `[2024`]", "photos [2024]/a")]
    public async Task What_is_there_exactly_as_it_is_written_is_meant_alone(BackupCopy copy, string path, string meant)
    {
        await BackUpAsync("photos [2024]/a", "photos 2/a");

        await RestoreWellAsync(Restore(copy) with { Paths = [path] });

        Assert.Equal([meant], Restored().Where(found => found.EndsWith("/a", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("*", "*")]
    [InlineData("a?", "a?")]
    [InlineData("[ab]", null)]
    public async Task A_literal_path_has_no_wildcards(string path, string? meant)
    {
        await BackUpAsync("*", "a?", "ab", "b");

        RestoreResult result = await RestoreAsync(Restore() with { LiteralPaths = [path] });

        Assert.Equal(meant is null ? [] : [meant], Restored());
        Assert.Equal(meant is null ? "RestoreNothingFound" : null, result.Error?.Id);
    }

    [Theory]
    [InlineData(BackupCopy.Local, RestoreOverwrite.IfDifferent, "newer work")]
    [InlineData(BackupCopy.Local, RestoreOverwrite.Always, "newer work")]
    [InlineData(BackupCopy.S3, RestoreOverwrite.IfDifferent, "newer work")]
    [InlineData(BackupCopy.S3, RestoreOverwrite.Always, "same size!")]
    public async Task A_newer_file_stays_when_nobody_can_be_asked(BackupCopy copy, RestoreOverwrite overwrite, string content)
    {
        await BackUpAsync("a", "b", "c");
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), content);
        File.Delete(Path.Combine(Source, "b"));
        await File.WriteAllTextAsync(Path.Combine(Source, "c"), "older");
        File.SetLastWriteTimeUtc(Path.Combine(Source, "c"), Old.AddDays(-1));

        RestoreResult result = await RestoreAsync(InPlace(copy) with { Overwrite = overwrite });

        Assert.Equal((BackupStatus.SucceededWithWarnings, 1L, 1L), (result.Status, result.Skipped, result.SkippedNewer));
        Assert.Equal(content, Content("a"));
        Assert.Equal(("content of b", "content of c"), (Content("b"), Content("c")));
        string warning = Assert.Single(result.Warnings);
        Assert.Contains(Path.Combine(Source, "a"), warning, StringComparison.Ordinal);
        Assert.Contains("-Force", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_newer_file_is_replaced_when_that_is_said_beforehand()
    {
        await BackUpAsync("a");
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), "newer");

        await RestoreWellAsync(InPlace(BackupCopy.S3) with { ReplaceNewer = true });

        Assert.Equal("content of a", Content("a"));
    }

    [Fact]
    public async Task Each_newer_file_is_asked_about_and_a_no_is_no_reason_for_a_warning()
    {
        await BackUpAsync("a", "b");
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), "newer a");
        await File.WriteAllTextAsync(Path.Combine(Source, "b"), "newer b");
        List<ReplacedFile> asked = [];
        RestoreRequest request = InPlace(BackupCopy.S3) with
        {
            AskToReplaceNewer = file =>
            {
                lock (asked)
                    asked.Add(file);
                return Task.FromResult<bool?>(file.Path.EndsWith('b'));
            },
        };

        RestoreResult result = await RestoreWellAsync(request);

        Assert.Equal(("newer a", "content of b"), (Content("a"), Content("b")));
        Assert.Equal((1L, 1L), (result.Restored, result.SkippedNewer));
        Assert.Equal([Path.Combine(Source, "a"), Path.Combine(Source, "b")], asked.Select(file => file.Path).Order(StringComparer.Ordinal));
        Assert.All(asked, file => Assert.Equal(Old, file.CopyModified!.Value.UtcDateTime));
    }

    [Theory]
    [InlineData(BackupCopy.Local)]
    [InlineData(BackupCopy.S3)]
    public async Task The_preview_names_every_file_that_would_be_replaced_and_writes_nothing(BackupCopy copy)
    {
        await BackUpAsync("same", "sub/newer", "sub/older", "missing");
        await File.WriteAllTextAsync(Path.Combine(Source, "sub/newer"), "newer");
        await File.WriteAllTextAsync(Path.Combine(Source, "sub/older"), "older");
        File.SetLastWriteTimeUtc(Path.Combine(Source, "sub/older"), Old.AddDays(-1));
        File.Delete(Path.Combine(Source, "missing"));

        Assert.Equal(["sub/newer (newer)", "sub/older"], await PreviewAsync(InPlace(copy)));
        Assert.Equal(["same", "sub/newer (newer)", "sub/older"], await PreviewAsync(InPlace(copy) with { Overwrite = RestoreOverwrite.Always }));
        Assert.Empty(await PreviewAsync(InPlace(copy) with { Overwrite = RestoreOverwrite.Never }));
        Assert.Empty(await PreviewAsync(Restore(copy)));
        Assert.False(Directory.Exists(Target));
        Assert.False(File.Exists(Path.Combine(Source, "missing")));
    }

    private RestoreRequest InPlace(BackupCopy copy) => Restore(copy) with { InPlace = true, Destination = null, ReplaceNewer = false };

    private string Content(string name) => File.ReadAllText(Path.Combine(Source, name));

    private async Task<IEnumerable<string>> PreviewAsync(RestoreRequest request)
    {
        List<string> found = [];
        await foreach (ReplacedFile file in RestorePreview.ListAsync(request, CancellationToken.None))
            found.Add(Path.GetRelativePath(Source, file.Path) + (file.IsNewer ? " (newer)" : ""));
        return found;
    }

    // The same in the source, the mirror and the bucket.
    private async Task BackUpAsync(params string[] files)
    {
        foreach (string file in files)
        {
            foreach (string root in (string[])[Source, Mirror])
            {
                string path = Path.Combine(root, file);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, $"content of {file}");
                File.SetLastWriteTimeUtc(path, Old);
            }
        }

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }
}
