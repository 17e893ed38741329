using System.Management.Automation;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>Emits the next times at which a job, or a cron expression, is due.</summary>
[Cmdlet(VerbsCommon.Get, "BackupScheduleOccurrence", DefaultParameterSetName = ByExpression)]
[OutputType(typeof(ScheduleOccurrence))]
public sealed class GetBackupScheduleOccurrenceCommand : JobCmdlet
{
    private const string ByExpression = "CronExpression";
    private const int DefaultCount = 5;

    /// <summary>Five fields, as in cron.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByExpression)]
    [ValidateNotNullOrEmpty]
    public string CronExpression { get; set; } = "";

    /// <summary>The IANA or Windows name of the expression's time zone. Default: the machine's.</summary>
    [Parameter(Position = 1, ParameterSetName = ByExpression)]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>Only times after this instant. Default: now.</summary>
    [Parameter]
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

        foreach (BackupConfiguration job in ReadJobs())
        {
            if (job.Schedule is { } schedule)
                Write(job.Name, schedule);
            else
                WriteError(ErrorRecords.From(ScheduleErrors.ScheduleMissing(job.Name)));
        }
    }

    private void Write(string? name, BackupScheduleOptions options)
    {
        if (TryRead(() => CronSchedule.From(options)) is { } schedule)
            WriteObject(schedule.AllAfter(After).Take(Count).Select(occurrence => occurrence with { Name = name }), enumerateCollection: true);
    }
}
