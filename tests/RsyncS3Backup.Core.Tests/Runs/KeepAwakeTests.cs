using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

[Collection(FakeRsync.Collection)]
public sealed class KeepAwakeTests : LocalJob
{
    private int begun, ended;

    [Theory]
    [InlineData(false, true, "", "/x/systemd-inhibit --what=sleep:idle --mode=block --who=RsyncS3Backup --why=A backup is running /x/cat")]
    [InlineData(false, true, "systemd-inhibit", null)]
    [InlineData(false, true, "cat", null)]
    [InlineData(false, false, "", null)]
    [InlineData(true, false, "", "/x/caffeinate -i /x/cat")]
    [InlineData(true, false, "caffeinate", null)]
    public void What_holds_the_lock_is_started_by_its_path_where_the_system_has_it(bool isMac, bool hasLogind, string absent, string? expected)
    {
        IReadOnlyList<string>? command = KeepAwake.Command(isMac, hasLogind, name => name == absent ? null : "/x/" + name);

        Assert.Equal(expected, command is null ? null : string.Join(' ', command));
    }

    [Fact]
    public void What_holds_the_lock_ends_with_the_run()
    {
        using RunContext context = Context();
        KeepAwake awake = KeepAwake.TryStart(["/bin/cat"], context)!;
        int id = awake.ProcessId;
        using (Process running = Process.GetProcessById(id))
            Assert.False(running.HasExited);

        awake.Dispose();

        Assert.Throws<ArgumentException>(() => Process.GetProcessById(id));
        Assert.DoesNotContain(Observer.VerboseMessages, message => message.Contains("keepAwake", StringComparison.Ordinal));
    }

    [Fact]
    public void One_of_which_nothing_can_be_told_any_more_fails_no_run()
    {
        using RunContext context = Context();
        KeepAwake awake = KeepAwake.TryStart(["/bin/cat"], context)!;
        awake.Dispose();

        Assert.Null(Record.Exception(awake.Dispose));
    }

    [Fact]
    public void One_that_was_refused_is_said_and_nothing_fails()
    {
        using RunContext context = Context();
        KeepAwake awake = KeepAwake.TryStart(["/bin/sh", "-c", "exit 3"], context)!;
        using (Process refused = Process.GetProcessById(awake.ProcessId))
            refused.WaitForExit();

        awake.Dispose();

        Assert.Contains(Observer.VerboseMessages, message => message.Contains("'/bin/sh' ended with code 3", StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_cannot_be_started_is_said_and_nothing_fails()
    {
        using RunContext context = Context();

        Assert.Null(KeepAwake.TryStart([Files["none"]], context));

        Assert.Contains(Observer.VerboseMessages, message => message.Contains("cannot be started", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task A_run_keeps_the_machine_awake_when_its_job_wants_it_and_no_longer(bool wants, int times)
    {
        Configuration = Configuration with { KeepAwake = wants };

        await RunAsync(new BackupRunOptions { StayAwake = Begin });

        Assert.Equal((times, times), (begun, ended));
    }

    [Fact]
    public async Task A_run_that_another_run_keeps_from_starting_lets_the_machine_sleep()
    {
        Configuration = Configuration with { KeepAwake = true };
        using JobLock held = Hold();

        await RunAsync(new BackupRunOptions { StayAwake = Begin });

        Assert.Equal(0, begun);
    }

    private RunContext Context() => RunContext.Start(Name, Observer, new RunLogging());

    private Held Begin(RunContext context)
    {
        begun++;
        Assert.Equal(0, ended);
        return new Held(this);
    }

    private sealed class Held(KeepAwakeTests tests) : IDisposable
    {
        public void Dispose() => tests.ended++;
    }
}
