using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the jobs of the job folders: a <see cref="BackupJob"/> for each, broken ones among them.</summary>
[Cmdlet(VerbsCommon.Get, "BackupJob")]
[OutputType(typeof(BackupJob))]
public sealed class GetBackupJobCommand : AsyncCmdlet
{
    private readonly List<string> names = [];
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupJobCommand() => jobs = new JobInput(this, new InputErrors(this));

    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => names.AddRange(Name);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        JobList all = JobList.Read();
        IReadOnlyList<JobFile> chosen = jobs.Select(names.Count == 0 ? ["*"] : names, isMissingWildcardAnError: false);
        ILookup<string, BackupSchedule> schedules = chosen.Any(job => job.Configuration is not null) ? Schedules() : NoSchedules;
        foreach (JobFile job in chosen)
        {
            BackupSchedule? next = schedules[job.Name].MinBy(schedule => schedule.NextRun);
            BackupScheduleOptions? registered = next?.CronExpression is { } expression
                ? new BackupScheduleOptions { CronExpression = expression, Timezone = next.TimeZone }
                : null;
            WriteObject(JobReport.Of(job, WriteWarning, all, next?.NextRun, registered));
        }
    }

    private static ILookup<string, BackupSchedule> NoSchedules { get; } = Array.Empty<BackupSchedule>().ToLookup(_ => "");

    private ILookup<string, BackupSchedule> Schedules()
    {
        try
        {
            BackupSchedules schedules = MachineSchedules.Current;
            IReadOnlyList<NativeEntry> entries = Run(null, (_, token) => schedules.ListAsync(token));
            return schedules.Describe(entries, MachineSchedules.Launcher)
                .Where(entry => entry.Task == BackupScheduleTask.Backup && entry.State is (BackupScheduleState.Active or BackupScheduleState.NeedsRegistration)
                    && entry.NextRun is not null)
                .ToLookup(entry => entry.Name);
        }
        catch (BackupException exception)
        {
            WriteVerbose($"When jobs run next is not known: {exception.Message}");
            return NoSchedules;
        }
    }
}
