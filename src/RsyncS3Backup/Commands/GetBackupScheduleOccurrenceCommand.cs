using System.Management.Automation;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits the next times at which a job, or a cron expression, is due.</summary>
[Cmdlet(VerbsCommon.Get, "BackupScheduleOccurrence", DefaultParameterSetName = ByName)]
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
    [Parameter(Mandatory = true, ParameterSetName = ByExpression)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string CronExpression { get; set; } = "";

    /// <summary>The IANA or Windows name of the expression's time zone. Default: the machine's.</summary>
    [Parameter(Position = 1, ParameterSetName = ByExpression)]
    [Parameter(Position = 1, ParameterSetName = ByName)]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>
    /// The names of jobs in the job folders, or paths of configuration files; wildcards are allowed. A cron expression is taken for one.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
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
            Write(name: null, new BackupScheduleOptions { CronExpression = CronExpression, Timezone = TimeZone });
            return;
        }

        if (ParameterSetName == ByName)
        {
            foreach (string name in Name)
            {
                if (IsExpression(name))
                    Write(name: null, new BackupScheduleOptions { CronExpression = name, Timezone = TimeZone });
                else
                    Write(jobs.FromNames([name]));
            }

            return;
        }

        Write(jobs.Read(this));
    }

    // Fields of digits and signs; a job's name may have spaces too. What cron itself abbreviates, such as @daily, is told to be written out.
    private static bool IsExpression(string text)
    {
        if (text.StartsWith('@'))
            return true;
        string[] fields = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool isTime = fields.Length > 1 && (char.IsAsciiDigit(fields[0][0]) || fields[0][0] == '*');
        return isTime && (fields.Length >= 5 || fields[1..].Any(field => field.Contains('*', StringComparison.Ordinal)));
    }

    private void Write(IEnumerable<BackupConfiguration> given)
    {
        foreach (BackupConfiguration job in given)
        {
            if (job.Schedule is { } schedule)
                Write(job.Name, TimeZone is null ? schedule : schedule with { Timezone = TimeZone });
            else if (jobs.IsAskedFor)
                WriteError(ErrorRecords.From(ScheduleErrors.ScheduleMissing(job.Name)));
            else
                WriteVerbose(ScheduleErrors.ScheduleMissing(job.Name).Message);
        }
    }

    private void Write(string? name, BackupScheduleOptions options)
    {
        if (errors.TryRead(() => CronSchedule.From(options)) is { } schedule)
            WriteObject(schedule.AllAfter(After).Take(Count).Select(occurrence => occurrence with { Name = name }), enumerateCollection: true);
    }
}
