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

    [Fact]
    public void What_is_not_there_is_an_error_of_that_path()
    {
        string job = WriteJob();
        BackupWell(job);

        Assert.Equal(["ItemNotFound"], Session.Run("param($Job) Get-BackupItem -ConfigPath $Job -Path nothing @keys", job).ErrorIds());
        Assert.Equal(["BucketKeepsNoVersions"], Session.Run("param($Job) Get-BackupItem -ConfigPath $Job -AsOf 2026-01-01 @keys", job).ErrorIds());
    }
}
