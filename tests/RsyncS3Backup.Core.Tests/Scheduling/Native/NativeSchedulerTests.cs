using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.Schedulers.Launchd;
using RsyncS3Backup.Schedulers.Systemd;
using RsyncS3Backup.Schedulers.Windows;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Scheduling.Native;

/// <summary>
/// The schedulers against programs that do what the real ones do, or fail as they do. The real cron and systemd are in the module's end-to-end
/// tests; launchctl and schtasks are on other systems.
/// </summary>
public sealed class NativeSchedulerTests : IDisposable
{
    private const string HonestCrontab = """
        case "$1" in
        -l) [ -f "$table" ] && exec cat "$table"; echo "no crontab for me" >&2; exit 1 ;;
        -r) exec rm "$table" ;;
        -) cat > "$table.new"; [ -z "$(tail -c 1 "$table.new")" ] || { echo "missing newline before EOF" >&2; exit 1; }; exec mv "$table.new" "$table" ;;
        esac
        """;

    private readonly TemporaryFolder folder = new();

    private string Table => folder["table"];

    [Fact]
    public async Task Many_sessions_that_register_at_once_lose_nothing()
    {
        CronScheduler cron = Cron(HonestCrontab);
        ScheduleRegistration[] jobs = [.. Enumerable.Range(0, 8).Select(number => Registrations.Plain with { JobName = $"job{number}" })];

        await Task.WhenAll(jobs.Select(job => Task.Run(() => cron.InstallAsync(job, CancellationToken.None))));

        Assert.Equal(jobs.Select(job => job.EntryName), (await cron.ListAsync(CancellationToken.None)).Select(entry => entry.Name).Order());
    }

    [Fact]
    public async Task A_crontab_comes_and_goes_with_its_only_block()
    {
        CronScheduler cron = Cron(HonestCrontab);

        await cron.InstallAsync(Registrations.Plain, CancellationToken.None);
        NativeEntry entry = Assert.Single(await cron.ListAsync(CancellationToken.None));
        Assert.Null(entry.Problem);
        await cron.RemoveAsync(entry, CancellationToken.None);

        Assert.False(File.Exists(Table));
    }

    [Fact]
    public async Task A_crontab_without_a_line_break_at_its_end_keeps_its_lines()
    {
        CronScheduler cron = Cron(HonestCrontab);
        File.WriteAllText(Table, "0 5 * * * mine");

        await cron.InstallAsync(Registrations.Plain, CancellationToken.None);
        await cron.RemoveAsync(Assert.Single(await cron.ListAsync(CancellationToken.None)), CancellationToken.None);

        // This program takes no crontab without one.
        Assert.Equal("0 5 * * * mine\n", File.ReadAllText(Table));
    }

    [Fact]
    public async Task A_crontab_that_cannot_be_read_is_not_taken_for_an_empty_one()
    {
        CronScheduler cron = Cron("""[ "$1" = -l ] && { echo "you are not allowed to use this program" >&2; exit 1; }; cat > "$table" """);

        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => cron.InstallAsync(Registrations.Plain, CancellationToken.None));

