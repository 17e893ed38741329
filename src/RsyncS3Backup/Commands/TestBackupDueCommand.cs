using System.Management.Automation;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.State;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Says whether jobs are due and why; with -Claim it also keeps the answer, so that nobody else gets the same time.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupDue", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(BackupDue), typeof(bool))]
public sealed class TestBackupDueCommand : ConfigurationFileCmdlet
{
    /// <summary>What is asked about: the job's backup, or each of the tests that its configuration names. Default: Backup.</summary>
    [Parameter]
    public BackupScheduleTask Task { get; set; }

    /// <summary>An expression that overrides the configuration's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? CronExpression { get; set; }

    /// <summary>A time zone that overrides the configuration's.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    [ValidateNotNullOrEmpty]
    public string? TimeZone { get; set; }

    /// <summary>Do not make one run of times that were missed.</summary>
    [Parameter]
    public SwitchParameter NoCatchUp { get; set; }

    /// <summary>With -NoCatchUp: how late a time may still run.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan Tolerance { get; set; } = DueDecision.DefaultTolerance;

    /// <summary>Ask as if it were this instant. Default: now.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset At { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Keep the answer: whoever asks next does not get the same time. Then run the job if it is due.</summary>
    [Parameter]
    public SwitchParameter Claim { get; set; }

    /// <summary>
    /// Whose scheduler asks. Checks first who could have written what the job would run: with System what another user could change is an
    /// error, with User a warning. Default: nothing is checked.
    /// </summary>
    [Parameter]
    public BackupScheduleScope? Scope { get; set; }

    /// <summary>The job is due as well when its newest run did not find the mirror's drive, and the drive is there now.</summary>
    [Parameter]
    public SwitchParameter OnDrive { get; set; }

