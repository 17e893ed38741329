using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>What the cmdlets of registered schedules share: which of them a name means.</summary>
public abstract class ScheduleCmdlet : BackupCmdlet
{
    /// <summary>The jobs' names; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public virtual string[] Name { get; set; } = [];

    /// <summary>Leaves out what is registered in the other scope.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ScheduleScopeTransformation]
    public BackupScheduleScope? Scope { get; set; }

    /// <summary>The script that schedulers start, in the module's folder.</summary>
    internal static string Launcher { get; } = Path.Combine(
        Path.GetDirectoryName(Path.GetDirectoryName(typeof(ScheduleCmdlet).Assembly.Location))!, "Scheduling", "Start-ScheduledBackup.ps1");

    // Made anew each time: the environment says where things are, and may have changed.
    internal static BackupSchedules Schedules => new(new NativePlaces(), TimeProvider.System);

    /// <summary>The entries of the names; a plain name without one is a non-terminating error.</summary>
    private protected IReadOnlyList<NativeEntry> Select(IReadOnlyCollection<string> names)
    {
        IReadOnlyList<NativeEntry> all =
        [
            .. Run(null, (_, token) => Schedules.ListAsync(token)).Where(entry => Scope is null || entry.Scheduler.Scope == Scope),
        ];
        if (names.Count == 0)
            return all;
        HashSet<NativeEntry> chosen = [];
        foreach (string name in names)
        {
            IReadOnlyList<NativeEntry> matches = NameSelection.Matches(all, BackupSchedules.NameOf, name);
            chosen.UnionWith(matches);
            if (matches.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                WriteError(NativeScheduleErrors.NotFound(NameSelection.Shown(name)));
        }

        return [.. all.Where(chosen.Contains)];
    }

    /// <summary>An entry as messages call it.</summary>
    private protected static string Describe(NativeEntry entry) =>
        $"schedule of job '{BackupSchedules.NameOf(entry)}' ({entry.Scheduler.Kind}, {entry.Scheduler.Scope} scope)";

    /// <summary>Does something with each entry of <see cref="Name"/> that the user does not forbid; a failure is a non-terminating error.</summary>
    private protected void ForEach(string action, Func<NativeEntry, CmdletObserver, CancellationToken, Task> work)
    {
        foreach (NativeEntry entry in Select(Name))
        {
            if (!ShouldProcess(Describe(entry), action))
                continue;
            TryRead<object>(() => Run(null, async (observer, token) =>
            {
                await work(entry, observer, token).ConfigureAwait(false);
                return entry;
            }));
        }
    }
}
