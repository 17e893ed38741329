using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.State.History;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Emits the runs in the jobs' histories, newest first; tests and repairs of their copies only when they are asked for.
/// </summary>
[Cmdlet(VerbsCommon.Get, "BackupHistory", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupRun))]
public sealed class GetBackupHistoryCommand : NamedJobsCmdlet, IJobParameters
{
    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RecordedJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>How many runs at most, over all jobs asked for.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Last { get; set; }

    /// <summary>Leaves out runs that started before.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset Since { get; set; } = DateTimeOffset.MinValue;

    /// <summary>Leaves out runs that ended in another way.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BackupStatus[] Status { get; set; } = [];

    /// <summary>Which runs: Backup, Test, Repair, or several of these. Default: Backup.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BackupRunKind[] Kind { get; set; } = [BackupRunKind.Backup];

    /// <inheritdoc/>
    protected override void ProcessRecord() => Named.Add(this);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Named.IsNothing)
            return;
        DateTimeOffset? since = Since == DateTimeOffset.MinValue ? null : Since;
        int? last = Last == 0 ? null : Last;
        List<BackupRun> runs = [];
        foreach (JobHistory history in HistorySelection.Select(Named.Names, Named.Missing))
        {
            if (Errors.TryRead(() => history.Read(since, Status.Length == 0 ? last : null, Kind)) is { } found)
                runs.AddRange(JobHistoryReport.WithOverdue(found).Where(run => Status.Length == 0 || (run.Status is { } status && Status.Contains(status))));
        }

        IEnumerable<BackupRun> newestFirst = runs.OrderByDescending(run => run.StartTime).ThenByDescending(run => run.RunId, StringComparer.Ordinal);
        WriteObject(newestFirst.Take(last ?? int.MaxValue), enumerateCollection: true);
    }
}
