using System.Text.Json;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>What a job's hooks are given, and what their end means for a run.</summary>
[Collection(FakeRsync.Collection)]
public sealed class HookTests : LocalJob
{
    private string Story => Files["story"];

    private string[] StoryLines => File.Exists(Story) ? File.ReadAllLines(Story) : [];

    [Fact]
    public async Task Hooks_run_around_the_stages_in_order_and_are_in_the_result()
    {
        Hooks(before: Tell(), afterSuccess: Tell(), afterFailure: Tell(), @finally: Tell());

        BackupResult result = await RunAsync();

        Assert.Equal(["before|||||no mirror", "afterSuccess|Succeeded|0|||mirror", "finally|Succeeded|0|||mirror"], StoryLines);
        Assert.Equal([BackupHook.Before, BackupHook.AfterSuccess, BackupHook.Finally], result.Hooks.Select(hook => hook.Hook));
        Assert.All(result.Hooks, hook => Assert.Equal((BackupStatus.Succeeded, 0, null), (hook.Status, hook.ExitCode, hook.Error)));
        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Equal(JsonSerializer.Serialize(result.Hooks), JsonSerializer.Serialize(Assert.Single(History()).Hooks));
    }

    [Fact]
    public async Task A_hook_before_the_run_gets_what_is_known_as_JSON()
    {
        Hooks(before: Run($"cat > '{Files["input"]}'"));

        BackupResult result = await RunAsync();

        JsonElement input = JsonDocument.Parse(File.ReadAllText(Files["input"])).RootElement;
        Assert.Equal((1, "start", Name), (input.GetProperty("schemaVersion").GetInt32(), input.GetProperty("event").GetString(), input.GetProperty("name").GetString()));
        Assert.Equal((result.RunId, result.LogPath), (input.GetProperty("runId").GetString(), input.GetProperty("logPath").GetString()));
        Assert.False(input.TryGetProperty("status", out _));
    }

    [Fact]
    public async Task A_hook_after_the_run_gets_the_result_as_JSON()
    {
        Hooks(@finally: Run($"cat > '{Files["input"]}'"), before: Run("exit 0"));

        BackupResult result = await RunAsync();

        JsonElement input = JsonDocument.Parse(File.ReadAllText(Files["input"])).RootElement;
        Assert.Equal(("success", "Succeeded", 0), (input.GetProperty("event").GetString(), input.GetProperty("status").GetString(), input.GetProperty("exitCode").GetInt32()));
        Assert.Equal(result.Stage1.Created, input.GetProperty("stage1").GetProperty("created").GetInt64());
        Assert.Equal("Skipped", input.GetProperty("stage2").GetProperty("status").GetString());
        Assert.Equal("before", input.GetProperty("hooks")[0].GetProperty("hook").GetString());
    }

