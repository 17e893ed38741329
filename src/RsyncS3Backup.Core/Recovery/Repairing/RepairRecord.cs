using System.Diagnostics;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>A repair's place in its job's history. What cannot be written is a warning; the repair goes on.</summary>
internal sealed class RepairRecord : IDisposable
{
    private readonly BackupConfiguration job;
    private readonly HistoryWriter history;
    private readonly long began = Stopwatch.GetTimestamp();
    private readonly object gate = new();
    private readonly List<BackupError> failedItems = [];
    private BackupRepairResult result;
    private bool isEnded;

    private RepairRecord(BackupConfiguration job, HistoryWriter history, BackupRepairResult result)
    {
        this.job = job;
        this.history = history;
        this.result = result;
    }

    /// <summary>A repair of a job begins, under the job's lock or where no lock can be had.</summary>
    public static RepairRecord Begin(BackupTestRequest test, BackupConfiguration job, int total, RunContext context, bool ownsJob)
    {
        RunHeader header = new()
        {
            Name = job.Name,
            RunId = context.RunId,
            Kind = BackupRunKind.Repair,
            Started = DateTimeOffset.Now,
            PowerShellVersion = test.PowerShellVersion,
            ConfigurationPath = job.Path,
            ConfigurationHash = ConfigurationWriter.Hash(job),
            LogPath = context.LogPath,
        };
        BackupRepairResult result = new()
        {
            Name = job.Name,
            RunId = context.RunId,
            Status = BackupStatus.Cancelled,
            Level = test.Level,
            Path = job.Options.Rsync.LocalDestination,
            BucketName = test.S3?.Destination.Bucket,
            Total = total,
            StartTime = header.Started,
            LogPath = context.LogPath,
        };
        HistoryWriter history = HistoryWriter.Begin(header, ownsJob, context.Warning);
        // What is on record of a repair whose process dies.
        history.Ended(result with { Error = TestErrors.RepairInterrupted(job.Name, Environment.ProcessId, Environment.MachineName) });
        return new RepairRecord(job, history, result);
    }

    /// <summary>One entry has ended. May be called from any thread.</summary>
    public void Add(BackupRepair repair)
    {
        lock (gate)
        {
            bool isDone = repair.Status == BackupStatus.Succeeded;
            result = result with
            {
                RepairedInMirror = result.RepairedInMirror + (isDone && repair.RepairedCopy == BackupCopy.Local ? 1 : 0),
                RepairedInS3 = result.RepairedInS3 + (isDone && repair.RepairedCopy == BackupCopy.S3 ? 1 : 0),
                RepairedBytes = result.RepairedBytes + (isDone ? repair.Length : 0),
                Skipped = result.Skipped + (repair.Status == BackupStatus.Skipped ? 1 : 0),
                Failed = result.Failed + (repair.Status == BackupStatus.Failed ? 1 : 0),
            };
            if (repair.Error is { } error)
                failedItems.Add(error);
        }
    }

    /// <summary>The repair has come to its end.</summary>
    public void End() => End(result.Failed > 0 ? BackupStatus.Failed : BackupStatus.Succeeded, error: null);

    /// <summary>The repair could not go on.</summary>
    public void End(BackupError error) => End(BackupStatus.Failed, error);

    /// <summary>Closes the history. A repair that has not ended was stopped.</summary>
    public void Dispose()
    {
        if (!isEnded)
            End(BackupStatus.Cancelled, error: null);
        history.Dispose();
    }

    private void End(BackupStatus status, BackupError? error)
    {
        isEnded = true;
        result = result with { Status = status, Duration = Stopwatch.GetElapsedTime(began), Error = error, FailedItems = failedItems };
        history.Ended(result);
        history.End(
            result.RunId, status, status == BackupStatus.Succeeded ? BackupExitCode.Succeeded : BackupExitCode.DifferencesFound,
            HistoryWriter.KeepsSince(job));
    }
}
