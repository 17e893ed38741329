using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The copies of a backup as a user sees them.</summary>
public sealed class RecoveryCmdletTests : EndToEndTest
{
    [Fact]
    public void Both_copies_of_a_job_show_the_same_entries()
    {
        string job = WriteJob();
        BackupWell(job);

        foreach (string copy in new[] { "Local", "S3" })
        {
            IReadOnlyList<PSObject> items = Session.Run("param($Job, $From) Get-BackupItem -ConfigPath $Job -From $From -Recurse @keys", job, copy).ThrowOnError().Objects;
            Assert.Equal(["a.txt", "sub", "sub/100% + é.txt", "sub/b.txt"], items.Select(item => item.Text("Path")));
            Assert.All(items, item => Assert.Equal(("photos", copy), (item.Text("Name"), item.Text("Copy"))));
        }
    }

    [Fact]
    public void A_bucket_is_shown_as_a_table_without_a_job()
    {
        BackupWell(WriteJob());
        Session.Run("param($Endpoint) $store = @{ EndpointUrl = $Endpoint; BucketName = 'my-backups' }", Server.Endpoint.ToString()).ThrowOnError();

        IReadOnlyList<PSObject> items = Session.Run("Get-BackupItem @store -KeyPrefix rsync/photos -Path sub @keys").ThrowOnError().Objects;

        Assert.Equal(["sub/100% + é.txt", "sub/b.txt"], items.Select(item => item.Text("Path")));
        string screen = Session.Render("Get-BackupItem @store -KeyPrefix rsync/photos @keys");
        Assert.Contains("Mode       Modified         Stored in S3           Length Path", screen, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^-  +\d{4}-\d\d-\d\d \d\d:\d\d +5 a\.txt", screen);
    }

    [Fact]
    public void A_test_finds_damage_and_a_repair_mends_it()
    {
        string job = WriteJob();
        BackupWell(job);
        Assert.Equal(["True"], Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys -Quiet", job).ThrowOnError().Objects.Select(item => item.ToString()));
        Server.Store.Delete(BucketName, Prefix + "a.txt");

        IReadOnlyList<PSObject> found = Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys", job).ThrowOnError().Objects;
        Assert.Equal(("a.txt", "MissingInS3", "Local"), (found[0].Text("Path"), found[0].Text("Kind"), found[0].Text("GoodCopy")));
        Assert.Equal(("Failed", 1, "DifferencesFound"), (found[1].Text("Status"), found[1].Number("Differences"), found[1].Text("ExitCode")));
        Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys | Repair-Backup @keys -WhatIf", job).ThrowOnError();
        Assert.DoesNotContain("a.txt", Objects().Keys);

        PSObject repair = Assert.Single(
            Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys | Repair-Backup @keys -Confirm:$false", job).ThrowOnError().Objects);

        Assert.Equal(("Succeeded", "S3"), (repair.Text("Status"), repair.Text("RepairedCopy")));
        Assert.Equal("first", Objects()["a.txt"]);
        Assert.Equal(["True"], Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys -Quiet", job).ThrowOnError().Objects.Select(item => item.ToString()));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($found))")]
    // As JSON is read: enumerations are numbers. As CSV is read: all is text, and the result has the columns of the differences.
    [InlineData("$found[0..1] | ForEach-Object { [pscustomobject]@{ Name = $_.Name; ConfigurationPath = $_.ConfigurationPath; Path = $_.Path; Kind = [long]$_.Kind; GoodCopy = [long]$_.GoodCopy } }")]
    [InlineData("$found | ForEach-Object { [pscustomobject]@{ Name = $_.Name; ConfigurationPath = \"$($_.ConfigurationPath)\"; Path = $_.Path; Kind = \"$($_.Kind)\"; GoodCopy = \"$($_.GoodCopy)\"; EntryType = \"$($_.EntryType)\" } }")]
    public void Differences_that_were_elsewhere_are_repaired_like_those_that_come_straight(string journey)
    {
        string job = WriteJob();
        BackupWell(job);
        Server.Store.Delete(BucketName, Prefix + "a.txt");
        File.Delete(Path.Combine(Mirror, "sub", "b.txt"));
        Session.Run("param($Job) $found = Test-Backup -ConfigPath $Job @keys", job).ThrowOnError();

        IReadOnlyList<PSObject> repairs = Session.Run($"$back = {journey}; $back | Repair-Backup @keys -Confirm:$false").ThrowOnError().Objects;

        Assert.Equal(
            ["a.txt Succeeded S3", "sub/b.txt Succeeded Local"],
            repairs.Select(item => $"{item.Text("Path")} {item.Text("Status")} {item.Text("RepairedCopy")}").Order(StringComparer.Ordinal));
        Assert.Equal(["True"], Session.Run("param($Job) Test-Backup -ConfigPath $Job @keys -Quiet", job).ThrowOnError().Objects.Select(item => item.ToString()));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("Test-Backup -ConfigPath $job @keys -Quiet")]
    [InlineData("5")]
    [InlineData("[pscustomobject]@{ Path = 'a.txt'; Name = 'photos' }")]
    [InlineData("[pscustomobject]@{ Path = 'a.txt'; Name = 'photos'; Kind = 'Eaten'; GoodCopy = 'S3' }")]
    [InlineData("[pscustomobject]@{ Path = 'a.txt'; Name = 'photos'; Kind = 'S3Corrupted'; GoodCopy = 'Both' }")]
    [InlineData("[pscustomobject]@{ Path = 'a.txt'; Kind = 'S3Corrupted'; GoodCopy = 'Local' }")]
    public void What_is_no_difference_is_an_error_that_names_the_way_out(string input)
    {
        string path = WriteJob();
        BackupWell(path);
        Session.Run("param($Path) $job = $Path", path).ThrowOnError();

        Assert.Equal(["InvalidParameter"], Session.Run($"{input} | Repair-Backup @keys -Confirm:$false").ErrorIds());
    }

    [Fact]
    public void The_result_of_a_test_without_differences_needs_no_repair()
    {
        string path = WriteJob();
        BackupWell(path);
        Session.Run("param($Path) $test = Test-Backup -ConfigPath $Path @keys", path).ThrowOnError();

        foreach (string journey in new[] { "$test", "[Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($test))" })
            Assert.Empty(Session.Run($"$back = {journey}; $back | Repair-Backup @keys -Confirm:$false").ThrowOnError().Objects);
    }

    [Fact]
    public void What_is_not_there_is_an_error_of_that_path()
    {
        string job = WriteJob();
        BackupWell(job);

        Assert.Equal(["ItemNotFound"], Session.Run("param($Job) Get-BackupItem -ConfigPath $Job -Path nothing @keys", job).ErrorIds());
        Assert.Equal(["BucketKeepsNoVersions"], Session.Run("param($Job) Get-BackupItem -ConfigPath $Job -AsOf 2026-01-01 @keys", job).ErrorIds());
    }
}
