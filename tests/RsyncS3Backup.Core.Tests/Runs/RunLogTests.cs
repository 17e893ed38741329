using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>The log of a run: its copy where the user wants one, and how long the state folder keeps it.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RunLogTests : LocalJob
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string LogFolder => Path.Combine(StatePath, "logs");

    [Fact]
    public async Task A_file_has_the_logs_of_all_runs_one_after_the_other_and_each_line_names_its_run()
    {
        string copy = Files["runs.jsonl"];

        BackupResult first = await RunAsync(LogTo(copy));
        BackupResult second = await RunAsync(LogTo(copy));

        string[] lines = File.ReadAllLines(copy);
        Assert.Equal(File.ReadAllLines(first.LogPath!).Concat(File.ReadAllLines(second.LogPath!)), lines);
        Assert.Equal([first.RunId, second.RunId], lines.Select(line => Read(line, "run")).Distinct());
        Assert.All(lines, line => Assert.Equal(Name, Read(line, "job")));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(copy));
    }

    [Fact]
    public async Task A_file_that_is_there_keeps_its_lines_and_permissions()
    {
        string copy = Files.File("runs.jsonl", "a line\n");
        UnixFileMode shared = OwnerOnly | UnixFileMode.GroupRead;
        File.SetUnixFileMode(copy, shared);

        await RunAsync(LogTo(copy));

        Assert.StartsWith("a line\n{", File.ReadAllText(copy), StringComparison.Ordinal);
        Assert.Equal(shared, File.GetUnixFileMode(copy));
    }

    [Theory]
    [InlineData("there")]
    [InlineData("not/yet/")]
    public async Task A_folder_gets_a_file_of_each_run(string folder)
    {
        Directory.CreateDirectory(Files["there"]);

        BackupResult first = await RunAsync(LogTo(Files[folder]));
        BackupResult second = await RunAsync(LogTo(Files[folder]));

        Assert.Equal(
            new[] { first, second }.Select(result => $"{Name}-{result.RunId}.jsonl").Order(StringComparer.Ordinal),
            Directory.GetFiles(Files[folder]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllText(first.LogPath!), File.ReadAllText(Path.Combine(Files[folder], $"{Name}-{first.RunId}.jsonl")));
    }

    [Theory]
    [InlineData("no-such-folder/runs.jsonl")]
    [InlineData("file/runs.jsonl")]
    [InlineData("file/")]
    public void A_place_where_nothing_can_be_written_is_an_error(string place)
    {
        Files.File("file", "in the way");

        BackupException refused = Assert.Throws<BackupException>(() => LogCopy.Require(Files[place]));

        Assert.Equal(("LogNotWritable", BackupExitCode.BadConfiguration, Files[place]), (refused.Error.Id, refused.Error.ExitCode, refused.Error.Target));
    }

    [Fact]
    public void To_look_whether_a_log_can_be_written_leaves_no_file()
    {
        Directory.CreateDirectory(Files["folder"]);
        LogCopy.Require(Files["folder"]);
        LogCopy.Require(Files["folder/new.jsonl"]);
        LogCopy.Require(Files.File("old.jsonl", "a line\n"));

        Assert.Empty(Directory.GetFiles(Files["folder"]));
        Assert.Equal("a line\n", File.ReadAllText(Files["old.jsonl"]));
    }

    [Fact]
    public void Lines_of_runs_that_share_a_file_at_one_moment_stay_whole()
    {
        const int writers = 4;
        const int lines = 500;
        string path = Files["shared.jsonl"];

        Parallel.For(0, writers, new ParallelOptions { MaxDegreeOfParallelism = writers }, writer =>
        {
            using RunLog log = RunLog.Create(Name, writer.ToString(CultureInfo.InvariantCulture), path);
            for (int line = 0; line < lines; line++)
                log.Write("info", new string((char)('a' + writer), 200) + line);
        });

        string[] written = File.ReadAllLines(path);
        Assert.Equal(writers * lines, written.Distinct(StringComparer.Ordinal).Count());
        Assert.All(written, line => Assert.Equal(Read(line, "run"), ((int)(Read(line, "message")[0] - 'a')).ToString(CultureInfo.InvariantCulture)));
    }

    [SkippableFact]
    public async Task A_copy_whose_drive_fills_up_is_one_warning()
    {
        using SmallDrive drive = SmallDrive.Mount(Directory.CreateDirectory(Files["drive"]).FullName, "16k");
        string copy = Files["drive/runs.jsonl"];
        File.WriteAllText(copy, new string('x', 16 * 1024));

        BackupResult result = await RunAsync(LogTo(copy));

        Assert.NotEqual(BackupStatus.Failed, result.Status);
        Assert.Single(Observer.Warnings, warning => warning.StartsWith("The copy of the run's log cannot be written", StringComparison.Ordinal));
        Assert.True(File.ReadAllLines(result.LogPath!).Length > 2);
    }

    [Fact]
    public async Task A_log_goes_with_its_run()
    {
        BackupResult first = await RunAsync();
        BackupResult second = await RunAsync();
        BackupResult third = await RunAsync();

        JobHistory.Find(Name)!.Remove([first.RunId, "../logs/" + second.RunId]);
        Assert.Equal(new[] { second.RunId, third.RunId }.Order(StringComparer.Ordinal), LogsOf());

        Configuration = Configuration with { HistoryRetention = TimeSpan.FromTicks(1) };
        BackupResult last = await RunAsync();
        Assert.Equal([last.RunId], LogsOf());
    }

    [Fact]
    public async Task Logs_without_a_run_stay_as_long_as_the_job_keeps_runs_and_only_the_newest_of_them()
    {
        Directory.CreateDirectory(LogFolder);
        for (int number = 0; number < RunLogs.MostWithoutRun + 20; number++)
            Orphan($"orphan-{number}", DateTime.UtcNow.AddMinutes(-number));
        Orphan("old", DateTime.UtcNow.AddDays(-500));

        BackupResult result = await RunAsync();

        IReadOnlyList<string> left = LogsOf();
        Assert.Equal(RunLogs.MostWithoutRun + 1, left.Count);
        Assert.Contains(result.RunId, left);
        Assert.Contains("orphan-0", left);
        Assert.DoesNotContain("old", left);
        Assert.DoesNotContain($"orphan-{RunLogs.MostWithoutRun + 5}", left);

        // Once a day is enough: the next run does not look.
        Orphan("old", DateTime.UtcNow.AddDays(-500));
        await RunAsync();
        Assert.Contains("old", LogsOf());
    }

    private static BackupRunOptions LogTo(string path) => new() { Logging = new RunLogging { CopyPath = path } };

    private static string Read(string line, string name)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty(name).GetString()!;
    }

    private IReadOnlyList<string> LogsOf() =>
        [.. Directory.GetFiles(LogFolder).Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    private void Orphan(string name, DateTime written)
    {
        string path = Path.Combine(LogFolder, name + ".jsonl");
        File.WriteAllText(path, "");
        File.SetLastWriteTimeUtc(path, written);
    }
}
