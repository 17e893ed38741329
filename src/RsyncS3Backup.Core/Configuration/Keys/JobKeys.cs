namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of a job.</summary>
internal sealed class JobKeys() : ConfigurationSection<BackupConfiguration>(
    new BackupConfiguration { Name = "", Sources = [], Options = OptionsKeys.None })
{
    protected override IEnumerable<ConfigurationKey<BackupConfiguration>> MakeTable() =>
    [
        // Only the writer of a file knows where the schema lies.
        Text("$schema", KeyRule.Any, _ => null, (job, _) => job,
            "The address of the JSON schema, for editors. The module looks at it only to say which version knows a key that this "
            + "one does not know.") with
        { Allowed = "the address of the JSON schema", Default = "none", Parameter = "" },

        // A job that was read says all of it by itself.
        Text("extends", KeyRule.ConfigurationFile, _ => null, (job, _) => job,
            "The file whose values count where this one has none; see [Values that jobs share](#values-that-jobs-share).") with
        { Default = "none", Examples = """["base/nas.jsonc"]""", Parameter = "" },

        Text("name", KeyRule.JobName, job => job.Name, (job, value) => job with { Name = RsyncS3Backup.KeyPrefix.WithHost(value) },
            "The job's name, in results, the state folder and the default key prefix. 1 to 100 characters, no `/`, `\\` or "
            + "control characters, and not `defaults`; `{host}` in it is the name of this machine, as in a [key prefix](#key-prefix). An "
            + "object that comes from no file and has no name is named after the last part of its "
            + "`localDestination`.") with
        {
            IsAlwaysWritten = true,
            Default = "the file's name without its extension",
            Examples = """["photos"]""",
            Parameter = "",
        },

        Text("backupType", KeyRule.OneOf("backup type", ["rsync-to-s3"]),
            job => job.BackupType, (job, value) => job with { BackupType = value },
            "The kind of job; there is one.") with { IsAlwaysWritten = true, Parameter = "" },

        Objects("sources", new SourceKeys(), "a list of at least one object with 'path'",
            job => job.Sources, (job, value) => job with { Sources = value },
            "What is backed up, at least one.") with { Required = true, Parameter = "Source" },

        Object("options", new OptionsKeys(), "an object with 'rsync'",
            job => job.Options, (job, value) => job with { Options = value },
            "How it is backed up; holds `rsync`.") with { Required = true },

        // Required unless stage 2 is disabled, which only the reader can know.
        Object("destination", new DestinationKeys(), "an object with 'bucket', or options.rsync.syncToS3.enabled = false",
            job => job.Destination, (job, value) => job with { Destination = value },
            "The bucket.") with { Default = "required, unless `syncToS3.enabled` is false" },

        Object("schedule", new ScheduleKeys(), "an object with 'cronExpression'",
            job => job.Schedule, (job, value) => job with { Schedule = value },
            "When the job is due; without it the job is started by hand.") with { Default = "none" },

        Duration("maxAge", job => job.MaxAge, (job, value) => job with { MaxAge = value },
            "How old the last good run may be: the last one in which every stage of the job succeeded. A job whose last good run is older is overdue: "
            + "`Get-BackupJob` and the metrics say so, and `notifications` tell of it.") with
        {
            Default = "twice the longest time between two runs of `schedule`, and an hour at least; without a schedule no age is too old",
            Examples = """["36h", "8d"]""",
        },

        Text("stopAt", KeyRule.TimeOfDay, job => job.StopAt, (job, value) => job with { StopAt = value },
            "The time of the day (of `schedule.timezone`, else the machine's) at which a run ends, done or not: as `Paused`, and the next one goes on. "
            + "It is the first such time after the run has started; see [Hours and quotas](#hours-and-quotas).") with
        { Default = "none: a run ends when it is done", Examples = """["07:00"]""" },

        Flag("keepAwake", job => job.KeepAwake, (job, value) => job with { KeepAwake = value },
            "Keep the machine from going to sleep by itself while a run lasts, on Linux with systemd also by a user's command; see [Sleep](#sleep)."),

        Objects("tests", new TestKeys(), "a list of at least one object with 'level' and either 'cron' or 'every'",
            job => job.Tests, (job, value) => job with { Tests = value },
            "How the copies are tested by a schedule; see [`tests`](#tests).") with { Default = "none", Parameter = "Test" },

        Object("hooks", new HooksKeys(), "an object: what is run around the stages",
            job => job.Hooks, (job, value) => job with { Hooks = value },
            "What is run around the stages; see [`hooks`](#hooks).") with { Default = "none" },

        Objects("notifications", new NotificationKeys(), "a list of at least one object with 'type'",
            job => job.Notifications, (job, value) => job with { Notifications = value },
            "Who is told how a run ended; see [`notifications`](#notifications).") with
        { Default = "none", Parameter = "Notification" },

        Duration("historyRetention", job => job.HistoryRetention, (job, value) => job with { HistoryRetention = value },
            "How long the job's history (`Get-BackupHistory`) keeps a run and its log. Each run forgets what is older.") with
        { Examples = """["400d", "30d"]""" },

        Object("retry", new RetryKeys(), "an object: when a stage is tried again",
            job => job.Retry, (job, value) => job with { Retry = value },
            "When a stage is tried again after a fault of the network or of the store.") with
        { Default = "see [`retry`](#retry)" },

        Object("log", new LogKeys(), "an object: where a run is logged", job => job.Log, (job, value) => job with { Log = value },
            "Where a run is logged beside its own log file: [`log`](#log).") with { Default = "none" },

        Object("metrics", new MetricKeys(), "an object with 'path'",
            job => job.Metrics, (job, value) => job with { Metrics = value },
            "Where each run leaves the job's figures for Prometheus; see [`metrics`](#metrics).") with { Default = "none" },

        Object("prices", new PriceKeys(), "an object: what the store asks for",
            job => job.Prices, (job, value) => job with { Prices = value },
            "What the store asks for, where that is not what the module's own table says; see [`prices`](#prices).") with
        { Default = "the module's table" },
    ];
}

