using System.Text.Json;
using RsyncS3Backup.Readiness;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Readiness;

public sealed class ScheduleReadinessTests
{
    [Fact]
    public void What_the_launcher_prints_is_read_and_the_rest_is_left_out()
    {
        BackupReadiness said = new()
        {
            Name = "photos",
            Check = BackupReadinessCheck.Credentials,
            Target = "backup",
            Status = BackupReadinessStatus.Failed,
            Detail = "No AWS credentials were found.\u001b[31m",
            Recommendation = "Run 'aws configure'.",
            ErrorId = ErrorIds.S3NoCredentials,
        };
        string output = string.Join(
            '\n', "a profile's greeting", "RsyncS3Backup: check " + JsonSerializer.Serialize(said), "RsyncS3Backup: check {\"Check\":",
            "RsyncS3Backup: check {}", "RsyncS3Backup: ready");

        BackupReadiness read = Assert.Single(ScheduleReadiness.Read(output));

        Assert.Equal((said.Check, said.Status, said.Target, said.ErrorId), (read.Check, read.Status, read.Target, read.ErrorId));
        Assert.StartsWith("As the scheduler starts it: No AWS credentials were found.", read.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', read.Detail);
        Assert.NotEqual(BackupExitCode.Succeeded, read.ExitCode);
    }
}
