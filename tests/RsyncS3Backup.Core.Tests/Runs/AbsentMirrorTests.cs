using System.Globalization;
using System.Text.Json.Nodes;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A mirror whose drive is away, and a source whose machine is.</summary>
[Collection(FakeRsync.Collection)]
public sealed class AbsentMirrorTests : LocalJob
{
    private static readonly BackupRunOptions Impatient = new() { NotificationDelays = [TimeSpan.Zero, TimeSpan.Zero] };

    private string Mirror => Files["drive/mirror"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_run_without_its_drive_is_skipped_and_the_next_one_with_it_is_not(bool isMountPointLeft)
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft);

        BackupResult away = await RunAsync();

        Assert.Equal(
            (BackupStatus.Skipped, BackupExitCode.Succeeded, BackupStatus.Skipped, null),
            (away.Status, away.ExitCode, away.Stage1.Status, away.Stage1.Error));
        Assert.Equal($"The drive of the mirror '{Mirror}' is not there (whenAbsent).", away.Stage1.SkippedReason);
        Assert.Equal((BackupStatus.Skipped, away.Stage1.SkippedReason), (History()[0].Status, History()[0].Stage1?.SkippedReason));
        Assert.Equal(isMountPointLeft, Directory.Exists(Mirror));
        Assert.DoesNotContain("error", File.ReadAllText(away.LogPath!), StringComparison.OrdinalIgnoreCase);

