using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

public sealed class PeriodicProgressTests
{
    [Fact]
    public async Task It_is_told_while_it_goes_on_and_completed_once_at_the_end()
    {
        TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        RecordingObserver observer = new() { OnProgress = _ => told.TrySetResult() };
        using RunContext context = RunContext.ForPlan("job", observer);

        await using (PeriodicProgress.Start(context, Report))
            await told.Task;

        Assert.True(observer.ProgressReports.Count > 1);
        Assert.Equal(observer.ProgressReports.Count - 1, observer.ProgressReports.ToList().FindIndex(report => report.Completed));
        Assert.All(observer.ProgressReports, report => Assert.Equal(1000, report.AverageBytesPerSecond));
        Assert.All(observer.ProgressReports, report => Assert.Equal(1000, report.BytesPerSecond, tolerance: 1));
        Assert.All(observer.ProgressReports, report => Assert.True(report.Elapsed > TimeSpan.Zero));
    }

    private static StageProgress Report(double seconds) =>
        new() { Stage = 2, Name = "job", Activity = "Working", BytesPerSecond = seconds > 0 ? 1000 : 0 };
}
