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
public sealed class RemoveBackupHistoryCommand : NamedJobsCmdlet, IJobParameters
{
    private readonly Dictionary<string, HashSet<string>> runs = new(StringComparer.Ordinal);

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RecordedJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Removes only runs that started before. Default: all runs.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset Before { get; set; } = DateTimeOffset.MaxValue;

    object[] IJobParameters.Config => InputObject;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != ByInputObject)
        {
            Named.Add(this);
            return;
        }

        foreach (JobReference reference in Named.References(InputObject))
        {
            // Whatever else is left of it, it is of one run.
            if (reference.Name is { } job && Emitted.Text(reference.Source, "RunId") is { } id)
            {
                runs.TryAdd(job, []);
                runs[job].Add(id);
            }
            else if (MeansAllOfAJob(reference))
            {
                Named.Add(reference);
            }
            else
            {
                Errors.Write(ParameterErrors.NotARun(reference.What));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (!Named.IsNothing)
        {
            foreach (JobHistory history in HistorySelection.Select(Named.Names, Named.Missing))
                Remove(history, _ => true);
        }

        foreach ((string name, HashSet<string> ids) in runs)
        {
            if (JobHistory.Find(name) is { } history)
                Remove(history, run => ids.Contains(run.RunId));
        }
    }

    // A row that has lost its columns may have been one of a run: a path in it makes it no file.
    private static bool MeansAllOfAJob(JobReference reference) =>
        reference is { Source.BaseObject: string or FileInfo } or { Source.BaseObject: PSCustomObject, Whole: not null }
            or { Kind: EmittedKind.BackupJob or EmittedKind.BackupConfiguration or EmittedKind.BackupSchedule }
        || (reference.File is not null && Emitted.Text(reference.Source, "FullName") is not null);

    private void Remove(JobHistory history, Func<BackupRun, bool> isMeant) =>
        Remove(
            history,
            (Errors.TryRead(() => history.Read(since: null, last: null, kind: null)) ?? []).Where(run => run.StartTime < Before && isMeant(run)));

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
            Errors.Try(() => history.Remove(runIds));
    }
}
