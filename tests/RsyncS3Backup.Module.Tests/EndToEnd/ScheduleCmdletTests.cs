using System.Management.Automation;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

public sealed class ScheduleCmdletTests : EndToEndTest
{
    [Fact]
    public void Occurrences_of_an_expression_say_what_clock_changes_do_to_them()
    {
        SessionResult result = Session.Run(
            "Get-BackupScheduleOccurrence '30 2 * * *' 'eastern standard time' -After 2026-03-07T12:00Z -Count 2").ThrowOnError();

        Assert.Equal(["2026-03-08 03:00 -04:00", "2026-03-09 02:30 -04:00"], result.Objects.Select(item => item.ToString()));
        Assert.Contains("02:30 does not exist", result.Objects[0].Text("Note"), StringComparison.Ordinal);
        Assert.Equal(["America/New_York", "America/New_York"], result.Objects.Select(item => item.Text("TimeZone")));
    }

    [Fact]
    public void Occurrences_of_jobs_come_from_their_configurations_and_carry_their_names()
    {
        string job = WriteJob(("schedule", Schedule("0 2 * * *")));

        foreach (string command in (string[])["Get-BackupScheduleOccurrence -ConfigPath $Path -Count 1", "$Path | Get-BackupScheduleOccurrence -Count 1"])
            Assert.Equal(["photos"], Session.Run("param($Path) " + command, job).ThrowOnError().Objects.Select(item => item.Text("Name")));
    }

    [Theory]
    [InlineData("Get-BackupScheduleOccurrence '0 0 31 2 *'", "CronExpressionInvalid")]
    [InlineData("Get-BackupScheduleOccurrence '0 2 * * *' Europe/Berln", "TimeZoneUnknown")]
    [InlineData("Get-BackupScheduleOccurrence -ConfigPath $Path", "ScheduleMissing")]
    [InlineData("Test-BackupDue $Path", "ScheduleMissing")]
    [InlineData("Test-BackupDue $Path -CronExpression '0 2 * * *' -Claim -At 2026-01-01", "InvalidParameter")]
    public void What_cannot_be_answered_is_an_error(string command, string id) =>
        Assert.Equal([id], Session.Run("param($Path) " + command, WriteJob()).ErrorIds());

    [Fact]
    public void Looking_keeps_nothing_and_the_first_claim_finds_nothing_due()
    {
        string job = WriteJob(("schedule", Schedule("* * * * *")));

        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Quiet", job));
        Assert.False(Directory.Exists(Path.Combine(StateRoot, "photos")));
        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Claim -WhatIf -Quiet", job));
        Assert.False(Directory.Exists(Path.Combine(StateRoot, "photos")));

        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Claim -Quiet", job));
        Assert.True(File.Exists(Path.Combine(StateRoot, "photos", "schedule.json")));
    }

    [Fact]
    public void A_time_that_has_come_is_claimed_once()
    {
        string job = WriteJob(("schedule", Schedule("0 0 1 1 *")));
        Texts("Test-BackupDue $Path -Claim", job);
        SetBack();

        Assert.Equal(["True"], Texts("Test-BackupDue $Path -Quiet", job));
        Assert.Equal(["False"], Texts("Test-BackupDue $Path -NoCatchUp -Tolerance 5m -Quiet -At 2001-01-01T00:06Z", job));
        Assert.Equal(["True"], Texts("Test-BackupDue $Path -NoCatchUp -Tolerance 5m -Quiet -At 2001-01-01T00:04Z", job));
        Assert.Equal(["True", "False"], Texts("Test-BackupDue $Path -Claim -Quiet; Test-BackupDue $Path -Claim -Quiet", job));
    }

    [SkippableFact]
    public void A_schedulers_claim_says_until_when_nothing_is_due_and_anybody_elses_ends_that()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no shell for it");
        string quiet = Path.Combine(StateRoot, "photos", "schedule.quiet");
        string job = WriteJob(("schedule", Schedule("0 0 1 1 *")));
        File.SetLastWriteTimeUtc(job, DateTime.UtcNow.AddHours(-1));

