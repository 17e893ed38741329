using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Which failures of stage 2 deserve another try, and when.</summary>
public sealed class RetryPolicyTests
{
    [Theory]
    [InlineData(BackupStatus.Failed, true, BackupExitCode.Refused, false, true)]
    [InlineData(BackupStatus.Failed, false, BackupExitCode.Stage2Failed, true, true)]
    [InlineData(BackupStatus.Failed, false, BackupExitCode.Stage2Failed, false, false)]
    [InlineData(BackupStatus.Failed, false, BackupExitCode.Refused, true, false)]
    [InlineData(BackupStatus.SucceededWithWarnings, true, BackupExitCode.Stage2Failed, true, false)]
    [InlineData(BackupStatus.Cancelled, true, BackupExitCode.Stage2Failed, true, false)]
    public void What_may_pass_is_tried_again(BackupStatus status, bool isTransient, BackupExitCode exitCode, bool hasTransientItem, bool again)
    {
        BackupError lasting = Error("Lasting", exitCode);
        BackupError passing = Error(ErrorIds.S3Unavailable, exitCode);
        Assert.Equal((false, true), (lasting.IsTransient, passing.IsTransient));
        S3SyncStageResult attempt = new()
        {
            Name = "job",
            RunId = "run",
            Path = "/m",
            Status = status,
            Error = isTransient ? passing : lasting,
            FailedItems = hasTransientItem ? [lasting, passing] : [lasting],
        };

        Assert.Equal(again, RetryPolicy.MayPass(attempt));
        Assert.False(RetryPolicy.MayPass(attempt with { Error = null }));
    }

    [Theory]
    [InlineData(60, 1, 0, 60)]
    [InlineData(60, 2, 0, 120)]
    [InlineData(60, 4, 0, 480)]
    [InlineData(60, 1, 1, 66)]
    [InlineData(60, 1, 0.5, 63)]
    // Never longer than an hour, or than the job says; and what a timer takes.
    [InlineData(60, 10, 0, 3600)]
    [InlineData(7200, 3, 0, 7200)]
    [InlineData(100_000_000, 1, 0, 4_294_967.294)]
    public void Each_wait_is_twice_as_long_as_the_one_before(double delay, int attempt, double random, double seconds) =>
        Assert.Equal(seconds, RetryPolicy.Wait(new RetryOptions { Delay = TimeSpan.FromSeconds(delay) }, attempt, random).TotalSeconds, 3);

    private static BackupError Error(string id, BackupExitCode exitCode) => new()
    {
        Id = id,
        Category = BackupErrorCategory.NotSpecified,
        Message = "x",
        RecommendedAction = "x",
        ExitCode = exitCode,
    };
}
