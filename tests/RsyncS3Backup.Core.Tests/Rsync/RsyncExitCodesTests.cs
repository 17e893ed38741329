using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncExitCodesTests
{
    [Fact]
    public void The_documentation_has_the_same_table()
    {
        string[] documented = [.. File.ReadLines(Repository.Path("docs", "rsync-exit-codes.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Code", StringComparison.Ordinal)
                && !line.StartsWith("| ---", StringComparison.Ordinal))];
        Assert.Equal(RsyncExitCodes.MarkdownRows(), documented);
    }

    [Theory]
    [InlineData(0, BackupStatus.Succeeded, null)]
    [InlineData(24, BackupStatus.SucceededWithWarnings, null)]
    [InlineData(23, BackupStatus.Failed, "RsyncPartialTransfer")]
    [InlineData(25, BackupStatus.Failed, "DeleteLimitExceeded")]
    [InlineData(6, BackupStatus.Failed, "RsyncFileError")]
    [InlineData(16, BackupStatus.Failed, "RsyncCrashed")]
    [InlineData(30, BackupStatus.Failed, "RsyncTimeout")]
    [InlineData(35, BackupStatus.Failed, "RsyncTimeout")]
    [InlineData(127, BackupStatus.Failed, "RsyncRemoteCommand")]
    [InlineData(128, BackupStatus.Failed, "RsyncFailed")]
    [InlineData(129, BackupStatus.Failed, "RsyncKilled")]
    [InlineData(192, BackupStatus.Failed, "RsyncKilled")]
    [InlineData(193, BackupStatus.Failed, "RsyncFailed")]
    [InlineData(137, BackupStatus.Failed, "RsyncKilled")]
    [InlineData(77, BackupStatus.Failed, "RsyncFailed")]
    [InlineData(-1, BackupStatus.Failed, "RsyncFailed")]
    public void Each_code_has_a_status_and_an_error(int code, BackupStatus status, string? errorId)
    {
        RsyncExitCode entry = RsyncExitCodes.Find(code);
        Assert.Equal((status, errorId), (entry.Status, entry.ErrorId));
    }

    [Fact]
    public void Exactly_the_failures_have_an_error_id_and_all_have_advice() => Assert.All(
        Enumerable.Range(0, 256).Select(RsyncExitCodes.Find),
        entry =>
        {
            Assert.Equal(entry.Status == BackupStatus.Failed, entry.ErrorId is not null);
            Assert.NotEmpty(entry.Advice);
        });
}
