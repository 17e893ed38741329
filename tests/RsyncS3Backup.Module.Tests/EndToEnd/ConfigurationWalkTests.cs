using System.Management.Automation;
using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Each key of a configuration file changes what rsync is asked or what S3 receives.</summary>
public sealed class ConfigurationWalkTests : EndToEndTest
{
    // What a run does not read, or what only shows at a time of the day or to the machine's power management: the editor's, the reader's, the
    // scheduler's, and those of the catalog and the transfer.
    private static readonly string[] WithoutEffectOnARun =
    [
        "$schema", "extends", "backupType", "schedule.cronExpression", "options.rsync.syncToS3.syncMode", "options.rsync.syncToS3.reconcileEvery",
        "options.rsync.syncToS3.bandwidthLimit", "options.rsync.syncToS3.timeout", "stopAt", "keepAwake",
    ];

    private string Record => Folder.File("rsync-arguments");

    [Fact]
    public void Every_key_of_the_schema_is_walked()
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.StagedModule, "schema", "backup-job.schema.json")))!;
        IEnumerable<string> walked = ((Type[])[typeof(ConfigurationWalkTests), typeof(NotificationWalkTests)]).SelectMany(tests => tests.GetMethods())
            .SelectMany(method => method.GetCustomAttributes<WalksAttribute>()).Select(attribute => attribute.Key);

        Assert.Equal(Leaves(schema, "").Order(StringComparer.Ordinal), walked.Concat(WithoutEffectOnARun).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Walks("name")]
    public void The_name_is_in_the_result_the_key_prefix_and_the_state_folder()
    {
        PSObject result = RunWell(("name", "Ferien 2026"), ("options.rsync.syncToS3.s3Prefix", null));

        Assert.Equal("Ferien 2026", result.Text("Name"));
        Assert.Equal(Files(Source), Objects("rsync/Ferien 2026/"));
        Assert.StartsWith("ferien_2026-", Path.GetFileName(Assert.Single(Directory.GetDirectories(StateRoot))), StringComparison.Ordinal);
    }

    [Fact]
    [Walks("maxAge")]
    public void A_job_is_overdue_when_its_last_good_run_is_older_than_the_job_says()
    {
        const string ask = "param($Path) (Test-BackupDue $Path -CronExpression '0 2 * * *').IsOverdue; (Get-BackupHistory photos -Last 1).IsOverdue";
        RunWell(("maxAge", "9d"));
        RunWell(("maxAge", "9d"));
        Assert.Equal(["False", "False"], Session.Texts(ask, WriteJob(("maxAge", "9d"))));

        Assert.Equal(["True", "True"], Session.Texts(ask, WriteJob(("maxAge", "00:00:00.0000001"))));
    }

    [Fact]
    [Walks("tests[].level")]
    [Walks("tests[].samplePercent")]
    [Walks("tests[].cron")]
    [Walks("tests[].every")]
    [Walks("tests[].maxAge")]
    public void The_tests_of_a_job_are_due_as_it_says_and_the_launcher_makes_those_that_are()
    {
        const string ask = "param($Path) Test-BackupDue $Path -Task Test | ForEach-Object { \"$($_.Level) $($_.SamplePercent) $($_.IsDue) $($_.IsOverdue)\" }";
        JsonArray tests =
        [
            new JsonObject { ["level"] = "restore", ["samplePercent"] = 50, ["every"] = "7d", ["maxAge"] = "00:00:00.0000001" },
            new JsonObject { ["level"] = "quick", ["cron"] = "0 0 1 1 *" },
        ];
        RunWell();
        string job = WriteJob(("tests", tests), ("schedule", new JsonObject { ["cronExpression"] = "0 2 * * *", ["timezone"] = "UTC" }));
        Assert.Equal(["Restore 50 True True", "Quick  False False"], Session.Texts(ask, job));

        SetEnvironment("AWS_ACCESS_KEY_ID", Server.AccessKey);
        SetEnvironment("AWS_SECRET_ACCESS_KEY", Server.SecretKey);
        string launcher = Path.Combine(Repository.StagedModule, "Scheduling", "Start-ScheduledBackup.ps1");
        const string launch = "param($Launcher, $Path) & $Launcher -ConfigPath $Path -Task Test; $LASTEXITCODE";
        Assert.Equal("0", Session.Texts(launch, launcher, job)[^1]);

        Assert.Equal(["Restore 50 False True", "Quick  False False"], Session.Texts(ask, job));
        PSObject test = Assert.Single(Session.Run("(Get-BackupHistory photos -Kind Test).Test").ThrowOnError().Objects);
        Assert.Equal(("Restore", "50"), (test.Text("Level"), test.Text("SamplePercent")));
    }

    [Fact]
    [Walks("historyRetention")]
    public void The_history_forgets_what_is_older_than_the_job_keeps()
    {
        RunWell();
        RunWell();
        Assert.Equal(2, Session.Run("Get-BackupHistory photos").ThrowOnError().Objects.Count);

        PSObject last = RunWell(("historyRetention", "00:00:00.0000001"));

        Assert.Equal([last.Text("RunId")], Session.Texts("(Get-BackupHistory photos).RunId"));
    }

    [Fact]
    [Walks("prices.currency")]
    [Walks("prices.table")]
    [Walks("prices.storage")]
    [Walks("prices.putRequests")]
    [Walks("prices.getRequests")]
    [Walks("prices.retrieval")]
    [Walks("prices.retrievalRequests")]
    [Walks("prices.transferOut")]
    [Walks("prices.minimumDays")]
    public void What_a_run_and_a_restore_cost_is_what_the_prices_say()
    {
        const long gigabyte = 1024 * 1024 * 1024;
        (string, JsonNode?)[] prices =
        [
            ("options.rsync.syncToS3.storageClass", "GLACIER"),
            ("prices.currency", "EUR"),
            ("prices.storage", new JsonObject { ["GLACIER"] = 3 * 0.5m }),
            ("prices.putRequests", new JsonObject { ["GLACIER"] = 1000 }),
            ("prices.getRequests", new JsonObject { ["GLACIER"] = 2000 }),
            ("prices.retrieval", new JsonObject { ["GLACIER"] = 7, ["GLACIER/Bulk"] = 8 }),
            ("prices.retrievalRequests", new JsonObject { ["GLACIER"] = 3000 }),
            ("prices.transferOut", 9),
            ("prices.minimumDays", new JsonObject { ["GLACIER"] = 90 }),
        ];
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[4 * 1024 * 1024]);
        PSObject stage2 = PSObject.AsPSObject(RunWell(prices).Properties["Stage2"].Value);
        PSObject cost = Assert.Single(Session.Run("param($Path) Get-BackupCost -ConfigPath $Path", WriteJob(prices)).ThrowOnError().Objects);
        long objects = (long)cost.Properties["Objects"].Value;
        decimal gigabytes = (decimal)(long)cost.Properties["Bytes"].Value / gigabyte;
        dynamic standard = ((IEnumerable<object>)cost.Properties["Restore"].Value).ElementAt(1);

        Assert.Equal(("EUR", "configuration"), (stage2.Text("Currency"), stage2.Text("PriceSource")));
        Assert.True((decimal)stage2.Properties["EstimatedRequestCost"].Value >= objects);
        Assert.Equal(Math.Round(1.5m * gigabytes, 6), cost.Properties["StorageCost"].Value);
        // Nearly three months of it.
        Assert.Equal(4.5 * (double)gigabytes, (double)(decimal)cost.Properties["EarlyDeletionCost"].Value, 4);
        Assert.Equal((objects * 2m) + (objects * 3m), standard.RequestCost);
        Assert.Equal(Math.Round(7 * gigabytes, 6), standard.RetrievalCost);
        Assert.Equal(Math.Round(9 * gigabytes, 6), standard.TransferCost);

        // In dollars, and without the table.
        stage2 = PSObject.AsPSObject(RunWell(("prices.table", "none")).Properties["Stage2"].Value);
        Assert.Equal(("USD", "configuration"), (stage2.Text("Currency"), stage2.Text("PriceSource")));
        Assert.Equal(0m, stage2.Properties["EstimatedRequestCost"].Value);
        stage2 = PSObject.AsPSObject(RunWell().Properties["Stage2"].Value);
        Assert.Equal(("USD", "AWS us-east-1, 2026-06"), (stage2.Text("Currency"), stage2.Text("PriceSource")));
    }

    [Fact]
    [Walks("retry.attempts")]
    [Walks("retry.delay")]
    public void Stage_2_is_tried_as_often_as_the_job_says_and_waits_as_long()
    {
        Server.Store.Put(BucketName, Prefix + "old", "x"u8.ToArray());
        Server.Faults.Add(new FaultRule { Operation = "ListObjectsV2", Kind = FaultKind.TruncatedList, Times = int.MaxValue });

        SessionResult result = Session.Run(
            "param($Path) Invoke-RsyncToS3Backup $Path @keys -Verbose",
            WriteJob(("retry.attempts", 4), ("retry.delay", "00:00:00.0010000")));

        Assert.Equal(4, Assert.Single(result.Objects).Read("Stage2.Attempts"));
        Assert.Equal(
            ["2 of 4 begins in 1 ms", "3 of 4 begins in 2 ms", "4 of 4 begins in 4 ms"],
            result.Verbose.Where(message => message.Contains(" begins in ", StringComparison.Ordinal)).Select(message => message[(message.IndexOf("attempt ", StringComparison.Ordinal) + 8)..^1]));
        Assert.Equal(["S3ListingIncomplete"], result.ErrorIds());
    }

    [Fact]
    [Walks("log.system")]
    public void The_system_log_is_told_or_the_runs_log_says_why_not()
    {
        string[] sockets = ["/run/systemd/journal/socket", "/dev/log", "/var/run/syslog"];

        PSObject result = RunWell(("log.system", true));

        bool isTold = !File.ReadAllText(result.Text("LogPath")).Contains("system's log is not told", StringComparison.Ordinal);
        Assert.Equal(isTold, sockets.Any(File.Exists));
    }

    [Fact]
    [Walks("metrics.path")]
    public void Each_run_leaves_its_metrics_and_a_failed_one_looks_failed()
    {
        string folder = Folder.Folder("metrics");
        PSObject result = RunWell(("metrics.path", folder));

        string path = Path.Combine(folder, "rsyncs3backup-photos.prom");
        string good = File.ReadAllText(path);
        Assert.Contains("status=\"succeeded\"} 1\n", good, StringComparison.Ordinal);
        Assert.Contains($"requests_total{{backup_job=\"photos\",host=\"{Environment.MachineName}\",operation=\"put\"}} "
            + $"{result.Read("Stage2.Requests.Put")}\n", good, StringComparison.Ordinal);

        Directory.Delete(Source, recursive: true);
        Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys", WriteJob(("metrics.path", folder)));
        string failed = File.ReadAllText(path);
        Assert.Contains("status=\"succeeded\"} 0\n", failed, StringComparison.Ordinal);
        Assert.Equal(Line(good, "last_success"), Line(failed, "last_success"));
        Assert.Equal([path], Directory.GetFiles(folder));

        static string Line(string text, string name) =>
            Assert.Single(text.Split('\n'), line => line.StartsWith("rsyncs3backup_" + name, StringComparison.Ordinal));
    }

    [Fact]
    [Walks("sources[].path")]
    [Walks("sources[].name")]
    public void Several_sources_go_to_folders_of_their_own()
    {
        WriteFile("other/c.txt", "other");

        RunWell(("sources", new JsonArray(
            new JsonObject { ["path"] = Source }, new JsonObject { ["path"] = Folder.File("other"), ["name"] = "renamed" })));

        Assert.Equal(["renamed", "source"], Directory.GetDirectories(Mirror).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("other", Objects()["renamed/c.txt"]);
        Assert.Equal("first", Objects()["source/a.txt"]);
    }

    [Fact]
    [Walks("sources[].ssh.port")]
    [Walks("sources[].ssh.identityFile")]
    [Walks("sources[].ssh.knownHostsFile")]
    [Walks("sources[].ssh.connectTimeout")]
    public void How_ssh_reaches_a_source_is_what_rsync_gets()
    {
        JsonObject ssh = new()
        {
            // Nothing listens there, so the run ends after its first question.
            ["port"] = 1,
            ["identityFile"] = WriteFile("id", "no key"),
            ["knownHostsFile"] = WriteFile("hosts", ""),
            ["connectTimeout"] = "7s",
        };

        SessionResult result = Run(("sources", new JsonArray(new JsonObject { ["path"] = "me@127.0.0.1:/data", ["ssh"] = ssh })), ("retry.attempts", 1));

        Assert.Equal(["RemoteUnreachable"], result.ErrorIds());
        string shell = Assert.Single(Arguments(), argument => argument.StartsWith("--rsh=", StringComparison.Ordinal));
        Assert.Contains(" -oConnectTimeout=7 ", shell, StringComparison.Ordinal);
        Assert.Contains(" -oPort=1 ", shell, StringComparison.Ordinal);
        Assert.Contains($"-oIdentityFile=\"{Folder.File("id")}\"", shell, StringComparison.Ordinal);
        Assert.Contains($"-oUserKnownHostsFile=\"{Folder.File("hosts")}\"", shell, StringComparison.Ordinal);
        Assert.Equal("me@127.0.0.1:/data/", Arguments()[^1]);
    }

    [Fact]
    [Walks("sources[].passwordFile")]
    public void The_password_file_of_a_daemon_is_what_rsync_gets()
    {
        string file = WriteFile("password", "secret");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        SessionResult result = Run(("sources", new JsonArray(new JsonObject { ["path"] = "rsync://me@127.0.0.1:1/data", ["passwordFile"] = file })), ("retry.attempts", 1));

        Assert.Equal(["RemoteUnreachable"], result.ErrorIds());
        Assert.Contains("--password-file=" + file, Arguments());
        Assert.Equal("rsync://me@127.0.0.1:1/data/", Arguments()[^1]);
    }

    [Fact]
    [Walks("options.rsync.localDestination")]
    [Walks("options.rsync.rsyncPath")]
    public void The_destination_is_what_the_given_rsync_gets()
    {
        string elsewhere = Folder.File("elsewhere");

        RunWell(("options.rsync.localDestination", elsewhere));

        Assert.Equal([Source + "/", elsewhere + "/"], Arguments()[^2..]);
        Assert.Equal(Files(Source), Files(elsewhere));
        Assert.False(Directory.Exists(Mirror));
    }

    [Theory]
    [Walks("options.rsync.deleteExtraneous")]
    [InlineData(true)]
    [InlineData(false)]
    public void Deletion_is_asked_of_rsync_when_it_is_on(bool value)
    {
        RunWell(("options.rsync.deleteExtraneous", value));

        Assert.Equal(value, Arguments().Any(argument => argument.StartsWith("--delete", StringComparison.Ordinal)));
    }

    [Theory]
    [Walks("options.rsync.deleteExcluded")]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_excluded_is_deleted_by_rsync_when_that_is_on(bool value)
    {
        RunWell(("options.rsync.deleteExtraneous", true), ("options.rsync.deleteExcluded", value));

        Assert.Equal(value, Arguments().Contains("--delete-excluded"));
    }

    [Theory]
    [Walks("options.rsync.onPartial")]
    [InlineData("stop", "Failed", false)]
    [InlineData("continue", "SucceededWithWarnings", true)]
    public void A_file_that_rsync_could_not_copy_keeps_the_others_from_S3_or_does_not(string value, string status, bool sends)
    {
        string rsync = WriteScript("partial-rsync", """
            [ "$1" = --version ] && exec rsync --version
            rsync "$@"
            echo 'rsync: [sender] send_files failed to open "/some/file": Permission denied (13)' >&2
            exit 23
            """);

        SessionResult result = Session.Run(
            "param($Path) Invoke-RsyncToS3Backup $Path @keys", WriteJob(("options.rsync.rsyncPath", rsync), ("options.rsync.onPartial", value)));

        Assert.Equal(status, result.Objects[0].Text("Status"));
        Assert.Equal(sends ? Files(Source) : [], Objects());
        Assert.Contains("RsyncItemFailed", result.ErrorIds());
    }

    [Theory]
    [Walks("options.rsync.hardLinks")]
    [InlineData(true)]
    [InlineData(false)]
    public void Hard_links_are_asked_of_rsync_when_they_are_on(bool value)
    {
        RunWell(("options.rsync.hardLinks", value));

        Assert.Equal(value, Arguments().Contains("--hard-links"));
    }

    [Fact]
    [Walks("options.rsync.excludePatterns")]
    public void Exclude_patterns_reach_rsync_as_they_are()
    {
        RunWell(("options.rsync.excludePatterns", new JsonArray("*.tmp", "/sub/100% + *")));
        Assert.Equal(["--exclude=/.rsyncs3backup.json", "--exclude=/.rsyncs3backup.lock", "--exclude=*.tmp", "--exclude=/sub/100% + *"],
            Arguments().Where(argument => argument.StartsWith("--exclude", StringComparison.Ordinal)).Distinct());
        Assert.Equal(["a.txt", "sub/b.txt"], Files(Mirror).Keys);
        Assert.Equal(["a.txt", "sub/b.txt"], Objects().Keys);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("options.rsync.includePatterns")]
    [Walks("options.rsync.acls")]
    [Walks("options.rsync.extendedAttributes")]
    [Walks("options.rsync.checksum")]
    [Walks("options.rsync.checksumEvery")]
    [Walks("options.rsync.bandwidthLimit")]
    [Walks("options.rsync.numericIds")]
    [Walks("options.rsync.ownership")]
    [Walks("options.rsync.inplace")]
    [Walks("options.rsync.sparse")]
    [Walks("options.rsync.extraArguments")]
    [InlineData("includePatterns", """["*.txt"]""", "--include=*.txt")]
    [InlineData("acls", "true", "--acls")]
    [InlineData("extendedAttributes", "true", "--xattrs")]
    [InlineData("checksum", "true", "--checksum")]
    [InlineData("checksumEvery", "\"30d\"", "--checksum")]
    [InlineData("bandwidthLimit", "\"1GiB\"", "--bwlimit=1048576")]
    [InlineData("bandwidthLimit", "\"00:00 2GiB, 12:00 2GiB\"", "--bwlimit=2097152")]
    [InlineData("numericIds", "true", "--numeric-ids")]
    [InlineData("ownership", "\"ignore\"", "--no-owner")]
    [InlineData("inplace", "true", "--inplace")]
    [InlineData("sparse", "true", "--sparse")]
    [InlineData("extraArguments", """["--timeout=60"]""", "--timeout=60")]
    public void An_option_is_asked_of_rsync_when_it_is_set(string key, string value, string argument)
    {
        RunWell();
        Assert.DoesNotContain(argument, Arguments());
        File.Delete(Record);

        RunWell(("options.rsync." + key, JsonNode.Parse(value)));

        Assert.Contains(argument, Arguments());
    }

    [Fact]
    [Walks("options.rsync.syncToS3.maxUpload")]
    public void A_run_sends_no_more_than_a_day_may()
    {
        foreach (string name in (string[])["large1", "large2", "large3"])
            File.WriteAllBytes(Path.Combine(Source, name), new byte[500_000]);

        PSObject result = RunWell(("options.rsync.syncToS3.maxUpload", "1MiB"));

        Assert.Equal("Paused", result.Text("Status"));
        Assert.True((long)PSObject.AsPSObject(result.Properties["Stage2"].Value).Properties["TransferredBytes"].Value is > 500_000 and <= 1 << 20);
    }

    [Fact]
    [Walks("options.rsync.patternFiles")]
    [Walks("sources[].excludePatterns")]
    public void Patterns_of_a_file_and_of_a_source_leave_out_what_they_name()
    {
        RunWell(
            ("options.rsync.patternFiles", new JsonArray(WriteFile("patterns", "b.txt\n"))),
            ("sources", new JsonArray(new JsonObject { ["path"] = Source, ["excludePatterns"] = new JsonArray("a.txt") })));

        Assert.DoesNotContain("a.txt", Objects().Keys);
        Assert.DoesNotContain("sub/b.txt", Objects().Keys);
        Assert.NotEmpty(Objects());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("options.rsync.maxDelete")]
    [InlineData(0, 3)]
    [InlineData(1, 0)]
    public void A_limit_of_deletions_holds(int limit, int exitCode)
    {
        RunWell();
        File.Delete(Path.Combine(Source, "a.txt"));

        SessionResult result = Run(("options.rsync.maxDelete", limit));

        Assert.Equal(exitCode, Assert.Single(result.Objects).ExitCode());
        Assert.Equal(exitCode != 0, File.Exists(Path.Combine(Mirror, "a.txt")));
        Assert.Equal(exitCode != 0, Objects().ContainsKey("a.txt"));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("options.rsync.maxChange")]
    [InlineData("0", 3)]
    [InlineData("0% or 1", 0)]
    public void A_limit_of_changes_holds(string limit, int exitCode)
    {
        RunWell();
        string before = Objects()["a.txt"];
        File.WriteAllText(Path.Combine(Source, "a.txt"), "other content than before");

        SessionResult result = Run(("options.rsync.maxChange", limit));

        Assert.Equal(exitCode, Assert.Single(result.Objects).ExitCode());
        Assert.Equal(exitCode != 0, Objects()["a.txt"] == before);
    }

    [SkippableFact]
    [Walks("options.rsync.requireMountPoint")]
    public void A_mount_point_is_demanded()
    {
        bool isMounted = DriveInfo.GetDrives().Select(drive => drive.RootDirectory.FullName)
            .Any(root => root != "/" && Folder.Path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal));
        Skip.If(isMounted, "The temporary folder is on a drive of its own here.");

        Assert.Equal(["DestinationNotMounted"], Run(("options.rsync.requireMountPoint", true)).ErrorIds());
        Assert.False(Directory.Exists(Mirror));
    }

    [Theory]
    [Walks("options.rsync.drives")]
    [InlineData(2)]
    [InlineData(1)]
    public void A_drive_that_takes_turns_is_marked_with_the_number_of_its_turn(int value)
    {
        RunWell(("options.rsync.deleteExtraneous", true), ("options.rsync.deleteExcluded", true), ("options.rsync.drives", value));

        Assert.Equal(value > 1, File.ReadAllText(Path.Combine(Mirror, ".rsyncs3backup.json")).Contains("\"turn\": 1", StringComparison.Ordinal));
    }

    // As far as the job remembers, the folder above the mirror is on another drive than the mirror was.
    private void Unplug()
    {
        string memory = Assert.Single(Directory.GetFiles(StateRoot, "mirror.json", SearchOption.AllDirectories));
        JsonNode known = JsonNode.Parse(File.ReadAllText(memory))!;
        known["drive"]!["place"] = "another";
        File.WriteAllText(memory, known.ToJsonString());
        Directory.Move(Mirror, Mirror + ".away");
    }

    [Theory]
    [Walks("options.rsync.whenAbsent")]
    [InlineData("skip", 0)]
    [InlineData("fail", 3)]
    public void A_drive_that_is_away_is_a_failure_or_not(string value, int exitCode)
    {
        RunWell();
        Unplug();

        SessionResult result = Run(("options.rsync.whenAbsent", value));

        Assert.Equal(exitCode, Assert.Single(result.Objects).ExitCode());
        Assert.Equal(exitCode == 0 ? [] : ["DestinationNotMounted"], result.ErrorIds());
    }

    [Fact]
    [Walks("options.rsync.wakeWait")]
    public void A_drive_is_waited_for()
    {
        RunWell();
        Unplug();
        Task plugged = Task.Delay(300).ContinueWith(_ => Directory.Move(Mirror + ".away", Mirror), TaskScheduler.Default);

        RunWell(("options.rsync.wakeWait", "1m"));

        Assert.True(plugged.IsCompletedSuccessfully);
    }

    [Theory]
    [Walks("options.rsync.syncToS3.enabled")]
    [InlineData(true)]
    [InlineData(false)]
    public void Stage_2_sends_requests_only_when_it_is_enabled(bool value)
    {
        RunWell(("options.rsync.syncToS3.enabled", value));

        Assert.Equal(value, Server.Requests.Total > 0);
    }

    [Theory]
    [Walks("options.rsync.syncToS3.storageClass")]
    [InlineData("GLACIER_IR")]
    [InlineData("ONEZONE_IA")]
    public void The_storage_class_is_that_of_small_and_large_objects(string value)
    {
        // A multipart upload says its class in another request than a small one.
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);

        RunWell(("options.rsync.syncToS3.storageClass", value));

        Assert.Equal([value], Sent().Select(item => item.StorageClass).Distinct());
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("options.rsync.syncToS3.s3Prefix")]
    [InlineData("deep/in/here/", "deep/in/here/")]
    [InlineData("no-slash", "no-slash/")]
    [InlineData("", "")]
    public void Keys_start_with_the_prefix(string value, string prefix)
    {
        RunWell(("options.rsync.syncToS3.s3Prefix", value));

        Assert.Equal(Files(Source), Objects(prefix));
        Assert.Equal(Server.Store.Count(BucketName), Server.Store.Keys(BucketName, prefix).Count);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("options.rsync.syncToS3.keepLast")]
    [Walks("options.rsync.syncToS3.keepDaily")]
    [Walks("options.rsync.syncToS3.keepWeekly")]
    [Walks("options.rsync.syncToS3.keepMonthly")]
    [Walks("options.rsync.syncToS3.keepYearly")]
    [InlineData("keepLast", "2020-12-31-06")]
    [InlineData("keepDaily", "2020-12-30-12")]
    [InlineData("keepWeekly", "2020-12-10-12")]
    [InlineData("keepMonthly", "2020-03-01-12")]
    [InlineData("keepYearly", "2019-06-01-12")]
    public void Each_rule_keeps_snapshots_of_its_own(string key, string third)
    {
        const string last = "2020-12-31-12";
        string[] all = ["2018-06-01-12", "2019-06-01-12", "2020-03-01-12", "2020-12-10-12", "2020-12-30-12", "2020-12-31-06"];
        int index = Array.IndexOf(all, third);
        // Three of them go, those that the other rules would keep first: one run always prunes three.
        string[] going = [.. all[(index + 1)..].Concat(all[..index].Reverse()).Take(3)];
        foreach (string date in (string[])[.. going, third, last])
        {
            string manifest = $$"""
                { "status": "complete", "job": "photos", "time": "{{date[..10]}}T{{date[11..]}}:30:00Z", "moduleVersion": "1.0.0" }
                """;
            Server.Store.Put(BucketName, $"rsync/{date}/.rsyncs3backup-snapshot.json", System.Text.Encoding.UTF8.GetBytes(manifest));
            Server.Store.Put(BucketName, $"rsync/{date}/a.txt", "old"u8);
        }

        PSObject result = RunWell(("options.rsync.syncToS3.s3Prefix", "rsync/{yyyy-MM-dd-HH}/"), ("options.rsync.syncToS3." + key, 3));

        string today = result.Text("Stage2.KeyPrefix")["rsync/".Length..^1];
        Assert.Equal(
            [third, last, today],
            Server.Store.Keys(BucketName).Select(item => item.Split('/')[1]).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [Walks("options.rsync.syncToS3.deleteFromS3")]
    [InlineData(true)]
    [InlineData(false)]
    public void Objects_under_the_prefix_are_deleted_when_deletion_is_on(bool value)
    {
        string gone = WriteFile("source/gone.txt", "gone");
        (string, JsonNode?)[] settings = [("options.rsync.deleteExtraneous", true), ("options.rsync.syncToS3.deleteFromS3", value)];
        RunWell(settings);
        File.Delete(gone);
        Server.Store.Put(BucketName, "rsync/photos.txt", "not under the prefix"u8);

        RunWell(settings);

        Assert.Equal(value ? 1 : 0, Server.Requests["DeleteObjects"]);
        Assert.Equal(!value, Objects().ContainsKey("gone.txt"));
        Assert.NotNull(Server.Store.Find(BucketName, "rsync/photos.txt"));
    }

    [Theory]
    [Walks("options.rsync.syncToS3.deleteAfter")]
    [InlineData("30d")]
    [InlineData(null)]
    public void What_is_gone_stays_in_the_bucket_for_as_long_as_the_job_says(string? value)
    {
        string gone = WriteFile("source/gone.txt", "gone");
        (string, JsonNode?)[] settings =
        [
            ("options.rsync.deleteExtraneous", true), ("options.rsync.syncToS3.deleteFromS3", true), ("options.rsync.syncToS3.deleteAfter", value),
        ];
        RunWell(settings);
        File.Delete(gone);

        PSObject result = RunWell(settings);

        Assert.Equal(value is null ? 0 : 1, result.Number("Stage2.Postponed"));
        Assert.Equal(value is not null, Objects().ContainsKey("gone.txt"));
    }

    [Fact]
    [Walks("options.rsync.syncToS3.lifecycle.transitions[].afterDays")]
    [Walks("options.rsync.syncToS3.lifecycle.transitions[].storageClass")]
    [Walks("options.rsync.syncToS3.lifecycle.smallestSize")]
    [Walks("options.rsync.syncToS3.lifecycle.noncurrentVersions.expireAfterDays")]
    [Walks("options.rsync.syncToS3.lifecycle.noncurrentVersions.keepNewest")]
    [Walks("options.rsync.syncToS3.lifecycle.noncurrentVersions.transitions[].afterDays")]
    [Walks("options.rsync.syncToS3.lifecycle.noncurrentVersions.transitions[].storageClass")]
    [Walks("options.rsync.syncToS3.lifecycle.abortUnfinishedUploadsAfterDays")]
    public void The_bucket_gets_the_rules_that_the_job_asks_for()
    {
        string job = WriteJob(("options.rsync.syncToS3.lifecycle", JsonNode.Parse(
            """
            {
              "transitions": [{ "afterDays": 91, "storageClass": "GLACIER_IR" }],
              "smallestSize": 4097,
              "noncurrentVersions": {
                "expireAfterDays": 183, "keepNewest": 3, "transitions": [{ "afterDays": 32, "storageClass": "STANDARD_IA" }]
              },
              "abortUnfinishedUploadsAfterDays": 5
            }
            """)));

        string screen = Session.Render("param($Path) Set-BackupLifecycle -ConfigPath $Path -WhatIf @keys", job);

        foreach (string line in (string[])
            [
                "to GLACIER_IR after 91 days", "more than 4096 bytes", "old versions expire after 183 days, but for the newest 3",
                "old versions to STANDARD_IA after 32 days", "unfinished uploads are given up after 5 days",
            ])
            Assert.Contains(line, screen, StringComparison.Ordinal);
    }

    [Theory]
    [Walks("options.rsync.syncToS3.protection.requireVersioning")]
    [InlineData(true)]
    [InlineData(false)]
    public void A_run_is_refused_when_the_bucket_must_keep_versions_and_keeps_none(bool value)
    {
        WriteFile("source/a.txt", "a");

        PSObject result = Assert.Single(Run(("options.rsync.syncToS3.protection.requireVersioning", value)).Objects);

        Assert.Equal(value ? "ProtectionMissing" : "", result.Text("Error.Id"));
        Assert.Equal(!value, Objects().ContainsKey("a.txt"));
    }

    [Theory]
    [Walks("options.rsync.syncToS3.protection.objectLock.mode")]
    [Walks("options.rsync.syncToS3.protection.objectLock.days")]
    [InlineData("governance", 10)]
    [InlineData("compliance", 20)]
    public void Objects_are_locked_as_the_job_says(string mode, int days)
    {
        Server.Store.SetObjectLock(BucketName);
        WriteFile("source/a.txt", "a");
        DateTimeOffset before = DateTimeOffset.UtcNow;

        RunWell(("options.rsync.syncToS3.protection", new JsonObject { ["objectLock"] = new JsonObject { ["mode"] = mode, ["days"] = days } }));

        ObjectLock found = Server.Store.Objects(BucketName).Single(item => item.Key.EndsWith("/a.txt", StringComparison.Ordinal)).Lock!;
        Assert.Equal(mode.ToUpperInvariant(), found.Mode);
        Assert.InRange(found.Until, before.AddDays(days).AddSeconds(-1), DateTimeOffset.UtcNow.AddDays(days));
    }

    [Theory]
    [Walks("options.rsync.syncToS3.protection.objectLock.renew")]
    [InlineData(true)]
    [InlineData(false)]
    public void Locks_are_renewed_unless_the_job_says_no(bool value)
    {
        Server.Store.SetObjectLock(BucketName);
        WriteFile("source/a.txt", "a");
        RunWell();

        PSObject result = RunWell(("options.rsync.syncToS3.protection", new JsonObject
        {
            ["objectLock"] = new JsonObject { ["mode"] = "governance", ["days"] = 10, ["renew"] = value },
        }));

        Assert.Equal(value ? Objects().Count : 0, result.Number("Stage2.Renewed"));
    }

    [SkippableTheory]
    [Walks("options.rsync.syncToS3.archivedAttributes")]
    [InlineData("keep")]
    [InlineData("upload")]
    public void New_attributes_of_an_archived_object_are_kept_or_sent_with_the_file(string value)
    {
        Skip.If(OperatingSystem.IsWindows(), "has modes");
        string changed = WriteFile("source/changed.txt", "changed");
        (string, JsonNode?)[] settings =
            [("options.rsync.syncToS3.storageClass", "DEEP_ARCHIVE"), ("options.rsync.syncToS3.archivedAttributes", value)];
        RunWell(settings);
        File.SetUnixFileMode(changed, UnixFileMode.UserRead);

        PSObject result = RunWell(settings);

        Assert.Equal(value == "keep" ? 1 : 0, result.Number("Stage2.PendingAttributes"));
        Assert.Equal(value == "keep" ? 0 : "changed".Length, result.Number("Stage2.TransferredBytes"));
    }

    [Fact]
    [Walks("options.rsync.syncToS3.smallObjectStorageClass")]
    public void Small_objects_go_to_a_class_of_their_own()
    {
        File.WriteAllBytes(Path.Combine(Source, "small.bin"), new byte[(128 * 1024) - 1]);
        File.WriteAllBytes(Path.Combine(Source, "enough.bin"), new byte[128 * 1024]);

        RunWell(("options.rsync.syncToS3.storageClass", "STANDARD_IA"), ("options.rsync.syncToS3.smallObjectStorageClass", "STANDARD"));

        Assert.Equal("STANDARD", Server.Store.Find(BucketName, Prefix + "small.bin")!.StorageClass);
        Assert.Equal("STANDARD_IA", Server.Store.Find(BucketName, Prefix + "enough.bin")!.StorageClass);
    }

    [Theory]
    [Walks("options.rsync.syncToS3.directoryMarkers")]
    [InlineData("empty", "hollow/")]
    [InlineData("all", "hollow/", "sub/")]
    [InlineData("none")]
    public void Folders_get_markers_as_asked(string value, params string[] expected)
    {
        Directory.CreateDirectory(Path.Combine(Source, "hollow"));

        RunWell(("options.rsync.syncToS3.directoryMarkers", value));

        Assert.Equal(expected.Select(key => Prefix + key), Server.Store.Keys(BucketName, Prefix).Where(key => key.EndsWith('/')));
        Assert.All(expected, key =>
            Assert.Equal("application/x-directory", Server.Store.Find(BucketName, Prefix + key)!.Headers["Content-Type"]));
    }

    [Fact]
    [Walks("options.rsync.syncToS3.excludePatterns")]
    public void What_is_excluded_from_S3_is_in_the_mirror_only_and_its_objects_are_deleted()
    {
        WriteFile("source/sub/c.iso", "image");
        RunWell();
        Assert.Contains("sub/c.iso", Objects().Keys);

        RunWell(("options.rsync.syncToS3.excludePatterns", new JsonArray("*.iso")), ("options.rsync.syncToS3.deleteFromS3", true));

        Assert.Contains("sub/c.iso", Files(Mirror).Keys);
        Assert.Equal(Files(Mirror).Keys.Where(key => key != "sub/c.iso"), Objects().Keys);
    }

    [Fact]
    [Walks("options.rsync.syncToS3.tags")]
    public void Every_object_gets_the_tags()
    {
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);

        RunWell(("options.rsync.syncToS3.tags", new JsonObject { ["team"] = "a + b = c", ["größe"] = "" }));

        Assert.All(Server.Store.Objects(BucketName), item =>
            Assert.Equal(new Dictionary<string, string> { ["team"] = "a + b = c", ["größe"] = "" }, item.Tags));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [Walks("destination.encryption.mode")]
    [Walks("destination.encryption.kmsKeyId")]
    [Walks("destination.encryption.bucketKey")]
    [InlineData("SSE-S3", null, null, "AES256")]
    [InlineData("SSE-KMS", "alias/backup", true, "aws:kms")]
    [InlineData("DSSE-KMS", "1234abcd", null, "aws:kms:dsse")]
    public void Every_object_is_encrypted_as_asked(string mode, string? key, bool? bucketKey, string expected)
    {
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);
        JsonObject encryption = new() { ["mode"] = mode };
        if (key is not null)
            encryption["kmsKeyId"] = key;
        if (bucketKey is not null)
            encryption["bucketKey"] = bucketKey;

        RunWell(("destination.encryption", encryption));

        Assert.All(Server.Store.Objects(BucketName), item =>
            Assert.Equal((expected, key, bucketKey ?? false), (item.Encryption, item.EncryptionKey, item.BucketKey)));
    }

    [Fact]
    [Walks("destination.expectedBucketOwner")]
    public void The_expected_owner_goes_with_every_request()
    {
        string gone = WriteFile("source/gone.txt", "gone");
        (string, JsonNode?)[] settings =
        [
            ("destination.expectedBucketOwner", "123456789012"), ("options.rsync.deleteExtraneous", true),
            ("options.rsync.syncToS3.deleteFromS3", true),
        ];
        RunWell(settings);
        File.Delete(gone);
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);
        WriteFile("source/a.txt", "other");

        RunWell(settings);

        Assert.Equal(1, Server.Requests["DeleteObjects"]);
        Assert.Equal(1, Server.Requests["CompleteMultipartUpload"]);
        Assert.All(Server.GetRequestLog(), request =>
            Assert.Equal((request.Operation, "123456789012"), (request.Operation, request.ExpectedBucketOwner)));
    }

    [Fact]
    [Walks("destination.requesterPays")]
    public void Who_pays_is_said_with_every_request()
    {
        string gone = WriteFile("source/gone.txt", "gone");
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);
        FaultRule silent = Server.Faults.Add(
            FaultRule.Refusal(null, 403, "AccessDenied", request => request.Headers["x-amz-request-payer"] != "requester"));
        RunWell(("destination.requesterPays", true));
        File.Delete(gone);

        RunWell(("destination.requesterPays", true));

        Assert.Equal((0, 1L, 1L), (silent.Fired, Server.Requests["DeleteObjects"], Server.Requests["CompleteMultipartUpload"]));
    }

    [Theory]
    [Walks("destination.useDualStack")]
    [Walks("destination.useFips")]
    [Walks("destination.useAccelerate")]
    [InlineData("destination.useDualStack", "https://tests.s3.dualstack.us-east-1.amazonaws.com")]
    [InlineData("destination.useFips", "https://tests.s3-fips.us-east-1.amazonaws.com")]
    [InlineData("destination.useAccelerate", "https://tests.s3-accelerate.amazonaws.com")]
    public void Requests_go_to_the_endpoint_of_AWS_that_is_asked_for(string key, string endpoint)
    {
        // Nobody asks AWS here: what is sent there goes to a proxy that is not there.
        IWebProxy usual = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new DeadProxy(usual);
        try
        {
            PSObject result = Assert.Single(Run(
                ("destination.endpointUrl", null), ("destination.bucket", "tests"), ("retry.attempts", 1), (key, true)).Objects);

            Assert.Equal("S3ProxyUnreachable", result.Text("Stage2.Error.Id"));
            Assert.Contains($"requests to {endpoint} go", result.Text("Stage2.Error.Message"), StringComparison.Ordinal);
        }
        finally
        {
            HttpClient.DefaultProxy = usual;
        }
    }

    [Fact]
    [Walks("options.rsync.syncToS3.throttleLimit")]
    public void A_limit_of_one_sends_one_upload_at_a_time()
    {
        for (int number = 0; number < 20; number++)
            WriteFile($"source/{number}.txt", "content");
        int inFlight = 0;
        int most = 0;
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Custom,
            Operation = "PutObject",
            Times = int.MaxValue,
            Handler = http =>
            {
                most = Math.Max(most, Interlocked.Increment(ref inFlight));
                http.Response.OnCompleted(() => Task.FromResult(Interlocked.Decrement(ref inFlight)));
                return Task.FromResult(false);
            },
        });

        PSObject result = RunWell(("options.rsync.syncToS3.throttleLimit", 1));

        // And one for the marker that says whose the prefix is.
        Assert.Equal(23 + 1, result.Number("Stage2.Requests.Put"));
        // The server may still be ending an answer that the client has already read.
        Assert.InRange(most, 1, 2);
    }

    [Fact]
    [Walks("destination.bucket")]
    public void All_requests_go_to_the_bucket()
    {
        Server.Store.CreateBucket("another-bucket");

        RunWell(("destination.bucket", "another-bucket"));

        Assert.Equal(Files(Source), Objects(bucket: "another-bucket"));
        Assert.All(Server.GetRequestLog(), request => Assert.Equal("another-bucket", request.Bucket));
    }

    [Fact]
    [Walks("destination.region")]
    public async Task Requests_are_signed_for_the_region()
    {
        await using LoopbackS3Server other = await LoopbackS3Server.StartAsync(new S3ServerOptions { Region = "default" });
        other.Store.CreateBucket(BucketName);

        RunWell(("destination.region", "default"), ("destination.endpointUrl", other.Endpoint.GetLeftPart(UriPartial.Authority)));

        Assert.Equal(3 + 1, other.Requests["PutObject"]);
    }

    [Fact]
    [Walks("destination.endpointUrl")]
    public async Task All_requests_go_to_the_endpoint()
    {
        await using LoopbackS3Server other = await LoopbackS3Server.StartAsync();
        other.Store.CreateBucket(BucketName);

        RunWell(("destination.endpointUrl", other.Endpoint.GetLeftPart(UriPartial.Authority)));

        Assert.Equal((0L, 3L + 1L), (Server.Requests.Total, other.Requests["PutObject"]));
    }

    [Theory]
    [Walks("destination.forcePathStyle")]
    [InlineData(true)]
    [InlineData(false)]
    public void The_bucket_is_in_the_path_or_in_the_host(bool value)
    {
        // Of names, only localhost itself is known to be this machine.
        string job = WriteJob(
            ("destination.forcePathStyle", value), ("destination.endpointUrl", $"http://localhost:{Server.Endpoint.Port}"));
        Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -AllowInsecureEndpoint", job).ThrowOnError();

        Assert.All(Server.GetRequestLog(), request =>
            Assert.Equal(value, request.Target.StartsWith($"/{BucketName}", StringComparison.Ordinal)));
        Assert.Equal(Files(Source), Objects());
    }

    [Theory]
    [Walks("destination.checksumMode")]
    [InlineData("whenSupported", "CRC32")]
    [InlineData("whenRequired", "CRC64NVME")]
    public void A_CRC32_is_sent_or_left_to_the_server(string value, string stored)
    {
        File.WriteAllBytes(Path.Combine(Source, "large.bin"), new byte[9 * 1024 * 1024]);

        RunWell(("destination.checksumMode", value));

        // CRC64NVME is what the server computes where the client sends nothing.
        Assert.Equal([stored], Server.Store.Objects(BucketName).Select(item => item.ChecksumAlgorithm).Distinct());
    }

    [Theory]
    [Walks("options.rsync.syncToS3.checksumAlgorithm")]
    [InlineData("CRC64NVME")]
    [InlineData("SHA256")]
    public void The_checksum_is_by_the_algorithm_that_is_asked_for(string algorithm)
    {
        RunWell(("options.rsync.syncToS3.checksumAlgorithm", algorithm));

        Assert.Equal([algorithm], Server.Store.Objects(BucketName).Select(item => item.ChecksumAlgorithm).Distinct());
    }

    [Fact]
    [Walks("destination.profile")]
    public void The_keys_are_those_of_the_profile()
    {
        File.WriteAllText(CredentialsFile, $"""
            [default]
            aws_access_key_id = NOBODY
            aws_secret_access_key = wrong
            [backup]
            aws_access_key_id = {Server.AccessKey}
            aws_secret_access_key = {Server.SecretKey}

            """);

        Session.Run("param($Path) Invoke-RsyncToS3Backup $Path", WriteJob(("destination.profile", "backup"))).ThrowOnError();

        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    [Walks("schedule.timezone")]
    public void The_date_in_a_prefix_is_that_of_the_time_zone()
    {
        // 25 hours apart: never on the same day.
        string east = RunWell(Dated("Pacific/Kiritimati")).Text("Stage2.KeyPrefix");
        string west = RunWell(Dated("Pacific/Niue")).Text("Stage2.KeyPrefix");

        Assert.True(string.CompareOrdinal(west, east) < 0, $"{west} is not before {east}");
        foreach (string prefix in new[] { east, west })
            Assert.Equal(Files(Source), Objects(prefix).Where(item => item.Key != ".rsyncs3backup-snapshot.json"));

        static (string, JsonNode?)[] Dated(string zone) =>
        [
            ("options.rsync.syncToS3.s3Prefix", "rsync/{yyyy-MM-dd}/"),
            ("schedule", new JsonObject { ["cronExpression"] = "0 2 * * *", ["timezone"] = zone }),
        ];
    }

    /// <summary>Runs the job with a real rsync whose arguments are written down; nothing may go wrong.</summary>
    private PSObject RunWell(params (string Key, JsonNode? Value)[] changes) => Assert.Single(Run(changes).ThrowOnError().Objects);

    private SessionResult Run(params (string Key, JsonNode? Value)[] changes)
    {
        string rsync = WriteScript("recording-rsync", $"""
            [ "$1" = --version ] && exec rsync --version
            printf '%s\n' "$@" >> '{Record}'
            exec rsync "$@"
            """);
        return Backup(WriteJob([("options.rsync.rsyncPath", rsync), .. changes]));
    }

    private string[] Arguments() => File.ReadAllLines(Record);

    /// <summary>A proxy for AWS at a port where nobody listens; for others, what there was.</summary>
    private sealed class DeadProxy(IWebProxy others) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => IsMeant(destination) ? new Uri("http://127.0.0.1:1") : others.GetProxy(destination);

        public bool IsBypassed(Uri destination) => !IsMeant(destination) && others.IsBypassed(destination);

        private static bool IsMeant(Uri destination) => destination.Host.EndsWith(".amazonaws.com", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Leaves(JsonNode node, string path)
    {
        if (node["properties"] is JsonObject properties)
            return properties.SelectMany(property => Leaves(property.Value!, path.Length == 0 ? property.Key : $"{path}.{property.Key}"));
        return node["items"]?["properties"] is not null ? Leaves(node["items"]!, path + "[]") : [path];
    }
}

/// <summary>The key whose effect a test shows.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class WalksAttribute(string key) : Attribute
{
    public string Key { get; } = key;
}
