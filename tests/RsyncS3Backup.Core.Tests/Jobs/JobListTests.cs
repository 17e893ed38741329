using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class JobListTests : IDisposable
{
    private const string Options = """ "sources": [{ "path": "/data" }], "options": { "rsync": { "localDestination": "/mirror", "syncToS3": { "enabled": false } } } """;

    private readonly TemporaryFolder files = new();

    [Fact]
    public void A_file_is_a_job_of_its_own_name_or_of_the_name_in_it()
    {
        Write("user/photos.json");
        Write("user/x.jsonc", "music");

        Assert.Equal([("music", "x.jsonc"), ("photos", "photos.json")], Read("user").Jobs.Select(job => (job.Name, Path.GetFileName(job.Path))));
    }

    [Fact]
    public void Other_files_editors_leftovers_and_folders_below_are_no_jobs()
    {
        Write("user/photos.json");
        Write("user/.photos.json");
        Write("user/photos.json~");
        Write("user/readme.txt");
        Write("user/below/deep.json");
        files.Folder("user/folder.json");

        Assert.Equal("photos", Assert.Single(Read("user").Jobs).Name);
    }

    [Fact]
    public void The_job_of_an_earlier_folder_comes_before_one_of_the_same_name()
    {
        string used = Write("user/photos.json");
        string hidden = Write("system/other.json", "photos");

        JobFile job = Assert.Single(Read("user", "system").Jobs);

        Assert.Equal(used, job.Path);
        Assert.Equal([hidden], job.Hides);
    }

    [SkippableFact]
    public void A_file_that_is_written_again_is_whose_it_was_and_a_link_stays_one()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no such owners.");
        string path = Write("elsewhere/photos.json");
        string link = Path.Combine(files.Folder("user"), "photos.json");
        File.CreateSymbolicLink(link, path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        uint owner = Environment.IsPrivilegedProcess ? 65534 : FileAttributesReader.Read(path).UserId;
        if (Environment.IsPrivilegedProcess)
            RawFileSystem.SetOwner(path, owner, owner);
        FileAttributesSnapshot before = FileAttributesReader.Read(path);

        JobFile.Write(link, "{}");

        FileAttributesSnapshot after = FileAttributesReader.Read(path);
        Assert.Equal((before.UserId, before.GroupId, before.Mode), (after.UserId, after.GroupId, after.Mode));
        Assert.Equal(("{}", path), (File.ReadAllText(path), new FileInfo(link).LinkTarget));
        Assert.Equal(owner, after.UserId);
    }

    [Fact]
    public void A_broken_job_of_an_earlier_folder_is_not_replaced_by_a_good_one_of_a_later_folder()
    {
        files.File("user/photos.json", "{");
        Write("system/photos.json");

        Assert.Equal("ConfigurationMalformed", Assert.Single(Read("user", "system").Jobs).Error!.Id);
    }

    [Fact]
    public void Two_files_of_one_name_in_one_folder_are_an_error_that_names_both()
    {
        string[] paths = [Write("user/one.json", "photos"), Write("user/photos.jsonc")];

        IReadOnlyList<JobFile> jobs = Read("user").Jobs;

        Assert.Equal(paths, jobs.Select(job => job.Path));
        Assert.All(jobs, job => Assert.Null(job.Configuration));
        BackupError error = Assert.Single(jobs.Select(job => job.Error!).Distinct());
        Assert.Equal("JobNameNotUnique", error.Id);
        Assert.All(paths, path => Assert.Contains(path, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Names_that_differ_in_case_are_two_jobs()
    {
        Write("user/a.json", "photos");
        Write("user/b.json", "Photos");

        Assert.All(Read("user").Jobs, job => Assert.Null(job.Error));
    }

    [Fact]
    public void A_broken_file_is_listed_under_its_name_and_hides_no_other()
    {
        files.File("user/broken.json", """{ "name": "music", "sourcess": [] }""");
        files.File("user/torn.json", "{");
        Write("user/photos.json");

        IReadOnlyList<JobFile> jobs = Read("user").Jobs;

        Assert.Equal([("music", false), ("photos", true), ("torn", false)], jobs.Select(job => (job.Name, job.Configuration is not null)));
        Assert.Contains(jobs[0].Problems, problem => problem.JsonPath == "$.sourcess");
    }

    [Fact]
    public void A_name_that_no_job_has_is_an_error_with_the_folders_and_a_near_name()
    {
        Write("user/photos.json");

        BackupError error = Read("user", "missing").NotFound("phtos");

        Assert.Equal("JobNotFound", error.Id);
        Assert.Contains($"'{files["user"]}' (1 job)", error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{files["missing"]}' (not there)", error.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'photos'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_read_is_named_and_hides_no_other()
    {
        Write("user/photos.json");
        File.CreateSymbolicLink(files["system"], files["system"]);

        JobList list = Read("system", "user");

        Assert.Single(list.Jobs);
        Assert.Contains($"'{files["system"]}' (cannot be read", list.Places[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_everybody_may_write_is_refused()
    {
        string path = Write("user/photos.json");
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherWrite);

        Assert.Equal("JobFileUnsafe", Assert.Single(Read("user").Jobs).Error!.Id);
    }

    [Fact]
    public void A_job_in_a_folder_that_everybody_may_write_is_refused()
    {
        Write("user/photos.json");
        File.SetUnixFileMode(files["user"], File.GetUnixFileMode(files["user"]) | UnixFileMode.OtherWrite);

        Assert.Equal("JobFileUnsafe", Assert.Single(Read("user").Jobs).Error!.Id);
    }

    [Fact]
    public void A_link_to_a_job_that_everybody_may_write_is_refused_and_one_to_a_good_job_is_not()
    {
        string bad = Write("elsewhere/bad.json");
        File.SetUnixFileMode(bad, File.GetUnixFileMode(bad) | UnixFileMode.OtherWrite);
        files.Folder("user");
        File.CreateSymbolicLink(files["user/bad.json"], bad);
        File.CreateSymbolicLink(files["user/good.json"], Write("elsewhere/good.json"));

        Assert.Equal([("bad", "JobFileUnsafe"), ("good", null)], Read("user").Jobs.Select(job => (job.Name, job.Error?.Id)));
    }

    public void Dispose() => files.Dispose();

    private JobList Read(params string[] folders) => JobList.Read([.. folders.Select(folder => new JobFolder(files[folder], BackupJobScope.User))]);

    private string Write(string relative, string? name = null) =>
        files.File(relative, name is null ? $"{{{Options}}}" : $$"""{ "name": "{{name}}", {{Options}} }""");
}
