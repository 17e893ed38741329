using RsyncS3Backup.Configuration;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationLayersTests : IDisposable
{
    private const string Least =
        """{ "sources": [{ "path": "/data" }], "options": { "rsync": { "localDestination": "/mirror" } }, "destination": { "bucket": "own" } }""";

    private readonly string folder = Directory.CreateTempSubdirectory("layers-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Objects_are_merged_lists_are_replaced_and_the_jobs_own_value_wins()
    {
        string defaults = Write("defaults.jsonc", """
            {
              // For all.
              "options": { "rsync": { "excludePatterns": ["*.tmp", "*.bak"], "hardLinks": true, "syncToS3": { "storageClass": "STANDARD_IA", "tags": { "a": "1", "b": "2" } } } },
              "destination": { "bucket": "shared", "region": "eu-north-1" },
            }
            """);
        string path = Write("photos.json", """
            {
              "sources": [{ "path": "/data" }],
              "options": { "rsync": { "localDestination": "/mirror", "excludePatterns": ["*.iso"], "syncToS3": { "tags": { "b": "3" } } } },
              "destination": { "bucket": "own" }
            }
            """);

        BackupConfiguration job = ConfigurationReader.Load(path);

        RsyncOptions rsync = job.Options.Rsync;
        Assert.Equal(["*.iso"], rsync.ExcludePatterns);
        Assert.True(rsync.HardLinks);
        Assert.Equal("STANDARD_IA", rsync.SyncToS3.StorageClass);
        Assert.Equal([new("a", "1"), new("b", "3")], rsync.SyncToS3.Tags);
        Assert.Equal(("own", "eu-north-1"), (job.Destination!.Bucket, job.Destination.Region));
        Assert.Equal([path, defaults], job.Files);
    }

    [Fact]
    public void What_a_file_extends_counts_before_the_defaults_of_the_jobs_folder_and_has_none_of_its_own()
    {
        Write("defaults.jsonc", """{ "maxAge": "1d", "stopAt": "01:00", "historyRetention": "10d" }""");
        Write("base/defaults.jsonc", """{ "stopAt": "09:00" }""");
        Write("base/nas.jsonc", """{ "extends": "../more/all.jsonc", "name": "nas", "maxAge": "2d" }""");
        Write("more/all.jsonc", """{ "maxAge": "3d", "historyRetention": "20d", "hooks": { "before": { "script": "here.ps1" } } }""");

        BackupConfiguration job = ConfigurationReader.Load(Write("photos.json", "{ \"extends\": \"base/nas.jsonc\", " + Least[1..]));

        Assert.Equal(("photos", TimeSpan.FromDays(2), TimeSpan.FromDays(20), "01:00"), (job.Name, job.MaxAge, job.HistoryRetention, job.StopAt));
        Assert.Equal(Path.Combine(folder, "more", "here.ps1"), job.Hooks!.Before!.Script);
    }

    [Fact]
    public void A_problem_names_the_file_and_the_line_in_which_the_value_stands()
    {
        string defaults = Write("defaults.jsonc", "{\n  \"maxAg\": \"1d\",\n  \"stopAt\": \"25:00\",\n  \"log\": {}, \"log\": {},\n  \"name\": \"x\"\n}");
        string path = Write("photos.json", Least.Replace("\"own\"", "1", StringComparison.Ordinal));

        ConfigurationReadResult read = ConfigurationReader.ReadFile(path);

        Assert.Equal(
            [(path, 1, "$.destination.bucket"), (defaults, 2, "$.maxAg"), (defaults, 3, "$.stopAt"), (defaults, 4, "$.log"), (defaults, 5, "$.name")],
            read.Problems.Select(problem => (problem.Path!, problem.Line!.Value, problem.JsonPath)));
        Assert.Contains($"'{defaults}', line 3, $.stopAt: ", read.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(("ConfigurationInvalid", path), (read.Error.Id, read.Error.Target));
    }

    [Fact]
    public void What_is_not_json_is_told_of_the_file_that_it_stands_in()
    {
        string defaults = Write("defaults.jsonc", "{\n  oops\n}");
        ConfigurationReadResult read = ConfigurationReader.ReadFile(Write("photos.json", "{ \"name\": \"mine\", " + Least[1..]));
        Assert.Equal(("ConfigurationMalformed", defaults, "mine"), (read.Error!.Id, read.Error.Target, read.WrittenName));
        Assert.Contains("line 2", read.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_circle_names_its_files()
    {
        string a = Write("a.json", "{ \"extends\": \"b.json\", " + Least[1..]);
        string b = Write("b.json", """{ "extends": "a.json" }""");
        ConfigurationProblem problem = Assert.Single(ConfigurationReader.ReadFile(a).Problems);
        Assert.Equal($"It leads in a circle: '{a}' extends '{b}' extends '{a}'.", problem.Message);
        Assert.Equal((b, "$.extends"), (problem.Path, problem.JsonPath));
    }

    [Theory]
    [InlineData("\"none.jsonc\"", "There is no file '")]
    [InlineData("\"\"", "The path is empty.")]
    [InlineData("[]", "Expected text in quotes, not a list.")]
    [InlineData("\"list.jsonc\"", "The file does not hold an object.")]
    [InlineData("\"1.jsonc\"", "More than 8 files extend one another.")]
    public void What_cannot_be_extended_is_one_problem(string extends, string message)
    {
        Write("list.jsonc", "[]");
        for (int number = 1; number < 10; number++)
            Write($"{number}.jsonc", $$"""{ "extends": "{{number + 1}}.jsonc" }""");
        string path = Write("photos.json", $"{{ \"extends\": {extends}, {Least[1..]}");
        Assert.StartsWith(message, Assert.Single(ConfigurationReader.ReadFile(path).Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_extends_nothing() =>
        Assert.Equal("$.extends", Assert.Single(ConfigurationReader.ReadObject("{ \"extends\": \"/a.json\", " + Least[1..]).Problems).JsonPath);

    [SkippableTheory]
    [InlineData("defaults.jsonc")]
    [InlineData("base.jsonc")]
    public void What_others_may_write_is_refused(string name)
    {
        Skip.If(OperatingSystem.IsWindows(), "Modes are Unix's.");
        string path = Write("photos.json", "{ \"extends\": \"base.jsonc\", " + Least[1..]);
        Write("base.jsonc", "{}");
        string open = Write(name, """{ "hooks": { "before": { "command": ["/bin/false"] } } }""");
        File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        BackupError error = Assert.Throws<BackupException>(() => ConfigurationReader.Load(path)).Error;
        Assert.Equal(("JobFileUnsafe", open), (error.Id, error.Target));
    }

    [SkippableFact]
    public void A_link_to_no_defaults_is_an_error_and_not_a_job_without_them()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need a right there.");
        File.CreateSymbolicLink(Path.Combine(folder, "defaults.jsonc"), Path.Combine(folder, "away"));
        Assert.Equal("ConfigurationNotFound", ConfigurationReader.ReadFile(Write("photos.json", Least)).Error?.Id);
    }

    [Fact]
    public void Defaults_are_no_job()
    {
        string defaults = Write("defaults.jsonc", "{}");
        Write("photos.json", Least);
        Assert.Equal("photos", Assert.Single(JobList.Read([new JobFolder(folder, BackupJobScope.User)]).Jobs).Name);
        Assert.Contains(ConfigurationReader.ReadFile(defaults).Problems, problem => problem.Message.EndsWith("is no job.", StringComparison.Ordinal));
        Assert.Contains("defaults.jsonc", ConfigurationRules.JobName("Defaults"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_is_as_new_as_the_newest_of_its_files()
    {
        DateTime newest = DateTime.UtcNow.AddMinutes(5);
        File.SetLastWriteTimeUtc(Write("defaults.jsonc", "{}"), newest);
        Assert.Equal(newest, JobAge.Written(ConfigurationReader.Load(Write("photos.json", Least)))!.Value.UtcDateTime);
    }

    [Fact]
    public void The_machines_name_may_stand_in_a_jobs_name() =>
        Assert.Equal($"{RsyncS3Backup.KeyPrefix.Host}-photos", ConfigurationReader.Load(Write("a.json", "{ \"name\": \"{host}-photos\", " + Least[1..])).Name);

    private string Write(string name, string content)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }
}
