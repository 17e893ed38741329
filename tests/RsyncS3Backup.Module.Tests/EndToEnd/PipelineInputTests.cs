using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>What one cmdlet emits goes into the next.</summary>
[Trait("Category", "Slow")]
public sealed class PipelineInputTests : EndToEndTest
{
    [Theory]
    [InlineData("Get-BackupJob | Invoke-RsyncToS3Backup @keys", "Status", "Succeeded")]
    [InlineData("Get-BackupJob | Invoke-RsyncStage", "Status", "Succeeded")]
    [InlineData("Get-BackupJob | Invoke-S3SyncStage @keys", "Status", "Succeeded")]
    [InlineData("Import-BackupConfiguration -Name photos | Invoke-S3SyncStage @keys", "Status", "Succeeded")]
    [InlineData("[IO.FileInfo] $Path | Invoke-S3SyncStage @keys", "Status", "Succeeded")]
    [InlineData("$s = [Management.Automation.PSSerializer]; $s::Deserialize($s::Serialize((Get-BackupJob))) | Invoke-S3SyncStage @keys", "Status", "Succeeded")]
    [InlineData("Invoke-S3SyncStage -InputObject (Get-BackupJob) @keys", "Status", "Succeeded")]
    [InlineData("Get-BackupJob | Test-Backup @keys", "Status", "Succeeded")]
    [InlineData("Get-BackupJob | Get-BackupItem -Path a.txt @keys", "Path", "a.txt")]
    [InlineData("Get-BackupJob | Restore-Backup -Destination $Target @keys", "Status", "Succeeded")]
    [InlineData("Get-BackupJob | Get-BackupScheduleOccurrence -Count 1", "Name", "photos")]
    [InlineData("Get-BackupJob | Test-BackupDue", "Name", "photos")]
    [InlineData("Get-BackupJob | Get-BackupHistory", "Name", "photos")]
    [InlineData("Get-BackupHistory | Get-BackupJob", "Name", "photos")]
    [InlineData("Get-BackupJob | Register-BackupSchedule -Scheduler Cron -PassThru", "State", "Active")]
    public void A_job_goes_into_every_cmdlet_that_takes_jobs(string command, string property, string expected)
    {
        UseOwnSchedulers();
        string path = WriteJob(("schedule", Schedule()));
        BackupWell(path);

        SessionResult result = Session.Run("param($Path, $Target) " + command, path, Folder.File("restored")).ThrowOnError();

        Assert.Equal(expected, Assert.Single(result.Objects).Text(property));
    }

