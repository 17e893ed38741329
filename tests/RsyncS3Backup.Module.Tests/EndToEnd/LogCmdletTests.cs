using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The logs of runs as objects.</summary>
public sealed class LogCmdletTests : EndToEndTest
{
    [Fact]
    public void A_log_comes_as_objects_in_the_order_of_the_run()
    {
        BackupWell(WriteJob());

        IReadOnlyList<PSObject> lines = Session.Run("Get-BackupLog photos").ThrowOnError().Objects;

        Assert.True(lines.Count > 2);
        Assert.Equal(lines.Select(Time).Order(), lines.Select(Time));
        Assert.All(lines, line => Assert.Equal("photos", line.Text("Name")));
        Assert.Equal(["Info"], lines.Select(line => line.Text("Level")).Distinct());

        static DateTimeOffset Time(PSObject line) => (DateTimeOffset)line.Properties["Time"].Value;
    }

    [Fact]
    public void Errors_have_their_id_and_what_to_do_and_can_be_had_alone()
    {
        string path = WriteJob(("sources", Sources(Folder.File("gone"))));
        Backup(path);

        PSObject error = Session.Run("Get-BackupLog photos -Level Error").ThrowOnError().Objects[0];

        Assert.Equal("Error SourceMissing", $"{error.Text("Level")} {error.Text("ErrorId")}");
        Assert.NotEmpty(error.Text("RecommendedAction")!);
        Assert.Contains(Folder.File("gone"), error.Text("Message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-BackupLog photos", 1)]
    [InlineData("Get-BackupLog photos -Last 2", 2)]
    [InlineData("Get-BackupLog photos -Last 9 -Follow", 3)]
    [InlineData("Get-BackupHistory photos -Last 2 | Get-BackupLog", 2)]
    [InlineData("$result | Get-BackupLog", 1)]
    [InlineData("$s = [Management.Automation.PSSerializer]; $s::Deserialize($s::Serialize($result)) | Get-BackupLog", 1)]
    [InlineData("Get-BackupJob | Get-BackupLog", 1)]
    public void A_job_gives_its_last_runs_and_a_run_its_own(string command, int runs)
    {
        string path = WriteJob();
        Session.Run("param($Path) $result = Invoke-RsyncToS3Backup $Path @keys; $null = Invoke-RsyncToS3Backup $Path @keys", path).ThrowOnError();
        Session.Run("$null = Test-Backup photos @keys").ThrowOnError();

        Assert.Equal(runs, Session.Texts(command + " | ForEach-Object RunId").Distinct().Count());
    }

    [Fact]
    public void A_run_that_is_on_is_followed_to_its_end()
    {
        WriteScript("rsync", $"""
            case " $* " in *" --version "*) exec /usr/bin/rsync --version ;; esac
            while [ ! -e '{Folder.File("go")}' ]; do sleep 0.05; done
            exec /usr/bin/rsync "$@"
            """);
        string path = WriteJob(("options.rsync.rsyncPath", Folder.File("rsync")));
        using PowerShellSession other = PowerShellSession.Create();
        using RunningScript run = Session.Start("param($Path) Invoke-RsyncToS3Backup $Path @keys", path);
        while (other.Run("Get-BackupLog photos").Objects.Count == 0)
            Thread.Sleep(20);
        using RunningScript log = other.Start("Get-BackupLog photos -Follow");
        Thread.Sleep(50);
        File.WriteAllText(Folder.File("go"), "");

        run.Wait().ThrowOnError();
        int followed = log.Wait().ThrowOnError().Objects.Count;

        Assert.Equal(other.Run("Get-BackupLog photos").ThrowOnError().Objects.Count, followed);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_shown_as_it_is()
    {
        BackupWell(WriteJob());
        string log = Session.Texts("(Get-BackupHistory photos).LogPath")[0];
        File.AppendAllText(log, "{\"time\":\"2026-");

        Assert.Equal("{\"time\":\"2026-", Session.Run("Get-BackupLog photos").ThrowOnError().Objects[^1].Text("Message"));
    }

    [Fact]
    public void A_table_of_it_fits_79_columns_and_names_job_and_run()
    {
        BackupWell(WriteJob());
        Session.Host.Columns = 79;

        string screen = Session.Render("Get-BackupLog photos");

        Assert.All(screen.Split('\n'), line => Assert.InRange(line.TrimEnd('\r').Length, 0, 79));
        Assert.Contains("Job: photos, run ", screen, StringComparison.Ordinal);
        Assert.Matches("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} Info ", screen);
    }

    [Fact]
    public void A_name_without_a_history_is_an_error() =>
        Assert.Equal(["HistoryNotFound"], Session.Run("Get-BackupLog nobody").ErrorIds());
}
