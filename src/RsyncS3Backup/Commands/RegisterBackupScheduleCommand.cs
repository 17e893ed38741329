using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Readiness;
using RsyncS3Backup.Schedulers;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Registers jobs with the operating system's scheduler, or changes how they are registered.</summary>
[Cmdlet(VerbsLifecycle.Register, "BackupSchedule", DefaultParameterSetName = ByName, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupSchedule))]
public sealed class RegisterBackupScheduleCommand : AsyncCmdlet, IJobParameters
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);
    private readonly InputErrors errors;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public RegisterBackupScheduleCommand()
    {
        errors = new InputErrors(this);
        jobs = new JobInput(this, errors);
    }

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
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

    /// <summary>What is registered: the job's backup, or the tests that its configuration names. Default: Backup.</summary>
    [Parameter]
    public BackupScheduleTask Task { get; set; }

    /// <summary>When the job is due, instead of what its configuration says: five fields, as in cron.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? CronExpression { get; set; }

    /// <summary>The time zone in which the expression is meant, instead of the configuration's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    public string? TimeZone { get; set; }

    /// <summary>The scheduler. Default: systemd where its manager answers, else cron; launchd on macOS; the Task Scheduler on Windows.</summary>
    [Parameter]
    public BackupScheduler Scheduler { get; set; }

    /// <summary>Whose scheduler: the user's, or the machine's, as root or SYSTEM.</summary>
    [Parameter]
    public BackupScheduleScope Scope { get; set; }

    /// <summary>Put each run off by a random time up to this: <c>10m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan RandomDelay { get; set; }

    /// <summary>Let go of times that were missed while the machine was off or slept. Default: they are made good by one run.</summary>
    [Parameter]
    public SwitchParameter NoCatchUp { get; set; }

    /// <summary>
    /// Also when the mirror's drive is connected: a run that did not find it is made good then. The drive must be there now. Not with cron.
    /// </summary>
    [Parameter]
    public SwitchParameter OnDrive { get; set; }

    /// <summary>The earlier form of <see cref="NoCatchUp"/>: <c>-CatchUp:$false</c>.</summary>
    [Parameter(DontShow = true)]
    public SwitchParameter CatchUp { get; set; }

    /// <summary>Emit what is registered.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Task == BackupScheduleTask.Test && (CronExpression ?? TimeZone) is { } given)
        {
            errors.Throw(ParameterErrors.InvalidValue(
                CronExpression is null ? nameof(TimeZone) : nameof(CronExpression), given, "Tests are due as the configuration says.", "-Task Backup"));
        }

        if (Task == BackupScheduleTask.Test && OnDrive)
            errors.Throw(ParameterErrors.InvalidValue(nameof(OnDrive), "true", "A drive that comes starts no tests.", "-Task Backup"));
        if (RandomDelay < TimeSpan.Zero || RandomDelay > LongestDelay)
            errors.Throw(ParameterErrors.InvalidValue("RandomDelay", RandomDelay.ToString(), "It is below zero or more than a day.", "0 to 1d"));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration configuration in jobs.Read(this))
        {
            bool isOfTests = Task == BackupScheduleTask.Test;
            bool hasNone = isOfTests ? configuration.Tests.Count == 0 : configuration.Schedule is null && CronExpression is null;
            if (hasNone && !jobs.IsAskedFor)
            {
                WriteVerbose($"Job '{configuration.Name}' has no {(isOfTests ? "tests" : "schedule")}, so it is not registered.");
                continue;
            }

            errors.TryRead<object>(() =>
            {
                Register(configuration);
                return configuration;
            });
        }
    }

    private void Register(BackupConfiguration configuration)
    {
        ScheduleWish wish = new()
        {
            ByPath = !jobs.IsByName,
            Task = Task,
            CronExpression = CronExpression,
            TimeZone = TimeZone,
            Scheduler = Scheduler,
            Scope = Scope,
            RandomDelay = RandomDelay,
            OnDrive = OnDrive,
            CatchUp = !NoCatchUp && (CatchUp || !this.IsGiven(nameof(CatchUp))),
        };
        if (wish.ByPath && configuration.Path is null)
            throw new BackupException(ParameterErrors.NoFileToRegister(configuration.Name));
        bool isTest = Task == BackupScheduleTask.Test;
        BackupScheduleOptions? options = isTest ? null : BackupSchedules.Effective(configuration, CronExpression, TimeZone);
        (INativeScheduler scheduler, _) = Run(null, (_, token) => MachineSchedules.Current.ChooseAsync(wish, configuration.Name, token));
        string what = options is null
            ? $"to test its copies ({string.Join(", ", configuration.Tests.Select(test => test.Level))})"
            : $"to run at '{options.CronExpression}' ({options.Timezone ?? "the machine's time zone"}){(OnDrive ? ", and when its drive is connected" : "")}";
        if (!this.Agrees($"Register job '{configuration.Name}' with {scheduler.Kind} ({Scope} scope), {what}."))
            return;
        BackupSchedule schedule = Run(null, (observer, token) =>
            MachineSchedules.Current.RegisterAsync(wish, configuration, MachineSchedules.Launcher, observer, token));
        foreach (string doubt in Run(null, (_, token) => ReadinessTest.DoubtsAsync(ReadinessRequest.For(configuration), [], token)))
            WriteWarning($"Job '{configuration.Name}' is registered. {doubt}");
        if (PassThru)
            WriteObject(schedule);
    }
}
