using RsyncS3Backup.Calendar;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.Jobs;

/// <summary>What is known of a job without asking its sources, its mirror or S3.</summary>
internal static class JobReport
{
    // A run that failed early says nothing of the job's size; one of the last few did better.
    private const int RunsToLookAt = 5;

    // Tests of single paths, and tests that were stopped, say nothing of the whole.
    private const int TestsToLookAt = 20;

    /// <summary>A job as people see it.</summary>
    /// <param name="file">The job's file.</param>
    /// <param name="warn">Hears that its history cannot be read.</param>
    /// <param name="jobs">The jobs that its places are compared with; null: with none.</param>
    /// <param name="nextRun">When this machine's schedulers start it next; null: they do not.</param>
    /// <param name="registered">The schedule that they start it by, where that is not the job's own.</param>
    public static BackupJob Of(
        JobFile file, Action<string> warn, JobList? jobs = null, DateTimeOffset? nextRun = null, BackupScheduleOptions? registered = null)
    {
        (IReadOnlyList<BackupRun> runs, IReadOnlyList<BackupRun> tests) = Runs(file.Name, warn);
        BackupTestResult? test = tests.Select(run => run.Test).FirstOrDefault(found => found is { IsOfAll: true });
        BackupTestResult? drill = Drill(file.Name);
        BackupRun? last = runs.FirstOrDefault(run => run.Status is not null);
        (long Entries, long Bytes)? size = runs.Select(Size).FirstOrDefault(found => found is not null);
        BackupConfiguration? job = file.Configuration;
        SuccessAge age = Age(file, registered);
        S3SyncOptions? stage2 = job is { Destination: not null, Options.Rsync.SyncToS3: { Enabled: true } enabled } ? enabled : null;
        return new BackupJob
        {
            Name = file.Name,
            Path = file.Path,
            Scope = file.Folder.Scope,
            Source = [.. job?.Sources.Select(source => source.Path) ?? []],
            Mirror = job?.Options.Rsync.LocalDestination,
            Drives = job is null ? [] : Drives(file.Name),
            BucketName = stage2 is null ? null : job!.Destination!.Bucket,
            KeyPrefix = stage2 is null ? null : stage2.S3Prefix ?? $"rsync/{file.Name}/",
            CronExpression = job?.Schedule?.CronExpression,
            TimeZone = job?.Schedule?.Timezone,
            LastRun = last?.StartTime,
            LastStatus = last?.Status,
            RemainingBytes = last is { Status: BackupStatus.Paused, Stage2.Status: BackupStatus.Paused } ? last.Stage2.RemainingBytes : null,
            ForecastEnd = last is { Status: BackupStatus.Paused } ? last.Stage2?.ForecastEnd : null,
            LastSuccess = age.LastSuccess,
            Age = age.Age,
            MaxAge = age.MaxAge,
            IsOverdue = age.IsOverdue,
            LastTest = test?.StartTime,
            LastTestStatus = test?.Status,
            LastTestLevel = test?.Level,
            IsTestOverdue = IsTestOverdue(job),
            LastRestoreTest = drill?.StartTime,
            EstimatedRestoreDuration = drill?.RestoreTime(size?.Entries ?? drill.Total, size?.Bytes ?? drill.TotalBytes),
            IsRunning = runs is [{ Status: null }, ..] || JobLock.Holder(file.Name) is not null,
            NextRun = job is null ? null : nextRun?.ToLocalTime(),
            Entries = size?.Entries,
            Bytes = size?.Bytes,
            Problems = [.. file.Problems.Concat(job is null ? [] : jobs?.OverlapsOf(job) ?? []).Select(Line), .. SetAside(file.Name)],
            Error = file.Error,
        };
    }

    private static (IReadOnlyList<BackupRun> Runs, IReadOnlyList<BackupRun> Tests) Runs(string name, Action<string> warn)
    {
        try
        {
            return JobHistory.Find(name)?.ReadNewest(RunsToLookAt, TestsToLookAt) ?? ([], []);
        }
        catch (BackupException exception)
        {
            warn(exception.Message);
            return ([], []);
        }
    }

    private static IReadOnlyList<BackupJobDrive> Drives(string name)
    {
        DateTimeOffset now = DateTimeOffset.Now;
        return [.. (DriveTurns.Load(name)?.Drives ?? []).Select(drive => new BackupJobDrive
        {
            Id = drive.Id,
            LastRun = drive.Time.ToLocalTime(),
            Age = now - drive.Time,
        })];
    }

    private static bool IsTestOverdue(BackupConfiguration? job)
    {
        try
        {
            return job is not null && JobTests.Of(job, DateTimeOffset.Now).Any(test => test.Age.IsOverdue);
        }
        catch (BackupException)
        {
            // Said already, by whoever reads the runs.
            return false;
        }
    }

    private static BackupTestResult? Drill(string name)
    {
        try
        {
            return JobHistory.Find(name)?.ReadLastRestoreTest();
        }
        catch (BackupException)
        {
            // Said already, by whoever reads the runs.
            return null;
        }
    }

    private static SuccessAge Age(JobFile file, BackupScheduleOptions? registered)
    {
        DateTimeOffset now = DateTimeOffset.Now;
        try
        {
            return file.Configuration is { } job
                ? JobAge.Of(job, now, registered)
                : new SuccessAge(null, JobHistory.Find(file.Name)?.ReadSuccess(now).LastSuccess, null, now);
        }
        catch (BackupException)
        {
            // Said already, by whoever reads the runs.
            return new SuccessAge(null, null, null, now);
        }
    }

    private static IEnumerable<string> SetAside(string name) => SqliteFile.SetAsideIn(StateFolder.PathFor(name))
        .Select(path => $"A damaged file of the job's state was set aside as '{path}'. Save from it what you need, and remove it.");

    // What is wrong with the file as a whole is a sentence of its own.
    private static string Line(ConfigurationProblem problem) => problem.JsonPath == "$" ? problem.Message : problem.ToString();

    private static (long, long)? Size(BackupRun run) => run switch
    {
        { Stage1: { Status: BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings } stage1 } => (stage1.Total, stage1.TotalBytes),
        { Stage2: { Status: BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings } stage2 } => (stage2.Total, stage2.TotalBytes),
        _ => null,
    };
}
