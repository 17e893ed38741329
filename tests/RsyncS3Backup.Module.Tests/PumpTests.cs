using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

/// <summary>The pump in the real engine, under work that only cancellation ends.</summary>
public sealed class PumpTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly PowerShellSession session = PowerShellSession.CreateWithTestCmdlets();

    private string Marker => folder.File("cleaned-up");

    [Fact]
    public void ErrorAction_Stop_ends_only_after_the_clean_up_and_with_the_original_error()
    {
        SessionResult result = session.Run("param($Marker) Test-PipelinePump Error $Marker -ErrorAction Stop", Marker);

        Assert.True(File.Exists(Marker));
        Assert.StartsWith("Posted,", result.TerminatingError!.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void WarningAction_Stop_ends_only_after_the_clean_up()
    {
        SessionResult result = session.Run("param($Marker) Test-PipelinePump Warning $Marker -WarningAction Stop", Marker);

        Assert.True(File.Exists(Marker));
        Assert.IsType<ActionPreferenceStopException>(result.Terminating, exactMatch: false);
    }

    [Fact]
    public void A_downstream_that_has_enough_ends_only_after_the_clean_up()
    {
        // As Select-Object -First does, which is in a module that the hosted engine lacks: WriteObject throws, and the pipeline ends well.
        SessionResult result = session.Run(
            "param($Marker) foreach ($once in 1) { Test-PipelinePump Object $Marker | ForEach-Object { $_; break } }", Marker);

        Assert.True(File.Exists(Marker));
        Assert.Null(result.Terminating);
    }

    [Fact]
    public void A_downstream_that_throws_ends_only_after_the_clean_up()
    {
        SessionResult result = session.Run("param($Marker) Test-PipelinePump Object $Marker | ForEach-Object { throw 'enough' }", Marker);

        Assert.True(File.Exists(Marker));
        Assert.Equal("enough", result.Terminating!.Message);
    }

    [Fact]
    public void Stop_ends_only_after_the_clean_up()
    {
        using RunningScript running = session.Start(
            "param($Marker, $Started) Test-PipelinePump Nothing $Marker -Started $Started", Marker, folder.File("started"));
        Assert.True(SpinWait.SpinUntil(() => File.Exists(folder.File("started")), TimeSpan.FromMinutes(2)));

        SessionResult result = running.Stop();

        Assert.True(File.Exists(Marker));
        Assert.IsType<PipelineStoppedException>(result.Terminating, exactMatch: false);
    }

    [Fact]
    public void What_the_clean_up_posts_is_dropped()
    {
        SessionResult result = session.Run(
            "param($Marker) try { Test-PipelinePump Error $Marker -ErrorAction Stop } catch { 'caught' }", Marker);

        Assert.Equal(["caught"], result.Objects.Select(item => item.ToString()));
    }

    [Fact]
    public void A_question_asked_during_the_clean_up_is_answered_by_cancellation()
    {
        session.Run("param($Marker) Test-PipelinePump Question $Marker -WarningAction Stop", Marker);

        Assert.Equal("no answer", File.ReadAllText(Marker));
    }

    [Fact]
    public void Work_that_ignores_cancellation_is_left_alone_after_its_grace_period()
    {
        SessionResult result = session.Run(
            "param($Marker) Test-PipelinePump Error $Marker -Hang -GraceMilliseconds 50 -ErrorAction Stop", Marker);

        Assert.StartsWith("Posted,", result.TerminatingError!.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(File.Exists(Marker));
    }

    [Fact]
    public void An_exception_of_the_work_arrives_unwrapped()
    {
        SessionResult result = session.Run("param($Marker) try { Test-PipelinePump Fault $Marker } catch { $_.Exception.Error.Id }", Marker);

        Assert.Equal(["from the clean-up", "TestFault"], result.Objects.Select(item => item.ToString()));
    }

    [Fact]
    public void Everything_posted_comes_before_the_result_and_in_order()
    {
        SessionResult result = session.Run("param($Marker) Test-PipelinePump Result $Marker", Marker);

        Assert.Equal(["posted", "from the clean-up", "the result"], result.Objects.Select(item => item.ToString()));
    }

    [Fact]
    public void A_failed_item_is_a_non_terminating_error_with_all_that_is_known()
    {
        SessionResult result = session.Run("Test-RunObserver");

        ErrorRecord error = Assert.Single(result.Errors);
        Assert.StartsWith("FileUnreadable,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.PermissionDenied, error.CategoryInfo.Category);
        Assert.Equal("a/b", error.TargetObject);
        Assert.Equal("Check its permissions.", error.ErrorDetails.RecommendedAction);
        Assert.Equal(["REQUEST1", "AccessDenied"], session.Texts("$Error[0].Exception.Error.RequestId; $Error[0].Exception.Error.S3ErrorCode"));
        Assert.Equal("done", Assert.Single(result.Objects).ToString());
    }

    [Fact]
    public void Verbose_and_warning_lines_reach_their_streams()
    {
        SessionResult result = session.Run("Test-RunObserver -Verbose");

        Assert.Contains("a verbose line", result.Verbose);
        Assert.Equal(["a warning"], result.Warnings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-Fail")]
    [InlineData("-ErrorAction Stop")]
    public void Every_progress_bar_that_was_shown_is_completed(string parameters)
    {
        SessionResult result = session.Run($"Test-RunObserver {parameters}");

        int[] shown = [.. result.Progress.Where(IsShown).Select(record => record.ActivityId).Distinct().Order()];
        int[] completed = [.. result.Progress.Where(record => !IsShown(record)).Select(record => record.ActivityId).Order()];
        Assert.Equal(shown, completed);
    }

    [Fact]
    public void The_bar_of_a_stage_is_a_child_of_the_runs_bar_and_tells_bytes_files_rate_and_time_left()
    {
        SessionResult result = session.Run("Test-RunObserver");

        ProgressRecord stage = result.Progress.First(record => record.ParentActivityId >= 0);
        Assert.Contains(result.Progress, record => record.ActivityId == stage.ParentActivityId && record.Activity == "Backup 'photos'");
        Assert.Equal("Uploading, 10 of 40 files, 1.0 MiB of 4.0 MiB", stage.StatusDescription);
        Assert.Equal(25, stage.PercentComplete);
        Assert.Equal(6, stage.SecondsRemaining);
        ProgressRecord now = result.Progress.First(record => record.ParentActivityId == stage.ActivityId);
        Assert.Equal("512.0 KiB/s", now.StatusDescription);
        ProgressRecord run = result.Progress.First(record => record.ActivityId == stage.ParentActivityId);
        Assert.StartsWith("Stage 2 of 2, ", run.StatusDescription, StringComparison.Ordinal);
        Assert.Equal(6, run.SecondsRemaining);
    }

    [Fact]
    public void What_is_large_and_long_fits_into_80_columns_and_keeps_numbers_whole()
    {
        SessionResult result = session.Run("Test-RunObserver -Large");

        Assert.All(result.Progress.Where(IsShown), record => Assert.InRange($"{record.Activity} [{record.StatusDescription} 00:00:06]".Length, 1, 80));
        Assert.Contains(result.Progress, record => record.StatusDescription == "1,234,567 of 12,345,678, 123.4 GiB of 1.2 TiB");
        Assert.Contains(result.Progress, record => record.StatusDescription.StartsWith("1023.0 MiB/s (average 512.0 MiB/s), 4 m 1 s, …", StringComparison.Ordinal)
            && record.StatusDescription.EndsWith("IMG_2041.jpg", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    private static bool IsShown(ProgressRecord record) => record.RecordType == ProgressRecordType.Processing;
}
