using System.Globalization;
using System.Runtime.InteropServices;

namespace RsyncS3Backup.Schedulers.Launchd;

/// <summary>launchd: an agent of the user's, or a daemon of the machine's.</summary>
internal sealed partial class LaunchdScheduler(BackupScheduleScope scope, NativePlaces places) : INativeScheduler
{
    private const string Installation = "Use the scheduler of this system: leave -Scheduler out.";

    private string Folder => scope == BackupScheduleScope.User ? places.Agents : places.Daemons;

    // A user that is not logged in at the screen has no gui domain; registering from there is refused by launchctl, which says so.
    private string Domain => scope == BackupScheduleScope.User ? string.Create(CultureInfo.InvariantCulture, $"gui/{UserId()}") : "system";

    /// <inheritdoc/>
    public BackupScheduler Kind => BackupScheduler.Launchd;

    /// <inheritdoc/>
    public BackupScheduleScope Scope => scope;

    /// <inheritdoc/>
    public async Task<string?> ObstacleAsync(CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await NativeProgram.RunAsync(places.Launchctl, ["version"], cancellationToken).ConfigureAwait(false);
        return answer is null ? "there is no launchctl, which only macOS has." : null;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<NativeEntry>>([.. NativeFiles.Ours(Folder, NativeNames.Prefix, ".plist").Select(Entry)]);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        string job = registration.JobName;
        if (await ObstacleAsync(cancellationToken).ConfigureAwait(false) is { } obstacle)
            throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, obstacle, Installation));
        if (LaunchdText.Obstacle(registration) is { } reason)
            throw new BackupException(NativeScheduleErrors.CannotExpress(job, Kind, reason, "Rename the job or its configuration file."));
        string label = registration.EntryName;
        string path = Path.Combine(Folder, label + ".plist");
        bool isChanged = NativeFiles.Write(job, path, LaunchdText.PropertyList(registration));
        if (isChanged || await IsLoadedAsync(label, path, cancellationToken).ConfigureAwait(false) != registration.IsEnabled)
        {
            // launchd reads a list when it loads it; what it does not know cannot be taken out, which is an error of no interest.
            await ControlAsync(cancellationToken, "bootout", $"{Domain}/{label}").ConfigureAwait(false);
            if (registration.IsEnabled)
            {
                (await ControlAsync(cancellationToken, "enable", $"{Domain}/{label}").ConfigureAwait(false))!.Required(job);
                (await ControlAsync(cancellationToken, "bootstrap", Domain, path).ConfigureAwait(false))!.Required(job);
            }
        }

        if (await IsLoadedAsync(label, path, cancellationToken).ConfigureAwait(false) != registration.IsEnabled)
        {
            throw new BackupException(NativeScheduleErrors.NotVerified(
                job, Kind, $"launchctl print {Domain}/{label} {(registration.IsEnabled ? "does not know" : "still has")} '{path}'"));
        }

        return registration.IsEnabled && scope == BackupScheduleScope.User
            ? ["An agent runs while its user is logged in. To let the job run always, register it with -Scope System as root."]
            : [];
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = entry.Registration?.JobName ?? entry.Name;
        await ControlAsync(cancellationToken, "bootout", $"{Domain}/{entry.Name}").ConfigureAwait(false);
        NativeFiles.Delete(job, entry.Location);
        if (await IsLoadedAsync(entry.Name, entry.Location, cancellationToken).ConfigureAwait(false))
            throw new BackupException(NativeScheduleErrors.NotRemoved(job, Kind, $"{Domain}/{entry.Name}"));
    }

    /// <inheritdoc/>
    public async Task StartAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "kickstart", $"{Domain}/{entry.Name}").ConfigureAwait(false);
        (answer ?? throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, "there is no launchctl.", Installation)))
            .Required(entry.Registration?.JobName ?? entry.Name);
    }

    /// <inheritdoc/>
    public ScheduledStart Check(ScheduleRegistration registration)
    {
        // What launchd gives to a job that says nothing else (launchd.plist(5), "EnvironmentVariables"; not tried on a Mac).
        Dictionary<string, string> environment = new()
        {
            ["HOME"] = ScheduledStart.Home(scope),
            ["LOGNAME"] = ScheduledStart.User(scope),
            ["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin",
            ["SHELL"] = "/bin/zsh",
            ["USER"] = ScheduledStart.User(scope),
        };
        foreach ((string name, string value) in registration.ShellEnvironment)
            environment[name] = value;
        return new ScheduledStart
        {
            Program = registration.Program,
            Arguments = registration.Arguments(delaysItself: true, isCheck: true),
            Folder = "/",
            Environment = environment,
        };
    }

    private NativeEntry Entry(string path)
    {
        string text = NativeFiles.Read(path) ?? "";
        ScheduleRegistration? registration = LaunchdText.Registration(text);
        return new NativeEntry
        {
            Name = Path.GetFileNameWithoutExtension(path),
            Scheduler = this,
            Location = path,
            Registration = registration,
            Command = registration is null ? [] : [registration.Program, .. registration.Arguments(delaysItself: true)],
            Problem = registration is not null && text == LaunchdText.PropertyList(registration)
                ? null
                : "the property list was changed by hand",
        };
    }

    private async Task<bool> IsLoadedAsync(string label, string path, CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "print", $"{Domain}/{label}").ConfigureAwait(false);
        return answer is { IsGood: true } && answer.Text.Contains($"path = {path}", StringComparison.Ordinal);
    }

    private Task<ProgramAnswer?> ControlAsync(CancellationToken cancellationToken, params string[] arguments) =>
        NativeProgram.RunAsync(places.Launchctl, arguments, cancellationToken);

    private static uint UserId() => OperatingSystem.IsWindows() ? 0 : EffectiveUser();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