        Assert.Equal("SchedulerUnavailable", exception.Error.Id);
        Assert.Contains("not allowed", exception.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Table));
    }

    [Fact]
    public async Task A_crontab_program_that_keeps_something_else_is_found_out()
    {
        CronScheduler cron = Cron(HonestCrontab.Replace("-) cat", "-) sed s/pwsh/evil/", StringComparison.Ordinal));

        BackupException exception = await Assert.ThrowsAsync<BackupException>(() => cron.InstallAsync(Registrations.Plain, CancellationToken.None));

        Assert.Equal("ScheduleNotVerified", exception.Error.Id);
    }

    [Fact]
    public async Task Programs_that_are_not_there_are_named_with_the_way_out()
    {
        NativePlaces none = new()
        {
            Crontab = folder["no"],
            Systemctl = folder["no"],
            Launchctl = folder["no"],
            Schtasks = folder["no"],
            CronFolder = folder["no"],
        };
        INativeScheduler[] all =
        [
            new CronScheduler(BackupScheduleScope.User, none), new CronScheduler(BackupScheduleScope.System, none),
            new SystemdScheduler(BackupScheduleScope.User, none), new LaunchdScheduler(BackupScheduleScope.User, none),
            new WindowsTaskScheduler(BackupScheduleScope.User, none),
        ];

        foreach (INativeScheduler scheduler in all)
        {
            BackupException exception =
                await Assert.ThrowsAsync<BackupException>(() => scheduler.InstallAsync(Registrations.Plain, CancellationToken.None));
            Assert.Equal("SchedulerUnavailable", exception.Error.Id);
            Assert.NotEmpty(exception.Error.RecommendedAction);
            Assert.Empty(await scheduler.ListAsync(CancellationToken.None));
        }
    }

    [Fact]
    public async Task Without_a_wish_the_first_scheduler_that_answers_is_taken_and_the_others_are_the_reason()
    {
        NativePlaces places = new() { Crontab = Program("crontab", HonestCrontab), Systemctl = folder["no"] };

        (INativeScheduler scheduler, string? why) = await SchedulerChoice.FindAsync(
            BackupScheduler.Auto, [new SystemdScheduler(BackupScheduleScope.User, places), new CronScheduler(BackupScheduleScope.User, places)],
            CancellationToken.None);

        Assert.Equal(BackupScheduler.Cron, scheduler.Kind);
        Assert.Contains("systemctl", why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_machines_crontab_is_a_file_that_cron_takes_and_nothing_is_left_of_it()
    {
        NativePlaces places = new() { CronFolder = folder.Folder("cron.d") };
        CronScheduler cron = new(BackupScheduleScope.System, places);

        await cron.InstallAsync(Registrations.HostileSystem with { JobName = "photos.v2" }, CancellationToken.None);

        NativeEntry entry = Assert.Single(await cron.ListAsync(CancellationToken.None));
        Assert.Null(entry.Problem);
        const UnixFileMode expected = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        Assert.Equal(expected, File.GetUnixFileMode(entry.Location));
        Assert.DoesNotContain('.', Path.GetFileName(entry.Location));
        DateTime written = DateTime.UnixEpoch;
        File.SetLastWriteTimeUtc(entry.Location, written);
        await cron.InstallAsync(Registrations.HostileSystem with { JobName = "photos.v2" }, CancellationToken.None);
        Assert.Equal(written, File.GetLastWriteTimeUtc(entry.Location));
        await cron.RemoveAsync(entry, CancellationToken.None);
        Assert.Empty(Directory.EnumerateFileSystemEntries(places.CronFolder));
    }

    [Fact]
    public async Task An_agent_is_loaded_once_loaded_anew_when_it_changes_and_gone_when_it_is_removed()
    {
        NativePlaces places = new()
        {
            Agents = folder["Agents"],
            Launchctl = Program("launchctl", """
                echo "$@" >> "$table"
                case "$1" in
                print) [ -f "$table.loaded" ] && echo "path = $(cat "$table.loaded")" || exit 113 ;;
                bootstrap) [ ! -f "$table.loaded" ] && echo "$3" > "$table.loaded" || exit 5 ;;
                bootout) rm "$table.loaded" ;;
                esac
                """),
        };
        LaunchdScheduler launchd = new(BackupScheduleScope.User, places);

        await launchd.InstallAsync(Registrations.Plain, CancellationToken.None);
        int calls = Loads();
        await launchd.InstallAsync(Registrations.Plain, CancellationToken.None);
        Assert.Equal((1, 1), (calls, Loads()));
        await launchd.InstallAsync(Registrations.Plain with { CatchUp = false }, CancellationToken.None);
        Assert.Equal(2, Loads());

        NativeEntry entry = Assert.Single(await launchd.ListAsync(CancellationToken.None));
        Assert.Null(entry.Problem);
        await launchd.RemoveAsync(entry, CancellationToken.None);
        Assert.False(File.Exists(Table + ".loaded"));
        Assert.Empty(Directory.EnumerateFiles(places.Agents));

        int Loads() => File.ReadAllLines(Table).Count(line => line.StartsWith("bootstrap", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_task_is_created_from_a_file_in_UTF_16_and_deleted()
    {
        NativePlaces places = new()
        {
            Schtasks = Program("schtasks", """
                echo "$@" >> "$table"
                case "$1 $2" in
                "/Query /?") ;;
                "/Query /FO") [ -f "$table.xml" ] && printf '%s\n' '"\rsyncs3backup-photos","N/A","Ready"' ;;
                "/Query /TN") [ -f "$table.xml" ] && iconv -f UTF-16 -t UTF-8 "$table.xml" || exit 1 ;;
                "/Create /TN") cp "$5" "$table.xml" ;;
                "/Delete /TN") rm "$table.xml" ;;
                esac
                """),
        };
        WindowsTaskScheduler scheduler = new(BackupScheduleScope.User, places);

        await scheduler.InstallAsync(Registrations.Plain, CancellationToken.None);
        await scheduler.InstallAsync(Registrations.Plain, CancellationToken.None);

        Assert.Equal([0xFF, 0xFE], File.ReadAllBytes(Table + ".xml")[..2]);
        Assert.Single(File.ReadAllLines(Table), line => line.StartsWith("/Create", StringComparison.Ordinal));
        NativeEntry entry = Assert.Single(await scheduler.ListAsync(CancellationToken.None));
        Assert.Equal((@"\rsyncs3backup-photos", null), (entry.Name, entry.Problem));
        await scheduler.RemoveAsync(entry, CancellationToken.None);
        Assert.Empty(await scheduler.ListAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("RsyncS3Backup/0.2.0", BackupScheduleState.Active)]
    [InlineData("elsewhere/0.2.0", BackupScheduleState.NeedsRegistration)]
    public async Task A_newer_version_beside_the_registered_one_needs_no_registration(string running, BackupScheduleState expected)
    {
        string configuration = folder.File("photos.json", """
            {
              "sources": [{ "path": "/data/photos" }],
              "options": { "rsync": { "localDestination": "/mnt/backup/photos", "syncToS3": { "enabled": false } } },
              "schedule": { "cronExpression": "30 2 * * *", "timezone": "Europe/Berlin" }
            }
            """);
        CronScheduler cron = Cron(HonestCrontab);
        await cron.InstallAsync(
            Registrations.Plain with
            {
                ConfigPath = configuration,
                Program = folder.File("pwsh", ""),
                Launcher = folder.File("RsyncS3Backup/0.1.0/Scheduling/Start-ScheduledBackup.ps1", ""),
            },
            CancellationToken.None);

        BackupSchedule schedule = Assert.Single(new BackupSchedules(new NativePlaces(), TimeProvider.System).Describe(
            await cron.ListAsync(CancellationToken.None), folder[$"{running}/Scheduling/Start-ScheduledBackup.ps1"]));

        Assert.Equal(expected, schedule.State);
    }

    [Fact]
    public void A_wish_to_start_is_granted_once()
    {
        StartRequest.Make("wished");

        Assert.Equal((true, false), (StartRequest.Take("wished"), StartRequest.Take("wished")));
        Assert.False(StartRequest.Take("never wished"));
    }

    public void Dispose() => folder.Dispose();

    private CronScheduler Cron(string script) => new(BackupScheduleScope.User, new NativePlaces { Crontab = Program("crontab", script) });

    private string Program(string name, string script)
    {
        string path = folder.File("bin/" + name, $"#!/bin/sh\ntable='{Table}'\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
