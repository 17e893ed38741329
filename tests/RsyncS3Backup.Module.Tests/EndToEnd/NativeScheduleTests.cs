using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// Jobs are registered with real schedulers, which start them: the real launcher in the real engine. Only pwsh itself is a program of the tests,
/// because not every machine has it.
/// </summary>
[Trait("Category", "Slow")]
public sealed class NativeScheduleTests : EndToEndTest
{
    // What a shell, systemd and cron each would make something of.
    private const string JobName = """it's 100% "$HOME" é""";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private string Path { get; } = Environment.GetEnvironmentVariable("PATH")!;

    [SkippableFact]
    public async Task Systemd_starts_a_job_at_its_minute_and_forgets_it()
    {
        Isolate();
        using UserManager manager = new();
        Skip.If(manager.WhyNot is not null, manager.WhyNot);
        string job = WriteJobNamed(JobName, ("schedule.cronExpression", "* * * * *"));

        PSObject registered = Register(job, "Systemd");
        Assert.Equal(("Active", "Systemd", JobName), (registered.Text("State"), registered.Text("Scheduler"), registered.Text("Name")));
        await RunsAsync();
        AssertReady(job, "Systemd, User scope");

        // The same once more changes nothing; another wish changes what is there.
        string timer = registered.Text("Location");
        DateTime written = File.GetLastWriteTimeUtc(timer);
        Register(job, "Systemd");
        Assert.Equal(written, File.GetLastWriteTimeUtc(timer));
        Session.Run("Disable-BackupSchedule *").ThrowOnError();
        Assert.Equal("Disabled", Schedule().Text("State"));
        Session.Run("Enable-BackupSchedule *").ThrowOnError();
        Assert.Equal("Active", Schedule().Text("State"));
        File.AppendAllText(timer, "# by hand\n");
        Assert.Equal("Broken", Schedule().Text("State"));
        Assert.Contains("by hand", Schedule().Text("Problem"), StringComparison.Ordinal);
        Assert.Equal("Active", Register(job, "Systemd").Text("State"));

        await StaysQuietAsync(job, System.IO.Path.ChangeExtension(registered.Text("EntryName"), ".service"));

        Session.Run("Get-BackupSchedule | Unregister-BackupSchedule").ThrowOnError();
        Assert.Empty(Session.Texts("Get-BackupSchedule"));
        Assert.Empty(Directory.EnumerateFiles(Folder.File("config-home"), "*rsyncs3backup*", SearchOption.AllDirectories));
        Assert.Empty(Directory.EnumerateFiles(Folder.File("data-home"), "*rsyncs3backup*", SearchOption.AllDirectories));
    }

    [SkippableFact]
    public async Task Systemd_makes_a_run_good_that_did_not_find_its_drive_when_the_drive_comes()
    {
        Isolate();
        // It keeps what is on it when it is taken away.
        string drive = Directory.CreateDirectory(Folder.File("drive")).FullName;
        string place = Directory.CreateDirectory(Folder.File("my place")).FullName;
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only the superuser may mount a drive.");
        Skip.If(Tool("mount", "-t", "tmpfs", "none", drive) != 0, "This machine forbids mounting.");
        try
        {
            using UserManager manager = new();
            Skip.If(manager.WhyNot is not null, manager.WhyNot);
            Assert.Equal(0, Tool("mount", "--bind", drive, place));
            string job = WriteJob(
                ("schedule", new System.Text.Json.Nodes.JsonObject { ["cronExpression"] = "0 0 1 1 *" }),
                ("options.rsync.localDestination", System.IO.Path.Combine(place, "mirror")), ("options.rsync.whenAbsent", "skip"));
            const string run = "param($Path) Invoke-RsyncToS3Backup $Path";
            Assert.Equal("Succeeded", Session.Run(run, job).ThrowOnError().Objects.Single().Text("Status"));
            PSObject registered = Session.Run("param($Path) Register-BackupSchedule -ConfigPath $Path -Scheduler Systemd -OnDrive -PassThru", job)
                .ThrowOnError().Objects.Single();
            Assert.Equal(("Active", place), (registered.Text("State"), registered.Text("OnDrive")));

            Assert.Equal(0, Tool("umount", place));
            Assert.Equal("Skipped", Session.Run(run, job).ThrowOnError().Objects.Single().Text("Status"));
            File.WriteAllText(System.IO.Path.Combine(Source, "new.txt"), "new");
            Assert.Equal(0, Tool("mount", "--bind", drive, place));
            await UntilAsync(() => Statuses() is [{ Length: > 0 }, "Skipped", "Succeeded"]);
            Assert.Equal(["Succeeded", "Skipped", "Succeeded"], Statuses());
            Assert.True(File.Exists(System.IO.Path.Combine(place, "mirror", "new.txt")));

            // The same drive once more, in the same time: it is asked, and nothing is due.
            string service = registered.Text("EntryName").Replace("rsyncs3backup-", "rsyncs3backup-.drive-", StringComparison.Ordinal).Replace(".timer", ".service", StringComparison.Ordinal);
            await UntilAsync(() => Property(service, "ActiveState") == "inactive");
            string began = Property(service, "ExecMainStartTimestampMonotonic");
            Assert.Equal(0, Tool("umount", place));
            Assert.Equal(0, Tool("mount", "--bind", drive, place));
            await UntilAsync(() => Property(service, "ExecMainStartTimestampMonotonic") != began && Property(service, "ActiveState") == "inactive");
            Assert.Equal("success", Property(service, "Result"));
            Assert.Equal(3, Statuses().Length);

            Session.Run("Get-BackupSchedule | Unregister-BackupSchedule").ThrowOnError();
            Assert.Empty(Directory.EnumerateFileSystemEntries(Folder.File("config-home"), "*rsyncs3backup*", SearchOption.AllDirectories));
        }
        finally
        {
            Tool("umount", "--lazy", place);
            Tool("umount", "--lazy", drive);
        }

        string[] Statuses() => Session.Texts("(Get-BackupHistory).ForEach{ \"$($_.Status)\" }");
    }

