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
    [InlineData("Get-BackupHistory | Restore-Backup -Destination $Target @keys", "ConfigurationInvalid")]
    [InlineData("Get-BackupJob | Invoke-S3SyncStage -BucketName another @keys", "InvalidParameter")]
    [InlineData("Get-BackupHistory | Invoke-S3SyncStage -BucketName another @keys", "InvalidParameter")]
    [InlineData("$s = [Management.Automation.PSSerializer]; $s::Deserialize($s::Serialize((Get-BackupHistory).Stage1)) | Invoke-S3SyncStage", "ConfigurationInvalid")]
    public void What_cannot_be_meant_is_refused(string command, string error)
    {
        BackupWell(WriteJob());

        SessionResult result = Session.Run("param($Target) " + command, Folder.File("restored"));

        Assert.Equal([error], result.ErrorIds());
        Assert.Empty(result.Objects);
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
