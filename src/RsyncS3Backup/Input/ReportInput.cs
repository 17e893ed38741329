using System.Management.Automation;
using System.Management.Automation.Remoting;
using System.Management.Automation.Runspaces;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Reports;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Input;

/// <summary>What reports are made of: results of any kind and origin, or the jobs of this machine.</summary>
/// <param name="errors">Tells what cannot be read.</param>
internal sealed class ReportInput(InputErrors errors)
{
    private readonly ReportSource source = new(DateTimeOffset.Now);

    /// <summary>Takes an object of the pipeline.</summary>
    /// <exception cref="BackupException">It is nothing that says how a backup fares.</exception>
    internal void Add(PSObject item)
    {
        if (item.BaseObject is ErrorRecord record)
        {
            Add(record);
            return;
        }

        switch (ReturnedObject.Read(item))
        {
            case BackupJob job:
                source.Add(job, Host(item, job.HostName));
                break;
            case BackupRun run:
                source.Add(run, Host(item, run.HostName));
                break;
            case BackupResult result:
                source.Add(RunOf(result), Host(item, result.HostName));
                break;
            case RsyncStageResult stage:
                source.Add(RunOf(stage), Host(item, stage.HostName));
                break;
            case S3SyncStageResult stage:
                source.Add(RunOf(stage), Host(item, stage.HostName));
                break;
            case BackupTestResult test:
                source.Add(RunOf(test), Host(item, test.HostName));
                break;
            case BackupReport row:
                source.Add(row with { HostName = Host(item, row.HostName) });
                break;
            default:
                // What comes before a result is in it; a repair says nothing of how a job fares.
                if (Emitted.KindOf(item) is not (EmittedKind.BackupDifference or EmittedKind.BackupAction or EmittedKind.BackupRepair
                    or EmittedKind.BackupRepairResult or EmittedKind.NotificationResult))
                    throw new BackupException(ParameterErrors.NotReportable(Emitted.NameOf(item)));
                break;
        }
    }

    /// <summary>Takes the jobs of this machine, with their histories.</summary>
    /// <param name="names">Names, with or without wildcards; none: all.</param>
    /// <param name="since">Leaves out runs that started before.</param>
    /// <param name="next">When they are started next.</param>
    /// <param name="warn">Hears that a history cannot be read.</param>
    internal void AddLocal(
        IReadOnlyList<string> names, DateTimeOffset since, Func<IReadOnlyList<JobFile>, NextRuns> next, Action<string> warn)
    {
        JobList all = JobList.Read();
        HashSet<string> inFolders = [.. all.Jobs.Select(job => job.Name)];
        // Jobs that are run by the paths of their files are known by their histories alone.
        JobHistory[] others =
        [
            .. JobHistory.All().Where(history =>
                !inFolders.Contains(history.Name) && (names.Count > 0 || JobMetricReport.IsStillThere(history))),
        ];
        string[] known = [.. inFolders, .. others.Select(history => history.Name)];
        HashSet<string> chosen = [.. NameSelection.Choose(known, name => name, names, name => errors.Write(all.NotFound(name)))];
        IReadOnlyList<JobFile> files = [.. all.Jobs.Where(job => chosen.Contains(job.Name)).DistinctBy(job => job.Name, StringComparer.Ordinal)];
        NextRuns starts = next(files);
        foreach (JobFile file in files)
        {
            BackupJob job = starts.Report(file, all, warn);
            source.Add(job, job.HostName);
            if (JobHistory.Find(file.Name) is { } history)
                AddHistory(history, since);
        }

        foreach (JobHistory history in others.Where(history => chosen.Contains(history.Name)))
            AddHistory(history, since);
    }

    /// <summary>Machines of which something has to come.</summary>
    internal void Expect(IEnumerable<string> hosts) => source.Expect(
        hosts.Select(host => HostNames.IsLoopback(HostNames.Of(host)) ? Environment.MachineName : host));

    /// <summary>The report.</summary>
    internal FleetReport Build(DateTimeOffset since) => source.Build(since);

    private void AddHistory(JobHistory history, DateTimeOffset since)
    {
        if (errors.TryRead(() => JobHistoryReport.WithOverdue(history.Read(since, null, []))) is not { } runs)
            return;
        foreach (BackupRun run in runs)
            source.Add(run, Environment.MachineName);
    }

    private void Add(ErrorRecord record)
    {
        string? host = (record as RemotingErrorRecord)?.OriginInfo?.PSComputerName ?? Unreachable(record);
        string? job = JobName(record.Exception);
        string message = record.ErrorDetails?.Message ?? record.Exception.Message;
        // Where several jobs run, a message says first of which it is.
        if (job is not null && message.StartsWith(job + ": ", StringComparison.Ordinal))
            message = message[(job.Length + 2)..];
        source.AddFailure(host ?? Environment.MachineName, job, message, record.ErrorDetails?.RecommendedAction);
    }

    private static string? JobName(Exception exception) => exception switch
    {
        BackupException ours => ours.JobName,
        // What came back is a bag of its properties.
        RemoteException { SerializedRemoteException: { } bag } => bag.Properties["JobName"]?.Value as string,
        _ => null,
    };

    // A machine that cannot be reached: the error is of this machine, about that one.
    private static string? Unreachable(ErrorRecord record) => record.Exception is PSRemotingTransportException ? record.TargetObject as string : null;

    // By the name by which it was reached, which is the one in the user's list. "localhost" is every machine's name.
    private static string Host(PSObject item, string own) =>
        Emitted.Origin(item) is { } origin && !HostNames.IsLoopback(HostNames.Of(origin)) ? origin : own;

    private static BackupRun RunOf(BackupResult result) => new()
    {
        Name = result.Name,
        RunId = result.RunId,
        HostName = result.HostName,
        Status = result.Status,
        StartTime = result.StartTime,
        Duration = result.Duration,
        ExitCode = result.ExitCode,
        Stage1 = result.Stage1,
        Stage2 = result.Stage2,
        Hooks = result.Hooks,
        Notifications = result.Notifications,
    };

    private static BackupRun RunOf(RsyncStageResult stage) => new()
    {
        Name = stage.Name,
        RunId = stage.RunId,
        HostName = stage.HostName,
        Status = stage.Status,
        StartTime = stage.StartTime,
        Duration = stage.Duration,
        ExitCode = stage.Error?.ExitCode,
        Stage1 = stage,
    };

    private static BackupRun RunOf(S3SyncStageResult stage) => new()
    {
        Name = stage.Name,
        RunId = stage.RunId,
        HostName = stage.HostName,
        Status = stage.Status,
        StartTime = stage.StartTime,
        Duration = stage.Duration,
        ExitCode = stage.Error?.ExitCode,
        Stage2 = stage,
    };

    private static BackupRun RunOf(BackupTestResult test) => new()
    {
        Name = test.Name ?? test.BucketName ?? "",
        RunId = test.RunId,
        HostName = test.HostName,
        Kind = BackupRunKind.Test,
        Status = test.Status,
        StartTime = test.StartTime,
        Duration = test.Duration,
        ExitCode = test.ExitCode,
        Test = test,
    };
}
