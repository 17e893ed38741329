using RsyncS3Backup.Reports;

namespace RsyncS3Backup.Core.Tests.Reports;

/// <summary>Machines with jobs and two months of runs, the same each time.</summary>
internal static class SampleFleet
{
    public static DateTimeOffset Now { get; } = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Four machines with all that can happen to a backup.</summary>
    public static FleetReport Whole()
    {
        ReportSource source = new(Now);
        Random random = new(23);
        Add(source, random, "nas.example.org", "photos", gib: 820, growth: 2.5);
        Add(source, random, "nas.example.org", "documents", gib: 42, growth: 0.1, last: Denied("documents"));
        Add(source, random, "mail", "maildir", gib: 118, growth: 0.6, last: Warned("maildir"));
        Add(source, random, "web-1", "sites", gib: 17, growth: -0.05, silentDays: 4);
        Add(source, random, "web-1", "database", gib: 9, growth: 0.3, differs: true);
        source.Add(Job("laptop", "home") with { Problems = ["$.sources[0].path: '/hmoe' is not there."] }, "laptop");
        source.Add(Job("laptop", "music"), "laptop");
        source.Expect(["root@nas", "web-2", "mail"]);
        return source.Build(Now.AddDays(-60)) with { Zone = TimeZoneInfo.Utc };
    }

    /// <summary>As many runs as are asked for, on fifty machines.</summary>
    public static IEnumerable<BackupRun> Runs(int count, int hosts = 50)
    {
        Random random = new(7);
        for (int i = 0; i < count; i++)
        {
            int number = i / hosts;
            yield return Run($"host{i % hosts:00}", "data", Now.AddHours(-6 * number).AddMinutes(i % hosts), 100 + (number * -0.01), random)
                with
            { RunId = $"run{i}" };
        }
    }

    /// <summary>A job as its machine tells of it.</summary>
    public static BackupJob Job(string host, string name) => new()
    {
        Name = name,
        HostName = host,
        Path = $"/etc/rsyncs3backup/jobs/{name}.json",
        Scope = BackupJobScope.System,
        MaxAge = TimeSpan.FromDays(2),
        BucketName = "example-backups",
        KeyPrefix = $"{host}/{name}/",
    };

    /// <summary>A run that went well.</summary>
    public static BackupRun Run(string host, string name, DateTimeOffset started, double gib, Random random)
    {
        string id = started.ToString("yyyyMMdd'T'HHmmss'Z'", System.Globalization.CultureInfo.InvariantCulture) + "-" + name;
        long changed = (long)(random.NextDouble() * random.NextDouble() * 900);
        long bytes = (long)(gib * (1L << 30));
        TimeSpan first = TimeSpan.FromSeconds(20 + (random.NextDouble() * 60) + (gib / 10));
        TimeSpan second = TimeSpan.FromSeconds(5 + (changed * 0.4));
        return new BackupRun
        {
            Name = name,
            RunId = id,
            HostName = host,
            StartTime = started,
            Status = BackupStatus.Succeeded,
            ExitCode = BackupExitCode.Succeeded,
            Duration = first + second,
            Stage1 = new RsyncStageResult
            {
                Name = name,
                RunId = id,
                Status = BackupStatus.Succeeded,
                Source = ["/data"],
                Destination = "/mirror",
                StartTime = started,
                Duration = first,
                Created = changed / 2,
                Updated = changed / 3,
                Deleted = changed / 12,
                Total = 48_213,
                TotalBytes = bytes,
                TransferredBytes = changed << 20,
            },
            Stage2 = new S3SyncStageResult
            {
                Name = name,
                RunId = id,
                Status = BackupStatus.Succeeded,
                Path = "/mirror",
                BucketName = "example-backups",
                KeyPrefix = $"{host}/{name}/",
                StartTime = started + first,
                Duration = second,
                Created = changed / 2,
                Updated = changed / 3,
                Total = 48_213,
                TotalBytes = (long)(bytes * 0.985),
                TransferredBytes = changed << 20,
                Requests = new S3RequestCounts { Put = changed, List = 1 },
                EstimatedRequestCost = (changed * 0.000005m) + 0.000005m,
                PriceSource = "AWS us-east-1, 2026-06",
            },
        };
    }

    private static void Add(
        ReportSource source, Random random, string host, string name, double gib, double growth, Func<BackupRun, BackupRun>? last = null,
        int silentDays = 0, bool differs = false)
    {
        for (int day = 59; day >= silentDays; day--)
        {
            DateTimeOffset started = new DateTimeOffset(2026, 11, 30, 2, 15, 0, TimeSpan.Zero).AddDays(-day);
            BackupRun run = Run(host, name, started, gib - (growth * day), random);
            run = day == 0 && last is not null ? last(run)
                : random.Next(25) == 0 ? Denied(name)(run)
                : random.Next(20) == 0 ? Warned(name)(run)
                : run;
            if (random.Next(30) > 0)
                source.Add(run, host);
        }

        DateTimeOffset next = Now.AddHours(14).AddMinutes(15);
        source.Add(Job(host, name) with { NextRun = silentDays > 0 ? null : next }, host);
        for (int week = 7; week >= 0; week--)
            source.Add(Test(host, name, Now.AddDays(-7 * week).AddHours(-3), differs && week == 0 ? 3 : 0), host);
    }

    private static BackupRun Test(string host, string name, DateTimeOffset started, int differences)
    {
        string id = $"test-{started.UtcTicks}";
        BackupTestResult test = new()
        {
            Name = name,
            RunId = id,
            HostName = host,
            Level = BackupTestLevel.Checksums,
            StartTime = started,
            Duration = TimeSpan.FromMinutes(21),
            Status = differences > 0 ? BackupStatus.Failed : BackupStatus.Succeeded,
            Total = 48_213,
            Differences = differences,
            DifferenceCounts = new BackupDifferenceCounts { MirrorCorrupted = differences > 0 ? 1 : 0, MissingInS3 = Math.Max(0, differences - 1) },
            Requests = new S3RequestCounts { List = 49 },
            EstimatedRequestCost = 0.000245m,
            Error = differences > 0 ? Error("BackupDiffers", "The copies differ in 3 of 48213 entries.", "Repair-Backup replaces the bad copy.") : null,
        };
        return new BackupRun
        {
            Name = name,
            RunId = id,
            HostName = host,
            Kind = BackupRunKind.Test,
            StartTime = started,
            Duration = test.Duration,
            Status = test.Status,
            Test = test,
        };
    }

    private static Func<BackupRun, BackupRun> Denied(string name) => run => run with
    {
        Status = BackupStatus.Failed,
        ExitCode = BackupExitCode.Stage2Failed,
        Stage2 = run.Stage2! with
        {
            Status = BackupStatus.Failed,
            TransferredBytes = 0,
            Error = Error("S3AccessDenied", $"S3 denies writing to example-backups/{name}/.", "Allow s3:PutObject to the key that the job uses."),
        },
    };

    private static Func<BackupRun, BackupRun> Warned(string name) => run => run with
    {
        Status = BackupStatus.SucceededWithWarnings,
        Stage1 = run.Stage1! with { Status = BackupStatus.SucceededWithWarnings, Warnings = [$"2 files of {name} vanished while they were read."] },
    };

    private static BackupError Error(string id, string message, string action) => new()
    {
        Id = id,
        Category = BackupErrorCategory.PermissionDenied,
        Message = message,
        RecommendedAction = action,
        ExitCode = BackupExitCode.Stage2Failed,
    };
}
