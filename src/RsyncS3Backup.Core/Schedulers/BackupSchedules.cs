using RsyncS3Backup.Calendar;
using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Schedulers;

/// <summary>Registers jobs with the operating system's schedulers, and tells what is registered.</summary>
/// <param name="places">Where the schedulers keep things.</param>
/// <param name="clock">The time.</param>
internal sealed class BackupSchedules(NativePlaces places, TimeProvider clock)
{
    /// <summary>Registers a job, or changes how it is registered.</summary>
    /// <param name="wanted">What to register; the scheduler and the program are found where they are left open.</param>
    /// <param name="configuration">The job.</param>
    /// <param name="launcher">The module's launcher script.</param>
    /// <param name="tell">Told what happens, and what the user should know.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The job has no schedule, it would not start, or the scheduler cannot have
    /// it.</exception>
    public async Task<BackupSchedule> RegisterAsync(
        ScheduleWish wanted, BackupConfiguration configuration, string launcher, IRunObserver tell, CancellationToken cancellationToken)
    {
        DateTimeOffset now = clock.GetUtcNow();
        bool isTest = wanted.Task == BackupScheduleTask.Test;
        if (isTest && configuration.Tests.Count == 0)
            throw new BackupException(NativeScheduleErrors.NoTests(configuration.Name));
        CronSchedule? schedule = isTest ? null : CronSchedule.From(Effective(configuration, wanted.CronExpression, wanted.TimeZone));
        (INativeScheduler scheduler, string? why) = await ChooseAsync(wanted, configuration.Name, cancellationToken).ConfigureAwait(false);
        if (why is not null)
            tell.Verbose($"{scheduler.Kind} is chosen: {why}.");
        bool isOtherAccount = SystemAccount.IsAnother(wanted.Scope);
        if (isOtherAccount && !SystemAccount.SharesState(Environment.GetEnvironmentVariable(StateFolder.EnvironmentVariable)))
            throw new BackupException(NativeScheduleErrors.StateApart(configuration.Name));
        if (wanted.OnDrive && scheduler.Kind == BackupScheduler.Cron)
            throw new BackupException(NativeScheduleErrors.NoDriveStarts(configuration.Name));
        string program = PowerShellProgram.Find();
        JobEnvironment environment = JobEnvironment.Current(program);
        ScheduleRegistration registration = new()
        {
            JobName = configuration.Name,
            Task = wanted.Task,
            ConfigPath = wanted.ByPath || (isOtherAccount && SystemAccount.NeedsPath(configuration.Path, JobFolders.Current()))
                ? configuration.Path
                : null,
            CronExpression = wanted.CronExpression,
            TimeZone = wanted.TimeZone,
            CatchUp = wanted.CatchUp,
            RandomDelay = wanted.RandomDelay,
            Scope = wanted.Scope,
            Trigger = schedule is null ? NativeTrigger.ForTests(configuration, now) : NativeTrigger.For(schedule, wanted.CatchUp, now),
            Program = program,
            Launcher = launcher,
            Environment = environment.Job,
            ShellEnvironment = environment.Shell,
            QuietFile = QuietFile(scheduler.Kind, configuration.Name, wanted.Task),
            Drive = wanted.OnDrive ? DriveReturn.PlaceOf(configuration) : null,
        };
        if (ScheduleSafety.Problem(registration, configuration) is { } unsafeBecause)
        {
            // As root, or SYSTEM, it is the whole machine's affair.
            if (wanted.Scope == BackupScheduleScope.System)
                throw new BackupException(NativeScheduleErrors.Unsafe(configuration.Name, unsafeBecause));
            tell.Warning(NativeScheduleErrors.OpenToOthers(configuration.Name, unsafeBecause));
        }

        await StartCheck.RunAsync(scheduler, registration, cancellationToken).ConfigureAwait(false);
        foreach (string missing in LostCredentials.Warnings(configuration, environment))
            tell.Warning(missing);
        if (JobDoubts.OpenMirror(configuration) is { } open)
            tell.Warning(open);
        if (schedule is not null && JobDoubts.RareRuns(configuration, Effective(configuration, wanted.CronExpression, wanted.TimeZone), clock.GetUtcNow()) is { } rare)
            tell.Warning(rare);
        // Before the first trigger can ask: the first question of all finds nothing due.
        if (schedule is not null)
            ScheduleState.Begin(configuration.Name, schedule, now, keep: true);
        else
            QuietTime.End(configuration.Name, wanted.Task);
        foreach (string warning in await scheduler.InstallAsync(registration, cancellationToken).ConfigureAwait(false))
            tell.Warning(warning);
        // What was registered before may have asked, and answered for its own times, until then.
        QuietTime.End(configuration.Name, wanted.Task);

        foreach (NativeEntry other in await ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (other.Registration?.JobName != configuration.Name || other.Registration.Task != wanted.Task || (other.Scheduler.Kind == scheduler.Kind && other.Scheduler.Scope == scheduler.Scope))
                continue;
            if (other.Scheduler.Scope == scheduler.Scope)
            {
                tell.Verbose($"The job moves from {other.Scheduler.Kind}.");
                await other.Scheduler.RemoveAsync(other, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                tell.Warning(
                    $"Job '{configuration.Name}' is registered with {other.Scheduler.Kind} for the {other.Scheduler.Scope} scope as well: "
                    + $"{other.Location}. Both would start it. Remove that one with Unregister-BackupSchedule "
                    + $"'{configuration.Name.Replace("'", "''", StringComparison.Ordinal)}' -Scope {other.Scheduler.Scope}.");
            }
        }

        IReadOnlyList<NativeEntry> entries = await scheduler.ListAsync(cancellationToken).ConfigureAwait(false);
        NativeEntry entry = entries.FirstOrDefault(found => found.Registration?.JobName == configuration.Name && found.Registration.Task == wanted.Task)
            ?? throw new BackupException(NativeScheduleErrors.NotVerified(configuration.Name, scheduler.Kind, "it is not there"));
        return Describe(entry, new JobReader(), launcher);
    }

    /// <summary>The scheduler that a job would be registered with.</summary>
    /// <exception cref="BackupException">There is none, or it takes an administrator.</exception>
    public async Task<(INativeScheduler Scheduler, string? Why)> ChooseAsync(ScheduleWish wanted, string jobName, CancellationToken cancellationToken)
    {
        (INativeScheduler scheduler, string? why) = await SchedulerChoice
            .FindAsync(wanted.Scheduler, SchedulerChoice.All(wanted.Scope, places), cancellationToken).ConfigureAwait(false);
        return wanted.Scope == BackupScheduleScope.System && !Environment.IsPrivilegedProcess
            ? throw new BackupException(NativeScheduleErrors.NotPrivileged(scheduler.Kind, jobName))
            : (scheduler, why);
    }

    /// <summary>What is registered with every scheduler of this system that answers, by job.</summary>
    public async Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        List<NativeEntry> entries = [];
        foreach (BackupScheduleScope scope in Enum.GetValues<BackupScheduleScope>())
        {
            foreach (INativeScheduler scheduler in SchedulerChoice.All(scope, places))
                entries.AddRange(await scheduler.ListAsync(cancellationToken).ConfigureAwait(false));
        }

        return [.. entries.OrderBy(NameOf, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The entries as users see them.</summary>
    public IReadOnlyList<BackupSchedule> Describe(IEnumerable<NativeEntry> entries, string launcher)
    {
        JobReader jobs = new();
        return [.. entries.Select(entry => Describe(entry, jobs, launcher))];
    }

    /// <summary>Takes an entry away, and what is kept of the job's schedule when no other entry needs it.</summary>
    /// <exception cref="BackupException">The system refused.</exception>
    public async Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        await entry.Scheduler.RemoveAsync(entry, cancellationToken).ConfigureAwait(false);
        if (entry.Registration is not { } registration)
            return;
        IReadOnlyList<NativeEntry> left = await ListAsync(cancellationToken).ConfigureAwait(false);
        if (!left.Any(other => other.Registration?.JobName == registration.JobName && other.Registration.Task == BackupScheduleTask.Backup))
        {
            StartRequest.Take(registration.JobName);
            ScheduleState.Forget(registration.JobName);
        }
    }

    /// <summary>Takes an entry away whose job goes with it: what is kept of its times is with the rest of its state.</summary>
    /// <exception cref="BackupException">The system refused.</exception>
    public static Task RemoveOnlyAsync(NativeEntry entry, CancellationToken cancellationToken) =>
        entry.Scheduler.RemoveAsync(entry, cancellationToken);

    /// <summary>The entries of a job, and that nobody but an administrator can change them.</summary>
    /// <exception cref="BackupException">One is for the whole system, and this is no administrator.</exception>
    public async Task<IReadOnlyList<NativeEntry>> OfJobAsync(string job, CancellationToken cancellationToken)
    {
        IReadOnlyList<NativeEntry> all = await ListAsync(cancellationToken).ConfigureAwait(false);
        NativeEntry[] entries = [.. all.Where(entry => entry.Registration?.JobName == job)];
        NativeEntry? ofSystem = Array.Find(entries, entry => entry.Scheduler.Scope == BackupScheduleScope.System);
        return ofSystem is null || Environment.IsPrivilegedProcess
            ? entries
            : throw new BackupException(NativeScheduleErrors.NotPrivileged(ofSystem.Scheduler.Kind, job));
    }

    /// <summary>Registers what starts a job under its new name, and takes the old entry away.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="newName">The job's new name.</param>
    /// <param name="newPath">Where its file is now.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The system refused.</exception>
    public static async Task<IReadOnlyList<string>> RenameAsync(
        NativeEntry entry, string newName, string newPath, CancellationToken cancellationToken)
    {
        ScheduleRegistration renamed = entry.Registration! with { JobName = newName };
        renamed = renamed with { QuietFile = renamed.QuietFile is null ? null : QuietFile(entry.Scheduler.Kind, newName, renamed.Task) };
        if (renamed.ConfigPath is not null)
            renamed = renamed with { ConfigPath = newPath };
        IReadOnlyList<string> warnings = await entry.Scheduler.InstallAsync(renamed, cancellationToken).ConfigureAwait(false);
        await entry.Scheduler.RemoveAsync(entry, cancellationToken).ConfigureAwait(false);
        return warnings;
    }

    /// <summary>Switches an entry on or off.</summary>
    /// <exception cref="BackupException">The system refused, or its registration cannot be read.</exception>
    public async Task<IReadOnlyList<string>> SetEnabledAsync(NativeEntry entry, bool isEnabled, CancellationToken cancellationToken)
    {
        ScheduleRegistration registration = entry.Registration
            ?? throw new BackupException(NativeScheduleErrors.NotVerified(entry.Name, entry.Scheduler.Kind, entry.Problem ?? "it cannot be read"));
        // What was missed while it was off is not made good: somebody wanted it off.
        if (isEnabled && !registration.IsEnabled && registration.Task == BackupScheduleTask.Backup && TryRead(new JobReader(), registration, out CronSchedule? schedule, out _) is null)
            ScheduleState.Begin(registration.JobName, schedule!, clock.GetUtcNow(), keep: false);
        else if (isEnabled)
            QuietTime.End(registration.JobName, registration.Task);
        return await entry.Scheduler.InstallAsync(registration with { IsEnabled = isEnabled }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets an entry's scheduler start its job now, due or not.</summary>
    /// <exception cref="BackupException">The system refused.</exception>
    public static async Task StartAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = NameOf(entry);
        // Tests are made when they are due.
        if (entry.Registration?.Task != BackupScheduleTask.Test)
            StartRequest.Make(job);
        try
        {
            await entry.Scheduler.StartAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            StartRequest.Take(job);
            throw;
        }
    }

    /// <summary>The job's name; the entry's own where that cannot be read.</summary>
    public static string NameOf(NativeEntry entry) => entry.Registration?.JobName ?? entry.Name;

    /// <summary>The expression and the zone that count: each the one that was given, else the configuration's.</summary>
    /// <exception cref="BackupException">There is no expression.</exception>
    public static BackupScheduleOptions Effective(BackupConfiguration configuration, string? cronExpression, string? timeZone)
    {
        string expression = cronExpression ?? configuration.Schedule?.CronExpression
            ?? throw new BackupException(ScheduleErrors.ScheduleMissing(configuration.Name));
        return new BackupScheduleOptions { CronExpression = expression, Timezone = timeZone ?? configuration.Schedule?.Timezone };
    }

    // Whether macOS lets a program read what it lets PowerShell read, when a shell has started it, was not tried. A line break would end a crontab's entry.
    private static string? QuietFile(BackupScheduler scheduler, string job, BackupScheduleTask task) =>
        scheduler is BackupScheduler.Cron or BackupScheduler.Systemd && QuietTime.PathFor(job, task) is { } path && !path.Any(char.IsControl) ? path : null;

    private BackupSchedule Describe(NativeEntry entry, JobReader jobs, string launcher)
    {
        DateTimeOffset now = clock.GetUtcNow();
        string name = NameOf(entry);
        BackupSchedule described = new()
        {
            Name = name,
            Scheduler = entry.Scheduler.Kind,
            Scope = entry.Scheduler.Scope,
            EntryName = entry.Name,
            Location = entry.Location,
            Command = entry.Command,
            Problem = entry.Problem,
            State = BackupScheduleState.Broken,
        };
        BackupScheduleTask task = entry.Registration?.Task ?? BackupScheduleTask.Backup;
        described = described with { Task = task };
        if (LastRun(name, task) is { } last)
            described = described with { LastRun = last.StartTime.ToLocalTime(), LastResult = last.Status };
        if (entry.Registration is not { } registration)
            return described;

        described = described with
        {
            CatchUp = registration.CatchUp,
            RandomDelay = registration.RandomDelay,
            OnDrive = registration.Drive,
            ConfigurationPath = registration.ConfigPath,
            IsOverride = registration.CronExpression is not null || registration.TimeZone is not null,
        };
        if (TryRead(jobs, registration, out CronSchedule? schedule, out BackupConfiguration? configuration) is { } unreadable)
            return described with { Problem = entry.Problem ?? unreadable.Message };
        string? unsafeBecause = ScheduleSafety.Problem(registration, configuration!) is { } other
            ? $"Somebody else can change what the job does: {other}"
            : null;
        if (schedule is null)
            return DescribeTests(described, entry, registration, configuration!, unsafeBecause, launcher, now);
        NativeTrigger wanted = NativeTrigger.For(schedule, registration.CatchUp, now);
        string? outdated = Outdated(entry.Scheduler.Kind, registration, wanted, $"The schedule '{schedule.Expression.Text}' has", launcher)
            ?? OnOtherDrive(registration, configuration!);
        return described with
        {
            CronExpression = schedule.Expression.Text,
            TimeZone = schedule.IsInMachineZone ? null : schedule.Zone.Name,
            NextRun = registration.IsEnabled ? schedule.After(now)?.Local : null,
            Problem = entry.Problem ?? unsafeBecause ?? outdated,
            State = entry.Problem is not null ? BackupScheduleState.Broken
                : !registration.IsEnabled ? BackupScheduleState.Disabled
                : outdated is not null ? BackupScheduleState.NeedsRegistration
                : BackupScheduleState.Active,
        };
    }

    private static BackupSchedule DescribeTests(
        BackupSchedule described, NativeEntry entry, ScheduleRegistration registration, BackupConfiguration job, string? unsafeBecause,
        string launcher, DateTimeOffset now)
    {
        string? outdated = job.Tests.Count == 0
            ? "The job has no tests any more; Unregister-BackupSchedule takes this away."
            : Outdated(entry.Scheduler.Kind, registration, NativeTrigger.ForTests(job, now), "The tests have", launcher);
        return described with
        {
            NextRun = registration.IsEnabled ? NextTest(job, now) : null,
            Problem = entry.Problem ?? unsafeBecause ?? outdated,
            State = entry.Problem is not null ? BackupScheduleState.Broken
                : !registration.IsEnabled ? BackupScheduleState.Disabled
                : outdated is not null ? BackupScheduleState.NeedsRegistration
                : BackupScheduleState.Active,
        };
    }

    private static DateTimeOffset? NextTest(BackupConfiguration job, DateTimeOffset now)
    {
        try
        {
            return JobTests.Of(job, now).Select(test => test.Next?.ToLocalTime()).Min();
        }
        catch (BackupException)
        {
            // Get-BackupHistory says what is wrong with it.
            return null;
        }
    }

    private static string? OnOtherDrive(ScheduleRegistration registration, BackupConfiguration job)
    {
        if (registration.Drive is not { } drive)
            return null;
        string mirror = RealPath.Of(Path.GetFullPath(job.Options.Rsync.LocalDestination));
        // The place that holds it when it is there: one that was registered while the drive was away is another.
        bool isOther = !RealPath.IsInside(mirror, RealPath.Of(drive))
            || (OperatingSystem.IsLinux() && Directory.Exists(mirror) && MountPoints.Holding(mirror) is { } place && place != drive
                && !AbsentMirror.IsAway(job.Name, mirror, isNew: false));
        return isOther ? $"The mirror is no longer on the drive at '{drive}', whose coming starts the job; register it again with -OnDrive." : null;
    }

    private static string? Outdated(
        BackupScheduler scheduler, ScheduleRegistration registration, NativeTrigger wanted, string what, string launcher)
    {
        if (!File.Exists(registration.Program))
            return $"PowerShell is no longer at '{registration.Program}'; register the job again.";
        if (!File.Exists(registration.Launcher))
            return $"The module is no longer at '{Path.GetDirectoryName(registration.Launcher)}'; register the job again.";
        if (registration.Launcher != launcher && !IsOtherVersion(registration.Launcher, launcher))
            return $"A module in another place starts the job: '{registration.Launcher}'. Register the job again to use this one.";
        return registration.Trigger.Covers(wanted, scheduler)
            ? null
            : $"{what} times at which {scheduler} does not start the job; register it again"
                + (registration.CatchUp ? ", until then it may start up to an hour late." : ".");
    }

    // Versions that lie side by side: each one's launcher starts the newest of them.
    private static bool IsOtherVersion(string launcher, string other)
    {
        (string? Folder, string? Version) first = Split(launcher), second = Split(other);
        return first.Folder == second.Folder && Version.TryParse(first.Version, out _) && Version.TryParse(second.Version, out _);

        static (string? Folder, string? Version) Split(string launcher)
        {
            string? module = Path.GetDirectoryName(Path.GetDirectoryName(launcher));
            return (Path.GetDirectoryName(module), Path.GetFileName(module));
        }
    }

    private static BackupError? TryRead(
        JobReader jobs, ScheduleRegistration registration, out CronSchedule? schedule, out BackupConfiguration? configuration)
    {
        configuration = null;
        try
        {
            configuration = jobs.Read(registration.JobName, registration.ConfigPath);
            schedule = registration.Task == BackupScheduleTask.Test
                ? null : CronSchedule.From(Effective(configuration, registration.CronExpression, registration.TimeZone));
            return null;
        }
        catch (BackupException exception)
        {
            schedule = null;
            return exception.Error;
        }
    }

    private static BackupRun? LastRun(string job, BackupScheduleTask task)
    {
        try
        {
            if (JobHistory.Find(job)?.ReadNewest(backups: 1, tests: 1) is not { } newest)
                return null;
            return (task == BackupScheduleTask.Test ? newest.Tests : newest.Backups) is [{ } run, ..] ? run : null;
        }
        catch (BackupException)
        {
            // Get-BackupHistory says what is wrong with it.
            return null;
        }
    }
}

/// <summary>What a user wants to be registered.</summary>
internal sealed record ScheduleWish
{
    /// <summary>True when the launcher finds the job by its file, false when by its name.</summary>
    public bool ByPath { get; init; }

    /// <summary>What is started.</summary>
    public BackupScheduleTask Task { get; init; }

    /// <summary>Overrides the configuration's; null: the configuration's.</summary>
    public string? CronExpression { get; init; }

    /// <summary>Overrides the configuration's; null: the configuration's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Which scheduler.</summary>
    public BackupScheduler Scheduler { get; init; }

    /// <summary>Whose scheduler.</summary>
    public BackupScheduleScope Scope { get; init; }

    /// <summary>The most by which a start is put off at random.</summary>
    public TimeSpan RandomDelay { get; init; }

    /// <summary>Whether what was missed is made good.</summary>
    public bool CatchUp { get; init; } = true;

    /// <summary>Whether the coming of the mirror's drive starts a check as well.</summary>
    public bool OnDrive { get; init; }
}
