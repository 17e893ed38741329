using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Ownership;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Ownership;

/// <summary>Prefixes of other jobs, as a listing meets them.</summary>
public sealed class NestedPrefixesTests : IDisposable
{
    private readonly MemoryRun run = new();
    private readonly PrefixOwner owner;
    private readonly NestedPrefixes nested;

    public NestedPrefixesTests()
    {
        owner = PrefixOwner.Of(run.JobName, run.Request.MirrorPath);
        nested = new NestedPrefixes(run.Scope, run.Catalog, owner);
    }

    public void Dispose() => run.Dispose();

    [Fact]
    public async Task Everything_beneath_the_marker_of_another_job_is_its_own()
    {
        await MeetAsync("photos/", Marker("theirs"));

        Assert.Equal(
            [true, true, true, false, false, false],
            new[] { "photos/a", "photos/!a", "photos/deep/a", "photos", "photos2/a", "a" }.Select(nested.Covers));
        BackupError error = Assert.Single(run.Report.FailedItems());
        Assert.Equal(("PrefixOwnedByOther", "s3://bucket/p/photos/"), (error.Id, error.Target));
        Assert.Contains("belongs to the job 'other' and lies in s3://bucket/p/", error.Message, StringComparison.Ordinal);
        // Only a listing meets it again.
        Assert.Contains("'photos/'", Assert.Single(run.Catalog.Contradictions), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_of_them_are_each_their_own_and_a_marker_within_one_is_not_read()
    {
        await MeetAsync("a/", Marker("one"));
        await MeetAsync("b/", Marker("two"));
        await MeetAsync("b/deeper/", Marker("three"));

        Assert.Equal([true, true, true, false], new[] { "a/x", "b/x", "b/deeper/x", "c/x" }.Select(nested.Covers));
        Assert.Equal(["READ p/a/.rsyncs3backup.json", "READ p/b/.rsyncs3backup.json"], run.Store.Asked);
        Assert.Equal(2, run.Report.Failed);
    }

    [Theory]
    [InlineData("photos/file")]
    [InlineData("photos/x.rsyncs3backup.json")]
    [InlineData("photos/.rsyncs3backup.json/x")]
    // That of the run's own prefix.
    [InlineData(".rsyncs3backup.json")]
    public async Task Nothing_else_is_read(string key)
    {
        await nested.MeetAsync(new StoredObject(key, 1, "tag"), CancellationToken.None);

        Assert.Empty(run.Store.Asked);
        Assert.False(nested.Covers(key));
    }

    [Fact]
    public async Task The_mirrors_own_marker_further_down_is_no_other_jobs()
    {
        await MeetAsync("photos/", Marker(owner.Marker.Id));

        Assert.False(nested.Covers("photos/a"));
        Assert.Equal(0, run.Report.Failed);
        Assert.Empty(run.Catalog.Contradictions);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("hello")]
    public async Task Some_file_of_that_name_is_no_marker(string content)
    {
        await MeetAsync("photos/", Encoding.UTF8.GetBytes(content));

        Assert.False(nested.Covers("photos/a"));
        Assert.Equal(0, run.Report.Failed);
    }

    [Fact]
    public async Task One_that_is_gone_by_now_is_none()
    {
        await nested.MeetAsync(new StoredObject("photos/" + MirrorMarker.FileName, 1, "tag"), CancellationToken.None);

        Assert.Single(run.Store.Asked);
        Assert.False(nested.Covers("photos/a"));
        Assert.Equal(0, run.Report.Failed);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_copy_of_a_mirror_that_this_mirror_has_or_that_the_job_sent_is_an_ordinary_folder(bool isInMirror, bool isSent)
    {
        if (isInMirror)
            run.Files.File($"mirror/photos/{MirrorMarker.FileName}");
        if (isSent)
            run.Catalog.Put(MemoryRun.Row("photos/" + MirrorMarker.FileName));

        await MeetAsync("photos/", Marker("theirs"));

        Assert.False(nested.Covers("photos/a"));
        Assert.Empty(run.Store.Asked);
    }

    [Fact]
    public async Task A_row_that_says_only_that_there_is_something_makes_it_no_ordinary_file()
    {
        run.Catalog.Put(CatalogEntry.Uncertain("photos/" + MirrorMarker.FileName));

        await MeetAsync("photos/", Marker("theirs"));

        Assert.True(nested.Covers("photos/a"));
    }

    [Fact]
    public async Task A_run_without_a_catalog_sees_them_too()
    {
        NestedPrefixes without = new(run.Scope, null, owner);
        run.Store.Put("p/photos/" + MirrorMarker.FileName, Marker("theirs"));

        await without.MeetAsync(new StoredObject("photos/" + MirrorMarker.FileName, 1, "tag"), CancellationToken.None);

        Assert.True(without.Covers("photos/a"));
        Assert.Equal(1, run.Report.Failed);
    }

    private ValueTask MeetAsync(string folder, byte[] content)
    {
        run.Store.Put("p/" + folder + MirrorMarker.FileName, content);
        return nested.MeetAsync(new StoredObject(folder + MirrorMarker.FileName, content.Length, "tag"), CancellationToken.None);
    }

    private static byte[] Marker(string id) => new MirrorMarker(id, "other", MemoryRun.Now, new FileSystemIdentity("ext4", null)).ToBytes();
}
