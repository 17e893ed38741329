using System.Collections;
using System.Diagnostics;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>The script that schedulers start.</summary>
public sealed class LauncherTests : EndToEndTest
{
    private const string Launch = "param($Launcher, $Job) & $Launcher @Job; $LASTEXITCODE";

    private static string Launcher { get; } = Path.Combine(Repository.StagedModule, "Scheduling", "Start-ScheduledBackup.ps1");

    [Fact]
    public void A_job_whose_name_looks_like_a_wildcard_never_starts_another_one()
    {
        WriteJob(("schedule", Schedule()));
        string job = WriteJobNamed("phot[o]s", ("schedule", Schedule()));

        Assert.Equal("0", ExitCode("Name", "phot[o]s"));
        Assert.Equal("0", ExitCode("ConfigPath", job));
        Assert.Single(StateFolders());
        File.Delete(job);

        Assert.Equal("5", ExitCode("Name", "phot[o]s"));
        Assert.Equal("5", ExitCode("ConfigPath", job));
        Assert.Single(StateFolders());
        // By the name that was registered, not by what keeps it from being a wildcard.
        Assert.Contains("'phot[o]s'", Session.Run("Invoke-RsyncStage -Name 'phot`[o`]s'").Errors.Single().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_of_the_versions_that_lie_side_by_side_runs()
    {
        string launcher = WriteFile("[modules]/RsyncS3Backup/0.2.0/Scheduling/Start-ScheduledBackup.ps1", File.ReadAllText(Launcher));
        foreach (string version in (string[])["0.1.0", "0.2.0", "0.9.0", "0.10.0"])
        {
            WriteFile($"[modules]/RsyncS3Backup/{version}/RsyncS3Backup.psd1", $"@{{ ModuleVersion = '{version}'; RootModule = 'stub.psm1' }}");
            WriteFile($"[modules]/RsyncS3Backup/{version}/stub.psm1", $"function Test-BackupDue {{ $global:started = '{version}'; $false }}");
        }

        Directory.CreateDirectory(Folder.File("[modules]/RsyncS3Backup/1.0.0"));
        Directory.CreateDirectory(Folder.File("[modules]/RsyncS3Backup/99-of-another-kind"));
        using PowerShellSession session = PowerShellSession.CreateWithoutModule();

        Assert.Equal(["0.10.0"], session.Texts("param($Launcher) & $Launcher -Name photos; $started", launcher));
    }

    // Whoever may add a folder beside the module could have a machine's job run what is in it.
    [SkippableTheory]
    [InlineData("chmod o+w")]
    [InlineData("chmod g+w")]
    [InlineData("chown 12345")]
    [InlineData("ln -s")]
    public void A_newer_version_that_somebody_else_could_have_put_there_does_not_run(string planted)
    {
        Skip.If(OperatingSystem.IsWindows(), "has modes");
        Skip.If(planted.StartsWith("chown", StringComparison.Ordinal) && !Environment.IsPrivilegedProcess, "only root may give files away");
        string launcher = WriteFile("modules/RsyncS3Backup/0.2.0/Scheduling/Start-ScheduledBackup.ps1", File.ReadAllText(Launcher));
        foreach (string version in (string[])["0.2.0", "0.3.0", "99.0.0"])
        {
            WriteFile($"modules/RsyncS3Backup/{version}/RsyncS3Backup.psd1", $"@{{ ModuleVersion = '{version}'; RootModule = 'stub.psm1' }}");
            WriteFile($"modules/RsyncS3Backup/{version}/stub.psm1", $"function Test-BackupDue {{ $global:started = '{version}'; $false }}");
            File.SetUnixFileMode(Folder.File($"modules/RsyncS3Backup/{version}"), (UnixFileMode)0b111_101_101);
        }

        string folder = Folder.File("modules/RsyncS3Backup/99.0.0");
        if (planted == "ln -s")
        {
            Directory.Move(folder, Folder.File("elsewhere"));
            Directory.CreateSymbolicLink(folder, Folder.File("elsewhere"));
        }
        else
        {
            using Process change = Process.Start(planted.Split(' ')[0], [planted.Split(' ')[1], folder]);
            change.WaitForExit();
            Assert.Equal(0, change.ExitCode);
        }

        using PowerShellSession session = PowerShellSession.CreateWithoutModule();

        Assert.Equal(["0.3.0"], session.Texts("param($Launcher) & $Launcher -Name photos; $started", launcher));
    }

    [SkippableFact]
    public void A_start_for_the_whole_machine_refuses_what_others_could_have_written_and_claims_nothing()
    {
        Skip.If(OperatingSystem.IsWindows(), "has modes");
        string job = WriteJob(("schedule", Schedule()));
        File.SetUnixFileMode(job, File.GetUnixFileMode(job) | UnixFileMode.OtherWrite);

        Assert.Equal("5", Code("ConfigPath", job, ("Scope", "System")));
        Assert.Empty(Directory.Exists(StateRoot) ? StateFolders() : []);
        Assert.Equal("0", Code("ConfigPath", job, ("Scope", "User")));
        Assert.Single(StateFolders());
    }

    [Fact]
    public void A_check_reads_the_job_and_does_nothing_else()
    {
        string job = WriteJob(("schedule", Schedule()));

        Assert.Equal("0", CheckCode("Name", "photos"));
        Assert.Equal("0", CheckCode("ConfigPath", job));
        Assert.Empty(Directory.Exists(StateRoot) ? StateFolders() : []);
        Assert.False(Directory.Exists(Mirror));

        Assert.Equal("5", CheckCode("Name", "another"));
        File.WriteAllText(job, "{");
        Assert.Equal("5", CheckCode("ConfigPath", job));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_backup_waits_for_a_test_that_is_under_way_and_a_test_for_nobody()
    {
        JsonArray tests = [new JsonObject { ["level"] = "quick", ["every"] = "1d" }];
        string job = WriteJob(("schedule", Schedule()), ("tests", tests));
        SetEnvironment("AWS_ACCESS_KEY_ID", Server.AccessKey);
        SetEnvironment("AWS_SECRET_ACCESS_KEY", Server.SecretKey);
        Session.Run("param($Job) Invoke-RsyncToS3Backup $Job", job).ThrowOnError();
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.Hold });
        using RunningScript test = Session.Start("param($Job) Test-Backup -ConfigPath $Job -Level Quick", job);
        await hold.Arrived.WaitAsync(TimeSpan.FromMinutes(1));
        using PowerShellSession other = PowerShellSession.Create();

        Hashtable tested = new() { ["ConfigPath"] = job, ["Task"] = "Test" };
        Assert.Equal("0", Assert.Single(other.Run(Launch, Launcher, tested).Objects).ToString());
        // As Start-BackupSchedule asks for it.
        File.WriteAllText(Path.Combine(StateRoot, "photos", "schedule.start"), "");
        using RunningScript backup = other.Start(Launch, Launcher, new Hashtable { ["ConfigPath"] = job });
        await Task.Delay(TimeSpan.FromSeconds(2));
        hold.Release();

        backup.Wait();
        Assert.Equal(0, other.Host.ExitCode);
        Assert.Equal("Succeeded", Assert.Single(test.Wait().Objects).Text("Status"));
        Assert.Equal(["Succeeded", "Succeeded"], Session.Texts("(Get-BackupHistory photos).Status"));
        Assert.Equal(["Failed", "Succeeded"], Session.Texts("(Get-BackupHistory photos -Kind Test).Status").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_history_that_cannot_be_read_keeps_no_backup_from_running()
    {
        string job = WriteJob(("schedule", Schedule()));
        SetEnvironment("AWS_ACCESS_KEY_ID", Server.AccessKey);
        SetEnvironment("AWS_SECRET_ACCESS_KEY", Server.SecretKey);
        Session.Run("param($Job) Invoke-RsyncToS3Backup $Job", job).ThrowOnError();
        foreach (string part in Directory.GetFiles(Path.Combine(StateRoot, "photos"), "history.db*"))
            File.WriteAllText(part, "damaged");
        File.WriteAllText(Path.Combine(StateRoot, "photos", "schedule.start"), "");
        WriteFile("source/new", "content");

        Session.Run(Launch, Launcher, new Hashtable { ["ConfigPath"] = job });

        // A run tells the host, and does not end the script.
        Assert.Equal(0, Session.Host.ExitCode);
        Assert.Equal(Files(Source), Objects());
    }

    private static JsonObject Schedule() => new() { ["cronExpression"] = "0 2 * * *", ["timezone"] = "UTC" };

    private string ExitCode(string parameter, string value) => Code(parameter, value);

    private string CheckCode(string parameter, string value) => Code(parameter, value, ("Check", true));

    private string Code(string parameter, string value, params (string Name, object Value)[] more)
    {
        Hashtable job = new() { [parameter] = value };
        foreach ((string name, object given) in more)
            job[name] = given;
        return Assert.Single(Session.Run(Launch, Launcher, job).Objects).ToString();
    }

    private IEnumerable<string> StateFolders() => Directory.EnumerateDirectories(StateRoot).Select(folder => Path.GetFileName(folder));
}
