using RsyncS3Backup.Configuration;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("configuration-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_job_without_a_name_is_named_after_its_file()
    {
        string path = Write("my photos.json", ConfigurationSamples.With("$.name", null));
        BackupConfiguration job = ConfigurationReader.Load(path);
        Assert.Equal("my photos", job.Name);
        Assert.Equal(path, job.Path);
    }

    [Fact]
    public void Load_throws_one_error_that_lists_every_problem_with_its_line()
    {
        string path = Write("job.json", "{\n  \"sources\": [],\n  \"nam\": 1,\n  \"options\": { \"rsync\": { \"localDestination\": \"/m\" } }\n}");
        BackupError error = Assert.Throws<BackupException>(() => ConfigurationReader.Load(path)).Error;
        Assert.Equal("ConfigurationInvalid", error.Id);
        Assert.Equal(BackupErrorCategory.InvalidData, error.Category);
        Assert.Equal(BackupExitCode.BadConfiguration, error.ExitCode);
        Assert.Equal(path, error.Target);
        string[] lines = error.Message.Split('\n');
        Assert.Equal($"The configuration file '{path}' has 3 problems:", lines[0]);
        Assert.StartsWith("  (1) line 1, $.destination: 'destination' is missing. Allowed: ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("  (2) line 2, $.sources: The list is empty. Allowed: ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("  (3) line 3, $.nam: 'nam' is not a key. Did you mean 'name'? Allowed: one of ", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_not_found() => AssertError("ConfigurationNotFound", Path.Combine(folder, "none", "job.json"));

    [Fact]
    public void A_folder_is_unreadable() => AssertError("ConfigurationUnreadable", folder);

    [Fact]
    public void A_file_too_large_for_a_job_is_unreadable() =>
        AssertError("ConfigurationUnreadable", Write("large.json", new string(' ', 1024 * 1024 + 1)));

    [Fact]
    public void A_file_that_is_not_json_is_malformed() => AssertError("ConfigurationMalformed", Write("job.json", "name: photos"));

    private static void AssertError(string id, string path)
    {
        BackupError error = Assert.Throws<BackupException>(() => ConfigurationReader.Load(path)).Error;
        Assert.Equal(id, error.Id);
        Assert.Equal(path, error.Target);
        Assert.Equal(BackupExitCode.BadConfiguration, error.ExitCode);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Equal(path, Assert.Single(ConfigurationReader.ReadFile(path).Problems).Path);
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
