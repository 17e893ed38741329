using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests;

public sealed class ConfigurationCmdletTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly PowerShellSession session = PowerShellSession.Create();

    [Fact]
    public void What_New_writes_Test_finds_good_and_Import_reads()
    {
        session.Run($"New-BackupConfiguration {Job()} -BucketName my-backups -Region us-east-1 -CronExpression '0 2 * * *' -TimeZone America/New_York")
            .ThrowOnError();

        Assert.Empty(session.Texts($"Test-BackupConfiguration '{folder.File("job.json")}'"));
        Assert.Equal(["True"], session.Texts($"Test-BackupConfiguration '{folder.File("job.json")}' -Quiet"));
        Assert.Equal(["job", "my-backups"], session.Texts(
            $"$job = Import-BackupConfiguration '{folder.Path}/*.json'; $job.Name; $job.Destination.Bucket"));
    }

    [Fact]
    public void New_refuses_to_replace_a_file_unless_forced()
    {
        File.WriteAllText(folder.File("job.json"), "mine");

        SessionResult refused = session.Run($"New-BackupConfiguration {Job()} -LocalOnly");
        Assert.StartsWith("ConfigurationExists,", Assert.Single(refused.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(folder.File("job.json")));

        session.Run($"New-BackupConfiguration {Job()} -LocalOnly -Force").ThrowOnError();
        Assert.Equal(["True"], session.Texts($"Test-BackupConfiguration '{folder.File("job.json")}' -Quiet"));
    }

    [Fact]
    public void New_writes_nothing_that_is_not_valid()
    {
        SessionResult result = session.Run($"New-BackupConfiguration {Job()} -BucketName 'Not A Bucket'");

        Assert.StartsWith("ConfigurationInvalid,", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("job.json")));
    }

    [Fact]
    public void Test_emits_an_object_for_each_problem()
    {
        File.WriteAllText(folder.File("bad.json"), """{ "backupType": "rsync-to-s3", "sources": [], "extra": 1 }""");

        string[] paths = session.Texts($"(Test-BackupConfiguration '{folder.File("bad.json")}').JsonPath");

        Assert.Contains("$.sources", paths);
        Assert.Contains("$.extra", paths);
        Assert.Equal(["False"], session.Texts($"Test-BackupConfiguration '{folder.File("bad.json")}' -Quiet"));
    }

    [Theory]
    [InlineData(60, false)]
    [InlineData(62, true)]
    public void A_schedule_that_is_too_rare_to_renew_locks_is_a_warning_and_no_problem(int days, bool isEnough)
    {
        File.WriteAllText(folder.File("locked.json"), $$"""
            {
              "backupType": "rsync-to-s3",
              "sources": [{ "path": "/data" }],
              "options": { "rsync": { "localDestination": "/mirror", "syncToS3": {
                "protection": { "objectLock": { "mode": "governance", "days": {{days}} } } } } },
              "destination": { "bucket": "my-backups" },
              "schedule": { "cronExpression": "0 2 1 * *", "timezone": "UTC" }
            }
            """);

        SessionResult tested = session.Run($"Test-BackupConfiguration '{folder.File("locked.json")}'");
        SessionResult quiet = session.Run($"Test-BackupConfiguration '{folder.File("locked.json")}' -Quiet");

        Assert.Empty(tested.ThrowOnError().Objects);
        Assert.Equal(isEnough ? 0 : 1, tested.Warnings.Count(warning => warning.Contains("end before they are renewed", StringComparison.Ordinal)));
        Assert.Equal((0, true), (quiet.Warnings.Count, quiet.Objects[0].BaseObject));
    }

    [Fact]
    public void A_bad_configuration_is_one_error_and_the_others_are_still_read()
    {
        File.WriteAllText(folder.File("a-bad.json"), "{");
        session.Run($"New-BackupConfiguration {Job()} -LocalOnly").ThrowOnError();

        SessionResult result = session.Run(
            $"'{folder.File("a-bad.json")}', '{folder.File("missing.json")}', '{folder.File("job.json")}' | Import-BackupConfiguration");

        Assert.Equal(["ConfigurationMalformed", "ConfigurationNotFound"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal("job", Assert.Single(result.Objects).ToString());
    }

    [Fact]
    public void A_path_of_another_provider_is_a_clear_error()
    {
        SessionResult result = session.Run("Import-BackupConfiguration 'Env:PATH'");

        Assert.StartsWith("NotAFileSystemPath,", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_path_is_relative_to_the_current_location()
    {
        session.Run($"$ExecutionContext.SessionState.Path.SetLocation('{folder.Path}')").ThrowOnError();
        session.Run("New-BackupConfiguration here.json -Source source -Destination mirror -LocalOnly").ThrowOnError();

        Assert.Equal([folder.File("mirror")], session.Texts("(Import-BackupConfiguration here.json).Options.Rsync.LocalDestination"));
    }

    public void Dispose()
    {
        session.Dispose();
        folder.Dispose();
    }

    private string Job() => $"'{folder.File("job.json")}' -Source '{folder.File("source")}' -Destination '{folder.File("mirror")}'";
}
