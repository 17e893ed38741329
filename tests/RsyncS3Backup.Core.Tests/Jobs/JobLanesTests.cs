using RsyncS3Backup.Jobs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class JobLanesTests
{
    [Fact]
    public void Jobs_that_have_nothing_in_common_run_beside_one_another() =>
        Assert.Equal(["a", "b", "c"], Lanes(Job("a", "/1", "/m/1"), Job("b", "/1", "/m/2"), Job("c", "/2", "/m/22")));

    [Fact]
    public void A_job_given_twice_runs_twice_in_its_order() =>
        Assert.Equal(["a a", "b"], Lanes(Job("a", "/1", "/m/1"), Job("b", "/2", "/m/2"), Job("a", "/1", "/m/1")));

    [Theory]
    [InlineData("/x", "/m", "/y", "/m/")]
    [InlineData("/x", "/m", "/y", "/m/below")]
    [InlineData("/x", "/m/below", "/y", "/m")]
    [InlineData("/x", "/m", "/m", "/other")]
    [InlineData("/x", "/m", "/m/below", "/other")]
    [InlineData("/m/below/deep", "/other", "/y", "/m/below")]
    public void A_job_that_reads_or_writes_where_another_writes_waits_for_it(string source1, string mirror1, string source2, string mirror2) =>
        Assert.Equal(["a b", "c"], Lanes(Job("a", source1, mirror1), Job("b", source2, mirror2), Job("c", "/z", "/z-mirror")));

    [Fact]
    public void Jobs_that_meet_through_a_third_share_a_lane() =>
        Assert.Equal(["a b c", "d"], Lanes(Job("a", "/1", "/m/1"), Job("b", "/2", "/m/2"), Job("c", "/m", "/n"), Job("d", "/1", "/o")));

    [Fact]
    public void A_source_on_another_machine_is_in_nobodys_mirror() =>
        Assert.Equal(["a", "b"], Lanes(Job("a", "/1", "/m"), Job("b", "host:/m", "/n")));

    private static IEnumerable<string> Lanes(params BackupConfiguration[] jobs) =>
        JobLanes.Of(jobs, job => job).Select(lane => string.Join(' ', lane.Select(job => job.Name)));

    private static BackupConfiguration Job(string name, string source, string mirror) => new()
    {
        Name = name,
        Sources = [new BackupSource { Path = source }],
        Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = mirror } },
    };
}
