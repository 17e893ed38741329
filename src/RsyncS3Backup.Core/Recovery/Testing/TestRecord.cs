using RsyncS3Backup.Configuration;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>A test's place in its job's history. What cannot be written is a warning; the test goes on.</summary>
internal sealed class TestRecord : IDisposable
{
    private readonly BackupConfiguration job;
    private readonly HistoryWriter history;
    private readonly Action<string> warn;

    private TestRecord(BackupConfiguration job, HistoryWriter history, Action<string> warn)
    {
        this.job = job;
        this.history = history;
        this.warn = warn;
    }

    /// <summary>A test of a job begins.</summary>
    /// <param name="job">The job.</param>
    /// <param name="request">What is tested.</param>
    /// <param name="context">The test's id and log; hears what cannot be written.</param>
    /// <param name="startTime">When it started.</param>
    /// <param name="ownsJob">True when the job's lock is held.</param>
    public static TestRecord Begin(
        BackupConfiguration job, BackupTestRequest request, RunContext context, DateTimeOffset startTime, bool ownsJob)
    {
        RunHeader header = new()
        {
            Name = job.Name,
            RunId = context.RunId,
            Started = startTime,
            Kind = BackupRunKind.Test,
            PowerShellVersion = request.PowerShellVersion,
            ConfigurationPath = job.Path,
            ConfigurationHash = ConfigurationWriter.Hash(job),
            LogPath = context.LogPath,
        };
        HistoryWriter history = HistoryWriter.Begin(header, ownsJob, context.Warning);
        // What is on record of a test whose process dies.
        history.Ended(new BackupTestResult
        {
            Name = job.Name,
            RunId = context.RunId,
            Status = BackupStatus.Cancelled,
            Level = request.Level,
            Paths = request.NamedPaths,
            Path = job.Options.Rsync.LocalDestination,
            BucketName = request.S3?.Destination.Bucket,
            StartTime = startTime,
            Error = TestErrors.Interrupted(job.Name, Environment.ProcessId, Environment.MachineName),
        });
        return new TestRecord(job, history, context.Warning);
    }

    /// <summary>The test has ended.</summary>
    public void End(BackupTestResult result)
    {
        history.Ended(result);
        history.End(result.RunId, result.Status, result.ExitCode, HistoryWriter.KeepsSince(job));
        MetricFile.WriteAfter(job, result, warn);
    }

    /// <summary>Closes the history.</summary>
    public void Dispose() => history.Dispose();
}
