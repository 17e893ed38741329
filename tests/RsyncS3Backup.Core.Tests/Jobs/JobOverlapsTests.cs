using RsyncS3Backup.Jobs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class JobOverlapsTests
{
    [Theory]
    [InlineData("/m/a", "/m/a", "is also")]
    [InlineData("/m/a/", "/m/a", "is also")]
    [InlineData("/m/a/b", "/m/a", "lies in")]
    [InlineData("/m/a", "/m/a/b/c", "holds")]
    [InlineData("/m/a", "/", "lies in")]
    [InlineData("/m/a", "/m/ab", null)]
    [InlineData("/m/a", "/n/a", null)]
    public void Mirrors_are_compared(string mine, string others, string? relation)
    {
        IReadOnlyList<ConfigurationProblem> problems = Find(Job("mine", mine, "x/"), Job("other", others, "y/"));

        if (relation is null)
        {
            Assert.Empty(problems);
            return;
        }

        ConfigurationProblem problem = Assert.Single(problems);
        Assert.Equal("$.options.rsync.localDestination", problem.JsonPath);
        string other = others.Length > 1 ? others.TrimEnd('/') : others;
        Assert.Equal($"'{mine.TrimEnd('/')}', the mirror of job 'mine', {relation} '{other}', the mirror of job 'other'.", problem.Message);
    }

    [Theory]
    [InlineData("home/", "home/", "is also")]
    [InlineData("home", "home/", "is also")]
    [InlineData("home/photos/", "home/", "lies in")]
    [InlineData("home/", "home/photos/", "holds")]
    [InlineData("home/", "", "lies in")]
    [InlineData("", "home/", "holds")]
    [InlineData("", "", "is also")]
    [InlineData("home/", "homes/", null)]
    [InlineData("home/a/", "home/b/", null)]
    [InlineData(null, "rsync/mine/", "is also")]
    [InlineData(null, null, null)]
    [InlineData("{host}/", "{host}/", "is also")]
    [InlineData("a/{yyyy-MM-dd}/", "a/", "lies in")]
    [InlineData("a/{yyyy-MM-dd}/", "a/{yyyy-MM-dd}/", "is also")]
    [InlineData("a/{yyyy}-{MM}/", "a/{yyyy-MM}/", "is also")]
    [InlineData("a/{yyyy-MM-dd}/", "a/{yyyy-MM}/", null)]
    [InlineData("a/{yyyy-MM-dd}/", "a/2026-01-01/x/", "holds")]
    [InlineData("a/{yyyy-MM-dd}/", "a/b c/", null)]
    [InlineData("a/2026-01-01/", "a/{yyyy-MM-dd}/", "is also")]
    [InlineData("a/2026-01-01/x/", "a/{yyyy-MM-dd}/", "lies in")]
    [InlineData("a/{yyyy-MM-dd}/", "a/{yyyy-dd-MM}/", null)]
    public void Prefixes_are_compared(string? mine, string? others, string? relation)
    {
        IReadOnlyList<ConfigurationProblem> problems = Find(Job("mine", "/m/1", mine), Job("other", "/m/2", others));

        Assert.Equal(relation is null ? [] : ["$.options.rsync.syncToS3.s3Prefix"], problems.Select(problem => problem.JsonPath));
        if (relation is not null)
        {
            Assert.Contains($"the key prefix of job 'mine', {relation} '", problems[0].Message, StringComparison.Ordinal);
            Assert.Contains("that of job 'other'", problems[0].Message, StringComparison.Ordinal);
            Assert.Contains("'rsync/mine/'", problems[0].Allowed, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Prefixes_in_other_buckets_and_at_other_endpoints_have_nothing_in_common()
    {
        BackupConfiguration mine = Job("mine", "/m/1", "p/");

        Assert.Empty(Find(mine, Job("other", "/m/2", "p/", bucket: "another")));
        Assert.Empty(Find(mine, Job("other", "/m/2", "p/", endpoint: "https://s3.example.org")));
        Assert.Empty(Find(mine, Job("other", "/m/2", "p/", isEnabled: false)));
        Assert.Single(Find(Job("mine", "/m/1", "p/", endpoint: "https://S3.example.org/"), Job("other", "/m/2", "p/", endpoint: "https://s3.example.org")));
    }

    [Fact]
    public void Jobs_without_a_stage_2_have_no_prefix_in_common_and_AWS_is_one_endpoint()
    {
        Assert.Empty(Find(Job("mine", "/m/1", "p/", isEnabled: false), Job("other", "/m/2", "p/", isEnabled: false)));
        Assert.Equal("s3://bucket", JobPlaces.Of(Job("mine", "/m/1", "p/")).Store);
        Assert.Equal("", JobPlaces.Of(Job("mine", "/m/1", "")).Prefix);
        Assert.Equal("a/", JobPlaces.Of(Job("mine", "/m/1", "a")).Prefix);
    }

    [Fact]
    public void A_job_does_not_meet_itself() => Assert.Empty(Find(Job("mine", "/m/1", "p/"), Job("mine", "/m/1", "p/")));

    [Fact]
    public void Mirror_and_prefix_are_two_problems_and_each_job_is_told() =>
        Assert.Equal(4, Find(Job("mine", "/m/1", "p/"), Job("second", "/m/1", "p/"), Job("third", "/m/1/x", "p/x/")).Count);

    private static IReadOnlyList<ConfigurationProblem> Find(BackupConfiguration job, params BackupConfiguration[] others) =>
        JobOverlaps.Find(JobPlaces.Of(job), [.. others.Select(JobPlaces.Of)]);

    private static BackupConfiguration Job(
        string name, string mirror, string? prefix, string bucket = "bucket", string? endpoint = null, bool isEnabled = true) => new()
        {
            Name = name,
            Sources = [new BackupSource { Path = "/source" }],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions { LocalDestination = mirror, SyncToS3 = new S3SyncOptions { S3Prefix = prefix, Enabled = isEnabled } },
            },
            Destination = new S3Destination { Bucket = bucket, EndpointUrl = endpoint },
        };
}