    [Theory]
    [InlineData("Get-BackupSchedule | Invoke-RsyncToS3Backup @keys", "Status", "Succeeded")]
    [InlineData("Get-BackupSchedule | Get-BackupJob", "Name", "photos")]
    [InlineData("Get-BackupSchedule | Get-BackupScheduleOccurrence -Count 1", "Name", "photos")]
    [InlineData("Get-BackupJob | Get-BackupSchedule", "Name", "photos")]
    [InlineData("Get-BackupSchedule | Disable-BackupSchedule; Get-BackupSchedule", "State", "Disabled")]
    public void A_schedule_goes_in_where_its_job_does(string command, string property, string expected)
    {
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule()));
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Assert.Equal(expected, Assert.Single(Session.Run(command).ThrowOnError().Objects).Text(property));
    }

    [Theory]
    [InlineData("5 | Restore-Backup -Destination $Target @keys", "ConfigurationInvalid")]
    [InlineData("[Diagnostics.Process]::GetCurrentProcess() | Get-BackupJob", "ConfigurationInvalid")]
    [InlineData("Get-BackupJob | Invoke-S3SyncStage -BucketName another @keys", "InvalidParameter")]
    [InlineData("Get-BackupHistory | Invoke-S3SyncStage -BucketName another @keys", "InvalidParameter")]
    public void What_cannot_be_meant_is_refused(string command, string error)
    {
        BackupWell(WriteJob());

        SessionResult result = Session.Run("param($Target) " + command, Folder.File("restored"));

        Assert.Equal([error], result.ErrorIds());
        Assert.Empty(result.Objects);
    }

    [Theory]
    [InlineData("Remove-BackupHistory -InputObject (Get-BackupHistory photos -Last 1)", null, 1)]
    [InlineData("[pscustomobject] @{ Name = 'photos'; RunId = (Get-BackupHistory photos -Last 1).RunId } | Remove-BackupHistory", null, 1)]
    [InlineData("Remove-BackupHistory -InputObject @{ Name = 'photos'; RunId = (Get-BackupHistory photos -Last 1).RunId }", "InvalidParameter", 2)]
    [InlineData("[pscustomobject] @{ Name = 'photos'; Status = 'Succeeded' } | Remove-BackupHistory", "InvalidParameter", 2)]
    [InlineData(
        "[pscustomobject] @{ Name = 'photos'; ConfigurationPath = (Get-BackupJob photos).Path } | Remove-BackupHistory", "InvalidParameter", 2)]
    [InlineData("Remove-BackupHistory -InputObject (Test-BackupReadiness photos -Check State)", "InvalidParameter", 2)]
    [InlineData("Remove-BackupHistory -ConfigPath ./none*.json", "ConfigurationNotFound", 2)]
    [InlineData("Remove-BackupHistory -LiteralPath ./none.json", "ConfigurationNotFound", 2)]
    [InlineData("[IO.FileInfo] $Log | Remove-BackupHistory", "ConfigurationMalformed", 2)]
    public void No_history_is_emptied_by_what_does_not_mean_all_of_it(string command, string? error, int left)
    {
        string path = WriteJob();
        BackupWell(path);
        BackupWell(path);

        SessionResult result = Session.Run("param($Log) " + command, WriteFile("photos.log", "text"));

        Assert.Equal(error is null ? [] : [error], result.ErrorIds());
        Assert.Equal(left, Session.Run("Get-BackupHistory photos").ThrowOnError().Objects.Count);
    }

    [Theory]
    [InlineData("Unregister-BackupSchedule -ConfigPath ./none*.json")]
    [InlineData("Disable-BackupSchedule -ConfigPath ./none*.json")]
    [InlineData("$null | Unregister-BackupSchedule")]
    public void A_path_that_matches_nothing_means_no_schedule(string command)
    {
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule()));
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Session.Run(command);

        Assert.Equal("Active", Assert.Single(Session.Run("Get-BackupSchedule").ThrowOnError().Objects).Text("State"));
    }

    [Theory]
    [InlineData("Remove-BackupJob $Copy -Confirm:$false", "JobNotFound")]
    [InlineData("Rename-BackupJob -ConfigPath $Copy -NewName other", "JobNotFound")]
    [InlineData("Get-BackupJob $Copy", "JobNotFound")]
    [InlineData(
        "[pscustomobject] @{ Path = 'a.txt'; EntryType = 'File'; Kind = 'MissingInMirror'; GoodCopy = 'S3'; Name = 'photos'; HostName = 'nas' } "
        + "| Repair-Backup -Confirm:$false @keys",
        "InvalidParameter")]
    [InlineData("$Of | Remove-BackupJob -Confirm:$false", "InvalidParameter")]
    [InlineData("$Of | Remove-BackupHistory -Confirm:$false", "InvalidParameter")]
    [InlineData("$Of | Invoke-RsyncToS3Backup @keys", "InvalidParameter")]
    public void Neither_a_copy_of_its_file_nor_the_job_of_another_machine_is_the_job(string command, string error)
    {
        string path = WriteJob();
        BackupWell(path);
        string copy = WriteFile("elsewhere/photos.json", File.ReadAllText(path));

        SessionResult result = Session.Run(
            "param($Copy) $s = [Management.Automation.PSSerializer]; $Of = $s::Deserialize($s::Serialize((Get-BackupJob photos)).Replace('HostName\">', 'HostName\">nas-')); "
            + command,
            copy);

        Assert.Equal([error], result.ErrorIds());
        Assert.True(File.Exists(path));
        Assert.True(File.Exists(copy));
        Assert.Single(Session.Run("Get-BackupHistory photos").ThrowOnError().Objects);
    }

    [Theory]
    [InlineData("Get-BackupItem photos a.txt -AllVersions @keys | Restore-Backup -Destination $To @keys")]
    [InlineData("[pscustomobject] @{ PSTypeName = 'Deserialized.RsyncS3Backup.BackupSnapshot'; Name = 'photos' } | Restore-Backup -Destination $To @keys")]
    [InlineData("[pscustomobject] @{ PSTypeName = 'Deserialized.RsyncS3Backup.BackupSnapshot'; Name = 'photos' } | Get-BackupItem @keys")]
    [InlineData(
        "[pscustomobject] @{ PSTypeName = 'Deserialized.RsyncS3Backup.BackupItem'; Name = 'photos'; Path = 'a.txt'; Copy = 'S3'; IsLatest = 'False' } "
        + "| Restore-Backup -Destination $To @keys")]
    public void Which_version_is_meant_is_never_guessed(string command)
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        string path = WriteJob();
        BackupWell(path);
        WriteFile("source/a.txt", "changed since");
        BackupWell(path);

        SessionResult result = Session.Run("param($To) " + command, Folder.File("restored"));

        Assert.Equal(["InvalidParameter"], result.ErrorIds());
        Assert.Empty(result.Objects);
        Assert.False(Directory.Exists(Folder.File("restored")));
    }

    [Fact]
    public void No_job_is_renamed_when_several_came_and_one_that_is_named_twice_is_one()
    {
        string path = WriteJob();
        WriteJobNamed("phone");

        Assert.Equal(["InvalidParameter"], Session.Run("Get-BackupJob | Rename-BackupJob -NewName other").ErrorIds());
        Assert.Equal(
            ["phone", "photos"],
            Session.Run("param($Path) @('ph*', [IO.FileInfo] $Path) | Get-BackupJob", path).ThrowOnError().Objects.Select(job => job.Text("Name")).Order());
    }

    [Theory]
    [InlineData("Get-BackupHistory pictures | Invoke-RsyncToS3Backup @keys")]
    [InlineData("Get-BackupHistory pictures | Invoke-S3SyncStage @keys")]
    public void A_run_from_before_its_job_was_renamed_finds_it(string command)
    {
        BackupWell(WriteJob());
        Session.Run("Rename-BackupJob photos pictures -WarningAction Ignore").ThrowOnError();

        Assert.Equal("pictures", Assert.Single(Session.Run(command).ThrowOnError().Objects).Text("Name"));
    }

    [Fact]
    public void A_job_is_run_once_however_many_of_its_runs_come()
    {
        string path = WriteJob();
        BackupWell(path);
        BackupWell(path);

        Assert.Single(Session.Run("Get-BackupHistory photos | Invoke-RsyncToS3Backup @keys").ThrowOnError().Objects);
    }

    [Fact]
    public void Entries_are_restored_by_themselves_and_an_earlier_version_as_it_was()
    {
        Server.Store.SetVersioning(BucketName, "Enabled");
        string path = WriteJob();
        BackupWell(path);
        WriteFile("source/a.txt", "changed since");
        BackupWell(path);

        Session.Run("param($To) Get-BackupItem photos sub -From S3 @keys | Restore-Backup -Destination $To @keys", Folder.File("items")).ThrowOnError();
        Session.Run(
            "param($To) Get-BackupItem photos a.txt -AllVersions @keys | Where-Object IsLatest -EQ $false | Restore-Backup -Destination $To @keys",
            Folder.File("earlier")).ThrowOnError();

        Assert.Equal(["sub/100% + é.txt", "sub/b.txt"], Files(Folder.File("items")).Keys.Order(StringComparer.Ordinal));
        Assert.Equal("first", File.ReadAllText(Folder.File("earlier/a.txt")));
    }

    [Theory]
    [InlineData("Get-BackupJob")]
    [InlineData("Get-BackupHistory")]
    [InlineData("Get-BackupSchedule")]
    [InlineData("Export-BackupMetric")]
    public void An_empty_pipeline_does_not_mean_all_jobs(string command)
    {
        UseOwnSchedulers();
        BackupWell(WriteJob(("schedule", Schedule())));
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Assert.Empty(Session.Run("@() | " + command).ThrowOnError().Objects);
        Assert.NotEmpty(Session.Run(command).ThrowOnError().Objects);
    }

    [Theory]
    [InlineData("Get-BackupJob | Get-BackupScheduleOccurrence -Count 1")]
    [InlineData("Get-BackupScheduleOccurrence * -Count 1")]
    [InlineData("Get-BackupJob | Test-BackupDue")]
    [InlineData("Get-BackupJob | Register-BackupSchedule -Scheduler Cron -PassThru -WarningAction Ignore")]
    [InlineData("Get-BackupJob | Get-BackupSchedule")]
    public void What_came_by_wildcard_or_pipe_and_has_no_schedule_is_passed_over(string command)
    {
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule()));
        WriteJobNamed("music");
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        SessionResult result = Session.Run(command + " -Verbose").ThrowOnError();

        Assert.Equal(["photos"], result.Objects.Select(item => item.Text("Name")));
        Assert.Contains(result.Verbose, line => line.Contains("music", StringComparison.Ordinal));
    }

    [Fact]
    public void Schedules_are_taken_by_the_file_of_their_job()
    {
        UseOwnSchedulers();
        string path = WriteJob(("schedule", Schedule()));
        Session.Run("param($Path) Register-BackupSchedule -ConfigPath $Path -Scheduler Cron -WarningAction Ignore", path).ThrowOnError();

        Assert.Equal(["photos"], Session.Texts("param($Path) (Get-BackupSchedule -ConfigPath $Path).Name", path));
        Session.Run("param($Path) Disable-BackupSchedule -ConfigPath $Path; Enable-BackupSchedule $Path; Unregister-BackupSchedule -ConfigPath $Path", path).ThrowOnError();
        Assert.Empty(Session.Run("Get-BackupSchedule").ThrowOnError().Objects);
    }

    [Theory]
    [InlineData("Invoke-RsyncStage $Source $Mirror -AllowNewDestination")]
    [InlineData("Invoke-RsyncStage $Source $Mirror -Name nightly")]
    [InlineData("Invoke-RsyncStage $Source -MirrorPath $Mirror -AllowNewDestination")]
    [InlineData("Invoke-S3SyncStage $Mirror my-backups x/ @where")]
    [InlineData("Invoke-S3SyncStage $Mirror my-backups x/ -Name nightly @where")]
    [InlineData("Invoke-S3SyncStage $Mirror -BucketName my-backups -KeyPrefix x/ @where")]
    [InlineData("Invoke-S3SyncStage -Path $Mirror my-backups x/ @where")]
    public void A_stage_takes_its_places_by_position_or_by_name(string command)
    {
        Session.Run("param($Source, $Mirror) Invoke-RsyncStage $Source $Mirror -Name nightly", Source, Mirror).ThrowOnError();
        const string where = "$where = $keys + @{ EndpointUrl = $Endpoint; Region = 'us-east-1' }; ";

        SessionResult result = Session.Run(
            $"param($Source, $Mirror, $Endpoint) {where}{command}", Source, Mirror, Server.Endpoint.GetLeftPart(UriPartial.Authority)).ThrowOnError();

        Assert.Equal("Succeeded", Assert.Single(result.Objects).Text("Status"));
    }

    [Fact]
    public void Entries_and_snapshots_are_completed_without_a_word_to_S3()
    {
        BackupWell(WriteJobNamed("dated", ("options.rsync.syncToS3.s3Prefix", "dated/{yyyy-MM-dd}/")));
        int requests = Server.GetRequestLog().Count;

        Assert.Equal(["a.txt", "sub/"], Complete("Get-BackupItem dated -Path "));
        Assert.Equal(["sub/b.txt"], Complete("Restore-Backup dated -Path sub/b"));
        Assert.Empty(Complete("Test-Backup nobody -Path "));
        string date = Assert.Single(Complete("Restore-Backup dated -Snapshot "));
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", date);
        Assert.Equal(requests, Server.GetRequestLog().Count);

        string[] Complete(string line) => Session.Texts("param($Line) (TabExpansion2 $Line $Line.Length).CompletionMatches.ForEach{ $_.CompletionText }", line);
    }

    [Fact]
    public void A_new_job_is_written_by_name_or_by_path()
    {
        const string write = "param($Place, $Source, $Mirror) New-BackupConfiguration $Place $Source $Mirror my-backups -Region us-east-1 -WarningAction Ignore";
        Session.Run(write, "videos", Source, Mirror).ThrowOnError();
        Session.Run(write, Folder.File("elsewhere.json"), Source, Mirror).ThrowOnError();
        Session.Run("param($Place, $Source, $Mirror) New-BackupConfiguration $Place $Source $Mirror my-backups -Region us-east-1 -Name other -WarningAction Ignore",
            Folder.File("named.json"), Source, Mirror).ThrowOnError();

        Assert.True(File.Exists(Folder.File("jobs/videos.json")));
        Assert.Equal(["elsewhere", "other"], Session.Texts(
            "param($First, $Second) (Import-BackupConfiguration $First, $Second).Name", Folder.File("elsewhere.json"), Folder.File("named.json")));
    }

    [Fact]
    public void A_name_with_wildcards_that_something_bears_means_itself_alone()
    {
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule()));
        string job = WriteJobNamed("phot*", ("schedule", Schedule()));
        BackupWell(job);
        Session.Run("Register-BackupSchedule photos, phot* -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Assert.Equal(["phot*"], Session.Texts("(Get-BackupJob phot*).Name"));
        Assert.Equal(["phot*"], Session.Texts("(Get-BackupHistory phot*).Name"));
        Session.Run("Unregister-BackupSchedule phot*").ThrowOnError();
        Assert.Equal(["photos"], Session.Texts("(Get-BackupSchedule).Name"));
        Assert.Equal(["photos"], Session.Texts("(Get-BackupSchedule phot*).Name"));
    }

    [Fact]
    public void A_file_whose_name_looks_like_a_wildcard_goes_in_as_an_object()
    {
        string path = WriteJobNamed("photos [1]");

        Assert.Equal(["photos [1]"], Session.Texts("param($Path) ([IO.FileInfo] $Path | Invoke-RsyncStage).Name", path));
    }

    private static JsonObject Schedule() => new() { ["cronExpression"] = "0 2 * * *", ["timezone"] = "UTC" };
}
