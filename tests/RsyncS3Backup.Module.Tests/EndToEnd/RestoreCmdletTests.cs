using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Restores as a user runs them.</summary>
public sealed class RestoreCmdletTests : EndToEndTest
{
    private string Target => Folder.File("restored");

    [Theory]
    [InlineData("Local")]
    [InlineData("S3")]
    public void Either_copy_gives_the_source_back(string copy)
    {
        string job = WriteJob();
        BackupWell(job);

        PSObject result = Assert.Single(
            Session.Run("param($Target, $Copy) Restore-Backup photos $Target -From $Copy @keys", Target, copy).ThrowOnError().Objects);

        Assert.Equal(("Succeeded", copy), (result.Text("Status"), result.Text("From")));
        Assert.Equal(Tree(Source), Tree(Target));
    }

    [Fact]
    public void Without_a_job_bucket_and_prefix_are_enough()
    {
        BackupWell(WriteJob());

        Session.Run(
            "param($Bucket, $Prefix, $Url, $Target) Restore-Backup -BucketName $Bucket -KeyPrefix $Prefix -EndpointUrl $Url -Destination $Target @keys",
            BucketName, Prefix, Server.Endpoint.GetLeftPart(UriPartial.Authority), Target).ThrowOnError();

        Assert.Equal(Files(Source), Files(Target));
    }

    [Fact]
    public void In_place_asks_and_no_leaves_everything_as_it_is()
    {
        string job = WriteJob();
        BackupWell(job);
        File.WriteAllText(Path.Combine(Source, "a.txt"), "changed");
        Session.Host.Answer = "No";

        SessionResult refused = Session.Run("param($Path) Restore-Backup -ConfigPath $Path -InPlace @keys", job).ThrowOnError();

        Assert.Empty(refused.Objects);
        Assert.Single(Session.Host.Questions);
        Assert.Equal("changed", File.ReadAllText(Path.Combine(Source, "a.txt")));
        Session.Run("param($Path) Restore-Backup -ConfigPath $Path -InPlace -Force @keys", job).ThrowOnError();
        Assert.Equal("first", File.ReadAllText(Path.Combine(Source, "a.txt")));
    }

    [Theory]
    [InlineData("Yes", "first")]
    [InlineData("No", "changed")]
    public void A_newer_file_is_asked_about(string answer, string content)
    {
        string job = WriteJob();
        BackupWell(job);
        File.WriteAllText(Path.Combine(Source, "a.txt"), "changed");
        Session.Host.Answer = answer;

        PSObject result = Assert.Single(
            Session.Run("param($Path) Restore-Backup -ConfigPath $Path -InPlace -Confirm:$false @keys", job).ThrowOnError().Objects);

        Assert.Equal(content, File.ReadAllText(Path.Combine(Source, "a.txt")));
        Assert.Equal(answer == "No" ? 1 : 0, result.Number("SkippedNewer"));
        Assert.Contains(Path.Combine(Source, "a.txt"), Assert.Single(Session.Host.Questions), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_restores_nothing()
    {
        string job = WriteJob();
        BackupWell(job);

        Assert.Empty(Session.Run("param($Path, $Target) Restore-Backup -ConfigPath $Path $Target -WhatIf @keys", job, Target).ThrowOnError().Objects);

        Assert.False(Directory.Exists(Target));
    }

    [Fact]
    public void Each_file_that_fails_is_an_error_of_its_own_and_the_result_comes_too()
    {
        string job = WriteJob();
        BackupWell(job);
        Server.Store.Put(BucketName, Prefix + "../evil", "evil"u8);

        SessionResult result = Session.Run("param($Path, $Target) Restore-Backup -ConfigPath $Path $Target -From S3 @keys", job, Target);

        Assert.Equal(["RestoreKeyRefused", "RestoreIncomplete"], result.ErrorIds());
        Assert.Equal(("Failed", 1L), (Assert.Single(result.Objects).Text("Status"), result.Objects[0].Number("Failed")));
        Assert.Equal(Files(Source), Files(Target));
    }

    [Fact]
    public void Several_jobs_do_not_go_to_one_folder()
    {
        string[] jobs = [WriteJobNamed("one"), WriteJobNamed("two")];
        foreach (string job in jobs)
            BackupWell(job);

        SessionResult result = Session.Run("param($Paths, $Target) Restore-Backup -ConfigPath $Paths $Target @keys", jobs, Target);

        Assert.Equal(["InvalidParameter"], result.ErrorIds());
        Assert.Equal("one", Assert.Single(result.Objects).Text("Name"));
    }
}
