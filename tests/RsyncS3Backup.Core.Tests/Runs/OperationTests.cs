using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

public sealed class OperationTests
{
    private static readonly BackupError Error = BackupError.Make(
        "Test", BackupErrorCategory.NotSpecified, "It failed.", "Try again.", target: null, BackupExitCode.Stage2Failed);

    [Fact]
    public async Task What_is_thrown_after_a_stop_was_asked_for_is_the_stop()
    {
        using CancellationTokenSource stop = new();

        OperationEnd end = await RunAsync(
            _ =>
            {
                stop.Cancel();
                throw new IOException("The connection was closed.");
            },
            stop.Token);

        Assert.Equal((BackupStatus.Cancelled, "Stopped."), (end.Status, end.Error?.Message));
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_failure()
    {
        OperationEnd end = await RunAsync(_ => throw new OperationCanceledException("No answer in time."));

        Assert.Equal((BackupStatus.Failed, "No answer in time."), (end.Status, end.Error?.Message));
    }

    [Fact]
    public async Task An_error_that_is_returned_fails_it()
    {
        OperationEnd end = await RunAsync(_ => Error);

        Assert.Equal((BackupStatus.Failed, Error), (end.Status, end.Error));
    }

    [Theory]
    [InlineData(false, BackupStatus.Succeeded)]
    [InlineData(true, BackupStatus.SucceededWithWarnings)]
    public async Task A_warning_is_seen_in_the_status(bool warns, BackupStatus expected)
    {
        OperationEnd end = await RunAsync(report =>
        {
            if (warns)
                report.Warning("Look at this.");
            return null;
        });

        Assert.Equal((expected, null), (end.Status, end.Error));
    }

    private static Task<OperationEnd> RunAsync(
        Func<StageReport, BackupError?> work, CancellationToken cancellationToken = default)
    {
        Operation operation = new(RunContext.ForPlan("job", new RecordingObserver()));
        return operation.RunAsync(
            () => Task.FromResult(work(operation.Report)),
            () => Error with { Message = "Stopped." },
            exception => Error with { Message = exception.Message },
            cancellationToken);
    }
}
