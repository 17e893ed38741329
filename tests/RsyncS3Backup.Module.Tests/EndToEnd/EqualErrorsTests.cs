using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>A failure that many entries share is told once, and where several jobs run each error says of which it is.</summary>
public sealed class EqualErrorsTests : EndToEndTest
{
    [Theory]
    [InlineData(3, 3)]
    [InlineData(7, 1)]
    public void Many_equal_failures_are_one_error_with_their_number_and_the_first_names(int files, int errors)
    {
        for (int i = 0; i < files; i++)
            WriteFile($"source/denied{i}.txt", $"{i}");
        Server.Faults.Add(
            new FaultRule { Operation = "PutObject", KeyContains = "denied", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        SessionResult result = Backup(WriteJob());

        string[] ofEntries =
        [
            .. result.Errors.Where(error => error.TargetObject?.ToString()?.Contains("denied", StringComparison.Ordinal) == true)
                .Select(error => error.ToString()),
        ];
        Assert.Equal(errors, ofEntries.Length);
        if (errors == 1)
        {
            Assert.StartsWith("7 entries failed in the same way.", ofEntries[0], StringComparison.Ordinal);
            Assert.Contains(" and 3 more", ofEntries[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_error_of_one_of_several_jobs_names_it()
    {
        WriteJob();
        WriteJobNamed("music", ("sources", Sources(Folder.File("gone"))));

        SessionResult several = Session.Run("Invoke-RsyncToS3Backup photos, music @keys");
        SessionResult alone = Session.Run("Invoke-RsyncToS3Backup music @keys");

        Assert.StartsWith("music: ", Assert.Single(several.Errors).ToString(), StringComparison.Ordinal);
        Assert.StartsWith("The source ", Assert.Single(alone.Errors).ToString(), StringComparison.Ordinal);
    }
}