    [Fact]
    public async Task A_hook_before_the_run_that_fails_stops_it()
    {
        Hooks(before: Run("echo printed; echo the database is down >&2; exit 9"), afterSuccess: Tell(), afterFailure: Tell(), @finally: Tell());

        BackupResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, BackupExitCode.Refused, "HookFailed"), (result.Status, result.ExitCode, result.Error?.Id));
        Assert.Contains("exit code 9: the database is down", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(BackupStatus.Skipped, result.Stage2.Status);
        Assert.False(Directory.Exists(Files["mirror"]));
        Assert.Equal(["afterFailure|Failed|3|HookFailed||no mirror", "finally|Failed|3|HookFailed||no mirror"], StoryLines);
        Assert.Equal((BackupStatus.Failed, BackupExitCode.Refused, "HookFailed"), (History()[0].Status, History()[0].ExitCode, History()[0].Error?.Id));
    }

    [Fact]
    public async Task The_reason_is_what_a_hook_said_last_to_standard_error_and_else_what_it_printed_last()
    {
        Hooks(before: Run("echo why >&2; sleep 0.2; echo printed later; exit 9"));
        Assert.Contains("exit code 9: why", (await RunAsync()).Error!.Message, StringComparison.Ordinal);

        Hooks(before: Run("echo first; echo printed last; exit 9"));
        Assert.Contains("exit code 9: printed last", (await RunAsync()).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hook_before_stage_2_alone_that_fails_stops_it()
    {
        await RunAsync();
        Hooks(before: Run("exit 1"));
        Configuration = Configuration with
        {
            Destination = new S3Destination { Bucket = "none" },
            Options = Configuration.Options with { Rsync = Configuration.Options.Rsync with { SyncToS3 = new S3SyncOptions() } },
        };

        BackupResult result = await RunAsync(new BackupRunOptions { SkipStage1 = true });

        Assert.Equal((BackupStatus.Failed, "HookFailed", BackupExitCode.Refused), (result.Stage2.Status, result.Stage2.Error?.Id, result.ExitCode));
    }

    [Theory]
    [InlineData(BackupHook.AfterSuccess)]
    [InlineData(BackupHook.Finally)]
    public async Task A_hook_after_the_run_that_fails_is_a_warning_and_in_the_history(BackupHook which)
    {
        Hooks(afterSuccess: which == BackupHook.AfterSuccess ? Run("exit 5") : null, @finally: which == BackupHook.Finally ? Run("exit 5") : null);

        BackupResult result = await RunAsync();

        BackupHookResult hook = Assert.Single(result.Hooks);
        Assert.Equal((which, BackupStatus.Failed, 5, "HookFailed"), (hook.Hook, hook.Status, hook.ExitCode, hook.Error?.Id));
        Assert.Equal((BackupStatus.SucceededWithWarnings, BackupExitCode.Succeeded, null), (result.Status, result.ExitCode, result.Error));
        Assert.Contains(hook.Error!.Message, Assert.Single(Observer.Warnings), StringComparison.Ordinal);
        BackupRun run = Assert.Single(History());
        Assert.Equal(BackupStatus.SucceededWithWarnings, run.Status);
        Assert.Equal(JsonSerializer.Serialize(result.Hooks), JsonSerializer.Serialize(run.Hooks));
    }

    [Fact]
    public async Task A_failed_run_stays_failed_whatever_its_hooks_do()
    {
        Hooks(afterFailure: Run("exit 5"), @finally: Tell());
        Directory.Delete(Files["source"], recursive: true);

        BackupResult result = await RunAsync();

        Assert.Equal((BackupStatus.Failed, "SourceMissing"), (result.Status, result.Error?.Id));
        Assert.Equal(["finally|Failed|3|SourceMissing||no mirror"], StoryLines);
    }

    [Fact]
    public async Task A_hook_that_takes_too_long_is_killed()
    {
        Hooks(@finally: Run("sleep 600") with { Timeout = TimeSpan.FromSeconds(1) });

        BackupHookResult hook = Assert.Single((await RunAsync()).Hooks);

        Assert.Equal((BackupStatus.Failed, null, "HookTimedOut"), (hook.Status, hook.ExitCode, hook.Error?.Id));
    }

    [Theory]
    [InlineData("/nowhere/program", "no such file")]
    [InlineData("no-program-of-this-name", "no program of that name on the PATH")]
    public async Task A_program_that_is_not_there_is_named(string program, string reason)
    {
        Hooks(@finally: new HookCommand { Command = [program, "argument"] });

        BackupError error = Assert.Single((await RunAsync()).Hooks).Error!;

        Assert.Equal(("HookCannotStart", program), (error.Id, error.Target));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("argument", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#!/bin/sh\nexit 0\n", false, "Permission denied")]
    [InlineData("exit 0\n", true, "Exec format error")]
    [InlineData("#!/nowhere/sh\n", true, "No such file")]
    public async Task A_script_that_cannot_be_started_says_why(string content, bool isExecutable, string reason)
    {
        string script = Files.File("hook.sh", content);
        if (isExecutable)
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Hooks(@finally: new HookCommand { Script = script });

        BackupError error = Assert.Single((await RunAsync()).Hooks).Error!;

        Assert.Equal("HookCannotStart", error.Id);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_is_stopped_in_its_hook_before_is_cancelled_and_its_last_hooks_run()
    {
        using CancellationTokenSource stop = new();
        Hooks(before: Run($"echo here > '{Files["here"]}'; sleep 600"), afterFailure: Tell(), @finally: Tell());
        Task<BackupResult> running = RunAsync(cancellationToken: stop.Token);
        SpinWait.SpinUntil(() => File.Exists(Files["here"]));

        await stop.CancelAsync();
        BackupResult result = await running;

        Assert.Equal((BackupStatus.Cancelled, "RunCancelled"), (result.Status, result.Error?.Id));
        Assert.Equal(BackupStatus.Cancelled, result.Hooks[0].Status);
        Assert.Equal(["afterFailure|Cancelled|1|RunCancelled||no mirror", "finally|Cancelled|1|RunCancelled||no mirror"], StoryLines);
    }

    [Fact]
    public async Task A_run_that_does_not_get_the_lock_runs_no_hooks()
    {
        Hooks(before: Tell(), afterFailure: Tell(), @finally: Tell());
        using (Hold())
            Assert.Equal("JobAlreadyRunning", (await RunAsync()).Error?.Id);

        Assert.Empty(StoryLines);
    }

    [Fact]
    public async Task Hooks_run_while_the_lock_is_held()
    {
        Hooks(before: Run($"echo here > '{Files["here"]}'; while [ ! -e '{Files["go"]}' ]; do sleep 0.05; done"));
        Task<BackupResult> running = RunAsync();
        SpinWait.SpinUntil(() => File.Exists(Files["here"]));

        Assert.Equal("JobAlreadyRunning", (await RunAsync()).Error?.Id);
        Files.File("go");

        Assert.Equal(BackupStatus.Succeeded, (await running).Status);
    }

    [Fact]
    public async Task The_run_is_on_record_before_the_last_hook_which_may_switch_the_machine_off()
    {
        Hooks(@finally: Run($"echo here > '{Files["here"]}'; while [ ! -e '{Files["go"]}' ]; do sleep 0.05; done"));
        Task<BackupResult> running = RunAsync();
        SpinWait.SpinUntil(() => File.Exists(Files["here"]));

        Assert.Equal(BackupStatus.Succeeded, History()[0].Status);
        Files.File("go");
        await running;
    }

    [Fact]
    public async Task Secrets_that_a_hook_prints_are_in_no_file_and_no_message()
    {
        const string variable = "HOOK_TEST_WEBHOOK";
        using WebhookServer server = new();
        Environment.SetEnvironmentVariable(variable, server.Url);
        try
        {
            Hooks(before: Run("env; exit 1"), @finally: Run($"echo \"the address is ${variable}\" >&2; exit 1"));
            Configuration = Configuration with
            {
                Notifications = [new NotificationOptions { Type = NotificationKind.Webhook, UrlVariable = variable }],
            };

            BackupResult result = await RunAsync();

            string everything = string.Join('\n', [
                .. Observer.Warnings, .. Observer.VerboseMessages, JsonSerializer.Serialize(result), server.Requests[0].Body,
                .. Directory.EnumerateFiles(StatePath, "*", SearchOption.AllDirectories).Select(File.ReadAllText)]);
            Assert.Contains("the address is ***", everything, StringComparison.Ordinal);
            Assert.Contains($"{variable}=***", everything, StringComparison.Ordinal);
            Assert.DoesNotContain("PLANTED", everything, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    private static HookCommand Run(string script) => new() { Command = ["/bin/sh", "-c", script] };

    /// <summary>A hook that writes down which it is and what it is told.</summary>
    private HookCommand Tell() => Run(
        "m=mirror; [ -d '" + Files["mirror"] + "' ] || m='no mirror'; "
        + $"echo \"$RSYNCS3BACKUP_HOOK|$RSYNCS3BACKUP_STATUS|$RSYNCS3BACKUP_EXIT_CODE|$RSYNCS3BACKUP_ERROR_ID|$RSYNCS3BACKUP_CONFIG_PATH|$m\" >> '{Story}'; "
        + $"[ \"$RSYNCS3BACKUP_JOB\" = '{Name}' ]");

    private void Hooks(HookCommand? before = null, HookCommand? afterSuccess = null, HookCommand? afterFailure = null, HookCommand? @finally = null) =>
        Configuration = Configuration with
        {
            Hooks = new HookOptions { Before = before, AfterSuccess = afterSuccess, AfterFailure = afterFailure, Finally = @finally },
        };
}
