using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>What the cmdlets share that change registered schedules.</summary>
public abstract class ScheduleCmdlet : AsyncCmdlet, IJobParameters
{
    private readonly InputErrors errors;
    private readonly HashSet<(BackupScheduler Kind, BackupScheduleScope Scope, string Name)> done = [];

    private protected ScheduleCmdlet() => errors = new InputErrors(this);

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>The jobs' configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>The jobs' configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Names, files, jobs, and whatever this module emits that names its job.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public object[] InputObject { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>Leaves out what is registered in the other scope.</summary>
    [Parameter]
    public BackupScheduleScope? Scope { get; set; }

    /// <summary>Leaves out what is registered for the other task. Default: both.</summary>
    [Parameter]
    public BackupScheduleTask? Task { get; set; }

    /// <summary>An entry as messages call it.</summary>
    private protected static string Describe(NativeEntry entry) =>
        $"the schedule of {(entry.Registration is { Task: BackupScheduleTask.Test } ? "the tests of " : "")}job '{BackupSchedules.NameOf(entry)}' "
        + $"({entry.Scheduler.Kind}, {entry.Scheduler.Scope} scope)";

    /// <summary>Does something with each entry of the jobs that the user does not forbid; a failure is a non-terminating error.</summary>
    /// <param name="question">What is about to happen, for an entry as <see cref="Describe"/> calls it.</param>
    /// <param name="work">What is done.</param>
    /// <param name="isMeant">False for an entry that is passed over, whose task was named or not; null: all are meant.</param>
    private protected void ForEach(
        Func<string, string> question, Func<NativeEntry, CmdletObserver, CancellationToken, System.Threading.Tasks.Task> work,
        Func<NativeEntry, bool, bool>? isMeant = null)
    {
        IReadOnlyList<NativeEntry> all = Run(null, (_, token) => MachineSchedules.Current.ListAsync(token));
        foreach (ScheduleWanted wanted in ScheduleWanted.Of(this, this, errors))
        {
            BackupScheduleTask? task = Task ?? wanted.Task;
            IReadOnlyList<NativeEntry> ofTask =
                task is null ? all : [.. all.Where(entry => (entry.Registration?.Task ?? BackupScheduleTask.Backup) == task)];
            foreach (NativeEntry entry in MachineSchedules.Select(ofTask, Scope ?? wanted.Scope, wanted.Jobs.Names, wanted.Jobs.Missing))
            {
                // Several of a job's runs may come.
                bool isDone = !done.Add((entry.Scheduler.Kind, entry.Scheduler.Scope, entry.Name));
                if (isDone || isMeant?.Invoke(entry, task is not null) == false || !this.Agrees(question(Describe(entry))))
                    continue;
                errors.TryRead<object>(() => Run(null, async (observer, token) =>
                {
                    await work(entry, observer, token).ConfigureAwait(false);
                    return entry;
                }));
            }
        }
    }
}
