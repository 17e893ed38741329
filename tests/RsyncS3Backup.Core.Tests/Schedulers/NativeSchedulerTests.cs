using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.Schedulers.Launchd;
using RsyncS3Backup.Schedulers.Systemd;
using RsyncS3Backup.Schedulers.Windows;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

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

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();

    private string Table => folder["table"];

    [Fact]
    [Trait("Category", "Slow")]
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
        NativePlaces places = new() { CronFolder = folder.Folder("cron.d"), CronPrograms = [Running] };
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

    [SkippableFact]
    public async Task What_no_cron_starts_is_said_to_have_a_problem_unless_it_is_switched_off()
    {
        Skip.If(OperatingSystem.IsMacOS(), "launchd starts the cron of macOS when there is a crontab");
        CronScheduler cron = Cron(HonestCrontab, running: "no such cron");

        Assert.Contains("No cron runs", Assert.Single(await cron.InstallAsync(Registrations.Plain, CancellationToken.None)), StringComparison.Ordinal);

        Assert.Contains("no cron runs", Assert.Single(await cron.ListAsync(CancellationToken.None)).Problem, StringComparison.Ordinal);
        await cron.InstallAsync(Registrations.Plain with { IsEnabled = false }, CancellationToken.None);
        Assert.Null(Assert.Single(await cron.ListAsync(CancellationToken.None)).Problem);
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
    public async Task A_start_by_cron_comes_back_and_starts_the_command_as_cron_would()
    {
        CronScheduler cron = Cron(HonestCrontab);
        await cron.InstallAsync(Registrations.Hostile with { Program = TellingShell() }, CancellationToken.None);

        NativeEntry entry = Assert.Single(await cron.ListAsync(CancellationToken.None));
        await cron.StartAsync(entry, CancellationToken.None).WaitAsync(Patience);

        // Nobody waits for what was started.
        for (long began = Environment.TickCount64; !File.Exists(folder["told"]); await Task.Delay(20))
            Assert.True(Environment.TickCount64 - began < Patience.TotalMilliseconds, "it was not started");
        Assert.Equal(Names("HOME LOGNAME SHELL", Registrations.Hostile), Told().Keys.Order());
    }

    [Theory]
    [InlineData(BackupScheduler.Cron, "HOME LOGNAME SHELL")]
    [InlineData(BackupScheduler.Systemd, "HOME LANG LOGNAME SHELL USER")]
    [InlineData(BackupScheduler.Launchd, "HOME LOGNAME SHELL USER")]
    public async Task A_check_has_what_the_scheduler_sets_and_what_goes_along_and_nothing_of_this_session(
        BackupScheduler kind, string names)
    {
        ScheduleRegistration registration = Registrations.Hostile with { Program = TellingShell() };

        await StartCheck.RunAsync(Scheduler(kind), registration, CancellationToken.None);

        Dictionary<string, string> told = Told();
        Assert.Equal(Names(names, registration), told.Keys.Order());
        Assert.All(registration.ShellEnvironment, pair => Assert.Equal(pair.Value, told[pair.Key]));
        IReadOnlyList<string> arguments = registration.Arguments(delaysItself: kind != BackupScheduler.Systemd, isCheck: true);
        Assert.Contains("-Check", arguments);
        Assert.Equal(arguments, File.ReadAllLines(folder["arguments"]));
    }

    [Theory]
    [InlineData("echo 'You must install .NET' >&2; exit 131", "with code 131: You must install .NET", "DOTNET_ROOT")]
    [InlineData("printf 'JobNotFound: None\\nLook there.' >&2; exit 5", "with code 5: JobNotFound: None Look there.", "-Check")]
    [InlineData("exit 0", "with code 0: it said nothing", "-Check")]
    public async Task A_command_that_does_not_run_the_launcher_is_an_error_with_what_it_said_and_the_way_out(
        string body, string said, string action)
    {
        BackupScheduler[] all = [BackupScheduler.Cron, BackupScheduler.Systemd, BackupScheduler.Launchd];
        foreach (BackupScheduler kind in all)
        {
            BackupException exception = await Assert.ThrowsAsync<BackupException>(() => StartCheck.RunAsync(
                Scheduler(kind), Registrations.Plain with { Program = Program("pwsh", body) }, CancellationToken.None));

            Assert.Equal(("ScheduleCheckFailed", "photos"), (exception.Error.Id, exception.Error.Target));
            Assert.Contains(said, exception.Message, StringComparison.Ordinal);
            Assert.Contains(action, exception.Error.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_shell_that_is_gone_is_an_error_too()
    {
        foreach (BackupScheduler kind in (BackupScheduler[])[BackupScheduler.Cron, BackupScheduler.Systemd])
        {
            BackupException exception = await Assert.ThrowsAsync<BackupException>(() => StartCheck.RunAsync(
                Scheduler(kind), Registrations.Plain with { Program = folder["no/pwsh"] }, CancellationToken.None));

            Assert.Equal("ScheduleCheckFailed", exception.Error.Id);
        }
    }

    [Fact]
    public void What_is_no_secret_goes_along_and_an_address_with_a_password_does_not()
    {
        Dictionary<string, string> session = new()
        {
            ["AWS_ENDPOINT_URL"] = "https://s3.example.com:9000/x",
            ["AWS_ENDPOINT_URL_S3"] = "https://me:hidden@s3.example.com",
            ["AWS_USE_FIPS_ENDPOINT"] = "true",
            ["AWS_USE_DUALSTACK_ENDPOINT"] = "true",
            ["AWS_REQUEST_CHECKSUM_CALCULATION"] = "WHEN_REQUIRED",
            ["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/backup",
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/run/token",
            ["AWS_ACCESS_KEY_ID"] = "hidden",
            ["AWS_SECRET_ACCESS_KEY"] = "hidden",
            ["AWS_SESSION_TOKEN"] = "hidden",
            ["HTTPS_PROXY"] = "http://me:hidden@proxy",
        };

        JobEnvironment environment = JobEnvironment.From(session.GetValueOrDefault, runtime: null, "/usr/bin/pwsh");

        string[] expected = [.. session.Keys.Where(name => !session[name].Contains("hidden", StringComparison.Ordinal))];
        Assert.Equal(expected.Order(), environment.Job.Select(pair => pair.Key).Where(name => name != "PATH").Order());
        Assert.All(environment.Job.Where(pair => pair.Key != "PATH"), pair => Assert.Equal(session[pair.Key], pair.Value));
        Assert.Equal(["AWS_ENDPOINT_URL_S3"], environment.Withheld);
        Assert.Empty(environment.Shell);
    }

    [Theory]
    [InlineData("https://token@example.com")]
    [InlineData("https://example.com/?sig=abc")]
    [InlineData("https://example.com/#abc")]
    [InlineData("me:secret@example.com")]
    [InlineData("example.com")]
    public void Only_a_plain_address_goes_along(string address)
    {
        JobEnvironment environment = JobEnvironment.From(
            name => name == "AWS_ENDPOINT_URL" ? address : null, runtime: null, "/usr/bin/pwsh");

        Assert.Equal(["AWS_ENDPOINT_URL"], environment.Withheld);
        Assert.DoesNotContain(environment.Job, pair => pair.Key == "AWS_ENDPOINT_URL");
    }

    [Fact]
    public void A_shell_that_needs_a_dotnet_gets_its_folder_and_a_path_with_both()
    {
        JobEnvironment environment = JobEnvironment.From(_ => null, "/home/me/.dotnet", "/home/me/.dotnet/tools/pwsh");

        Assert.Equal(KeyValuePair.Create("DOTNET_ROOT", "/home/me/.dotnet"), environment.Shell[0]);
        Assert.Equal("PATH", environment.Shell[1].Key);
        string[] folders = environment.Shell[1].Value.Split(':');
        Assert.Equal(["/home/me/.dotnet", "/home/me/.dotnet/tools"], folders[..2]);
        Assert.Contains("/usr/bin", folders);
        Assert.DoesNotContain(environment.Job, pair => pair.Key == "PATH");
    }

    [Fact]
    public void A_shell_that_brings_its_own_dotnet_needs_none_and_another_one_that_of_this_process()
    {
        string own = folder.File("own/pwsh");
        folder.File("own/libhostfxr.so");
        string tool = folder.File("tools/pwsh");
        File.CreateSymbolicLink(folder["link"], own);

        Assert.Null(PowerShellProgram.RuntimeOf(own));
        Assert.Null(PowerShellProgram.RuntimeOf(folder["link"]));
        string runtime = PowerShellProgram.RuntimeOf(tool)!;
        Assert.StartsWith(
            runtime + "/", System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(runtime, "dotnet")));
    }

    [Fact]
    public void A_wish_to_start_is_granted_once()
    {
        StartRequest.Make("wished");

        Assert.Equal((true, false), (StartRequest.Take("wished"), StartRequest.Take("wished")));
        Assert.False(StartRequest.Take("never wished"));
    }

    [Theory]
    [InlineData(BackupScheduleTask.Backup, true)]
    [InlineData(BackupScheduleTask.Test, false)]
    public async Task Starting_the_tests_of_a_job_asks_for_no_backup(BackupScheduleTask task, bool asks)
    {
        string job = $"started-{Guid.NewGuid():N}";
        NativeEntry entry = new()
        {
            Name = job,
            Scheduler = new StartedScheduler(),
            Location = "",
            Registration = Registrations.Plain with { JobName = job, Task = task },
        };

        await BackupSchedules.StartAsync(entry, CancellationToken.None);

        Assert.Equal(asks, StartRequest.Take(job));
    }

    public void Dispose() => folder.Dispose();

    private sealed class StartedScheduler : INativeScheduler
    {
        public BackupScheduler Kind => BackupScheduler.Cron;

        public BackupScheduleScope Scope => BackupScheduleScope.User;

        public Task StartAsync(NativeEntry entry, CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<string?> ObstacleAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ScheduledStart Check(ScheduleRegistration registration) => throw new NotSupportedException();
    }

    private static INativeScheduler Scheduler(BackupScheduler kind) => kind switch
    {
        BackupScheduler.Cron => new CronScheduler(BackupScheduleScope.User, new NativePlaces()),
        BackupScheduler.Systemd => new SystemdScheduler(BackupScheduleScope.User, new NativePlaces()),
        _ => new LaunchdScheduler(BackupScheduleScope.User, new NativePlaces()),
    };

    private static IOrderedEnumerable<string> Names(string names, ScheduleRegistration registration) =>
        names.Split(' ').Concat(registration.ShellEnvironment.Select(pair => pair.Key)).Order();

    /// <summary>A shell that writes down its environment and its arguments, and says that the job is ready.</summary>
    private string TellingShell() => Program("pwsh", $"""
        printf '%s\n' "$@" > '{folder["arguments"]}'
        env > '{folder["told"]}.new' && mv '{folder["told"]}.new' '{folder["told"]}'
        echo '{StartCheck.Ready}'
        """);

    // Without what the shells add themselves.
    private Dictionary<string, string> Told() => File.ReadAllLines(folder["told"])
        .Select(line => line.Split('=', 2))
        .Where(pair => pair[0] is not ("PWD" or "OLDPWD" or "SHLVL" or "_"))
        .ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The name of a program that runs for certain.</summary>
    private static string Running => Process.GetCurrentProcess().ProcessName;

    private CronScheduler Cron(string script, string? running = null) => new(
        BackupScheduleScope.User, new NativePlaces { Crontab = Program("crontab", script), CronPrograms = [running ?? Running] });

    private string Program(string name, string script)
    {
        string path = folder.File("bin/" + name, $"#!/bin/sh\ntable='{Table}'\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
