using System.Diagnostics;
using System.Text;

namespace RsyncS3Backup.Schedulers.Cron;

/// <summary>cron: a block in the user's crontab, or a file in /etc/cron.d.</summary>
internal sealed class CronScheduler(BackupScheduleScope scope, NativePlaces places) : INativeScheduler
{
    private const string Shell = "/bin/sh";

    private const string Installation = "Install cron (apt-get install cron, dnf install cronie, apk add dcron), or use another -Scheduler.";

    /// <inheritdoc/>
    public BackupScheduler Kind => BackupScheduler.Cron;

    /// <inheritdoc/>
    public BackupScheduleScope Scope => scope;

    /// <inheritdoc/>
    public async Task<string?> ObstacleAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
            return "Windows has no cron.";
        if (scope == BackupScheduleScope.System)
            return Directory.Exists(places.CronFolder) ? null : $"there is no folder {places.CronFolder}.";
        try
        {
            await ReadAsync("", cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (BackupException exception)
        {
            return exception.Message;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
            return [];
        if (scope == BackupScheduleScope.System)
            return AsTheyStand(NativeFiles.Ours(places.CronFolder, NativeNames.Prefix, "").Select(FileEntry));
        try
        {
            string? crontab = await ReadAsync("", cancellationToken).ConfigureAwait(false);
            return AsTheyStand(CrontabText.Find(crontab ?? "").Select(BlockEntry));
        }
        catch (BackupException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        string job = registration.JobName;
        if (await ObstacleAsync(cancellationToken).ConfigureAwait(false) is { } obstacle)
            throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, obstacle, Installation));
        if (CrontabText.Obstacle(registration) is { } reason)
        {
            throw new BackupException(NativeScheduleErrors.CannotExpress(
                job, Kind, reason, "Give the job a shorter -ConfigPath without line breaks, or use another -Scheduler."));
        }

        if (scope == BackupScheduleScope.System)
        {
            string path = FilePath(registration.EntryName);
            NativeFiles.Write(job, path, CrontabText.File(registration), Encoding.Latin1);
            if (FileEntry(path).Problem is { } problem)
                throw new BackupException(NativeScheduleErrors.NotVerified(job, Kind, problem));
        }
        else
        {
            using FileStream held = await ScheduleLock.TakeAsync(cancellationToken).ConfigureAwait(false);
            string? crontab = await ReadAsync(job, cancellationToken).ConfigureAwait(false);
            string wanted = CrontabText.With(crontab, registration);
            if (wanted != crontab)
                await WriteAsync(job, wanted, cancellationToken).ConfigureAwait(false);
        }

        return registration.IsEnabled ? await DoubtsAsync(cancellationToken).ConfigureAwait(false) : [];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> DoubtsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(IsRunning()
        ? []
        : ["No cron runs here now, so the job will not be started until it does: start the service (systemctl enable --now cron)."]);

    /// <inheritdoc/>
    public async Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = entry.Registration?.JobName ?? entry.Name;
        if (scope == BackupScheduleScope.System)
        {
            NativeFiles.Delete(job, entry.Location);
            return;
        }

        using FileStream held = await ScheduleLock.TakeAsync(cancellationToken).ConfigureAwait(false);
        if (await ReadAsync(job, cancellationToken).ConfigureAwait(false) is not { } crontab)
            return;
        string? wanted = CrontabText.Without(crontab, entry.Name);
        if (wanted != crontab)
            await WriteAsync(job, wanted, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ScheduledStart Check(ScheduleRegistration registration) =>
        Start(["-c", CrontabText.CheckCommand(registration)]);

    /// <inheritdoc/>
    public async Task StartAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = entry.Registration?.JobName ?? entry.Name;
        ScheduleRegistration registration = entry.Registration
            ?? throw new BackupException(NativeScheduleErrors.NotVerified(job, Kind, entry.Problem ?? "it cannot be read"));
        // cron starts nothing on demand, so this is what cron would do, and nobody waits.
        string[] arguments = ["-c", "\"$@\" </dev/null >/dev/null 2>&1 &", "sh", .. CrontabText.Words(registration)];
        ProgramAnswer? answer = await NativeProgram.RunAsync(Start(arguments), cancellationToken).ConfigureAwait(false);
        (answer ?? throw new BackupException(NativeScheduleErrors.ProgramHangs(Shell, arguments, NativeProgram.Patience)))
            .Required(job);
    }

    /// <summary>What cron starts: its shell, with the few variables that every cron sets (crontab(5)).</summary>
    private ScheduledStart Start(IReadOnlyList<string> arguments) => new()
    {
        Program = Shell,
        Arguments = arguments,
        Folder = ScheduledStart.FolderOf(scope),
        Environment = new Dictionary<string, string>
        {
            ["HOME"] = ScheduledStart.Home(scope),
            ["LOGNAME"] = ScheduledStart.User(scope),
            ["PATH"] = "/usr/bin:/bin",
            ["SHELL"] = Shell,
        },
    };

    private List<NativeEntry> AsTheyStand(IEnumerable<NativeEntry> entries)
    {
        Lazy<bool> isRunning = new(IsRunning);
        return
        [
            .. entries.Select(entry => entry.Problem is null && entry.Registration is { IsEnabled: true } && !isRunning.Value
                ? entry with { Problem = "no cron runs here now, so the job is not started: start the service (systemctl enable --now cron)" }
                : entry),
        ];
    }

    private string FilePath(string entryName) => Path.Combine(places.CronFolder, NativeNames.CronFile(entryName));

    private NativeEntry FileEntry(string path)
    {
        string text = NativeFiles.Read(path, Encoding.Latin1) ?? "";
        ScheduleRegistration? registration = CrontabText.Registration(text);
        bool isAsWritten = registration is not null && text == CrontabText.File(registration);
        return Entry(Path.GetFileName(path), path, registration, isAsWritten, "the file");
    }

    private NativeEntry BlockEntry(CrontabBlock block)
    {
        bool isAsWritten = block.Registration is { } registration
            && block.Text == CrontabText.Block(registration, block.Before);
        return Entry(block.Name, $"crontab of {Environment.UserName}", block.Registration, isAsWritten, "the block");
    }

    private NativeEntry Entry(string name, string location, ScheduleRegistration? registration, bool isAsWritten, string what) => new()
    {
        Name = name,
        Scheduler = this,
        Location = location,
        Registration = registration,
        Command = registration is null ? [] : [registration.Program, .. registration.Arguments(delaysItself: true)],
        Problem = isAsWritten ? null : $"{what} was changed by hand",
    };

    /// <summary>The user's crontab; null when there is none.</summary>
    private async Task<string?> ReadAsync(string job, CancellationToken cancellationToken)
    {
        ProgramAnswer answer = await CrontabAsync(["-l"], input: null, cancellationToken).ConfigureAwait(false);
        if (answer.IsGood)
            return answer.Output;
        // Nothing else may be taken for an empty crontab, which would be replaced.
        return answer.Error.Contains("no crontab", StringComparison.OrdinalIgnoreCase)
            ? null
            : throw new BackupException(NativeScheduleErrors.Refused(job, answer.Program, answer.Arguments, answer.Complaint));
    }

    private async Task WriteAsync(string job, string? crontab, CancellationToken cancellationToken)
    {
        if (crontab is null)
        {
            (await CrontabAsync(["-r"], input: null, cancellationToken).ConfigureAwait(false)).Required(job);
        }
        else
        {
            ProgramAnswer answer = await CrontabAsync(["-"], crontab, cancellationToken).ConfigureAwait(false);
            // A crontab that had no line break at its end was no work of this program, which takes none such.
            if (!answer.IsGood && !crontab.EndsWith('\n'))
            {
                crontab += "\n";
                answer = await CrontabAsync(["-"], crontab, cancellationToken).ConfigureAwait(false);
            }

            answer.Required(job);
        }

        if (await ReadAsync(job, cancellationToken).ConfigureAwait(false) != crontab)
            throw new BackupException(NativeScheduleErrors.NotVerified(job, Kind, "the crontab that was read back is not the one that was installed"));
    }

    private async Task<ProgramAnswer> CrontabAsync(string[] arguments, string? input, CancellationToken cancellationToken) =>
        await NativeProgram.RunAsync(places.Crontab, arguments, cancellationToken, input).ConfigureAwait(false)
            ?? throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, "there is no crontab program on the PATH.", Installation));

    private bool IsRunning()
    {
        // launchd starts the cron of macOS when there is a crontab.
        if (OperatingSystem.IsMacOS())
            return true;
        return places.CronPrograms.Any(name =>
        {
            Process[] found = Process.GetProcessesByName(name);
            foreach (Process process in found)
                process.Dispose();
            return found.Length > 0;
        });
    }
}
