using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Removes runs, tests and repairs among them, from the jobs' histories. Logs, mirrors and buckets stay as they are.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "BackupHistory", DefaultParameterSetName = "Name", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class RemoveBackupHistoryCommand : AsyncCmdlet
{
    private readonly List<BackupRun> runs = [];
    private readonly InputErrors errors;

    /// <summary>Made by the engine, once for each command.</summary>
    public RemoveBackupHistoryCommand() => errors = new InputErrors(this);

    /// <summary>The jobs' names; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RecordedJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Removes only runs that started before. Default: all runs.</summary>
    [Parameter(ParameterSetName = "Name")]
    [TimeTransformation]
    public DateTimeOffset Before { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>The runs to remove, from Get-BackupHistory.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = "InputObject")]
    [ValidateNotNullOrEmpty]
    public BackupRun[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => runs.AddRange(InputObject);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ParameterSetName == "Name")
        {
            foreach (JobHistory history in HistorySelection.Select(Name, errors.Write))
                Remove(history, (errors.TryRead(() => history.Read(since: null, last: null, kind: null)) ?? []).Where(run => run.StartTime < Before));
        }
        else
        {
            Dictionary<string, JobHistory> histories = JobHistory.All().DistinctBy(history => history.Name).ToDictionary(history => history.Name);
            foreach (IGrouping<string, BackupRun> job in runs.GroupBy(run => run.Name))
            {
                if (histories.TryGetValue(job.Key, out JobHistory? history))
                    Remove(history, job);
            }
        }
    }

    private void Remove(JobHistory history, IEnumerable<BackupRun> chosen)
    {
        // A run that is on still writes to its place.
        string[] runIds = [.. chosen.Where(run => run.Status is not null).Select(run => run.RunId).Distinct()];
        if (runIds.Length == 0)
        {
            WriteVerbose($"The history of job '{history.Name}' holds nothing to remove.");
            return;
        }

        string what = runIds.Length == 1 ? "Remove 1 run" : $"Remove {runIds.Length} runs";
        if (ShouldProcess($"history of job '{history.Name}'", what))
            errors.TryRead<object>(() => { history.Remove(runIds); return history; });
    }
}
