using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Get-BackupJob, and what takes jobs from it.</summary>
public sealed class JobCmdletTests : EndToEndTest
{
    [Fact]
    public void Every_job_is_listed_broken_ones_among_them()
    {
        WriteJob();
        WriteJobNamed("music", ("schedule.cronExpression", "0 2 * * *"));
        WriteFile("jobs/broken.json", "{");

        SessionResult result = Session.Run("Get-BackupJob").ThrowOnError();

        Assert.Equal(["broken", "music", "photos"], result.Objects.Select(item => item.Text("Name")));
        Assert.Contains("is not JSON at line 1", (string)((IReadOnlyList<string>)result.Objects[0].Read("Problems")!)[0], StringComparison.Ordinal);
        // Its file names times, and nothing starts it then.
        Assert.Equal("0 2 * * *", result.Objects[1].Text("CronExpression"));
        Assert.Null(result.Objects[1].Read("NextRun"));
        Assert.Equal(("my-backups", "rsync/photos/"), (result.Objects[2].Text("BucketName"), result.Objects[2].Text("KeyPrefix")));
    }

    [Fact]
    public void Jobs_go_on_to_the_cmdlets_that_run_them_and_that_know_their_past()
    {
        WriteJob();
        WriteJobNamed("music");

        Assert.Equal(["music Succeeded", "photos Succeeded"],
            Session.Run("Get-BackupJob | Invoke-RsyncToS3Backup @keys").ThrowOnError().Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}"));
        Assert.Equal(["photos"], Session.Texts("(Get-BackupJob photos | Get-BackupHistory).Name"));
        Assert.Equal(["photos"], Session.Texts("(Get-BackupJob photos | Invoke-RsyncStage).Name"));
        Assert.Equal(["True", "True"], Session.Texts("Get-BackupJob | Test-BackupConfiguration -Quiet"));
        Assert.Empty(Session.Run("Get-BackupJob | Get-BackupSnapshot @keys").ThrowOnError().Objects);
        Assert.Equal("Succeeded", Assert.Single(Session.Texts("(Get-BackupJob photos).LastStatus")));
    }

    [Fact]
    public void A_job_that_was_edited_after_it_was_listed_runs_as_it_is_then()
    {
        WriteJob();
        Session.Run("$listed = Get-BackupJob").ThrowOnError();
        WriteJob(("options.rsync.syncToS3.storageClass", "GLACIER_IR"));

        Session.Run("$listed | Invoke-RsyncToS3Backup @keys").ThrowOnError();

        Assert.All(Sent(Prefix), item => Assert.Equal("GLACIER_IR", item.StorageClass));
    }

    [Fact]
    public void A_broken_job_in_the_pipeline_is_one_error_and_holds_up_no_other()
    {
        WriteJob();
        WriteFile("jobs/broken.json", "{");
        WriteFile("jobs/twin.json", "{ \"name\": \"x\" }");

        SessionResult result = Session.Run("Get-BackupJob | Invoke-RsyncToS3Backup @keys -ExitCode");

        Assert.Equal(["ConfigurationMalformed", "ConfigurationInvalid"], result.ErrorIds());
        Assert.Equal(
            ["broken Failed ConfigurationMalformed", "photos Succeeded ", "x Failed ConfigurationInvalid"],
            result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")} {item.Text("Error.Id")}"));
        Assert.Equal(5, Session.Host.ExitCode);
    }

    [Fact]
    public void A_job_that_came_back_from_another_process_runs()
    {
        WriteJob();

        SessionResult result = Session.Run(
            "[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize((Get-BackupJob))) | Invoke-RsyncToS3Backup @keys");

        Assert.Equal("Succeeded", Assert.Single(result.ThrowOnError().Objects).Text("Status"));
    }

    [Fact]
    public void A_name_that_no_job_has_is_an_error_and_a_wildcard_is_not()
    {
        WriteJob();

        Assert.Equal(["JobNotFound"], Session.Run("Get-BackupJob phtos").ErrorIds());
        Assert.Empty(Session.Run("Get-BackupJob x*").ThrowOnError().Objects);
    }

    [Fact]
    public void A_renamed_job_keeps_its_schedule_its_default_prefix_and_all_that_its_file_says()
    {
        UseOwnSchedulers();
        string path = WriteJob(("options.rsync.syncToS3.s3Prefix", null), ("schedule.cronExpression", "0 2 * * *"), ("schedule.timezone", "UTC"));
        File.WriteAllText(path, "// mine\n" + File.ReadAllText(path));
        BackupWell(path);
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Session.Run("Rename-BackupJob photos pictures").ThrowOnError();

        string renamed = Path.Combine(Path.GetDirectoryName(path)!, "pictures.json");
        Assert.False(File.Exists(path));
        Assert.StartsWith("// mine\n", File.ReadAllText(renamed), StringComparison.Ordinal);
        Assert.Equal(["rsync/photos/"], Session.Texts("(Get-BackupJob pictures).KeyPrefix"));
        Assert.Equal(["pictures Active"], Session.Texts("Get-BackupSchedule | ForEach-Object { \"$($_.Name) $($_.State)\" }"));
        Assert.Equal(["pictures"], Directory.GetDirectories(StateRoot).Select(Path.GetFileName));
        Assert.Equal("Journal", BackupWell(renamed).Read("Stage2.SyncMode")?.ToString());
    }

    [Fact]
    public void A_job_that_runs_is_neither_renamed_nor_removed()
    {
        string path = WriteJob();
        BackupWell(path);
        using FileStream held = new(Path.Combine(StateRoot, "photos", "run.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Assert.Equal(["JobAlreadyRunning"], Session.Run("Rename-BackupJob photos pictures").ErrorIds());
        Assert.Equal(["JobAlreadyRunning"], Session.Run("Remove-BackupJob photos -Confirm:$false").ErrorIds());

        Assert.True(File.Exists(path));
        Assert.Contains("\"photos\"", File.ReadAllText(Path.Combine(Mirror, ".rsyncs3backup.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_whose_mirror_is_away_is_not_renamed_and_nothing_is_half_done()
    {
        string path = WriteJob();
        BackupWell(path);
        Directory.Move(Mirror, Mirror + "-away");

        Assert.Equal(["JobNotRenamed"], Session.Run("Rename-BackupJob photos pictures").ErrorIds());

        Assert.True(File.Exists(path));
        Assert.Equal(["photos"], Session.Texts("(Get-BackupHistory).Name"));
    }

    [Fact]
    public void A_removed_job_leaves_the_scheduler_too()
    {
        UseOwnSchedulers();
        WriteJob(("schedule.cronExpression", "0 2 * * *"), ("schedule.timezone", "UTC"));
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();

        Session.Run("Remove-BackupJob photos -Confirm:$false -WarningAction Ignore").ThrowOnError();

        Assert.Empty(Session.Texts("Get-BackupSchedule"));
        Assert.Empty(Session.Texts("Get-BackupJob"));
    }
}
