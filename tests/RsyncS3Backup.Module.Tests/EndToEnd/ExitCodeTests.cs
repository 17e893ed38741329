using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// What a scheduler is told: the exit code of <c>Invoke-RsyncToS3Backup -ExitCode</c>, by every way there is. One way of each kind in a process of its
/// own; of the others, what the host is told to exit with.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ExitCodeTests : EndToEndTest
{
    private static readonly JsonNode NoSuchProgram = "/no/such/rsync";

    [Fact]
    public void Success_is_0_with_and_without_warnings_and_for_a_job_without_stage_2()
    {
        Assert.Equal(0, RunProcess(WriteJob()));

        string vanishing = WriteScript("vanishing-rsync", "rsync \"$@\"; exit 24");
        Assert.Equal(0, Run(WriteJob(("options.rsync.rsyncPath", vanishing))));
        Assert.Equal("SucceededWithWarnings", LastStatus());

        Assert.Equal(0, Run(WriteJobNamed("local", ("options.rsync.syncToS3.enabled", false))));
    }

    [Fact]
    public void Without_the_switch_the_code_is_PowerShells_own() =>
        Assert.Equal(1, RunProcess(WriteJob(("destination.bucket", "no-such-bucket")), "-ErrorAction Continue", withExitCode: false));

    [Fact]
    public void A_failed_stage_1_is_1() => Assert.Equal(1, Run(WriteJob(("options.rsync.rsyncPath", WriteScript("bad-rsync", "exit 12")))));

    [Theory]
    [InlineData("")]
    [InlineData("-SkipStage1")]
    [InlineData("-ErrorAction Stop")]
    public void A_failed_stage_2_is_2(string parameters)
    {
        Run(WriteJob());

        Assert.Equal(2, RunProcess(WriteJob(("destination.bucket", "no-such-bucket")), parameters));
    }

    [Fact]
    public void A_file_that_does_not_reach_the_bucket_is_2()
    {
        Server.Faults.Add(new FaultRule { Operation = "PutObject", KeyContains = "a.txt", Kind = FaultKind.AccessDenied, Times = int.MaxValue });

        Assert.Equal(2, Run(WriteJob()));
    }

    [Fact]
    public void A_guard_of_stage_1_and_one_of_stage_2_are_3()
    {
        Assert.Equal(3, Run(WriteJob(("sources", Sources(Folder.File("no-such-source"))))));

        WriteFile("mirror-empty/old", "x");
        Assert.Equal(0, Run(WriteJobNamed("empty"), "-SkipStage1"));
        File.Delete(Folder.File("mirror-empty/old"));
        Assert.Equal(3, Run(WriteJobNamed("empty"), "-SkipStage1"));
    }

    [Fact]
    public void A_job_that_is_running_is_4()
    {
        Run(WriteJob());
        using FileStream held = new(Path.Combine(StateRoot, "photos", "run.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        Assert.Equal(4, Run(WriteJob()));
        Assert.Equal(4, Run(WriteJob(), "-WaitForLock 1s"));
    }

    [Theory]
    [InlineData("a file that is not there")]
    [InlineData("a file that is no job")]
    [InlineData("a job with an unknown key")]
    [InlineData("a parameter that is not allowed")]
    [InlineData("a log that cannot be written")]
    [InlineData("an endpoint that is not safe")]
    public void What_was_asked_for_wrongly_is_5(string what)
    {
        int code = what switch
        {
            "a file that is not there" => RunProcess(Folder.File("nothing.json")),
            "a file that is no job" => Run(WriteFile("jobs/bad.json", "{")),
            "a job with an unknown key" => Run(WriteJob(("optoins", new JsonObject()))),
            "a parameter that is not allowed" => Run(WriteJob(), "-MaxDelete lots"),
            "a log that cannot be written" => Run(WriteJob(), $"-LogPath '{Folder.File("no/such/folder.log")}'"),
            _ => Run(WriteJob(("destination.endpointUrl", "http://192.0.2.1"))),
        };

        Assert.Equal(5, code);
        Assert.Empty(Objects());
    }

    [Fact]
    public void Of_several_jobs_the_code_that_needs_a_person_most_counts()
    {
        string good = WriteJob();
        string stage2 = WriteJobNamed("stage2", ("destination.bucket", "no-such-bucket"));
        string stage1 = WriteJobNamed("stage1", ("options.rsync.rsyncPath", NoSuchProgram.DeepClone()));
        string refused = WriteJobNamed("refused", ("sources", Sources(Folder.File("no-such-source"))));
        string bad = WriteFile("jobs/bad.json", "{");

        Assert.Equal(2, RunProcess($"{good}', '{stage2}"));
        Assert.Equal(1, Run($"{stage1}', '{stage2}', '{good}"));
        Assert.Equal(3, Run($"{stage2}', '{refused}', '{stage1}"));
        Assert.Equal(5, Run($"{bad}', '{refused}', '{good}"));
        // What could run has run.
        Assert.Equal(Files(Source), Objects());
    }

    [Theory]
    [InlineData("INT", true, 1)]
    [InlineData("TERM", true, 1)]
    [InlineData("INT", false, 2)]
    [InlineData("TERM", false, 2)]
    public async Task A_signal_in_a_stage_ends_it_cleanly_with_that_stages_code(string signal, bool inStage1, int expected)
    {
        FaultRule hold = new() { Operation = "ListObjectsV2", Kind = FaultKind.Hold, Times = int.MaxValue };
        string mark = Folder.File("started");
        string job = inStage1
            ? WriteJob(("options.rsync.rsyncPath", WriteScript(
                "slow-rsync", $$"""case "$*" in *--version*) exec rsync "$@";; esac; touch '{{mark}}'; exec sleep 600""")))
            : WriteJob();
        if (!inStage1)
            Server.Faults.Add(hold);
        using Process process = Start(job, "");
        if (inStage1)
            Wait(() => File.Exists(mark));
        else
            await hold.Arrived.WaitAsync(TimeSpan.FromMinutes(2));

        Send(signal, process.Id);

        Assert.Equal(expected, await EndAsync(process));
        Assert.Equal("Cancelled", LastStatus());
        Assert.Null(LockedBy());
    }

    [Fact]
    public async Task Without_the_switch_SIGTERM_ends_the_process_as_it_always_does_but_not_before_the_run_is_written_down()
    {
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.Hold, Times = int.MaxValue });
        using Process process = Start(WriteJob(), "", withExitCode: false);
        await hold.Arrived.WaitAsync(TimeSpan.FromMinutes(2));

        Send("TERM", process.Id);

        Assert.Equal(128 + 15, await EndAsync(process));
        Assert.Equal("Cancelled", LastStatus());
    }

    private static void Wait(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(2)));

    private static void Send(string signal, int processId)
    {
        using Process kill = Process.Start("kill", ["-" + signal, processId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task<int> EndAsync(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        await Task.WhenAll(output, errors);
        return process.ExitCode;
    }

    private string LastStatus() => Session.Texts("(Get-BackupHistory -Last 1).Status").Single();

    /// <summary>Null when nobody holds the job's lock.</summary>
    private string? LockedBy()
    {
        try
        {
            using FileStream file = new(Path.Combine(StateRoot, "photos", "run.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        catch (IOException exception)
        {
            return exception.Message;
        }
    }

    private int Run(string path, string parameters = "")
    {
        Session.Host.ExitCode = null;
        Session.Run($"Invoke-RsyncToS3Backup '{path}' {parameters} @keys -ExitCode");
        return Session.Host.ExitCode ?? throw new InvalidOperationException("The host was not told an exit code.");
    }

    private int RunProcess(string path, string parameters = "", bool withExitCode = true)
    {
        using Process process = Start(path, parameters, withExitCode);
        return EndAsync(process).GetAwaiter().GetResult();
    }

    // A shell without job control starts what it puts into the background so, and children inherit it; .NET then leaves SIGINT ignored.
    private static bool IgnoresInterrupt()
    {
        const long interrupt = 1 << (2 - 1);
        const string label = "SigIgn:";
        if (!OperatingSystem.IsLinux())
            return false;
        string line = File.ReadLines("/proc/self/status").Single(line => line.StartsWith(label, StringComparison.Ordinal));
        return (long.Parse(line[label.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & interrupt) != 0;
    }

    private Process Start(string path, string parameters, bool withExitCode = true)
    {
        string probe = typeof(ExitCodeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "PowerShellProbe").Value!;
        string script = $"Import-Module '{Repository.Manifest}'; Invoke-RsyncToS3Backup '{path}' {parameters} {(withExitCode ? "-ExitCode" : "")}";
        string dotnet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        string[] command = [.. IgnoresInterrupt() ? ["env", "--default-signal=INT"] : Array.Empty<string>(), dotnet, "exec", probe, "--as-command", script];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AWS_ACCESS_KEY_ID"] = Server.AccessKey;
        start.Environment["AWS_SECRET_ACCESS_KEY"] = Server.SecretKey;
        return Process.Start(start)!;
    }
}
