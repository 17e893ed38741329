using RsyncS3Backup.Jobs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

/// <summary>What in a good job was hardly meant.</summary>
public sealed class JobDoubtsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    // The schedule; for how many days objects are locked; what it leaves between two runs, where that is too much.
    [InlineData("0 2 * * *", 2, null)]
    [InlineData("0 2 * * *", 1, "1 d 0 h between two runs")]
    [InlineData("0 2 * * 1", 14, null)]
    [InlineData("0 2 * * 1", 13, "7 d 0 h between two runs")]
    [InlineData("0 2 1 * *", 62, null)]
    [InlineData("0 2 1 * *", 61, "31 d 0 h between two runs")]
    [InlineData("0 2 1 * *", 57, "31 d 0 h between two runs")]
    // Every hour of the first week, and then nothing for weeks.
    [InlineData("0 * 1-7 * *", 60, null)]
    [InlineData("0 * 1-7 * *", 40, "between two runs")]
    [InlineData("0 0 29 2 *", 2924, null)]
    [InlineData("0 0 29 2 *", 2900, "1461 d 0 h between two runs")]
    [InlineData("* * * * *", 1, null)]
    [InlineData("0 2 1 * *", 36500, null)]
    // What is wrong with it is told elsewhere.
    [InlineData("0 2 31 2 *", 30, null)]
    [InlineData("nonsense", 30, null)]
    public void A_schedule_must_not_be_rarer_than_half_of_a_lock(string cron, int days, string? expected)
    {
        string? told = JobDoubts.RareRuns(Job(days), Schedule(cron), Now);

        if (expected is null)
            Assert.Null(told);
        else
            Assert.Contains($"the schedule '{cron}' leaves ", told, StringComparison.Ordinal);
        Assert.Contains(expected ?? "", told ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_renews_nothing_may_run_as_seldom_as_it_likes()
    {
        BackupScheduleOptions rare = Schedule("0 2 1 1 *");

        Assert.NotNull(JobDoubts.RareRuns(Job(30), rare, Now));
        Assert.Null(JobDoubts.RareRuns(Job(30, renews: false), rare, Now));
        Assert.Null(JobDoubts.RareRuns(Job(30, isEnabled: false), rare, Now));
        Assert.Null(JobDoubts.RareRuns(Job(null), rare, Now));
        Assert.Contains(JobDoubts.Of(Job(30) with { Schedule = rare }, JobList.Read()), doubt => doubt.Contains("end before they are renewed", StringComparison.Ordinal));
    }

    private static BackupScheduleOptions Schedule(string cron) => new() { CronExpression = cron, Timezone = "UTC" };

    private static BackupConfiguration Job(int? days, bool renews = true, bool isEnabled = true) => new()
    {
        Name = "photos",
        Sources = [],
        Options = new BackupOptions
        {
            Rsync = new RsyncOptions
            {
                LocalDestination = "/mirror",
                SyncToS3 = new S3SyncOptions
                {
                    Enabled = isEnabled,
                    Protection = days is { } count
                        ? new ProtectionOptions { ObjectLock = new ObjectLockOptions { Mode = ObjectLockMode.Governance, Days = count, Renew = renews } }
                        : new ProtectionOptions(),
                },
            },
        },
    };
}
