using System.Net;
using Amazon.S3;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Ownership;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Ownership;

/// <summary>Who backs up into a bucket, by the marks in it.</summary>
public sealed class BucketJobsTests
{
    private static readonly DateTimeOffset Then = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly MemoryStore store = new("");

    [Fact]
    public async Task Each_mark_says_whose_a_prefix_is_and_the_listing_how_much_is_there_and_since_when()
    {
        Mark("nas/photos/", "photos", "nas");
        Put("nas/photos/a.jpg", 5, Then.AddDays(1));
        Put("nas/photos/2026/b.jpg", 7, Then.AddDays(2));
        Mark("web/", "sites", "web");
        Put("web/index.html", 3, Then);
        Put("other/readme.txt", 100, Then);

        IReadOnlyList<BackupBucketJob> jobs = await ListAsync();

        Assert.Equal(["nas/photos/", "web/"], jobs.Select(job => job.KeyPrefix));
        Assert.Equal(("photos", "nas", "bucket", "/mirror/photos", 2L, 12L), (
            jobs[0].Name, jobs[0].HostName, jobs[0].BucketName, jobs[0].Path, jobs[0].Objects, jobs[0].Bytes));
        Assert.Equal((Then.AddDays(2), Then, "id of photos"), (jobs[0].LastUpload, jobs[0].Created, jobs[0].MirrorId));
        Assert.Equal((1L, 3L), (jobs[1].Objects, jobs[1].Bytes));
        Assert.Equal("photos on nas: s3://bucket/nas/photos/", jobs[0].ToString());
    }

    [Fact]
    public async Task What_lies_beneath_a_mark_is_not_looked_through_folder_by_folder()
    {
        Mark("photos/", "photos", "nas");
        Put("photos/2026/a.jpg", 5, Then);

        await ListAsync();

        Assert.DoesNotContain("LEVEL photos/2026/", store.Asked);
        Assert.Single(store.Asked, asked => asked == "LIST photos/");
    }

    [Fact]
    public async Task Marks_are_looked_for_down_to_some_folders_and_no_farther()
    {
        string deep = string.Concat(Enumerable.Repeat("f/", BucketJobs.MostLevels));
        Mark(deep, "deep", "nas");
        Mark("g/" + deep, "deeper", "nas");

        Assert.Equal(["deep"], (await ListAsync()).Select(job => job.Name));
    }

    [Theory]
    [InlineData("InvalidObjectState", HttpStatusCode.Forbidden, "The mark is in an archive.")]
    [InlineData("AccessDenied", HttpStatusCode.Forbidden, "These credentials may not read the mark (s3:GetObject).")]
    public async Task A_mark_that_cannot_be_read_says_why_and_its_prefix_is_measured(string code, HttpStatusCode status, string problem)
    {
        Mark("photos/", "photos", "nas");
        Put("photos/a.jpg", 5, Then);
        store.Fails = asked => asked.StartsWith("READ ", StringComparison.Ordinal)
            ? new AmazonS3Exception("no") { ErrorCode = code, StatusCode = status }
            : null;

        BackupBucketJob job = Assert.Single(await ListAsync());

        Assert.Equal(("", problem, 1L), (job.Name, job.Problem, job.Objects));
    }

    [Fact]
    public async Task A_file_that_is_called_like_a_mark_and_is_none_is_told()
    {
        store.Put("photos/" + MirrorMarker.FileName, "{}"u8.ToArray());

        Assert.Equal("There is a file with the mark's name, but it is not a mark.", Assert.Single(await ListAsync()).Problem);
    }

    [Fact]
    public async Task A_bucket_without_marks_has_no_jobs()
    {
        Put("a/b/c.txt", 1, Then);

        Assert.Empty(await ListAsync());
    }

    private Task<IReadOnlyList<BackupBucketJob>> ListAsync() => new BucketJobs(store).ListAsync(CancellationToken.None);

    private void Mark(string prefix, string job, string host)
    {
        MirrorMarker marker = new($"id of {job}", job, Then, new FileSystemIdentity("ext4", "1")) { Host = host, Path = $"/mirror/{job}" };
        store.Put(prefix + MirrorMarker.FileName, marker.ToBytes(), made => made with { LastModified = Then.AddDays(-1) });
    }

    private void Put(string key, int size, DateTimeOffset time) => store.Put(key, new byte[size], made => made with { LastModified = time });
}
