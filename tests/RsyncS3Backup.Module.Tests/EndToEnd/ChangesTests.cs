using System.Management.Automation;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>What a run changed, as PowerShell sees it, and how long it stays pending.</summary>
public sealed class ChangesTests : EndToEndTest
{
    [Fact]
    public void The_changes_of_a_run_can_be_listed_after_both_stages_and_are_not_serialised_with_the_result()
    {
        PSObject result = BackupWell(WriteJob());

        Session.Run("param($Result) $stage = @($Result)[0].Stage1", result).ThrowOnError();
        Assert.Equal(
            ["Created .", "Created a.txt", "Created sub", "Created sub/100% + é.txt", "Created sub/b.txt"],
            Run("$stage.GetChanges() | ForEach-Object { \"$_\" }").Order(StringComparer.Ordinal));
        Assert.Equal(["False"], Run("[Management.Automation.PSSerializer]::Serialize($stage).Contains('sub/b.txt')"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void Changes_stay_pending_over_failed_stages_2_and_go_with_one_that_succeeded()
    {
        Backup(WriteJob(("destination.bucket", "no-such-bucket")));
        WriteFile("source/later.txt", "later");
        Backup(WriteJob(("destination.bucket", "no-such-bucket")));
        Assert.Equal(2, Journals("*.changes").Length);

        BackupWell(WriteJob());

        Assert.Empty(Journals("*.changes"));
        Assert.Single(Journals("*.done"));
    }

    private string[] Journals(string pattern) => Directory.GetFiles(StateRoot, pattern, SearchOption.AllDirectories);

    private string[] Run(string script)
    {
        Support.SessionResult run = Session.Run(script);
        run.ThrowOnError();
        return [.. run.Objects.Select(item => item.ToString())];
    }
}
