using System.Collections;
using System.Security.Principal;
using System.Text;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers.Windows;

/// <summary>The Task Scheduler of Windows, by schtasks.exe.</summary>
internal sealed class WindowsTaskScheduler(BackupScheduleScope scope, NativePlaces places) : INativeScheduler
{
    private const string Installation = "Use the scheduler of this system: leave -Scheduler out.";

    /// <inheritdoc/>
    public BackupScheduler Kind => BackupScheduler.TaskScheduler;

    /// <inheritdoc/>
    public BackupScheduleScope Scope => scope;

    /// <inheritdoc/>
    public async Task<string?> ObstacleAsync(CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "/Query", "/?").ConfigureAwait(false);
        return answer is null ? "there is no schtasks.exe, which only Windows has." : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "/Query", "/FO", "CSV", "/NH").ConfigureAwait(false);
        if (answer is not { IsGood: true })
            return [];
        List<NativeEntry> entries = [];
        string start = "\"\\" + NativeNames.Prefix;
        IEnumerable<string> names = answer.Text.Split('\n')
            .Where(line => line.StartsWith(start, StringComparison.OrdinalIgnoreCase))
            .Select(line => line[1..line.IndexOf('"', 1)])
            .Distinct();
        foreach (string name in names)
        {
            if (await XmlAsync(name, cancellationToken).ConfigureAwait(false) is { } xml && Entry(name, xml) is { } entry)
                entries.Add(entry);
        }

        return entries;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken)
    {
        string job = registration.JobName;
        if (await ObstacleAsync(cancellationToken).ConfigureAwait(false) is { } obstacle)
            throw new BackupException(NativeScheduleErrors.SchedulerUnavailable(Kind, scope, obstacle, Installation));
        if (TaskXml.Obstacle(registration) is { } cannot)
            throw new BackupException(NativeScheduleErrors.CannotExpress(job, Kind, cannot.Reason, cannot.WayOut));
        string name = TaskXml.TaskName(registration);
        if (await DifferenceAsync(registration, cancellationToken).ConfigureAwait(false) is null)
            return [];
        string file = Path.Combine(Path.GetTempPath(), $"{registration.EntryName}-{Guid.NewGuid():N}.xml");
        try
        {
            // schtasks reads UTF-16 with its mark.
            NativeFiles.Write(job, file, TaskXml.Task(registration, User()), Encoding.Unicode);
            (await ControlAsync(cancellationToken, "/Create", "/TN", name, "/XML", file, "/F").ConfigureAwait(false))!.Required(job);
        }
        finally
        {
            NativeFiles.Delete(job, file);
        }

        if (await DifferenceAsync(registration, cancellationToken).ConfigureAwait(false) is { } difference)
            throw new BackupException(NativeScheduleErrors.NotVerified(job, Kind, difference));
        return [];
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken)
    {
        string job = entry.Registration?.JobName ?? entry.Name;
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "/Delete", "/TN", entry.Name, "/F").ConfigureAwait(false);
        answer!.Required(job);
        if (await XmlAsync(entry.Name, cancellationToken).ConfigureAwait(false) is not null)
            throw new BackupException(NativeScheduleErrors.NotRemoved(job, Kind, entry.Name));
    }

    /// <inheritdoc/>
    public async Task StartAsync(NativeEntry entry, CancellationToken cancellationToken) =>
        (await ControlAsync(cancellationToken, "/Run", "/TN", entry.Name).ConfigureAwait(false))!
            .Required(entry.Registration?.JobName ?? entry.Name);

    /// <inheritdoc/>
    /// <remarks>A task has the variables that the registry keeps for the machine and the account, and none of its own (not tried
    /// on Windows).</remarks>
    public ScheduledStart Check(ScheduleRegistration registration)
    {
        Dictionary<string, string> environment = new(StringComparer.OrdinalIgnoreCase);
        // These are no variables of the registry: whoever logs the account on makes them.
        string[] made =
        [
            "ALLUSERSPROFILE", "APPDATA", "CommonProgramFiles", "COMPUTERNAME", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA",
            "ProgramData", "ProgramFiles", "PUBLIC", "SystemDrive", "SystemRoot", "USERDOMAIN", "USERNAME", "USERPROFILE",
        ];
        foreach (string name in made)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                environment[name] = value;
        }

        Add(Environment.GetEnvironmentVariables(EnvironmentVariableTarget.Machine));
        if (scope == BackupScheduleScope.User)
            Add(Environment.GetEnvironmentVariables(EnvironmentVariableTarget.User));
        return new ScheduledStart
        {
            Program = registration.Program,
            Arguments = TaskXml.Arguments(registration, isCheck: true),
            Folder = ProgramFinder.SafeFolder,
            Environment = environment,
        };

        void Add(IDictionary variables)
        {
            foreach (DictionaryEntry variable in variables)
            {
                string name = (string)variable.Key;
                string value = Environment.ExpandEnvironmentVariables((string?)variable.Value ?? "");
                // The account's folders come after the machine's.
                bool isPath = name.Equals("Path", StringComparison.OrdinalIgnoreCase);
                environment[name] = isPath && environment.TryGetValue(name, out string? before) ? $"{before};{value}" : value;
            }
        }
    }

    private async Task<string?> DifferenceAsync(ScheduleRegistration registration, CancellationToken cancellationToken) =>
        await XmlAsync(TaskXml.TaskName(registration), cancellationToken).ConfigureAwait(false) is { } xml
            ? TaskXml.Difference(xml, registration)
            : "there is no such task";

    private NativeEntry? Entry(string name, string xml)
    {
        ScheduleRegistration? registration = TaskXml.Registration(xml);
        // One list holds the tasks of both scopes.
        if ((registration?.Scope ?? BackupScheduleScope.User) != scope)
            return null;
        return new NativeEntry
        {
            Name = name,
            Scheduler = this,
            Location = "Task Scheduler Library",
            Registration = registration,
            Command = registration is null ? [] : [registration.Program, .. TaskXml.Arguments(registration)],
            Problem = registration is null ? "the task was changed by hand" : TaskXml.Difference(xml, registration, takesEarlier: true),
        };
    }

    private async Task<string?> XmlAsync(string name, CancellationToken cancellationToken)
    {
        ProgramAnswer? answer = await ControlAsync(cancellationToken, "/Query", "/TN", name, "/XML").ConfigureAwait(false);
        return answer is { IsGood: true } ? answer.Text : null;
    }

    private Task<ProgramAnswer?> ControlAsync(CancellationToken cancellationToken, params string[] arguments) =>
        NativeProgram.RunAsync(places.Schtasks, arguments, cancellationToken);

    private static string User()
    {
        if (!OperatingSystem.IsWindows())
            return Environment.UserName;
        using WindowsIdentity user = WindowsIdentity.GetCurrent();
        return user.User?.Value ?? user.Name;
    }
}
