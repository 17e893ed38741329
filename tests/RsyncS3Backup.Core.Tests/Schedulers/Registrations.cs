using RsyncS3Backup.Calendar;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Core.Tests.Schedulers;

/// <summary>What is registered in tests.</summary>
internal static class Registrations
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A job of the simplest kind.</summary>
    public static ScheduleRegistration Plain { get; } = new()
    {
        JobName = "photos",
        Trigger = Trigger("30 2 * * *", "Europe/Berlin", catchUp: true),
        Program = "/usr/bin/pwsh",
        Launcher = "/opt/modules/RsyncS3Backup/0.1.0/Scheduling/Start-ScheduledBackup.ps1",
    };

    /// <summary>All that can be said, with all that has to be escaped somewhere.</summary>
    public static ScheduleRegistration Hostile { get; } = new()
    {
        JobName = """it's "100%" $HOME \% <é> 日本""",
        ConfigPath = """/data/it's 100% "mine" & \$x\%y/jöb.json""",
        CronExpression = "17,47 2 1 * 1-5",
        TimeZone = "America/New_York",
        CatchUp = false,
        RandomDelay = TimeSpan.FromMinutes(5),
        Trigger = Trigger("17,47 2 1 * 1-5", "America/New_York", catchUp: false),
        Program = "/opt/power shell/pwsh",
        Launcher = "/opt/mod%ules/Start-ScheduledBackup.ps1",
        Environment = [KeyValuePair.Create("AWS_PROFILE", "back up"), KeyValuePair.Create("RSYNCS3BACKUP_STATE", "/var/100%/$state")],
        ShellEnvironment =
        [
            KeyValuePair.Create("DOTNET_ROOT", """/opt/it's 100% "dot" \$net"""), KeyValuePair.Create("PATH", "/usr/bin:/bin"),
        ],
    };

    public static ScheduleRegistration HostileSystem => Hostile with { Scope = BackupScheduleScope.System };

    /// <summary>As <see cref="Plain"/> is registered now; that one is of an earlier version.</summary>
    public static ScheduleRegistration Quiet => Plain with
    {
        Trigger = NativeTrigger.For(Schedule("30 2 * * *", "Europe/Berlin"), catchUp: true, Now),
        QuietFile = "/home/me/.local/state/rsyncs3backup/photos/schedule.quiet",
    };

    /// <summary>The same of a job that goes by the machine's clocks.</summary>
    public static ScheduleRegistration QuietLocal => Quiet with
    {
        Trigger = NativeTrigger.For(Schedule("30 2 * * *", "Europe/Berlin") with { IsInMachineZone = true }, catchUp: true, Now),
    };

    /// <summary>One that a drive starts as well.</summary>
    public static ScheduleRegistration OnDrive => QuietLocal with { Drive = "/media/me/My 100% \"disk\" é" };

    public static ScheduleRegistration HostileQuiet => Quiet with { JobName = Hostile.JobName, QuietFile = """/var/it's 100% "\%mine" & \$x/schedule.quiet""" };

    public static NativeTrigger Trigger(string expression, string zone, bool catchUp) =>
        NativeTrigger.For(Schedule(expression, zone), catchUp, Now) with { Day = null };

    public static CronSchedule Schedule(string expression, string zone) => new(CronExpression.Parse(expression), ScheduleZone.Find(zone));
}
