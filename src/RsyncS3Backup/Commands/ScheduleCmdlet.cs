using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>What the cmdlets share that change registered schedules.</summary>
public abstract class ScheduleCmdlet : AsyncCmdlet
{
    private readonly InputErrors errors;

    private protected ScheduleCmdlet() => errors = new InputErrors(this);

    /// <summary>The jobs' names; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Leaves out what is registered in the other scope.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ScheduleScopeTransformation]
    public BackupScheduleScope? Scope { get; set; }

    /// <summary>Leaves out what is registered for the other task. Default: both.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public BackupScheduleTask? Task { get; set; }

    /// <summary>An entry as messages call it.</summary>
    private protected static string Describe(NativeEntry entry) =>
        $"schedule of {(entry.Registration is { Task: BackupScheduleTask.Test } ? "the tests of " : "")}job '{BackupSchedules.NameOf(entry)}' ({entry.Scheduler.Kind}, {entry.Scheduler.Scope} scope)";

    /// <summary>Does something with each entry of <see cref="Name"/> that the user does not forbid; a failure is a non-terminating error.</summary>
    private protected void ForEach(string action, Func<NativeEntry, CmdletObserver, CancellationToken, System.Threading.Tasks.Task> work,
        Func<NativeEntry, bool>? isMeant = null)
    {
        IReadOnlyList<NativeEntry> all = Run(null, (_, token) => MachineSchedules.Current.ListAsync(token));
        if (Task is { } task)
            all = [.. all.Where(entry => (entry.Registration?.Task ?? BackupScheduleTask.Backup) == task)];
        foreach (NativeEntry entry in MachineSchedules.Select(all, Scope, Name, errors.Write))
        {
            if (isMeant?.Invoke(entry) == false || !ShouldProcess(Describe(entry), action))
                continue;
            errors.TryRead<object>(() => Run(null, async (observer, token) =>
            {
                await work(entry, observer, token).ConfigureAwait(false);
                return entry;
            }));
        }
    }
}
