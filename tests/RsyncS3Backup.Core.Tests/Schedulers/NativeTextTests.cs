using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.Schedulers.Launchd;
using RsyncS3Backup.Schedulers.Systemd;
using RsyncS3Backup.Schedulers.Windows;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Schedulers;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

/// <summary>The systems' own programs, and their published rules, read what is given to them.</summary>
public sealed partial class NativeTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly XNamespace Task = "http://schemas.microsoft.com/windows/2004/02/mit/task";

    // The published order of the elements (MS-TSCH 2.5; the XSD's xs:sequence). Where it says xs:all, any order is right, and only the names
    // are checked.
    private static readonly Dictionary<string, string> Sequences = new()
    {
        ["CalendarTrigger"] = "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit RandomDelay ScheduleByDay",
        ["EventTrigger"] = "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit Subscription Delay PeriodOfOccurrence NumberOfOccurrences",
        ["Exec"] = "Command Arguments WorkingDirectory",
        ["Repetition"] = "Interval Duration StopAtDurationEnd",
        ["ScheduleByDay"] = "DaysInterval",
    };

    private static readonly Dictionary<string, string> Sets = new()
    {
        ["Task"] = "RegistrationInfo Triggers Principals Settings Actions Data",
        ["RegistrationInfo"] = "URI SecurityDescriptor Source Date Author Version Description Documentation",
        ["Triggers"] = "CalendarTrigger EventTrigger",
        ["Principals"] = "Principal",
        ["Principal"] = "UserId LogonType GroupId DisplayName RunLevel ProcessTokenSidType RequiredPrivileges",
        ["Settings"] = "AllowStartOnDemand RestartOnFailure MultipleInstancesPolicy DisallowStartIfOnBatteries StopIfGoingOnBatteries "
            + "AllowHardTerminate StartWhenAvailable NetworkProfileName RunOnlyIfNetworkAvailable WakeToRun Enabled Hidden DeleteExpiredTaskAfter "
            + "IdleSettings NetworkSettings ExecutionTimeLimit Priority RunOnlyIfIdle UseUnifiedSchedulingEngine "
            + "DisallowStartOnRemoteAppSession MaintenanceSettings Volatile",
        ["IdleSettings"] = "Duration WaitTimeout StopOnIdleEnd RestartOnIdle",
        ["Actions"] = "Exec",
    };

    public static TheoryData<string> Kinds => ["plain", "hostile", "system", "quiet", "quiet local", "drive"];

    public static TheoryData<string, string> Schedules => new()
    {
        { "30 2 * * *", "America/New_York" },
        { "*/15 * * * *", "Europe/Berlin" },
        { "0 0 13 * FRI", "Australia/Lord_Howe" },
        { "7,22 1-5 1,15 2-4 *", "Asia/Kolkata" },
        { "* * * * *", "UTC" },
    };

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void Systemd_finds_nothing_wrong_with_the_units(string kind)
    {
        Skip.If(Program("systemd-analyze") is null, "There is no systemd-analyze here (Debian: package systemd).");
        using TemporaryFolder folder = new();
        // verify demands that the program is there.
        ScheduleRegistration registration = Registration(kind) with { Program = folder.File("power shell/pw%sh", "#!/bin/sh\n") };
        File.SetUnixFileMode(registration.Program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string service = folder.File("x.service", SystemdText.Service(registration));
        string timer = folder.File("x.timer", SystemdText.Timer(registration));
        string drive = folder.File("y.service", registration.Drive is null ? SystemdText.Service(registration) : SystemdText.DriveService(registration));

        (int exitCode, string said) = Run("systemd-analyze", "verify", "--man=no", service, timer, drive);

        Assert.Equal((0, ""), (exitCode, said));
    }

    [SkippableTheory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Schedules))]
    public void Systemd_reads_every_line_of_the_times(string expression, string zone)
    {
        Skip.If(Program("systemd-analyze") is null, "There is no systemd-analyze here (Debian: package systemd).");

        foreach (string line in Registrations.Trigger(expression, zone, catchUp: true).Calendar)
        {
            Assert.DoesNotContain('/', line.Split(' ')[1]);
            (int exitCode, string said) = Run("systemd-analyze", "calendar", line);
            Assert.True(exitCode == 0 && said.Contains("Next elapse: ", StringComparison.Ordinal), said);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Kinds))]
    public void The_property_list_is_one_for_those_who_read_them(string kind)
    {
        string? program = Program("plutil") ?? Program("plistutil");
        Skip.If(program is null, "There is no plutil and no plistutil here (Debian: package libplist-utils).");
        using TemporaryFolder folder = new();
        ScheduleRegistration registration = Registration(kind);
        string list = folder.File("x.plist", LaunchdText.PropertyList(registration));
        string binary = folder["x.bin"];
        string again = folder["x.again"];

        if (program == "plutil")
        {
            Assert.Equal(0, Run("plutil", "-lint", list).ExitCode);
            Run("plutil", "-convert", "xml1", "-o", again, list);
        }
        else
        {
            Assert.Equal((0, ""), Run("plistutil", "-i", list, "-o", binary, "-f", "bin"));
            Assert.Equal((0, ""), Run("plistutil", "-i", binary, "-o", again, "-f", "xml"));
        }

        XElement dictionary = XDocument.Parse(File.ReadAllText(again)).Root!.Element("dict")!;
        XElement arguments = (XElement)dictionary.Elements("key").Single(key => key.Value == "ProgramArguments").NextNode!.NodesAfterSelf()
            .Prepend(dictionary.Elements("key").Single(key => key.Value == "ProgramArguments").NextNode!).OfType<XElement>().First();
        Assert.Equal(registration.Arguments(delaysItself: true).Prepend(registration.Program), arguments.Elements("string").Select(item => item.Value));
        Assert.Equal(registration.ToJson(), LaunchdText.Registration(File.ReadAllText(list))?.ToJson());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_task_follows_the_published_schema(string kind)
    {
        XElement task = Parse(TaskXml.Task(Registration(kind), @"HOME\me"));

        Assert.Equal("1.4", task.Attribute("version")?.Value);
        foreach (XElement element in task.DescendantsAndSelf())
        {
            Assert.Equal(Task, element.Name.Namespace);
            string[] children = [.. element.Elements().Select(child => child.Name.LocalName)];
            string name = element.Name.LocalName;
            if (Sets.TryGetValue(name, out string? set))
                Assert.Subset(set.Split(' ').ToHashSet(), children.ToHashSet());
            if (Sequences.TryGetValue(name, out string? sequence))
                Assert.Equal(sequence.Split(' ').Where(children.Contains), children);
            Assert.True(children.Length == 0 || Sets.ContainsKey(name) || Sequences.ContainsKey(name), name);
            if (name is "Interval" or "Duration" or "ExecutionTimeLimit" or "RandomDelay")
                Assert.Matches(Iso8601Duration(), element.Value);
            if (name is "StartBoundary")
                Assert.Matches(Iso8601Time(), element.Value);
            if (element.Value is "true" or "false" or "True" or "False")
                Assert.Contains(element.Value, (string[])["true", "false"]);
        }

        Assert.InRange(task.Element(Task + "Triggers")!.Elements().Count(), 1, TaskXml.MostTriggers);
        Assert.Equal(task.Descendants(Task + "Principal").Single().Attribute("id")?.Value, task.Element(Task + "Actions")?.Attribute("Context")?.Value);
    }

    [Fact]
    public void The_tests_of_a_job_are_an_entry_of_their_own_that_comes_back_from_every_text()
    {
        BackupConfiguration job = new()
        {
            Name = "photos",
            Sources = [],
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/mirror" } },
            Schedule = new BackupScheduleOptions { CronExpression = "0 2 * * *", Timezone = "Europe/Berlin" },
            Tests =
            [
                new TestOptions { Level = BackupTestLevel.Checksums, Cron = "20 4 * * SUN" },
                new TestOptions { Level = BackupTestLevel.Restore, Every = TimeSpan.FromDays(30) },
            ],
        };
        ScheduleRegistration tests = Registrations.Plain with
        {
            Task = BackupScheduleTask.Test,
            Trigger = NativeTrigger.ForTests(job, new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)),
        };

        Assert.NotEqual(Registrations.Plain.EntryName, tests.EntryName);
        Assert.StartsWith(NativeNames.Prefix, tests.EntryName, StringComparison.Ordinal);
        Assert.Contains("-Task Test", string.Join(' ', tests.Arguments(delaysItself: true)), StringComparison.Ordinal);
        Assert.DoesNotContain("-Task", Registrations.Plain.Arguments(delaysItself: true));
        Assert.Contains("Sun *-*-* 04:20:00 Europe/Berlin", tests.Trigger.Calendar);
        Assert.Contains(NativeTrigger.HourlyCheck, tests.Trigger.Calendar);
        Assert.Subset(tests.Trigger.Minutes.ToHashSet(), new HashSet<int> { 0, 20 });
        Assert.Equal(BackupScheduleTask.Test, ScheduleRegistration.FromJson(tests.ToJson())!.Task);
        Assert.Equal(BackupScheduleTask.Test, SystemdText.Registration(SystemdText.Timer(tests))!.Task);
        CrontabBlock block = Assert.Single(CrontabText.Find(CrontabText.With(CrontabText.With(null, Registrations.Plain), tests)), item => item.Name == tests.EntryName);
        Assert.NotNull(block);
    }

    [Fact]
    public void A_task_is_never_killed_starts_on_battery_and_catches_up()
    {
        XElement settings = Parse(TaskXml.Task(Registrations.Plain, "me")).Element(Task + "Settings")!;

        string Value(string name) => settings.Element(Task + name)!.Value;
        Assert.Equal(
            ("PT0S", "false", "false", "true"),
            (Value("ExecutionTimeLimit"), Value("DisallowStartIfOnBatteries"), Value("StopIfGoingOnBatteries"), Value("StartWhenAvailable")));
    }

    [Theory]
    [InlineData("*/5 * * * *", 1)]
    [InlineData("* * * * *", 1)]
    [InlineData("30 2 * * *", 1)]
    [InlineData("7 2 * * *", 8)]
    public void Equal_distances_make_one_trigger_of_a_task(string expression, int triggers)
    {
        ScheduleRegistration registration = Registrations.Plain with { Trigger = Registrations.Trigger(expression, "UTC", catchUp: true) };

        Assert.Null(TaskXml.Obstacle(registration));
        Assert.Equal(triggers, Parse(TaskXml.Task(registration, "me")).Descendants(Task + "CalendarTrigger").Count());
    }

    [Theory]
    [InlineData("30 2 * * *", "Europe/Berlin", "2020-01-01T00:00:00Z 2020-01-01T00:30:00Z 2020-01-01T01:30:00Z")]
    [InlineData("30 2 * * *", "America/New_York", "2020-01-01T00:00:00Z 2020-01-01T06:30:00Z 2020-01-01T07:30:00Z")]
    [InlineData("0 5 * * MON", null, "2020-01-01T00:00:00Z 2020-01-01T05:00:00 2020-01-01T06:00:00")]
    public void A_task_starts_once_an_hour_and_at_the_moments_that_matter(string expression, string? zone, string starts)
    {
        CronSchedule schedule = Registrations.Schedule(expression, zone ?? "UTC") with { IsInMachineZone = zone is null };
        ScheduleRegistration registration = Registrations.Plain with { Trigger = NativeTrigger.For(schedule, catchUp: true, Now) };

        XElement task = Parse(TaskXml.Task(registration, "me"));

        Assert.Equal(starts.Split(' '), task.Descendants(Task + "StartBoundary").Select(start => start.Value).Order(StringComparer.Ordinal));
        Assert.Equal("PT1H", Assert.Single(task.Descendants(Task + "Interval")).Value);
    }

    [SkippableTheory]
    [InlineData("/mnt/backup", "mnt-backup.mount")]
    [InlineData("/media/me/My Disk", @"media-me-My\x20Disk.mount")]
    [InlineData("//mnt///a-b/", @"mnt-a\x2db.mount")]
    [InlineData("/.hidden/.x", @"\x2ehidden-.x.mount")]
    [InlineData("/é/100%", @"\xc3\xa9-100\x25.mount")]
    [InlineData("/", "-.mount")]
    public void A_mount_is_called_as_systemd_calls_it(string path, string unit)
    {
        Assert.Equal(unit, SystemdText.MountUnit(path));
        Skip.If(Program("systemd-escape") is null, "There is no systemd-escape here (Debian: package systemd).");
        Assert.Equal((0, unit + "\n"), Run("systemd-escape", "--path", "--suffix=mount", path));
    }

    [Fact]
    public void What_a_drive_starts_looks_for_it_and_no_shell_holds_it_up()
    {
        string drive = SystemdText.DriveService(Registrations.OnDrive);

        Assert.Contains("\"-OnDrive\"", drive, StringComparison.Ordinal);
        Assert.DoesNotContain("Start-WhenDue", drive, StringComparison.Ordinal);
        Assert.DoesNotContain("-OnDrive", SystemdText.Service(Registrations.OnDrive), StringComparison.Ordinal);
        Assert.Contains("<string>-OnDrive</string>", LaunchdText.PropertyList(Registrations.OnDrive), StringComparison.Ordinal);
        Assert.Contains("-OnDrive", TaskXml.Task(Registrations.OnDrive, "me"), StringComparison.Ordinal);
        Assert.Contains("Subscription", TaskXml.Difference(
            TaskXml.Task(Registrations.OnDrive, "me").Replace("1006", "1", StringComparison.Ordinal), Registrations.OnDrive), StringComparison.Ordinal);
        Assert.Null(TaskXml.Difference(TaskXml.Task(Registrations.OnDrive, "me"), Registrations.OnDrive));
    }

    [Fact]
    public void An_agent_starts_once_an_hour_and_at_the_moments_that_matter_only_where_the_machines_clocks_count()
    {
        Assert.Equal(
            "Minute 0, Hour 2 Minute 30", Moments(Registrations.QuietLocal));
        Assert.Equal("Minute 0, Minute 15, Minute 30, Minute 45", Moments(Registrations.Quiet));

        static string Moments(ScheduleRegistration registration)
        {
            string list = LaunchdText.PropertyList(registration);
            XElement array = XElement.Parse(list[list.IndexOf("<plist", StringComparison.Ordinal)..]).Descendants("array").Last();
            return string.Join(", ", array.Elements("dict").Select(moment => string.Join(' ', moment.Elements().Select(element => element.Value))));
        }
    }

    [Fact]
    public void Without_catch_up_nothing_would_make_a_moment_good_that_a_scheduler_has_missed()
    {
        NativeTrigger trigger = NativeTrigger.For(Registrations.Schedule("30 2 * * *", "UTC"), catchUp: false, Now);

        Assert.Null(trigger.Day);
    }

    [Fact]
    public void Moments_of_a_day_cover_those_that_are_wanted_and_the_minutes_of_an_earlier_registration_cover_all()
    {
        NativeTrigger half = NativeTrigger.For(Registrations.Schedule("30 2 * * *", "UTC"), catchUp: true, Now);
        NativeTrigger later = NativeTrigger.For(Registrations.Schedule("30 5 * * *", "UTC"), catchUp: true, Now);
        NativeTrigger local = NativeTrigger.For(Registrations.Schedule("30 2 * * *", "UTC") with { IsInMachineZone = true }, catchUp: true, Now);

        foreach (BackupScheduler scheduler in (BackupScheduler[])[BackupScheduler.TaskScheduler, BackupScheduler.Launchd])
        {
            bool isTask = scheduler == BackupScheduler.TaskScheduler;
            Assert.True(half.Covers(half, scheduler));
            Assert.Equal(!isTask, half.Covers(later, scheduler));
            Assert.Equal(!isTask, half.Covers(local, scheduler));
            Assert.True((half with { Day = null }).Covers(later, scheduler));
            Assert.False(local.Covers(half, scheduler));
        }
    }

    [Fact]
    public void More_triggers_than_a_task_can_have_are_refused()
    {
        ScheduleRegistration registration = Registrations.Plain with { Trigger = Registrations.Trigger("0-12 2 * * *", "UTC", catchUp: true) };

        Assert.Contains("48", TaskXml.Obstacle(registration)?.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("photos", @"C:\Program Files\PowerShell\7\pwsh.exe", null)]
    [InlineData("100%", @"C:\pwsh.exe", null)]
    [InlineData("50% of 100%", @"C:\pwsh.exe", null)]
    [InlineData("%TEMP%", @"C:\pwsh.exe", "%TEMP%")]
    [InlineData("photos", @"C:\%ProgramFiles(x86)%\pwsh.exe", "%ProgramFiles(x86)%")]
    public void What_the_Task_Scheduler_would_put_a_variable_for_is_refused(string job, string program, string? variable)
    {
        (string Reason, string WayOut)? obstacle = TaskXml.Obstacle(Registrations.Plain with { JobName = job, Program = program });

        Assert.Equal(variable is null, obstacle is null);
        if (variable is not null)
            Assert.Contains($"holds {variable},", obstacle!.Value.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_a_task_cannot_start_for_its_length_is_refused()
    {
        string longest = @"C:\" + new string('x', TaskXml.LongestCommand - 3);

        Assert.Null(TaskXml.Obstacle(Registrations.Plain with { Program = longest }));
        Assert.Contains("260", TaskXml.Obstacle(Registrations.Plain with { Program = longest + "x" })?.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_runs_where_scripts_may_not_and_one_of_an_earlier_version_stays_good()
    {
        string xml = TaskXml.Task(Registrations.Plain, "me");
        string earlier = xml.Replace("-ExecutionPolicy Bypass ", "", StringComparison.Ordinal);

        Assert.Contains("<Arguments>-ExecutionPolicy Bypass -NoProfile ", xml, StringComparison.Ordinal);
        Assert.NotEqual(xml, earlier);
        Assert.Null(TaskXml.Difference(earlier, Registrations.Plain, takesEarlier: true));
        // To register it again brings it up to date.
        Assert.Contains("Arguments", TaskXml.Difference(earlier, Registrations.Plain), StringComparison.Ordinal);
        Assert.Contains(
            "Arguments",
            TaskXml.Difference(earlier.Replace("-Name photos", "-Name other", StringComparison.Ordinal), Registrations.Plain, takesEarlier: true),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData(@"C:\ProgramData\RsyncS3Backup\State", true)]
    public void SYSTEM_shares_the_state_folder_that_the_machine_names(string? variable, bool isShared) =>
        Assert.Equal(isShared, SystemAccount.SharesState(variable));

    [Theory]
    [InlineData("/machine/jobs/photos.json", false)]
    [InlineData("/home/me/jobs/photos.json", true)]
    [InlineData("/elsewhere/photos.json", true)]
    [InlineData(null, false)]
    public void SYSTEM_is_told_the_file_of_a_job_that_it_does_not_find_by_name(string? path, bool needsPath) => Assert.Equal(needsPath, SystemAccount.NeedsPath(
        path, [new JobFolder("/home/me/jobs", BackupJobScope.User), new JobFolder("/machine/jobs", BackupJobScope.System)]));

    [Fact]
    public void A_task_that_windows_wrote_anew_is_the_same_and_one_that_was_changed_is_not()
    {
        string xml = TaskXml.Task(Registrations.Hostile, @"HOME\me");
        // Windows orders triggers anew and leaves out what has its default.
        string anew = xml.Replace("<Enabled>true</Enabled>", "", StringComparison.Ordinal);

        Assert.Null(TaskXml.Difference(anew, Registrations.Hostile));
        Assert.Contains("ExecutionTimeLimit", TaskXml.Difference(xml.Replace("PT0S", "PT72H", StringComparison.Ordinal), Registrations.Hostile), StringComparison.Ordinal);
        Assert.Contains("Command", TaskXml.Difference(xml.Replace("/opt/power shell/pwsh<", "evil<", StringComparison.Ordinal), Registrations.Hostile), StringComparison.Ordinal);
        Assert.NotNull(TaskXml.Difference(xml, Registrations.Plain));
    }

    [Theory]
    [InlineData(437)]
    [InlineData(850)]
    [InlineData(932)]
    [InlineData(1252)]
    [InlineData(65001)]
    public void A_task_is_its_own_in_every_code_page_that_schtasks_prints_in(int codePage)
    {
        Encoding printed = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.UTF8;
        foreach (string user in (string[])["Łukasz", "Jörg", "能", "表", "me?", "Ωμέγα ß"])
        {
            ScheduleRegistration registration = Registrations.Plain with
            {
                Program = $@"C:\Users\{user}\pwsh.exe",
                Launcher = $@"C:\Users\{user}\modules\Start-ScheduledBackup.ps1",
            };
            string xml = TaskXml.Task(registration, $@"HOME\{user}");
            // What .NET reads of a program that prints in another code page than it was told.
            string read = Encoding.UTF8.GetString(printed.GetBytes(xml));
            string edited = Encoding.UTF8.GetString(printed.GetBytes(xml.Replace("pwsh.exe<", "evil.exe<", StringComparison.Ordinal)));

            Assert.True(TaskXml.Difference(read, registration) is null, $"{user}: {TaskXml.Difference(read, registration)}");
            Assert.Contains("Command", TaskXml.Difference(edited, registration), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(@"C:\a b\c", "\"C:\\a b\\c\"")]
    [InlineData(@"C:\a b\", "\"C:\\a b\\\\\"")]
    [InlineData("a\"b", "\"a\\\"b\"")]
    [InlineData(@"a\""b c", "\"a\\\\\\\"b c\"")]
    [InlineData("", "\"\"")]
    [InlineData(@"C:\plain\", @"C:\plain\")]
    public void Arguments_on_windows_are_quoted_as_its_programs_read_them(string argument, string quoted) =>
        Assert.Equal(quoted, TaskXml.Quote(argument));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_was_registered_is_read_back_from_every_text(string kind)
    {
        ScheduleRegistration registration = Registration(kind);
        string json = registration.ToJson();

        Assert.Equal(json, SystemdText.Registration(SystemdText.Timer(registration))?.ToJson());
        Assert.Equal(json, CrontabText.Registration(CrontabText.File(registration))?.ToJson());
        Assert.Equal(json, Assert.Single(CrontabText.Find(CrontabText.With(null, registration))).Registration?.ToJson());
        Assert.Equal(json, TaskXml.Registration(TaskXml.Task(registration, "me"))?.ToJson());
        Assert.True(json.All(char.IsAscii) && !json.Contains("--", StringComparison.Ordinal) && !json.Contains('\n', StringComparison.Ordinal));
    }

    [Fact]
    public void Every_job_has_a_name_of_its_own_that_every_system_takes()
    {
        string[] jobs = ["photos", "Photos", "photos.v2", "photos_v2", "100%", "100$", "日本", "a b", "a/b", "-", "..", ".tests-photos", "tests-photos", new string('x', 200)];
        string[] names = [.. jobs.SelectMany(job => Enum.GetValues<BackupScheduleTask>().Select(task => NativeNames.EntryName(job, task)))];

        Assert.Equal(2 * jobs.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, name => Assert.Matches("^rsyncs3backup-[A-Za-z0-9._-]{1,100}$", name));
        Assert.All(names.Select(NativeNames.CronFile), name => Assert.Matches("^[A-Za-z0-9_-]+$", name));
    }

    [Theory]
    [InlineData("/opt/pwsh/pwsh", "/usr/bin/pwsh", "/usr/bin/pwsh")]
    [InlineData("/opt/pwsh/pwsh", "/usr/local/bin/other", "/opt/pwsh/pwsh")]
    [InlineData("/snap/powershell/271/opt/powershell/pwsh", null, "/snap/bin/pwsh")]
    [InlineData("/opt/homebrew/Cellar/powershell/7.5.0/bin/pwsh", "/x/pwsh", "/snap/bin/pwsh")]
    [InlineData("/usr/bin/dotnet", "/usr/bin/pwsh", "/usr/bin/pwsh")]
    [InlineData("/usr/bin/dotnet", null, null)]
    [InlineData(@"C:\Program Files\PowerShell\7\pwsh.exe", null, @"C:\Program Files\PowerShell\7\pwsh.exe")]
    public void The_name_of_PowerShell_that_outlives_an_update_is_registered(string running, string? onPath, string? chosen) =>
        Assert.Equal(chosen, PowerShellProgram.Choose(
            running, onPath, ["/snap/bin/pwsh"], path => path == "/usr/bin/pwsh" ? "/opt/pwsh/pwsh" : path));

    private static ScheduleRegistration Registration(string kind) => kind switch
    {
        "plain" => Registrations.Plain,
        "hostile" => Registrations.Hostile,
        "quiet" => Registrations.HostileQuiet,
        "drive" => Registrations.OnDrive,
        "quiet local" => Registrations.QuietLocal,
        _ => Registrations.HostileSystem,
    };

    private static XElement Parse(string xml) => XElement.Parse(xml[xml.IndexOf("<Task", StringComparison.Ordinal)..]);

    private static string? Program(string name) => ProgramFinder.Find(name) is null ? null : name;

    private static (int ExitCode, string Said) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string said = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    [GeneratedRegex("^P(?=.)([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$")]
    private static partial Regex Iso8601Duration();

    [GeneratedRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z?$")]
    private static partial Regex Iso8601Time();
}