        Texts("Test-BackupDue $Path -Scope User; Test-BackupDue $Path -Scope User -Claim -WhatIf", job);
        Assert.False(File.Exists(quiet));
        Texts("Test-BackupDue $Path -Scope User -Claim", job);
        Assert.Equal(job, File.ReadAllLines(quiet)[1]);
        Texts("Test-BackupDue $Path -Claim", job);
        Assert.False(File.Exists(quiet));
    }

    [SkippableFact]
    public void A_check_comes_in_time_to_tell_that_a_job_is_overdue()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no shell for it");
        JsonArray hear = new(new JsonObject { ["type"] = "webhook", ["url"] = "http://127.0.0.1:9/", ["on"] = new JsonArray("overdue") });
        string job = WriteJob(("schedule", Schedule("0 0 1 1 *")), ("maxAge", "3h"), ("notifications", hear));
        DateTimeOffset written = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds());
        File.SetLastWriteTimeUtc(job, written.UtcDateTime);

        Texts("Test-BackupDue $Path -Scope User -Claim", job);

        // Five seconds early, as everything is asked.
        string next = $" {written.AddHours(3).ToUnixTimeSeconds() - 5} ";
        Assert.Contains(next, File.ReadAllText(Path.Combine(StateRoot, "photos", "schedule.quiet")), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void The_check_of_tests_says_so_too_unless_one_is_due()
    {
        Skip.If(OperatingSystem.IsWindows(), "has no shell for it");
        string quiet = Path.Combine(StateRoot, "photos", "schedule.quiet-tests");
        string job = WriteJob(("tests", new JsonArray(new JsonObject { ["level"] = "checksums", ["cron"] = "0 4 1 1 *" })));
        File.SetLastWriteTimeUtc(job, DateTime.UtcNow.AddHours(-1));

        Texts("Test-BackupDue $Path -Task Test -Scope User; Test-BackupDue $Path -Task Test -Scope User -Claim -WhatIf", job);
        Assert.False(File.Exists(quiet));
        Assert.Equal(["False"], Texts("Test-BackupDue $Path -Task Test -Scope User -Claim -Quiet", job));
        Assert.True(File.Exists(quiet));

        WriteJob(("tests", new JsonArray(new JsonObject { ["level"] = "checksums", ["every"] = "30d" })));
        File.SetLastWriteTimeUtc(job, DateTime.UtcNow.AddHours(-1));
        Assert.Equal(["True"], Texts("Test-BackupDue $Path -Task Test -Scope User -Claim -Quiet", job));
        Assert.False(File.Exists(quiet));
    }

    // What it would use may be on a drive that sleeps.
    [SkippableFact]
    public void A_check_that_finds_nothing_due_does_not_look_at_what_the_job_would_use()
    {
        Skip.If(OperatingSystem.IsWindows(), "has modes");
        string patterns = WriteFile("drive/patterns", "x");
        File.SetUnixFileMode(patterns, (UnixFileMode)0b110_110_110);
        string job = WriteJob(("schedule", Schedule("0 0 1 1 *")), ("options.rsync.patternFiles", new JsonArray(patterns)));
        const string ask = "param($Path) Test-BackupDue $Path -Scope System -Claim -Quiet";

        Assert.Equal(["False"], Session.Run(ask, job).ThrowOnError().Objects.Select(answer => $"{answer}"));
        SetBack();
        SessionResult due = Session.Run(ask, job);
        Assert.Equal(["ScheduleUnsafe"], due.ErrorIds());
        Assert.Contains(patterns, due.Errors.Single().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expression_and_a_zone_stand_before_those_of_the_configuration()
    {
        string job = WriteJob(("schedule", Schedule("0 2 * * *")));

        SessionResult result = Session.Run(
            "param($Path) Test-BackupDue $Path -CronExpression '0 5 * * *' -TimeZone Asia/Tokyo -At 2026-01-01T00:00Z", job).ThrowOnError();

        Assert.Equal("Asia/Tokyo", result.Objects.Single().Text("TimeZone"));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 5, 0, 0, TimeSpan.FromHours(9)), result.Objects.Single().Properties["NextOccurrence"].Value);
    }

    [SkippableFact]
    public void What_is_registered_has_been_started_once_as_cron_starts_it_and_has_read_its_job()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        // A shell that does not start without this, as the one that is a .NET tool.
        WritePowerShell(
            "bin/pwsh", """[ -d "$DOTNET_ROOT/shared" ] && command -v dotnet || { echo "install .NET" >&2; exit 131; }""");
        WriteJob(("schedule", Schedule("0 2 * * *")));

        PSObject registered = Assert.Single(
            Session.Run("Register-BackupSchedule photos -Scheduler Cron -PassThru -WarningAction Ignore").ThrowOnError().Objects);

        Assert.Equal("Active", registered.Text("State"));
        Assert.Contains("'DOTNET_ROOT=/", File.ReadAllText(Folder.File("crontab")), StringComparison.Ordinal);
        Assert.Empty(Session.Texts("Get-BackupHistory | ForEach-Object RunId"));
    }

    [SkippableTheory]
    [InlineData("echo 'You must install .NET to run this application.' >&2; exit 131", "code 131: You must install .NET")]
    [InlineData("exit 0", "it said nothing")]
    public void What_does_not_start_is_refused_and_what_was_registered_stays(string shell, string said)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule("0 2 * * *")));
        WriteScript("bin/pwsh", shell);

        SessionResult first = Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore");

        Assert.Equal(["ScheduleCheckFailed"], first.ErrorIds());
        Assert.Contains(said, first.Errors.Single().ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Folder.File("crontab")));
        Assert.False(File.Exists(Path.Combine(StateRoot, "photos", "schedule.json")));

        UseOwnSchedulers();
        Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore").ThrowOnError();
        string registered = File.ReadAllText(Folder.File("crontab"));
        WriteScript("bin/pwsh", shell);
        SessionResult second = Session.Run(
            "Register-BackupSchedule photos -Scheduler Cron -CronExpression '1 1 * * *' -WarningAction Ignore");

        Assert.Equal(["ScheduleCheckFailed"], second.ErrorIds());
        Assert.Equal(registered, File.ReadAllText(Folder.File("crontab")));
        Assert.Equal(["Active"], Session.Texts("(Get-BackupSchedule).State"));
    }

    [SkippableFact]
    public void A_job_that_the_scheduler_s_account_cannot_find_is_refused_with_what_the_launcher_says()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        // As if the account had other job folders.
        WritePowerShell("bin/pwsh", """set -- "${@/RSYNCS3BACKUP_JOBS=*/RSYNCS3BACKUP_JOBS=/nowhere}" """);
        WriteJob(("schedule", Schedule("0 2 * * *")));

        SessionResult result = Session.Run("Register-BackupSchedule photos -Scheduler Cron -WarningAction Ignore");

        Assert.Equal(["ScheduleCheckFailed"], result.ErrorIds());
        Assert.Contains("code 5: JobNotFound", result.Errors.Single().ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Folder.File("crontab")));
    }

    [SkippableTheory]
    [InlineData("", null, true)]
    // Whatever else would give credentials.
    [InlineData("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", null, false)]
    [InlineData("[other]\naws_access_key_id = a\naws_secret_access_key = b\n", null, true)]
    [InlineData("[other]\naws_access_key_id = a\naws_secret_access_key = b\n", "AWS_PROFILE=other", false)]
    [InlineData("", "AWS_ROLE_ARN=arn:aws:iam::1:role/x AWS_WEB_IDENTITY_TOKEN_FILE=/run/token", false)]
    // Whatever needs none, or has none here either.
    [InlineData("", "options.rsync.syncToS3.enabled", false)]
    [InlineData("", "destination.profile", false)]
    [InlineData("", "AWS_SECRET_ACCESS_KEY=", false)]
    public void Keys_that_only_this_session_has_are_told_of_at_registration(string profiles, string? change, bool isTold)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        File.WriteAllText(CredentialsFile, profiles);
        SetEnvironment("AWS_ACCESS_KEY_ID", "AKIDHIDDEN");
        SetEnvironment("AWS_SECRET_ACCESS_KEY", "hidden");
        foreach (string[] pair in (change ?? "").Split(' ').Select(word => word.Split('=')).Where(pair => pair.Length == 2))
            SetEnvironment(pair[0], pair[1].Length == 0 ? null : pair[1]);
        WriteJob(change switch
        {
            "options.rsync.syncToS3.enabled" => [("schedule", Schedule("0 2 * * *")), (change, false)],
            "destination.profile" => [("schedule", Schedule("0 2 * * *")), (change, "another")],
            _ => [("schedule", Schedule("0 2 * * *"))],
        });

        string[] warnings = RegisterForWarnings();

        Assert.Equal(isTold, warnings.Any(warning => warning.Contains("will have no credentials", StringComparison.Ordinal)));
        string crontab = File.ReadAllText(Folder.File("crontab"));
        Assert.DoesNotContain("hidden", string.Concat(warnings) + crontab, StringComparison.OrdinalIgnoreCase);
    }

    [SkippableFact]
    public void An_endpoint_with_a_password_is_told_of_and_reaches_no_crontab()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        SetEnvironment("AWS_ENDPOINT_URL_S3", "https://me:hidden@s3.example.com");
        SetEnvironment("AWS_ENDPOINT_URL", "https://plain.example.com");
        WriteJob(("schedule", Schedule("0 2 * * *")), ("destination.endpointUrl", null));

        string[] warnings = RegisterForWarnings();

        Assert.Single(warnings, warning => warning.StartsWith("AWS_ENDPOINT_URL_S3 does not go along", StringComparison.Ordinal));
        string crontab = File.ReadAllText(Folder.File("crontab"));
        Assert.DoesNotContain("hidden", string.Concat(warnings) + crontab, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("'AWS_ENDPOINT_URL=https://plain.example.com'", crontab, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Cron_starts_nothing_for_a_drive_and_tests_need_none()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no cron");
        UseOwnSchedulers();
        WriteJob(("schedule", Schedule("0 2 * * *")));

        SessionResult cron = Session.Run("Register-BackupSchedule photos -Scheduler Cron -OnDrive -WarningAction Ignore");

        Assert.Equal(["ScheduleNotExpressible"], cron.ErrorIds());
        Assert.Contains("Start-BackupSchedule 'photos'", cron.Errors.Single().ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.False(File.Exists(Folder.File("crontab")));
        Assert.Equal(["InvalidParameter"], Session.Run("Register-BackupSchedule photos -Task Test -OnDrive").ErrorIds());
        Assert.Equal(["InvalidParameter"], Session.Run("Test-BackupDue photos -Task Test -OnDrive").ErrorIds());
    }

    private string[] RegisterForWarnings() => Session.Texts(
        "Register-BackupSchedule photos -Scheduler Cron -WarningVariable told -WarningAction SilentlyContinue\n"
        + "$told.ForEach{ \"$_\" }");

    private static JsonObject Schedule(string expression) => new() { ["cronExpression"] = expression, ["timezone"] = "UTC" };

    private IReadOnlyList<string> Texts(string command, string job) =>
        [.. Session.Run("param($Path) " + command, job).ThrowOnError().Objects.Select(item => item.ToString())];

    // As if the last claim had been long ago.
    private void SetBack()
    {
        string file = Path.Combine(StateRoot, "photos", "schedule.json");
        JsonNode memory = JsonNode.Parse(File.ReadAllText(file))!;
        memory["settled"] = "2000-06-01T00:00:00+00:00";
        File.WriteAllText(file, memory.ToJsonString());
    }
}
