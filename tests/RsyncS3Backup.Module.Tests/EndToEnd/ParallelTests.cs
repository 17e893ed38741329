using System.Management.Automation;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Several jobs at once: <c>-Parallel</c>.</summary>
public sealed class ParallelTests : EndToEndTest
{
    [Fact]
    public void Two_jobs_run_at_once_and_each_gives_its_result()
    {
        string[] jobs = [WriteJobNamed("photos", Meeting("photos", "music")), WriteJobNamed("music", Meeting("music", "photos"))];

        SessionResult result = Session.Run("param($Paths) Invoke-RsyncToS3Backup $Paths @keys -Parallel 2", (object)jobs).ThrowOnError();

        Assert.Equal(["music Succeeded", "photos Succeeded"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}").Order(StringComparer.Ordinal));
        Assert.Equal(Files(Source), Objects());
        Assert.Equal(Files(Source), Objects("rsync/music/"));
        Assert.Equal(["music", "photos"], Session.Texts("(Get-BackupHistory).Name").Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Jobs_by_name_and_from_Get_BackupJob_run_at_once_too()
    {
        WriteJobNamed("photos", Meeting("photos", "music"));
        WriteJobNamed("music", Meeting("music", "photos"));

        Assert.Equal(2, Session.Run("Invoke-RsyncToS3Backup -Name * @keys -Parallel 8").ThrowOnError().Objects.Count);
        File.Delete(Folder.File("photos-is-there"));
        File.Delete(Folder.File("music-is-there"));
        Assert.Equal(2, Session.Run("Get-BackupJob | Invoke-RsyncToS3Backup @keys -Parallel 8").ThrowOnError().Objects.Count);
    }

    [Fact]
    public void One_job_given_twice_runs_twice_one_after_the_other()
    {
        string job = WriteJob();

        SessionResult result = Session.Run("param($Path) $Path, $Path | Invoke-RsyncToS3Backup @keys -Parallel 2", job).ThrowOnError();

        Assert.Equal(["Succeeded", "Succeeded"], result.Objects.Select(item => item.Text("Status")));
    }

    [Fact]
    public void Errors_and_warnings_say_of_which_job_they_are_and_the_worst_exit_code_is_told()
    {
        string warning = Rsync("vanishing", """rsync "$@"; echo 'file has vanished: "/x"' >&2; exit 24""");
        WriteJobNamed("music", ("options.rsync.rsyncPath", warning));
        WriteJobNamed("movies", ("sources", Sources(Folder.File("missing"))));
        WriteJob();

        SessionResult result = Session.Run("Invoke-RsyncToS3Backup -Name * @keys -Parallel 3 -ExitCode -Verbose");

        Assert.Equal(["movies Failed", "music SucceededWithWarnings", "photos Succeeded"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}").Order(StringComparer.Ordinal));
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("SourceMissing", error.Id());
        Assert.StartsWith("movies: ", error.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.All(result.Warnings, line => Assert.StartsWith("music: ", line, StringComparison.Ordinal));
        Assert.NotEmpty(result.Warnings);
        Assert.Contains(result.Verbose, line => line.StartsWith("photos: Run ", StringComparison.Ordinal));
        Assert.Equal(3, Session.Host.ExitCode);
    }

    [Fact]
    public void Progress_bars_of_jobs_are_apart_and_are_taken_away()
    {
        string[] jobs = [WriteJobNamed("photos", Meeting("photos", "music")), WriteJobNamed("music", Meeting("music", "photos"))];

        SessionResult result = Session.Run("param($Paths) Invoke-RsyncToS3Backup $Paths @keys -Parallel 2", (object)jobs).ThrowOnError();

        IEnumerable<IGrouping<int, ProgressRecord>> bars = result.Progress.GroupBy(record => record.ActivityId).ToArray();
        Assert.NotEmpty(bars);
        Assert.All(bars, bar => Assert.Single(bar.Where(record => record.RecordType == ProgressRecordType.Processing).Select(record => record.Activity).Distinct()));
        Assert.All(bars, bar => Assert.Equal(ProgressRecordType.Completed, bar.Last().RecordType));
    }

    [Fact]
    public void A_stopped_pipeline_waits_until_all_jobs_have_ended()
    {
        string[] jobs = [WriteJobNamed("photos", Hanging("photos")), WriteJobNamed("music", Hanging("music")), WriteJobNamed("third")];
        using RunningScript running = Session.Start("param($Paths) Invoke-RsyncToS3Backup $Paths @keys -Parallel 2", (object)jobs);
        AwaitFiles("photos.pid", "music.pid");

        SessionResult result = running.Stop();

        Assert.IsType<PipelineStoppedException>(result.Terminating, exactMatch: false);
        AssertEnded("photos", "music");
        Assert.False(Directory.Exists(Folder.File("mirror-third")));
        Assert.Equal(["Cancelled", "Cancelled"], Session.Texts("(Get-BackupHistory).Status"));
    }

    [Fact]
    public void ErrorAction_Stop_at_one_job_stops_the_pipeline_when_the_others_have_ended()
    {
        // Fails at once, while the other one waits until its run has ended.
        WriteJobNamed("music", ("options.rsync.rsyncPath", Rsync("late", $"""{Until("failed")}; sleep 0.2; exec rsync "$@" """)));
        WriteJob(("options.rsync.rsyncPath", Rsync("failing", $"touch '{Folder.File("failed")}'; exit 12")));

        SessionResult result = Session.Run("Invoke-RsyncToS3Backup -Name * @keys -Parallel 2 -ExitCode -ErrorAction Stop");

        Assert.StartsWith("photos: ", result.TerminatingError!.ErrorDetails.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["music Succeeded", "photos Failed"],
            Session.Texts("Get-BackupHistory | ForEach-Object { \"$($_.Name) $($_.Status)\" }").Order(StringComparer.Ordinal));
        Assert.Equal(1, Session.Host.ExitCode);
    }

    [Fact]
    public void A_downstream_that_has_enough_ends_the_jobs_that_still_run()
    {
        WriteJobNamed("music", Hanging("music"));
        WriteJob(("options.rsync.rsyncPath", Rsync("late", $"""{Until("music.pid")}; exec rsync "$@" """)));

        SessionResult result = Session.Run(
            "foreach ($once in 1) { Invoke-RsyncToS3Backup -Name * @keys -Parallel 2 | ForEach-Object { $_; break } }").ThrowOnError();

        Assert.Equal("photos", Assert.Single(result.Objects).Text("Name"));
        AssertEnded("music");
    }

    [Fact]
    public void WhatIf_runs_none()
    {
        WriteJob();
        WriteJobNamed("music");

        Assert.Empty(Session.Run("Invoke-RsyncToS3Backup -Name * @keys -Parallel 2 -WhatIf").ThrowOnError().Objects);
        Assert.Equal(0, Server.Requests.Total);
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("12")]
    public void A_bandwidth_that_is_none_is_refused_before_anything_runs(string text)
    {
        SessionResult result = Session.Run("param($Path, $Text) Invoke-RsyncToS3Backup $Path @keys -BandwidthLimit $Text -ExitCode", WriteJob(), text);

        Assert.Equal(["InvalidParameter"], result.ErrorIds());
        Assert.Equal(5, Session.Host.ExitCode);
        Assert.False(Directory.Exists(Mirror));
    }

    [Fact]
    public void A_bandwidth_for_all_jobs_lets_them_all_through()
    {
        WriteJob();
        WriteJobNamed("music", ("options.rsync.syncToS3.bandwidthLimit", "500MiB"));

        Session.Run("Invoke-RsyncToS3Backup -Name * @keys -Parallel 2 -BandwidthLimit 100MiB").ThrowOnError();

        Assert.Equal(Files(Source), Objects());
        Assert.Equal(Files(Source), Objects("rsync/music/"));
    }

    /// <summary>An rsync that goes on only when that of the other job has come so far: they can only end if they run at once.</summary>
    private (string, JsonNode?) Meeting(string name, string other) =>
        ("options.rsync.rsyncPath", Rsync(name, $"""touch '{Folder.File(name + "-is-there")}'; {Until(other + "-is-there")}; exec rsync "$@" """));

    private (string, JsonNode?) Hanging(string name) => ("options.rsync.rsyncPath", Rsync(name, $"""
        echo $$ > '{Folder.File(name)}.tmp'
        mv '{Folder.File(name)}.tmp' '{Folder.File(name)}.pid'
        exec sleep 600
        """));

    private string Rsync(string name, string body) => WriteScript($"rsync-{name}", $"""
        [ "$1" = --version ] && exec rsync --version
        {body}
        """);

    private string Until(string file) => $"timeout 120 sh -c 'until [ -e \"{Folder.File(file)}\" ]; do sleep 0.02; done' || exit 12";

    private void AwaitFiles(params string[] names) =>
        Assert.True(SpinWait.SpinUntil(() => names.All(name => File.Exists(Folder.File(name))), TimeSpan.FromMinutes(2)));

    private void AssertEnded(params string[] names) =>
        Assert.All(names, name => Assert.False(Directory.Exists($"/proc/{File.ReadAllText(Folder.File(name + ".pid")).Trim()}")));
}
