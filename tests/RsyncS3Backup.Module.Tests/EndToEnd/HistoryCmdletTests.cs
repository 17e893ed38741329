using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The history of runs as a user sees it, and what can be done with it.</summary>
public sealed class HistoryCmdletTests : EndToEndTest
{
    [Fact]
    public void A_run_is_on_record_with_both_stages_and_the_versions()
    {
        string path = WriteJob();
        PSObject result = BackupWell(path);

        PSObject run = Assert.Single(Session.Run("Get-BackupHistory").ThrowOnError().Objects);

        Assert.Equal(
            (result.Text("RunId"), "Succeeded", path), (run.Text("RunId"), run.Text("Status"), run.Text("ConfigurationPath")));
        Assert.Equal(
            Session.Texts("\"$($PSVersionTable.PSVersion)\"").Single(), run.Text("PowerShellVersion"));
        Assert.Equal(["Succeeded", "Succeeded"], Session.Texts("$run = Get-BackupHistory; $run.Stage1.Status; $run.Stage2.Status"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Runs_are_chosen_by_name_number_time_and_status()
    {
        BackupWell(WriteJob());
        BackupWell(WriteJobNamed("music"));
        Backup(WriteJob(("destination.bucket", "no-such-bucket")));

        Assert.Equal(["photos", "music", "photos"], Session.Texts("(Get-BackupHistory).Name"));
        Assert.Equal(["photos", "photos"], Session.Texts("(Get-BackupHistory PH*).Name"));
        Assert.Equal(["photos"], Session.Texts("(Get-BackupHistory -Last 1).Name"));
        Assert.Equal(["Failed"], Session.Texts("(Get-BackupHistory photos -Status Failed, Cancelled).Status"));
        Assert.Equal(["music"], Session.Texts("('music' | Get-BackupHistory -Since ([datetime]::Today.AddDays(-1))).Name"));
        Assert.Empty(Session.Texts("Get-BackupHistory -Since ([datetime]::Now.AddDays(1))"));
        Assert.Equal(["HistoryNotFound"], Session.Run("Get-BackupHistory nosuch").ErrorIds());
        Assert.Empty(Session.Run("Get-BackupHistory nosuch*").ErrorIds());
    }

    [Fact]
    public void Tests_of_the_copies_are_listed_when_they_are_asked_for_and_are_no_runs_of_the_job()
    {
        string job = WriteJob();
        BackupWell(job);
        Session.Run("param($Job) Test-Backup -ConfigPath $Job -Level Checksums @keys", job).ThrowOnError();

        Assert.Equal(["Backup"], Session.Texts("(Get-BackupHistory).Kind"));
        Assert.Equal(["Test Checksums Succeeded 0"], Session.Texts(
            "Get-BackupHistory photos -Kind Test -Last 1 | ForEach-Object { \"$($_.Kind) $($_.Test.Level) $($_.Status) $([int]$_.ExitCode)\" }"));
        Assert.Equal(["Test", "Backup"], Session.Texts("(Get-BackupHistory -Kind Backup, Test).Kind"));
        Assert.Equal(["InvalidParameter"], Session.Run("Get-BackupHistory -Kind Test | Invoke-S3SyncStage @keys").ErrorIds());

        Session.Run("Get-BackupHistory -Kind Test | Remove-BackupHistory").ThrowOnError();
        Assert.Equal(["Backup"], Session.Texts("(Get-BackupHistory -Kind Test, Backup).Kind"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Removed_runs_are_gone_and_WhatIf_removes_none()
    {
        string path = WriteJob();
        BackupWell(path);
        BackupWell(path);
        BackupWell(WriteJobNamed("music"));

        Session.Run("Remove-BackupHistory * -WhatIf").ThrowOnError();
        Session.Run("Remove-BackupHistory photos -Before ([datetime]::Now.AddDays(-1))").ThrowOnError();
        Assert.Equal(3, Session.Texts("Get-BackupHistory").Length);

        Session.Run("Get-BackupHistory photos -Last 1 | Remove-BackupHistory").ThrowOnError();
        Assert.Equal(["music", "photos"], Session.Texts("(Get-BackupHistory).Name"));

        Session.Run("Remove-BackupHistory *").ThrowOnError();
        Assert.Empty(Session.Texts("Get-BackupHistory"));
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    public void Stage_2_of_the_last_run_is_run_again()
    {
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", Times = int.MaxValue });
        Assert.Equal(["S3AccessDenied"], Backup(WriteJob()).ErrorIds().Distinct().Take(1));
        Server.Faults.Clear();

        PSObject again = Assert.Single(Session.Run("Get-BackupHistory -Last 1 | Invoke-S3SyncStage @keys").ThrowOnError().Objects);

        Assert.Equal("Succeeded", again.Text("Status"));
        Assert.Equal(Files(Source), Objects());
        Assert.Equal([again.Text("RunId")], Session.Texts("(Get-BackupHistory -Last 1).RunId"));
    }

    [Fact]
    public void Stage_2_is_not_run_again_after_a_stage_1_that_failed()
    {
        Backup(WriteJob(("options.rsync.rsyncPath", Folder.File("no-such-rsync"))));

        PSObject again = Assert.Single(Session.Run("Get-BackupHistory -Last 1 | Invoke-S3SyncStage @keys").ThrowOnError().Objects);

        Assert.Equal("Skipped", again.Text("Status"));
        Assert.Contains("RsyncNotFound", again.Text("SkippedReason"), StringComparison.Ordinal);
        Assert.Empty(Objects());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_run_whose_configuration_is_gone_or_never_was_in_a_file_is_refused()
    {
        string path = WriteJob();
        BackupWell(path);
        File.Delete(path);
        Assert.Equal(["ConfigurationNotFound"], Session.Run("Get-BackupHistory -Last 1 | Invoke-S3SyncStage @keys").ErrorIds());

        Session.Run("param($Source, $Mirror) Invoke-RsyncStage $Source $Mirror -Name byhand", Source, Folder.File("mirror2")).ThrowOnError();
        Assert.Equal(["InvalidParameter"], Session.Run("Get-BackupHistory byhand | Invoke-S3SyncStage @keys").ErrorIds());
    }

    [Fact]
    public void A_pipeline_of_both_stages_is_one_run()
    {
        Session.Run("param($Path) Invoke-RsyncStage -ConfigPath $Path | Invoke-S3SyncStage @keys", WriteJob()).ThrowOnError();

        Assert.Equal(["Succeeded", "Succeeded"], Session.Texts("$run = Get-BackupHistory; $run.Stage1.Status; $run.Stage2.Status"));
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    public void Without_stage_1_the_mirror_is_sent_as_it_is()
    {
        string path = WriteJob();
        BackupWell(path);
        WriteFile("source/new.txt", "not in the mirror");
        WriteFile("mirror/put-here.txt", "only in the mirror");

        PSObject result = Assert.Single(
            Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -SkipStage1", path).ThrowOnError().Objects);

        Assert.Equal("Succeeded", result.Text("Status"));
        Assert.Equal(["Skipped"], Session.Texts("(Get-BackupHistory -Last 1).Stage1.Status"));
        Assert.Contains("put-here.txt", Objects().Keys);
        Assert.DoesNotContain("new.txt", Objects().Keys);
    }

    [Fact]
    public void WhatIf_takes_no_lock_and_is_not_on_record()
    {
        string path = WriteJob();
        BackupWell(path);
        using FileStream held = new(Path.Combine(StateRoot, "photos", "run.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -WhatIf", path).ThrowOnError();
        SessionResult refused = Backup(path);

        Assert.Equal(["JobAlreadyRunning"], refused.ErrorIds());
        Assert.Equal(2, Session.Texts("Get-BackupHistory").Length);
    }

    [Theory]
    [InlineData("90s", "00:01:30")]
    [InlineData("'00:00:05'", "00:00:05")]
    [InlineData("([timespan]::FromMinutes(2))", "00:02:00")]
    public void How_long_to_wait_is_a_duration(string value, string expected) =>
        Assert.Equal([expected], Session.Texts(
            $"$attribute = (Get-Command Invoke-RsyncStage).Parameters.WaitForLock.Attributes | Where-Object {{ $_.GetType().Name -like 'Duration*' }}; "
            + $"\"$($attribute.Transform($ExecutionContext, {(value == "90s" ? "'90s'" : value)}))\""));

    [Theory]
    [InlineData("60")]
    [InlineData("'60'")]
    [InlineData("soon")]
    public void A_number_is_no_duration(string value)
    {
        SessionResult result = Session.Run($"param($Path) Invoke-RsyncToS3Backup $Path -WaitForLock {value}", WriteJob());

        Assert.Contains("ParameterArgumentTransformationError", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Mirror));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Names_of_jobs_are_completed()
    {
        BackupWell(WriteJob());
        BackupWell(WriteJobNamed("music"));

        const string complete = "([Management.Automation.CommandCompletion]::CompleteInput('Get-BackupHistory -Name p', 25, $null)).CompletionMatches.CompletionText";
        Assert.Equal(["photos"], Session.Texts(complete));
    }
}