    /// <summary>Emit true or false for each job instead.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private bool IsAtGiven => At != DateTimeOffset.MinValue;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Claim && IsAtGiven)
            Errors.Throw(ParameterErrors.ClaimOfAnotherTime());
        if (Task == BackupScheduleTask.Test && OnDrive)
            Errors.Throw(ParameterErrors.InvalidValue(nameof(OnDrive), "true", "A drive that comes starts no tests.", "-Task Backup"));
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration job in Jobs.Read(this))
        {
            if (Task == BackupScheduleTask.Test)
            {
                foreach (BackupDue test in Errors.TryRead(() => Tests(job)) ?? [])
                    WriteObject(Quiet ? test.IsDue : test);
                continue;
            }

            if (job.Schedule is null && CronExpression is null && !Jobs.IsAskedFor)
            {
                WriteVerbose($"Job '{job.Name}' has no schedule, so it is never due.");
                continue;
            }

            if (Errors.TryRead(() => Answer(job)) is { } answer)
                WriteObject(Quiet ? answer.IsDue : answer);
        }
    }

    private BackupDue Answer(BackupConfiguration job)
    {
        BackupScheduleOptions times = BackupSchedules.Effective(job, CronExpression, TimeZone);
        CronSchedule schedule = CronSchedule.From(times);
        bool claims = Claim && this.Agrees($"Claim the time at which job '{job.Name}' is due: nobody else gets it.");
        DateTimeOffset now = IsAtGiven ? At : DateTimeOffset.UtcNow;
        // A check that starts nothing looks at nothing that the job would use: its drives may sleep.
        bool runs = !claims || StartRequest.IsMade(job.Name) || ScheduleState.Look(job.Name, schedule, now, !NoCatchUp, Tolerance, Changed(job)).IsDue;
        string? unsafeBecause = RequireSafe(job, runs);
        DueDecision decision = claims
            ? ScheduleState.Claim(job.Name, schedule, now, !NoCatchUp, Tolerance, Changed(job))
            : ScheduleState.Look(job.Name, schedule, now, !NoCatchUp, Tolerance, Changed(job));
        // Start-BackupSchedule lets the scheduler start this very question.
        bool isAskedFor = claims && StartRequest.Take(job.Name);
        BackupRun? missed = OnDrive && !decision.IsDue && !isAskedFor ? Missed(job) : null;
        if (!runs && (decision.IsDue || isAskedFor || missed is not null))
            unsafeBecause = RequireSafe(job, runs: true);
        bool isMadeGood = missed is not null && IsMadeGood(missed, decision.Memory.Settled, claims);
        bool isDue = decision.IsDue || isAskedFor || isMadeGood;
        if (unsafeBecause is not null && isDue)
            WriteWarning(NativeScheduleErrors.OpenToOthers(job.Name, unsafeBecause));
        SuccessAge? age = Age(job, now, times);
        // A run that begins now tells by itself how it ends.
        bool tells = claims && !isDue && age is { IsOverdue: true };
        BackupDue answer = new()
        {
            Name = job.Name,
            IsDue = isDue,
            IsClaimed = claims,
            Occurrence = decision.Occurrence?.Local,
            Reason = isAskedFor ? "Start-BackupSchedule asked for it."
                : isMadeGood ? $"The drive is there that the run of {ScheduleText.Time(missed!.StartTime)} did not find." : decision.Reason,
            NextOccurrence = decision.Next?.Local,
            LastSuccess = age?.LastSuccess,
            IsOverdue = age is { IsOverdue: true },
            Notifications = tells ? Tell(job, age!) : [],
            TimeZone = schedule.Zone.Name,
        };
        if (claims && Scope is not null && age is not null)
            ScheduleState.TellQuiet(job, schedule, decision, now, OverdueNotice.Next(job, age));
        else if (claims)
            // Somebody else asked, perhaps for other times.
            QuietTime.TryEnd(job.Name, BackupScheduleTask.Backup);
        return answer;
    }

    private static bool IsMadeGood(BackupRun missed, DateTimeOffset period, bool claims)
    {
        bool isOnce = missed.Status == BackupStatus.Failed;
        return claims
            ? ScheduleState.ClaimReturn(missed.Name, missed.StartTime, period, isOnce)
            : ScheduleState.IsReturnOpen(missed.Name, missed.StartTime, period, isOnce);
    }

    private BackupRun? Missed(BackupConfiguration job)
    {
        try
        {
            return DriveReturn.Missed(job);
        }
        catch (BackupException exception)
        {
            WriteWarning(exception.Message);
            return null;
        }
    }

    private List<BackupDue> Tests(BackupConfiguration job)
    {
        DateTimeOffset now = IsAtGiven ? At : DateTimeOffset.UtcNow;
        ScheduleZone zone = ScheduleZone.Find(job.Schedule?.Timezone);
        List<BackupDue> found = [];
        IReadOnlyList<TestDue> tests = JobTests.Of(job, now);
        RequireSafe(job, runs: !Claim || tests.Any(test => test.IsDue));
        foreach (TestDue test in tests)
        {
            // One that is due now tells by itself how it ends.
            bool tells = Claim && !test.IsDue && test.Age.IsOverdue && this.Agrees($"Tell that the tests of job '{job.Name}' are overdue.");
            found.Add(new BackupDue
            {
                Name = job.Name,
                Level = test.Test.Level,
                SamplePercent = test.Test.Level is BackupTestLevel.Sample or BackupTestLevel.Restore ? test.Test.SamplePercent : null,
                IsDue = test.IsDue,
                // What is on record of the test is all that is kept.
                IsClaimed = false,
                Reason = test.Reason,
                NextOccurrence = test.Next is { } next ? zone.At(next.UtcDateTime) : null,
                LastSuccess = test.Age.LastSuccess,
                IsOverdue = test.Age.IsOverdue,
                Notifications = tells ? Tell(job, test.Age, test.Test.Level) : [],
                TimeZone = zone.Name,
            });
        }

        if (Claim && Scope is not null && this.Agrees($"Note until when no test of job '{job.Name}' is due."))
            QuietTime.Write(job, BackupScheduleTask.Test, now, tests.SelectMany(test => new[] { test.Next, OverdueNotice.Next(job, test.Age, test.Test.Level) }));
        return found;
    }

    private string? RequireSafe(BackupConfiguration job, bool runs)
    {
        string? unsafeBecause = Scope is null ? null : ScheduleSafety.Problem(MachineSchedules.Launcher, job, runs);
        if (unsafeBecause is not null && Scope == BackupScheduleScope.System)
            throw new BackupException(NativeScheduleErrors.UnsafeStart(job.Name, unsafeBecause));
        return unsafeBecause;
    }

    private SuccessAge? Age(BackupConfiguration job, DateTimeOffset now, BackupScheduleOptions times)
    {
        try
        {
            return JobAge.Of(job, now, times);
        }
        catch (BackupException exception)
        {
            // Whether the job is due does not depend on it.
            WriteWarning(exception.Message);
            return null;
        }
    }

    private IReadOnlyList<NotificationResult> Tell(BackupConfiguration job, SuccessAge age, BackupTestLevel? test = null)
    {
        IReadOnlyList<NotificationResult> told = Run(null, (observer, token) => OverdueNotice.TellAsync(job, age, observer, token, test: test));
        foreach (NotificationResult failed in told.Where(notification => notification.Error is not null))
            WriteWarning(failed.Error!.Message);
        return told;
    }

    // An expression that was given was not written into the file.
    private DateTimeOffset? Changed(BackupConfiguration job) =>
        CronExpression is null && TimeZone is null ? JobAge.Written(job) : null;
}