/// <summary>The keys of <c>options</c>.</summary>
internal sealed class OptionsKeys() : ConfigurationSection<BackupOptions>(None)
{
    public static BackupOptions None { get; } = new() { Rsync = new RsyncOptions { LocalDestination = "" } };

    protected override IEnumerable<ConfigurationKey<BackupOptions>> MakeTable() =>
    [
        Object("rsync", new RsyncKeys(), "an object with 'localDestination'",
            options => options.Rsync, (options, value) => options with { Rsync = value },
            "Stage 1, and inside it stage 2.") with { Required = true },
    ];
}

/// <summary>The keys of <c>schedule</c>.</summary>
internal sealed class ScheduleKeys() : ConfigurationSection<BackupScheduleOptions>(
    new BackupScheduleOptions { CronExpression = "" })
{
    protected override IEnumerable<ConfigurationKey<BackupScheduleOptions>> MakeTable() =>
    [
        Text("cronExpression", KeyRule.CronExpression,
            schedule => schedule.CronExpression, (schedule, value) => schedule with { CronExpression = value },
            "Five fields: minute (0–59), hour (0–23), day of month (1–31), month (1–12), day of week (0–7, 0 and 7 are Sunday). "
            + "Lists (`1,15`), ranges (`9-17`), steps (`*/15`) and English names (`MON`, `JAN`). No seconds, no `@daily`, no range that runs "
            + "backwards. `Get-Help about_RsyncS3Backup_Schedules` says what it means when clocks change.") with
        { Required = true, Examples = """["0 2 * * *", "*/15 * * * *", "30 3 * * 0", "0 4 1 * *"]""" },

        Text("timezone", KeyRule.TimeZone, schedule => schedule.Timezone, (schedule, value) => schedule with { Timezone = value },
            "The IANA time zone (`America/New_York`) in which the expression, and date tokens in `s3Prefix`, are meant; Windows' "
            + "own names are known as well.") with
        { Default = "the machine's", Examples = """["America/New_York"]""", Parameter = "TimeZone" },
    ];
}

/// <summary>The keys of <c>retry</c>.</summary>
internal sealed class RetryKeys() : ConfigurationSection<RetryOptions>(new RetryOptions())
{
    protected override IEnumerable<ConfigurationKey<RetryOptions>> MakeTable() =>
    [
        Number("attempts", KeyRule.Attempts, retry => retry.Attempts, (retry, value) => retry with { Attempts = value },
            "How often a stage is tried in all, from 1 (never again) to 100.") with
        { IsAlwaysWritten = true, Parameter = "RetryAttempts" },

        Duration("delay", retry => retry.Delay, (retry, value) => retry with { Delay = value },
            "The wait before the second try. Each further wait is twice as long, up to an hour (or `delay`, when that is "
            + "longer); up to a tenth is added at random, so that many machines do not come back at one moment.") with
        { IsAlwaysWritten = true, Examples = """["10s", "5m"]""", Parameter = "RetryDelay" },
    ];
}

/// <summary>The keys of <c>log</c>.</summary>
internal sealed class LogKeys() : ConfigurationSection<LogOptions>(new LogOptions())
{
    protected override IEnumerable<ConfigurationKey<LogOptions>> MakeTable() =>
    [
        Flag("system", log => log.System, (log, value) => log with { System = value },
            "Tell the system's own log too: that a run starts, how it ends, its warnings and errors. On Linux that is the "
            + "journal of systemd (`journalctl -t rsyncs3backup`), else syslog; on macOS syslog (not tested); on Windows the event "
            + "log, Application, source `rsyncs3backup` (not tried on a real Windows).") with
        { Parameter = "SystemLog" },
    ];
}

/// <summary>The keys of <c>metrics</c>.</summary>
internal sealed class MetricKeys() : ConfigurationSection<MetricOptions>(new MetricOptions { Path = "" })
{
    protected override IEnumerable<ConfigurationKey<MetricOptions>> MakeTable() =>
    [
        Path("path", KeyRule.MetricFolder, metrics => metrics.Path, (metrics, value) => metrics with { Path = value },
            "The folder that the textfile collector of node_exporter or windows_exporter reads. It must be there. Each job has a "
            + "file of its own in it, `rsyncs3backup-<job>.prom`, so that all jobs can name one folder.") with
        {
            Required = true,
            Examples = """["/var/lib/prometheus/node-exporter"]""",
            Parameter = "MetricPath",
        },
    ];
}