    [SkippableFact]
    public async Task Cron_starts_a_job_at_its_minute_and_keeps_the_rest_of_the_crontab()
    {
        Isolate();
        using CronDaemon cron = new();
        Skip.If(cron.WhyNot is not null, cron.WhyNot);
        WriteScript("bin/crontab", $"exec {cron.Crontab} \"$@\"");
        const string mine = "# mine\nMAILTO=\"\"\n0 5 * * * /bin/true # 100\\%\n";
        Crontab("-", mine);
        string job = WriteJobNamed(JobName, ("schedule.cronExpression", "* * * * *"));

        PSObject registered = Register(job, "Cron");
        Assert.Equal(("Active", "Cron", JobName), (registered.Text("State"), registered.Text("Scheduler"), registered.Text("Name")));
        Assert.StartsWith(mine, Crontab("-l"), StringComparison.Ordinal);
        await RunsAsync();
        AssertReady(job, "Cron, User scope");

        string before = Crontab("-l");
        Register(job, "Cron");
        Assert.Equal(before, Crontab("-l"));
        Session.Run("Disable-BackupSchedule *").ThrowOnError();
        Assert.Equal("Disabled", Schedule().Text("State"));
        Session.Run("Enable-BackupSchedule *").ThrowOnError();
        Assert.Equal(before, Crontab("-l"));

        Session.Run("Get-BackupSchedule | Unregister-BackupSchedule").ThrowOnError();
        Assert.Empty(Session.Texts("Get-BackupSchedule"));
        Assert.Equal(mine, Crontab("-l"));
    }

