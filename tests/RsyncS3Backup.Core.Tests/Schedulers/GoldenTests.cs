using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.Schedulers.Cron;
using RsyncS3Backup.Schedulers.Launchd;
using RsyncS3Backup.Schedulers.Systemd;
using RsyncS3Backup.Schedulers.Windows;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

/// <summary>
/// What is given to each system, letter by letter. The files are in Golden/; run the tests with RSYNCS3_WRITE_GOLDENS=1 to write them, and read
/// the difference.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string, string> Texts { get; } = new()
    {
        { "user.service", SystemdText.Service(Registrations.Plain) },
        { "user.timer", SystemdText.Timer(Registrations.Plain) },
        { "system-hostile.service", SystemdText.Service(Registrations.HostileSystem) },
        { "system-hostile.timer", SystemdText.Timer(Registrations.HostileSystem) },
        { "crontab", CrontabText.With("MAILTO=me\n", Registrations.Plain) },
        { "crontab-hostile", CrontabText.With(null, Registrations.Hostile) },
        { "cron.d-hostile", CrontabText.File(Registrations.HostileSystem) },
        { "crontab-disabled", CrontabText.With(null, Registrations.Plain with { IsEnabled = false }) },
        { "agent.plist", LaunchdText.PropertyList(Registrations.Plain) },
        { "daemon-hostile.plist", LaunchdText.PropertyList(Registrations.HostileSystem) },
        { "quiet.service", SystemdText.Service(Registrations.HostileQuiet) },
        { "quiet.timer", SystemdText.Timer(Registrations.HostileQuiet) },
        { "quiet-crontab", CrontabText.With(null, Registrations.HostileQuiet) },
        { "quiet-agent.plist", LaunchdText.PropertyList(Registrations.QuietLocal with { QuietFile = null }) },
        { "quiet-task.xml", TaskXml.Task(OnWindows(Registrations.Quiet with { QuietFile = null }), @"HOME\me") },
        { "quiet-task-local.xml", TaskXml.Task(OnWindows(Registrations.QuietLocal with { QuietFile = null }), @"HOME\me") },
        { "drive.service", SystemdText.DriveService(Registrations.OnDrive with { Scope = BackupScheduleScope.System }) },
        { "drive-agent.plist", LaunchdText.PropertyList(Registrations.OnDrive with { QuietFile = null }) },
        { "drive-task.xml", TaskXml.Task(OnWindows(Registrations.OnDrive with { QuietFile = null }), @"HOME\me") },
        { "task.xml", TaskXml.Task(OnWindows(Registrations.Plain), @"HOME\me") },
        { "task-system-hostile.xml", TaskXml.Task(OnWindows(Registrations.HostileSystem), @"HOME\me") },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void The_text_is_as_it_was(string name, string text)
    {
        string path = Repository.Path("tests", "RsyncS3Backup.Core.Tests", "Schedulers", "Golden", name);
        if (Environment.GetEnvironmentVariable("RSYNCS3_WRITE_GOLDENS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path).ReplaceLineEndings("\n"), text.ReplaceLineEndings("\n"));
    }

    private static ScheduleRegistration OnWindows(ScheduleRegistration registration) => registration with
    {
        Program = @"C:\Program Files\PowerShell\7\pwsh.exe",
        Launcher = @"C:\Users\me\Documents\PowerShell\Modules\RsyncS3Backup\0.1.0\Scheduling\Start-ScheduledBackup.ps1",
        ConfigPath = registration.ConfigPath is null ? null : @"D:\jobs & more\""\photos.json",
    };
}
