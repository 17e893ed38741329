using System.Management.Automation;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits the next times at which a job, or a cron expression, is due.</summary>
[Cmdlet(VerbsCommon.Get, "BackupScheduleOccurrence", DefaultParameterSetName = ByExpression)]
[OutputType(typeof(ScheduleOccurrence))]
public sealed class GetBackupScheduleOccurrenceCommand : AsyncCmdlet, IJobParameters
{
    private const string ByExpression = "CronExpression";
    private const int DefaultCount = 5;

    private readonly InputErrors errors;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupScheduleOccurrenceCommand()
    {
        errors = new InputErrors(this);
        jobs = new JobInput(this, errors);
    }

    /// <summary>Five fields, as in cron.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByExpression)]
    [ValidateNotNullOrEmpty]
    public string CronExpression { get; set; } = "";

    /// <summary>The IANA or Windows name of the expression's time zone. Default: the machine's.</summary>
    [Parameter(Position = 1, ParameterSetName = ByExpression)]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configurations: from Get-BackupJob or Import-BackupConfiguration, as hashtables or custom objects, or files.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>Only times after this instant. Default: now.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset After { get; set; } = DateTimeOffset.Now;

    /// <summary>How many times for each job.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = DefaultCount;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByExpression)
        {
            BackupScheduleOptions options = new() { CronExpression = CronExpression, Timezone = TimeZone };
            Write(name: null, options);
            return;
        }

        foreach (BackupConfiguration job in jobs.Read(this))
        {
            if (job.Schedule is { } schedule)
                Write(job.Name, schedule);
            else
                WriteError(ErrorRecords.From(ScheduleErrors.ScheduleMissing(job.Name)));
        }
    }

    private void Write(string? name, BackupScheduleOptions options)
    {
        if (errors.TryRead(() => CronSchedule.From(options)) is { } schedule)
            WriteObject(schedule.AllAfter(After).Take(Count).Select(occurrence => occurrence with { Name = name }), enumerateCollection: true);
    }
}