    // All that a scheduler or the module would find of this user's is in the test's folder, and so is the pwsh that is registered.
    private void Isolate()
    {
        WritePowerShell("power shell 100%/pwsh");
        string bin = Directory.CreateDirectory(Folder.File("bin")).FullName;
        SetEnvironment("PATH", $"{bin}:{Folder.File("power shell 100%")}:{Path}");
        SetEnvironment("HOME", Directory.CreateDirectory(Folder.File("home")).FullName);
        SetEnvironment("XDG_CONFIG_HOME", Directory.CreateDirectory(Folder.File("config-home")).FullName);
        SetEnvironment("XDG_DATA_HOME", Directory.CreateDirectory(Folder.File("data-home")).FullName);
        SetEnvironment("XDG_RUNTIME_DIR", Directory.CreateDirectory(
            Folder.File("run"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName);
        SetEnvironment("DBUS_SESSION_BUS_ADDRESS", null);
        // Scheduled jobs have no other credentials than those that the AWS SDK finds.
        File.WriteAllText(CredentialsFile, $"[default]\naws_access_key_id = {Server.AccessKey}\naws_secret_access_key = {Server.SecretKey}\n");
        WriteScript("bin/crontab", "echo no crontab for me >&2; exit 1");
    }

    // What the job finds is what the scheduler gives it, and not what this session has.
    private void AssertReady(string job, string scheduler)
    {
        const string ask = "param($Path) Test-BackupReadiness -ConfigPath $Path -Check Scheduler";
        SetEnvironment("AWS_ACCESS_KEY_ID", "of this session alone");
        PSObject[] found = [.. Session.Run(ask, job).ThrowOnError().Objects];
        Assert.Contains(found, check => check.Text("Check") == "Scheduler" && check.Text("Target") == scheduler && check.Text("Status") != "Failed");
        PSObject credentials = Assert.Single(found, check => check.Text("Check") == "Credentials");
        Assert.Equal(("Passed", $"As the scheduler starts it: The access key is '{Server.AccessKey}'; the credentials do not say that they end."),
            (credentials.Text("Status"), credentials.Text("Detail")));

        string kept = File.ReadAllText(CredentialsFile);
        File.WriteAllText(CredentialsFile, "");
        found = [.. Session.Run(ask, job).ThrowOnError().Objects];
        Assert.Equal("Failed", Assert.Single(found, check => check.Text("Check") == "Credentials").Text("Status"));
        File.WriteAllText(CredentialsFile, kept);
        SetEnvironment("AWS_ACCESS_KEY_ID", null);
    }

    private PSObject Register(string job, string scheduler) => Assert.Single(Session.Run(
        "param($Path, $Scheduler) Register-BackupSchedule -ConfigPath $Path -Scheduler $Scheduler -PassThru", job, scheduler)
        .ThrowOnError().Objects);

    private PSObject Schedule() => Assert.Single(Session.Run("Get-BackupSchedule").ThrowOnError().Objects);

    /// <summary>Waits until the job has run because its minute came, and checks both copies.</summary>
    private async Task RunsAsync()
    {
        using CancellationTokenSource limit = new(Patience);
        using PeriodicTimer often = new(TimeSpan.FromMilliseconds(500));
        while (Schedule().Text("LastResult") is not { Length: > 0 })
        {
            Assert.False(limit.IsCancellationRequested, "It was not started: " + string.Join('\n', Session.Texts("Get-BackupSchedule | ForEach-Object { \"$($_.Command)\" }")));
            await often.WaitForNextTickAsync();
        }

        string[] errors = Session.Texts("(Get-BackupHistory).ForEach{ \"$($_.Error)\" }.Where{ $_ }");
        Assert.Equal(("Succeeded", ""), (Schedule().Text("LastResult"), string.Join('\n', errors)));
        Assert.Equal(Files(Source), Files(Folder.File("mirror-" + JobName)));
        Assert.Equal(Files(Source), Objects($"rsync/{JobName}/"));
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using CancellationTokenSource limit = new(Patience);
        using PeriodicTimer often = new(TimeSpan.FromMilliseconds(500));
        while (!isSo())
        {
            Assert.False(limit.IsCancellationRequested, "It did not come.");
            await often.WaitForNextTickAsync();
        }
    }

    private static string Property(string unit, string name)
    {
        System.Diagnostics.ProcessStartInfo start = new("systemctl", ["--user", "show", unit, "--value", "--property=" + name]) { RedirectStandardOutput = true };
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(start)!;
        string said = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return said;
    }

    private static int Tool(string program, params string[] arguments)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }

    // A start that comes while nothing can be due is one of a shell alone; one that somebody asks for is one of the job.
    private async Task StaysQuietAsync(string job, string service)
    {
        File.WriteAllText(job, File.ReadAllText(job).Replace("* * * * *", "0 0 1 1 *", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(job, DateTime.UtcNow.AddHours(-1));
        Register(job, "Systemd");
        Start();
        string quiet = Assert.Single(Directory.EnumerateFiles(StateRoot, "schedule.quiet", SearchOption.AllDirectories));
        string said = File.ReadAllText(quiet);
        // It is told in seconds.
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        Start();
        Assert.Equal(said, File.ReadAllText(quiet));

        int runs = Session.Texts("Get-BackupHistory").Length;
        Session.Run("Start-BackupSchedule *").ThrowOnError();
        await UntilAsync(() => Session.Texts("Get-BackupHistory").Length > runs && Schedule().Text("LastResult") is { Length: > 0 });

        void Start() => Assert.Equal(0, Tool("systemctl", "--user", "start", service));
    }

    private string Crontab(string argument, string? input = null)
    {
        System.Diagnostics.ProcessStartInfo start = new(Folder.File("bin/crontab"), [argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