        PlugIn();
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Theory]
    [InlineData(AbsentMirrorAction.Fail, true)]
    [InlineData(AbsentMirrorAction.Skip, false)]
    public async Task It_fails_unless_it_may_be_skipped_and_there_was_a_mirror(AbsentMirrorAction action, bool wasThere)
    {
        Set(action);
        if (wasThere)
            await MirrorOnceAsync(action);
        else
            Directory.CreateDirectory(Files["drive"]);
        Unplug(isMountPointLeft: false);

        BackupResult result = await RunAsync();

        Assert.Equal(
            (BackupStatus.Failed, BackupExitCode.Refused, "DestinationNotMounted"), (result.Status, result.ExitCode, result.Stage1.Error?.Id));
    }

    [Fact]
    public async Task What_was_deleted_on_a_drive_that_is_there_is_no_absent_drive()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Directory.Delete(Mirror, recursive: true);

        Assert.Equal("DestinationNotMounted", (await RunAsync()).Stage1.Error?.Id);
    }

    [Fact]
    public async Task Another_drive_in_its_place_is_no_absent_one()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: true);
        File.WriteAllText(Path.Combine(Mirror, "holiday.jpg"), "");

        Assert.Equal("DestinationChanged", (await RunAsync()).Stage1.Error?.Id);
    }

    [Fact]
    public async Task The_user_can_have_the_mirror_made_anew()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);
        Directory.CreateDirectory(Files["drive"]);

        BackupResult result = await RunAsync(new BackupRunOptions { AllowNewDestination = true });

        Assert.Equal((BackupStatus.Succeeded, 2L), (result.Status, result.Stage1.Created));
    }

    [Fact]
    public async Task A_plan_says_that_the_run_would_be_skipped()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);

        BackupPlan plan = await BackupPlanner.PlanAsync(Configuration, new BackupRunOptions(), Observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Skipped, BackupExitCode.Succeeded), (plan.Status, plan.ExitCode));
        Assert.Contains("is not there", plan.Stage1.SkippedReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_hears_of_a_start_or_an_end_and_only_the_last_hook_runs()
    {
        using WebhookServer server = new();
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);
        HookCommand tell = new() { Command = ["/bin/sh", "-c", $"echo $RSYNCS3BACKUP_HOOK >> '{Files["story"]}'"] };
        Configuration = Configuration with
        {
            Notifications =
            [
                new NotificationOptions { Type = NotificationKind.Ping, Url = server.Url, On = [.. Enum.GetValues<NotificationEvent>()] },
            ],
            Hooks = new HookOptions { AfterSuccess = tell, AfterFailure = tell, Finally = tell },
        };

        BackupResult result = await RunAsync(Impatient);

        Assert.Equal(BackupStatus.Skipped, result.Status);
        Assert.Empty(server.Requests);
        Assert.Equal([BackupHook.Finally], result.Hooks.Select(hook => hook.Hook));
        Assert.Single(File.ReadAllLines(Files["story"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_is_told_where_the_run_goes_on(bool isNew)
    {
        using WebhookServer server = new();
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);
        Directory.CreateDirectory(Files["drive"]);
        Configuration = With(rsync => rsync with { WakeWait = isNew ? null : TimeSpan.FromMilliseconds(1) }) with
        {
            Notifications = [new NotificationOptions { Type = NotificationKind.Ping, Url = server.Url }],
        };

        await RunAsync(Impatient with { AllowNewDestination = isNew });

        Assert.Equal(server.Secret + "/start", server.Requests[0].Target);
    }

    [Fact]
    public async Task A_hook_can_mount_the_drive()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);
        Configuration = Configuration with
        {
            Hooks = new HookOptions { Before = new HookCommand { Command = ["/bin/mv", Files["away"], Files["drive"]] } },
        };

        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    [Theory]
    [InlineData(AbsentMirrorAction.Fail)]
    [InlineData(AbsentMirrorAction.Skip)]
    public async Task A_drive_that_wakes_up_is_waited_for(AbsentMirrorAction action)
    {
        await MirrorOnceAsync(action);
        Unplug(isMountPointLeft: false);
        Configuration = With(rsync => rsync with { WakeWait = TimeSpan.FromMinutes(1) });
        RecordingObserver observer = new()
        {
            OnVerbose = message =>
            {
                if (message == $"Waiting up to 1 m 0 s for the drive of the mirror '{Mirror}'.")
                    PlugIn();
            },
        };

        BackupResult result = await BackupRunner.RunAsync(Configuration, new BackupRunOptions(), observer, CancellationToken.None);

        Assert.True(result.Status == BackupStatus.Succeeded, string.Join(Environment.NewLine, observer.VerboseMessages));
    }

    [Fact]
    public async Task A_drive_that_does_not_wake_up_is_waited_for_no_longer_than_that()
    {
        await MirrorOnceAsync(AbsentMirrorAction.Skip);
        Unplug(isMountPointLeft: false);
        Configuration = With(rsync => rsync with { WakeWait = TimeSpan.FromMilliseconds(1) });

        BackupResult result = await RunAsync();

        Assert.Equal(BackupStatus.Skipped, result.Status);
        Assert.Contains(Observer.VerboseMessages, message => message.StartsWith("Waiting up to", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_machine_that_is_not_reached_is_asked_again_unless_somebody_waits_for_the_answer(bool isAttended, int attempts)
    {
        InstantClock clock = new();
        string asked = Files["asked"];
        FakeRsync rsync = FakeRsync.Make(Files, $$"""
            case "$*" in
            *--list-only*)
                echo x >> '{{asked}}'
                if [ "$(wc -l < '{{asked}}')" = 1 ]; then
                    echo 'rsync: [Receiver] failed to connect to 127.0.0.1 (127.0.0.1): No route to host (113)' >&2
                    exit 10
                fi
                exit 0 ;;
            esac
            {{FakeRsync.Statistics}}
            """);
        Configuration = With(options => options with { RsyncPath = rsync.Path }) with { Sources = [new BackupSource { Path = "rsync://127.0.0.1:9/data" }] };

        BackupResult result = await RunAsync(new BackupRunOptions { IsAttended = isAttended, Clock = clock });

        Assert.Equal(
            (isAttended ? BackupStatus.Failed : BackupStatus.Succeeded, isAttended ? "RemoteUnreachable" : null),
            (result.Status, result.Stage1.Error?.Id));
        Assert.Equal(attempts, File.ReadAllLines(asked).Length);
        Assert.Equal(attempts - 1, clock.Waits.Count);
        string said = string.Create(CultureInfo.InvariantCulture, $"Stage 1 failed for a reason that may pass (RemoteUnreachable); attempt {attempts} of 3");
        Assert.Equal(!isAttended, Observer.VerboseMessages.Any(message => message.StartsWith(said, StringComparison.Ordinal)));
    }

    private async Task MirrorOnceAsync(AbsentMirrorAction action)
    {
        Set(action);
        Directory.CreateDirectory(Files["drive"]);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    private void Set(AbsentMirrorAction action) => Configuration = With(rsync => rsync with { LocalDestination = Mirror, WhenAbsent = action });

    private BackupConfiguration With(Func<RsyncOptions, RsyncOptions> change) =>
        Configuration with { Options = Configuration.Options with { Rsync = change(Configuration.Options.Rsync) } };

    // What is left belongs to another file system than the mirror did, as far as the job remembers.
    private void Unplug(bool isMountPointLeft)
    {
        string memory = Path.Combine(StatePath, "mirror.json");
        if (File.Exists(memory))
        {
            JsonNode known = JsonNode.Parse(File.ReadAllText(memory))!;
            known["drive"]!["place"] = "another";
            File.WriteAllText(memory, known.ToJsonString());
        }

        Directory.Move(Files["drive"], Files["away"]);
        if (isMountPointLeft)
            Directory.CreateDirectory(Mirror);
    }

    private void PlugIn()
    {
        if (Directory.Exists(Files["drive"]))
            Directory.Delete(Files["drive"], recursive: true);
        Directory.Move(Files["away"], Files["drive"]);
    }
}
