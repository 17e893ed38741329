using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly PowerShellSession session = PowerShellSession.Create();

    [Theory]
    [InlineData("Invoke-S3SyncStage -StorageClass GLACIER", "GLACIER_IR", "GLACIER")]
    [InlineData("Invoke-S3SyncStage -StorageClass IA", "STANDARD_IA", "ONEZONE_IA")]
    [InlineData("Invoke-S3SyncStage -Region eu-c", "eu-central-1", "eu-central-2")]
    [InlineData("Invoke-S3SyncStage -ChecksumMode ", "WhenRequired", "WhenSupported")]
    [InlineData("New-BackupConfiguration -TimeZone new_y", "America/New_York")]
    [InlineData("Invoke-RsyncToS3Backup -MaxDelete ", "100", "'25%'", "default")]
    [InlineData("Register-BackupSchedule -CronExpression '30", "'30 3 * * 0'")]
    [InlineData("New-BackupConfiguration -CronExpression '0 2", "'0 2 * * *'")]
    public void Values_are_completed(string line, params string[] expected) => Assert.Equal(expected, Complete(line));

    [Fact]
    public void Profiles_come_from_both_shared_files()
    {
        File.WriteAllText(folder.File("config"), "[default]\nregion = eu-west-1\n[profile work]\n[sso-session corp]\n[profile \"two words\"]\n");
        File.WriteAllText(folder.File("credentials"), "[default]\n[home]\n");
        session.Run(
            "param($Config, $Credentials) $env:AWS_CONFIG_FILE = $Config; $env:AWS_SHARED_CREDENTIALS_FILE = $Credentials",
            folder.File("config"), folder.File("credentials"));
        try
        {
            Assert.Equal(["default", "home", "'two words'", "work"], Complete("Invoke-S3SyncStage -ProfileName "));
        }
        finally
        {
            session.Run("$env:AWS_CONFIG_FILE = $null; $env:AWS_SHARED_CREDENTIALS_FILE = $null");
        }
    }

    [Theory]
    [InlineData("Invoke-RsyncToS3Backup -ConfigPath ")]
    [InlineData("Import-BackupConfiguration -Path ")]
    public void Configurations_are_completed_with_JSON_files_and_folders(string line)
    {
        File.WriteAllText(folder.File("job.json"), "{}");
        File.WriteAllText(folder.File("notes.txt"), "");
        folder.Folder("jobs");

        Assert.Equal(["job.json", "jobs"], Complete(line + folder.Path + Path.DirectorySeparatorChar).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("Invoke-RsyncToS3Backup -Name ")]
    [InlineData("Invoke-RsyncStage -Name ")]
    [InlineData("Invoke-S3SyncStage -Name ")]
    [InlineData("Get-BackupSnapshot -Name ")]
    [InlineData("Get-BackupJob ")]
    [InlineData("Import-BackupConfiguration -Name ")]
    [InlineData("Test-BackupConfiguration -Name ")]
    public void Names_of_jobs_come_from_the_job_folders(string line)
    {
        File.WriteAllText(folder.File("photos.json"), "{}");
        File.WriteAllText(folder.File("x.json"), """{ "name": "my music" }""");
        session.Run("param($Folder) $env:RSYNCS3BACKUP_JOBS = $Folder", folder.Path);
        try
        {
            Assert.Equal(["'my music'", "photos"], Complete(line));
            Assert.Equal(["photos"], Complete(line + "p"));
        }
        finally
        {
            session.Run("$env:RSYNCS3BACKUP_JOBS = $null");
        }
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    private string[] Complete(string line) =>
        [.. session.Run("param($Line) (TabExpansion2 $Line $Line.Length).CompletionMatches", line).ThrowOnError()
            .Objects.Select(match => ((CompletionResult)match.BaseObject).CompletionText)];
}
