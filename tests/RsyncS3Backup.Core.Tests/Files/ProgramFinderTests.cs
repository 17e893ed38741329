using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Schedulers;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

/// <summary>No program is started because it lies where somebody else can write.</summary>
public sealed class ProgramFinderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SkippableTheory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("bin")]
    [InlineData("./bin")]
    [InlineData("../bin")]
    [InlineData("bin:/absolute::.:/another:")]
    public void Only_absolute_folders_of_a_path_count(string path)
    {
        Skip.If(OperatingSystem.IsWindows(), "a PATH of Windows is written in another way");

        Assert.Equal(path.Split(':').Where(entry => entry.StartsWith('/')), ProgramFinder.Folders(path));
    }

    [SkippableFact]
    public void A_name_is_the_first_program_in_an_absolute_folder()
    {
        Skip.If(OperatingSystem.IsWindows(), "there are no execute bits on Windows");
        folder.File("text/tool");
        string second = Script("second/tool", "exit 0");
        Script("third/tool", "exit 0");
        string relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), folder.Folder("relative"));
        Script("relative/tool", "exit 0");
        string path = $"{relative}:{folder["text"]}:{folder["second"]}:{folder["third"]}";

        Assert.Equal(second, ProgramFinder.Find("tool", path));
        Assert.Null(ProgramFinder.Find("tool", relative));
        Assert.Equal(second, ProgramFinder.Find(second, path));
        Assert.Null(ProgramFinder.Find(folder["nowhere/tool"], path));
    }

    [SkippableFact]
    public async Task A_scheduler_s_program_in_the_current_directory_is_not_there()
    {
        Skip.If(OperatingSystem.IsWindows(), "the program is a shell script");
        string name = "rsyncs3backup-test-" + Guid.NewGuid().ToString("N");
        string path = Path.Combine(Directory.GetCurrentDirectory(), name);
        try
        {
            WriteScript(path, $"touch '{folder["started"]}'");

            Assert.Null(await NativeProgram.RunAsync(name, [], CancellationToken.None));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.False(File.Exists(folder["started"]));
    }

    [SkippableTheory]
    [InlineData("1", null)]
    [InlineData("both", null)]
    // The connection is refused, by the real ssh.
    [InlineData("1", "me@127.0.0.1:/data")]
    public async Task A_run_starts_nothing_from_the_current_directory_or_a_relative_one(string stages, string? source)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "a stage in a process of its own is for Linux");
        foreach (string program in (string[])["rsync", "setpriv", "ssh", "hook", "sh"])
        {
            foreach (string place in (string[])["", "bin/"])
                Script($"hostile/{place}{program}", $"echo {program} >> '{folder["started"]}'; exit 1");
        }

        Script("good/hook", $"command -v ssh > '{folder["hook"]}'");
        string configuration = folder.File("job.json", JsonSerializer.Serialize(new
        {
            name = "programs-" + Guid.NewGuid().ToString("N"),
            sources = new[]
            {
                source is null ? (object)new { path = Path.GetDirectoryName(folder.File("source/a", "content")) }
                    : new { path = source, ssh = new { port = 1, connectTimeout = "1s" } },
            },
            options = new { rsync = new { localDestination = folder["mirror"], syncToS3 = new { enabled = false } } },
            hooks = new { before = new { command = new[] { "hook" } } },
        }));
        string path = Environment.GetEnvironmentVariable("PATH")!;
        string[] through = ["/usr/bin/env", "-C", folder["hostile"], $"PATH=.::bin:{folder["good"]}:{path}:"];

        using StageProcess process = StageProcess.Start(configuration, stages, through: through);
        int code = await process.WaitAsync();

        Assert.True(!File.Exists(folder["started"]), File.Exists(folder["started"]) ? File.ReadAllText(folder["started"]) : "");
        Assert.True((code == 0) == (source is null), process.Output);
        if (stages == "both")
            Assert.StartsWith("/", File.ReadAllText(folder["hook"]), StringComparison.Ordinal);
    }

    private string Script(string relative, string body)
    {
        string path = folder.File(relative);
        WriteScript(path, body);
        return path;
    }

    private static void WriteScript(string path, string body)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
