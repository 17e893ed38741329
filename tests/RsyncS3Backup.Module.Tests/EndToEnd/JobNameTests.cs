using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Jobs by their names.</summary>
public sealed class JobNameTests : EndToEndTest
{
    public static TheoryData<string> WaysToNameAJob() =>
    [
        "Invoke-RsyncToS3Backup -Name photos @keys",
        "Invoke-RsyncToS3Backup -Name pho* @keys",
        "Invoke-RsyncStage -Name PHOTOS | Invoke-S3SyncStage @keys",
        "$null = Invoke-RsyncStage -Name photos; Invoke-S3SyncStage -Name photos @keys",
        "Import-BackupConfiguration -Name photos | Invoke-RsyncToS3Backup @keys",
    ];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(WaysToNameAJob))]
    public void A_job_of_a_job_folder_runs_by_its_name(string command)
    {
        WriteJob();
        WriteJobNamed("music");

        SessionResult result = Session.Run(command).ThrowOnError();

        Assert.Equal("photos Succeeded", Assert.Single(result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}")));
        Assert.Equal(Files(Source), Objects());
        Assert.Empty(Objects("rsync/music/"));
    }

    [Fact]
    public void A_stage_from_parameters_still_has_a_name_of_its_own()
    {
        SessionResult result = Session.Run(
            "param($Source, $Mirror) Invoke-RsyncStage $Source $Mirror -Name nightly | Invoke-S3SyncStage -BucketName my-backups -KeyPrefix x/ -WhatIf",
            Source, Mirror).ThrowOnError();

        Assert.Empty(result.Objects);
        Assert.True(Directory.Exists(Path.Combine(StateRoot, "nightly")));
        Assert.Equal("InvalidParameter", Session.Run("param($Source, $Mirror) Invoke-RsyncStage $Source $Mirror -Name a, b", Source, Mirror).Errors.Single().Id());
    }

    [Fact]
    public void Names_run_in_the_order_given_and_a_missing_or_broken_one_holds_up_no_other()
    {
        WriteJob();
        WriteJobNamed("music");
        WriteFile("jobs/broken.json", "{");

        SessionResult result = Session.Run("Invoke-RsyncToS3Backup -Name photos, broken, movies, mus* @keys -ExitCode");

        Assert.Equal(
            ["photos Succeeded", "broken Failed", "music Succeeded"], result.Objects.Select(item => $"{item.Text("Name")} {item.Text("Status")}"));
        Assert.Equal(["ConfigurationMalformed", "JobNotFound"], result.Errors.Select(error => error.Id()).Order(StringComparer.Ordinal));
        Assert.Equal(5, Session.Host.ExitCode);
    }

    [Theory]
    [InlineData("./movies.json")]
    [InlineData("movies.json")]
    [InlineData("folder/movies")]
    public void What_stands_first_is_a_path_where_it_is_one(string path)
    {
        WriteJob();
        string file = WriteFile($"here/{path.Replace("./", "", StringComparison.Ordinal)}", File.ReadAllText(Folder.File("jobs/photos.json")));

        Assert.Equal([file], Session.Texts(
            "param($Here, $Path) $null = $ExecutionContext.SessionState.Path.SetLocation($Here); (Import-BackupConfiguration $Path).Path",
            Folder.File("here"), path));
    }

    [Fact]
    public void A_file_whose_path_looks_like_a_name_is_an_error_that_says_ConfigPath()
    {
        WriteFile("here/there", "{}");

        SessionResult result = Session.Run(
            "param($Here) $null = $ExecutionContext.SessionState.Path.SetLocation($Here); Restore-Backup there x; Test-Backup there",
            Folder.File("here"));

        Assert.Equal(["JobNotFound", "JobNotFound"], result.ErrorIds());
        Assert.All(result.Errors, error => Assert.Contains("-ConfigPath 'there'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal));
    }

    [Fact]
    public void A_job_may_be_named_like_a_file()
    {
        WriteJob(("name", "photos.json"));

        Assert.Equal(["photos.json"], Session.Texts("(Import-BackupConfiguration photos.json).Name"));
    }

    [Fact]
    public void A_literal_path_means_one_file_alone()
    {
        string path = WriteJobNamed("photos[1]");
        WriteJobNamed("photos1");

        Assert.Equal(["photos[1]"], Session.Texts("param($Path) (Import-BackupConfiguration -LiteralPath $Path).Name", path));
        File.Delete(path);
        Assert.Equal(["ConfigurationNotFound"], Session.Run("param($Path) Import-BackupConfiguration -LiteralPath $Path", path).ErrorIds());
    }

    [Fact]
    public void A_wildcard_that_no_job_matches_is_an_error_of_a_run() =>
        Assert.Equal("JobNotFound", Assert.Single(Session.Run("Invoke-RsyncToS3Backup -Name nothing* @keys").Errors).Id());

    [Fact]
    public void A_job_that_hides_another_says_so_when_it_is_named()
    {
        WriteJob();
        string hidden = WriteFile("system/photos.json", "{}");
        SetEnvironment("RSYNCS3BACKUP_JOBS", Folder.File("jobs") + Path.PathSeparator + Folder.File("system"));

        SessionResult result = Session.Run("Import-BackupConfiguration -Name photos").ThrowOnError();

        Assert.Single(result.Objects);
        Assert.Contains(hidden, Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Test_BackupConfiguration_takes_names_of_broken_jobs()
    {
        WriteJob();
        WriteFile("jobs/broken.json", "{");

        Assert.Equal(["False", "True"], Session.Texts("Test-BackupConfiguration -Name broken, photos -Quiet"));
    }

    [Fact]
    public void A_configuration_with_a_name_and_no_path_becomes_a_job_of_that_name()
    {
        const string write = "param($Source, $Mirror, $Name) New-BackupConfiguration -Name $Name -Source $Source -Destination $Mirror -LocalOnly";

        Session.Run(write, Source, Mirror, "my photos").ThrowOnError();

        Assert.True(File.Exists(Folder.File("jobs/my photos.json")));
        Assert.Equal("Succeeded", Assert.Single(Session.Run("Invoke-RsyncToS3Backup -Name 'my photos'").ThrowOnError().Objects).Text("Status"));
        Assert.Equal(["ConfigurationExists"], Session.Run(write, Source, Mirror, "my photos").ErrorIds());
        Session.Run(write, Source, Mirror, ".hidden").ThrowOnError();
        Assert.Equal([".hidden", "my photos"], Session.Texts("(Get-BackupJob).Name"));
    }

    [Fact]
    public void A_second_file_of_one_name_is_not_written_and_neither_path_nor_name_is_an_error()
    {
        string other = WriteJob(("name", "music"));

        SessionResult result = Session.Run(
            "param($Source, $Mirror) New-BackupConfiguration -Name music -Source $Source -Destination $Mirror -LocalOnly -Force", Source, Mirror);

        Assert.Equal(["ConfigurationExists"], result.ErrorIds());
        Assert.Contains(other, result.Errors[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(["InvalidParameter"], Session.Run(
            "param($Source, $Mirror) New-BackupConfiguration -Source $Source -Destination $Mirror -LocalOnly", Source, Mirror).ErrorIds());
    }

    [Fact]
    public void A_name_where_a_path_belongs_runs_nothing_and_says_how_to_give_it()
    {
        WriteJob();

        SessionResult result = Session.Run("Invoke-RsyncToS3Backup -ConfigPath photos @keys");

        Assert.Equal(["ConfigurationNotFound"], result.ErrorIds());
        Assert.Contains("-Name 'photos'", result.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(result.Objects);
    }
}
