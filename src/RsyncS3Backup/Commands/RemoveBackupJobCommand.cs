using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.State;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Removes jobs: their files and their schedules, on request what is remembered of them. What was backed up stays.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "BackupJob", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveBackupJobCommand : NamedJobsCmdlet, IJobParameters
{
    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>Remove the history, the logs and the catalogs too.</summary>
    [Parameter]
    public SwitchParameter IncludeState { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Named.Add(this);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (JobFile job in Named.Files())
            Errors.Try(() => Remove(job));
    }

    private void Remove(JobFile job)
    {
        string state = StateFolder.PathFor(job.Name);
        bool hasState = Directory.Exists(state);
        IReadOnlyList<NativeEntry> entries = Run(null, (_, token) => MachineSchedules.Current.OfJobAsync(job.Name, token));
        List<string> goes = [$"the file '{job.Path}'"];
        goes.AddRange(entries.Select(entry => $"its schedule ({entry.Scheduler.Kind}, {entry.Scheduler.Scope} scope)"));
        if (IncludeState && hasState)
            goes.Add($"its history, logs and catalogs ('{state}')");
        string? metrics = job.Configuration is { } configuration && MetricFile.PathOf(configuration) is { } left && File.Exists(left) ? left : null;
        if (metrics is not null)
            goes.Add($"its metrics ('{metrics}')");
        string what = $"Remove job '{job.Name}': {string.Join(", ", goes)}. {Stays(job, hasState && !IncludeState ? state : null)}";
        if (!ShouldProcess(what, $"{what}\nRemove it?", "Remove-BackupJob"))
            return;
        using (JobLock? held = hasState ? Lock(job.Name) : null)
        {
            foreach (NativeEntry entry in entries)
            {
                Run(null, async (_, token) =>
                {
                    await BackupSchedules.RemoveOnlyAsync(entry, token).ConfigureAwait(false);
                    return entry;
                });
            }

            Delete(job, job.Path, File.Delete);
            if (metrics is not null)
                Delete(job, metrics, File.Delete);
        }

        if (IncludeState && hasState)
            Delete(job, state, path => Directory.Delete(path, recursive: true));
        WriteWarning($"Job '{job.Name}' is removed. {Stays(job, hasState && !IncludeState ? state : null)}");
    }

    private static JobLock Lock(string name) =>
        JobLock.TryTake(name, "remove", DateTimeOffset.Now)
            ?? throw new BackupException(RunErrors.JobAlreadyRunning(name, JobLock.Holder(name)));

    private static void Delete(JobFile job, string path, Action<string> delete)
    {
        try
        {
            delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(JobErrors.NotRemoved(job.Name, path, exception.Message), exception);
        }
    }

    /// <summary>What is left of a job, for the user to say what becomes of it.</summary>
    private static string Stays(JobFile job, string? state)
    {
        List<string> stays = [];
        if (job.Configuration is { } configuration)
        {
            RsyncOptions rsync = configuration.Options.Rsync;
            stays.Add($"its mirror '{rsync.LocalDestination}'");
            if (rsync.SyncToS3.Enabled && configuration.Destination is { } destination)
                stays.Add($"its objects under 's3://{destination.Bucket}/{rsync.SyncToS3.S3Prefix ?? $"rsync/{job.Name}/"}'");
            if (rsync.SyncToS3.Lifecycle is not null)
                stays.Add("the lifecycle rules that it has in its bucket");
        }
        else
        {
            stays.Add("its mirror and its objects in S3, where it has any");
        }

        if (state is not null)
            stays.Add($"its history '{state}'");
        return $"What stays: {string.Join(", ", stays)}.";
    }
}
