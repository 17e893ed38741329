using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.State.History;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Removes runs, tests and repairs among them, from the jobs' histories. Logs, mirrors and buckets stay as they are.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "BackupHistory", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class RemoveBackupHistoryCommand : AsyncCmdlet, IJobParameters
{
    private readonly Dictionary<string, HashSet<string>> runs = new(StringComparer.Ordinal);
    private readonly InputErrors errors;
    private readonly NamedJobs named;
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public RemoveBackupHistoryCommand()
    {
        errors = new InputErrors(this);
        named = new NamedJobs(this, errors);
        jobs = new JobInput(this, errors);
    }

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RecordedJobCompleter))]
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

    /// <summary>Removes only runs that started before. Default: all runs.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset Before { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>The runs to remove, from Get-BackupHistory, or results; or jobs, whose runs are all removed.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public object[] InputObject { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != ByInputObject)
        {
            named.Add(this);
            return;
        }

        foreach (JobReference reference in jobs.References(InputObject))
        {
            switch (reference)
            {
                // Whatever else is left of it, it is of one run.
                case { Name: { } job } when Emitted.Text(reference.Source, "RunId") is { } id:
                    runs.TryAdd(job, []);
                    runs[job].Add(id);
                    break;
                case { Source.BaseObject: string } or { File: not null } or { Source.BaseObject: PSCustomObject, Whole: not null }
                    or { Kind: EmittedKind.BackupJob or EmittedKind.BackupConfiguration or EmittedKind.BackupSchedule }:
                    named.Add(reference);
                    break;
                default:
                    errors.Write(ParameterErrors.NotARun(reference.What));
                    break;
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (!named.IsNothing)
        {
            foreach (JobHistory history in HistorySelection.Select(named.Names, named.Missing))
                Remove(history, _ => true);
        }

        foreach ((string name, HashSet<string> ids) in runs)
        {
            if (JobHistory.Find(name) is { } history)
                Remove(history, run => ids.Contains(run.RunId));
        }
    }

    private void Remove(JobHistory history, Func<BackupRun, bool> isMeant) =>
        Remove(
            history,
            (errors.TryRead(() => history.Read(since: null, last: null, kind: null)) ?? []).Where(run => run.StartTime < Before && isMeant(run)));

    private void Remove(JobHistory history, IEnumerable<BackupRun> chosen)
    {
        // A run that is on still writes to its place.
        string[] runIds = [.. chosen.Where(run => run.Status is not null).Select(run => run.RunId).Distinct()];
        if (runIds.Length == 0)
        {
            WriteVerbose($"The history of job '{history.Name}' holds nothing to remove.");
            return;
        }

        string what = runIds.Length == 1 ? "1 run" : $"{runIds.Length} runs";
        if (this.Agrees($"Remove {what} with what was logged from the history of job '{history.Name}'. The mirror and the bucket stay."))
            errors.TryRead<object>(() => { history.Remove(runIds); return history; });
    }
}
