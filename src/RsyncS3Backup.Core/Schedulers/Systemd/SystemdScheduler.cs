namespace RsyncS3Backup.Schedulers.Systemd;

/// <summary>systemd: a service and a timer for each job, of the user's manager or the machine's.</summary>
internal sealed class SystemdScheduler(BackupScheduleScope scope, NativePlaces places) : INativeScheduler
{
    private const string Installation = "Use -Scheduler Cron, or log in to a system that runs systemd.";

    private string Units => scope == BackupScheduleScope.User ? places.UserUnits : places.SystemUnits;

    private string Stamps => scope == BackupScheduleScope.User ? places.UserTimerStamps : places.SystemTimerStamps;

    /// <inheritdoc/>
    public BackupScheduler Kind => BackupScheduler.Systemd;

    /// <inheritdoc/>
    public BackupScheduleScope Scope => scope;

    /// <inheritdoc/>
    public async Task<string?> ObstacleAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            return "systemd is for Linux only.";
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "show", "--property=Version").ConfigureAwait(false);
        return answer switch
        {
            null => "there is no systemctl on the PATH.",
            { IsGood: false } when scope == BackupScheduleScope.User =>
                $"the user's manager does not answer ({answer.Complaint}). A session that is not a login, such as 'su' or 'sudo', has none.",
            { IsGood: false } => $"the machine's manager does not answer ({answer.Complaint}).",
            _ => null,
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        List<NativeEntry> entries = [];
        foreach (string path in NativeFiles.Ours(Units, NativeNames.Prefix, ".timer"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            string? timer = NativeFiles.Read(path);
            string? service = NativeFiles.Read(ServicePath(name));
            ScheduleRegistration? registration = SystemdText.Registration(timer ?? "");
            entries.Add(new NativeEntry
            {
                Name = name + ".timer",
                Scheduler = this,
                Location = path,
                Registration = registration,
                Command = registration is null ? [] : [registration.Program, .. registration.Arguments(delaysItself: false)],
                Problem = registration is null ? "the timer cannot be read, or was changed by hand"
                    : timer != SystemdText.Timer(registration) ? "the timer was changed by hand"
                    : service is null ? "the service is gone"
                    : service != SystemdText.Service(registration) ? "the service was changed by hand"
                    : registration.Drive is not null && NativeFiles.Read(DrivePath(registration)) != SystemdText.DriveService(registration)
                        ? "the service that the drive starts is gone, or was changed by hand"
                    : await DifferenceAsync(registration, cancellationToken).ConfigureAwait(false),
            });
        }

        return entries;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        string job = registration.JobName;
        if (await ObstacleAsync(cancellationToken).ConfigureAwait(false) is { } obstacle)
            throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, obstacle, Installation));
        string timer = registration.EntryName + ".timer";
        if (registration.Drive is { } place && SystemdText.MountUnit(place).Length > SystemdText.LongestName)
        {
            throw new BackupException(NativeScheduleErrors.CannotExpress(
                job, Kind, $"the name of the unit of '{place}' would have more than {SystemdText.LongestName} characters.",
                "Mount the drive in a folder with a shorter name."));
        }

        bool isChanged = NativeFiles.Write(job, ServicePath(registration.EntryName), SystemdText.Service(registration));
        isChanged |= NativeFiles.Write(job, TimerPath(registration.EntryName), SystemdText.Timer(registration));
        string drive = DriveUnit(registration);
        if (registration.Drive is not null)
            isChanged |= NativeFiles.Write(job, DrivePath(registration), SystemdText.DriveService(registration));
        else if (File.Exists(DrivePath(registration)))
            await RemoveDriveAsync(job, drive, isAnswering: true, cancellationToken).ConfigureAwait(false);
        if (isChanged || await DifferenceAsync(registration, cancellationToken).ConfigureAwait(false) is not null)
        {
            (await ControlAsync(cancellationToken, "daemon-reload").ConfigureAwait(false))!.Required(job);
            if (registration.IsEnabled)
            {
                (await ControlAsync(cancellationToken, "enable", timer).ConfigureAwait(false))!.Required(job);
                // Also one that runs takes its new times only so.
                (await ControlAsync(cancellationToken, "restart", timer).ConfigureAwait(false))!.Required(job);
            }
            else
            {
                (await ControlAsync(cancellationToken, "disable", "--now", timer).ConfigureAwait(false))!.Required(job);
            }

            // Anew, because the drive may be mounted elsewhere now.
            if (registration.Drive is not null)
                (await ControlAsync(cancellationToken, registration.IsEnabled ? "reenable" : "disable", drive).ConfigureAwait(false))!.Required(job);
        }

        if (await DifferenceAsync(registration, cancellationToken).ConfigureAwait(false) is { } difference)
            throw new BackupException(NativeScheduleErrors.NotVerified(job, Kind, difference));
        return registration.IsEnabled ? await DoubtsAsync(cancellationToken).ConfigureAwait(false) : [];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> DoubtsAsync(CancellationToken cancellationToken) =>
        await LingeringAsync(cancellationToken).ConfigureAwait(false) is { } warning ? [warning] : [];

    /// <inheritdoc/>
    public async Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string name = Path.GetFileNameWithoutExtension(entry.Name);
        string job = entry.Registration?.JobName ?? entry.Name;
        bool isAnswering = await ObstacleAsync(cancellationToken).ConfigureAwait(false) is null;
        if (isAnswering)
        {
            // A run that is on goes on to its end: the timer stops, not the service.
            (await ControlAsync(cancellationToken, "disable", "--now", entry.Name).ConfigureAwait(false))!.Required(job);
        }

        string drive = DriveUnit(name);
        await RemoveDriveAsync(job, drive, isAnswering, cancellationToken).ConfigureAwait(false);
        NativeFiles.Delete(job, TimerPath(name));
        NativeFiles.Delete(job, ServicePath(name));
        // The links that "enable" made, where no manager was there to take them away.
        NativeFiles.Delete(job, Path.Combine(Units, "timers.target.wants", entry.Name));
        NativeFiles.Delete(job, Path.Combine(Stamps, "stamp-" + entry.Name));
        if (!isAnswering)
            return;
        (await ControlAsync(cancellationToken, "daemon-reload").ConfigureAwait(false))!.Required(job);
        // One that had failed would stay in the manager's memory; one that had not is unknown now, which is an error of no interest.
        await ControlAsync(cancellationToken, "reset-failed", entry.Name, name + ".service", drive).ConfigureAwait(false);
        if (await PropertiesAsync(entry.Name, cancellationToken).ConfigureAwait(false) is { } left && left.GetValueOrDefault("LoadState") == "loaded")
            throw new BackupException(NativeScheduleErrors.NotRemoved(job, Kind, left.GetValueOrDefault("FragmentPath") ?? entry.Name));
    }

    /// <inheritdoc/>
    public async Task StartAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = entry.Registration?.JobName ?? entry.Name;
        string service = Path.GetFileNameWithoutExtension(entry.Name) + ".service";
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "start", "--no-block", service).ConfigureAwait(false);
        (answer ?? throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, "there is no systemctl on the PATH.", Installation)))
            .Required(job);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// As a manager that has been given nothing by a session: with lingering it starts before any login (systemd.exec(5),
    /// "Environment Variables in Spawned Processes").
    /// </remarks>
    public ScheduledStart Check(ScheduleRegistration registration)
    {
        Dictionary<string, string> environment = new()
        {
            ["HOME"] = ScheduledStart.Home(scope),
            ["LANG"] = "C.UTF-8",
            ["LOGNAME"] = ScheduledStart.User(scope),
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            ["SHELL"] = "/bin/sh",
            ["USER"] = ScheduledStart.User(scope),
        };
        foreach ((string name, string value) in registration.ShellEnvironment)
            environment[name] = value;
        return new ScheduledStart
        {
            Program = registration.Program,
            Arguments = registration.Arguments(delaysItself: false, isCheck: true),
            Folder = scope == BackupScheduleScope.User ? ScheduledStart.FolderOf(scope) : "/",
            Environment = environment,
        };
    }

    // No folder's name, of which the names of units are made, begins with a dot.
    private static string DriveUnit(string name) => $"{NativeNames.Prefix}.drive-{name[NativeNames.Prefix.Length..]}.service";

    private static string DriveUnit(ScheduleRegistration registration) => DriveUnit(registration.EntryName);

    private string DrivePath(ScheduleRegistration registration) => Path.Combine(Units, DriveUnit(registration));

    private async Task RemoveDriveAsync(string job, string drive, bool isAnswering, CancellationToken cancellationToken)
    {
        string path = Path.Combine(Units, drive);
        if (isAnswering && File.Exists(path))
            (await ControlAsync(cancellationToken, "disable", drive).ConfigureAwait(false))!.Required(job);
        NativeFiles.Delete(job, path);
        foreach (string wants in Directory.EnumerateDirectories(Units, "*.mount.wants"))
            NativeFiles.Delete(job, Path.Combine(wants, drive));
    }

    private string TimerPath(string name) => Path.Combine(Units, name + ".timer");

    private string ServicePath(string name) => Path.Combine(Units, name + ".service");

    /// <summary>What the manager has that it should not have, in words; null when all is well.</summary>
    private async Task<string?> DifferenceAsync(ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        string timerName = registration.EntryName + ".timer";
        string serviceName = registration.EntryName + ".service";
        if (await PropertiesAsync(timerName, cancellationToken).ConfigureAwait(false) is not { } timer
            || await PropertiesAsync(serviceName, cancellationToken).ConfigureAwait(false) is not { } service)
        {
            return scope == BackupScheduleScope.User ? "the user's manager does not answer" : "the machine's manager does not answer";
        }

        if (timer.GetValueOrDefault("LoadState") != "loaded" || timer.GetValueOrDefault("FragmentPath") != TimerPath(registration.EntryName))
            return $"{timerName} is {timer.GetValueOrDefault("LoadState")} from '{timer.GetValueOrDefault("FragmentPath")}'";
        if (service.GetValueOrDefault("LoadState") != "loaded" || service.GetValueOrDefault("FragmentPath") != ServicePath(registration.EntryName))
            return $"{serviceName} is {service.GetValueOrDefault("LoadState")} from '{service.GetValueOrDefault("FragmentPath")}'";
        if (timer.GetValueOrDefault("NeedDaemonReload") == "yes" || service.GetValueOrDefault("NeedDaemonReload") == "yes")
            return "the units changed and systemd has not read them again";
        (string file, string active) = registration.IsEnabled ? ("enabled", "active") : ("disabled", "inactive");
        if (timer.GetValueOrDefault("UnitFileState") != file || timer.GetValueOrDefault("ActiveState") != active)
            return $"{timerName} is {timer.GetValueOrDefault("UnitFileState")} and {timer.GetValueOrDefault("ActiveState")}, not {file} and {active}";
        if (!service.GetValueOrDefault("ExecStart", "").Contains($"path={registration.Guard.Append(registration.Program).First()} ;", StringComparison.Ordinal))
            return $"{serviceName} starts something else: {service.GetValueOrDefault("ExecStart")}";
        if (registration.Drive is not null)
        {
            string name = DriveUnit(registration);
            if (await PropertiesAsync(name, cancellationToken).ConfigureAwait(false) is not { } drive || drive.GetValueOrDefault("UnitFileState") != file
                || drive.GetValueOrDefault("FragmentPath") != DrivePath(registration) || drive.GetValueOrDefault("NeedDaemonReload") == "yes")
                return $"{name} is not {file}, so the drive does not start it";
        }

        int times = timer.GetValueOrDefault("TimersCalendar", "").Split('\n').Sum(line => line.Split("OnCalendar=").Length - 1);
        return times == registration.Trigger.Calendar.Count
            ? null
            : $"{timerName} has {times} of {registration.Trigger.Calendar.Count} times";
    }

    private async Task<IReadOnlyDictionary<string, string>?> PropertiesAsync(string unit, CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(
            cancellationToken, "show", unit, "--property=LoadState,FragmentPath,UnitFileState,ActiveState,NeedDaemonReload,TimersCalendar,ExecStart")
            .ConfigureAwait(false);
        if (answer is not { IsGood: true })
            return null;
        return answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            // A property that has several values comes once for each.
            .GroupBy(pair => pair[0], pair => pair[1])
            .ToDictionary(property => property.Key, property => string.Join('\n', property));
    }

    private Task<ProgramAnswer?> ControlAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        string[] common = scope == BackupScheduleScope.User ? ["--user", "--no-pager"] : ["--system", "--no-pager", "--no-ask-password"];
        return NativeProgram.RunAsync(places.Systemctl, [.. common, .. arguments], cancellationToken);
    }

    /// <summary>Without lingering a user's manager ends with the user's last session (loginctl(1), enable-linger).</summary>
    private async Task<string?> LingeringAsync(CancellationToken cancellationToken)
    {
        if (scope != BackupScheduleScope.User)
            return null;
        string user = Environment.UserName;
        ProgramAnswer? answer = await NativeProgram.RunAsync(
            places.Loginctl, ["--no-pager", "show-user", user, "--property=Linger", "--value"], cancellationToken).ConfigureAwait(false);
        return answer switch
        {
            { IsGood: true } when answer.Text.Trim() == "yes" => null,
            { IsGood: true } =>
                $"User '{user}' does not linger, so jobs run only while this user is logged in. To let them run always: loginctl enable-linger {user}",
            _ => $"Whether user '{user}' lingers could not be asked, so jobs may run only while this user is logged in. "
                + $"To let them run always: loginctl enable-linger {user}",
        };
    }
}
