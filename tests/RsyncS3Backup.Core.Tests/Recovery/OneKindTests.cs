using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Buckets that hold a file and a folder of one name.</summary>
public sealed class OneKindTests : RestoreHarness
{
    [Theory]
    [InlineData("a:1 a/x:2", "a/x", 1)]
    [InlineData("a:3 a/x:1 a/y:2", "a", 1)]
    [InlineData("a:2 a/x:1 a/y:3", "a/x a/y", 1)]
    [InlineData("a:2 a/:1", "a", 1)]
    [InlineData("a:1 a b:1 a.txt:1 a/x:2 a0:1", "a b|a.txt|a/x|a0", 1)]
    [InlineData("a:5 a b:5 a b/c:1 a.txt:1 a/x:2 a/x/y:3 b:1", "a b|a.txt|a|b", 2)]
    [InlineData("a:1 a/x:2 a/x/y:3", "a/x/y", 2)]
    [InlineData("a a:1 b:1", "a a|b", 0)]
    public async Task The_one_that_was_stored_last_is_taken_and_the_other_told(string listed, string expected, int told)
    {
        // A space is in a name when no colon came before it.
        StoredObject[] listing = [.. System.Text.RegularExpressions.Regex.Matches(listed, "(.+?):([0-9]) ?")
            .Select(match => new StoredObject(match.Groups[1].Value, 1, "e") { LastModified = DateTimeOffset.UnixEpoch.AddSeconds(int.Parse(match.Groups[2].Value, null)) })];
        List<string> warnings = [];
        OneKind kinds = new(folder => listing.Where(item => item.RelativeKey.StartsWith(folder[..^1], StringComparison.Ordinal)).ToAsyncEnumerable(), warnings.Add);

        List<string> taken = [];
        await foreach (StoredObject item in kinds.OfAsync(listing.ToAsyncEnumerable(), CancellationToken.None))
            taken.Add(item.RelativeKey);

        Assert.Equal(expected.Split(expected.Contains('|', StringComparison.Ordinal) ? '|' : ' ').Order(StringComparer.Ordinal), taken.Order(StringComparer.Ordinal));
        Assert.Equal(told, warnings.Count);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_restore_brings_the_newer_one_and_leaves_nothing_temporary_behind(bool isFileNewer)
    {
        Skip.If(OperatingSystem.IsWindows(), "makes links");
        DateTimeOffset early = DateTimeOffset.UtcNow.AddHours(-2);
        DateTimeOffset late = early.AddHours(1);
        Dictionary<string, string> link = new() { ["file-permissions"] = "0120777" };
        Server.Store.Put(BucketName, Prefix + "link", "elsewhere"u8.ToArray(), link, lastModified: isFileNewer ? late : early);
        Server.Store.Put(BucketName, Prefix + "file", "file"u8.ToArray(), lastModified: isFileNewer ? late : early);
        Server.Store.Put(BucketName, Prefix + "link/inner", "inner"u8.ToArray(), lastModified: isFileNewer ? early : late);
        Server.Store.Put(BucketName, Prefix + "file/inner", "inner"u8.ToArray(), lastModified: isFileNewer ? early : late);

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal((BackupStatus.SucceededWithWarnings, 2, 0L), (result.Status, result.Warnings.Count, result.Failed));
        Assert.Equal(isFileNewer ? ["file", "link"] : ["file", "file/inner", "link", "link/inner"], Restored());
    }
}
