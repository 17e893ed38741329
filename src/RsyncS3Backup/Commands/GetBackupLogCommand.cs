using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.State.History;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits the lines of the logs of runs: a <see cref="BackupLogEntry"/> for each, in their order.</summary>
[Cmdlet(VerbsCommon.Get, "BackupLog", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupLogEntry))]
public sealed class GetBackupLogCommand : NamedJobsCmdlet, IJobParameters
{
    private readonly HashSet<string> shown = new(StringComparer.Ordinal);

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RecordedJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>Of how many runs of each job, the last ones; tests and repairs are runs too. Default: 1.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Last { get; set; } = 1;

    /// <summary>Leaves out lines that matter less. Default: Info, which is all.</summary>
    [Parameter]
    public BackupLogLevel Level { get; set; }

    /// <summary>Go on while the run is on, with each line as it is written.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

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
            if (reference is { Name: { } name, Kind: not EmittedKind.None } && Emitted.Text(reference.Source, "RunId") is { } runId)
                Show(name, runId);
            else
                Named.Add(reference);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Named.IsNothing)
            return;
        foreach (JobHistory history in HistorySelection.Select(Named.Names, Named.Missing))
        {
            IReadOnlyList<BackupRun> newestFirst = Errors.TryRead(() => history.Read(since: null, Last, kinds: [])) ?? [];
            foreach (BackupRun run in newestFirst.Reverse())
                Show(run.Name, run.RunId);
        }
    }

    private void Show(string name, string runId)
    {
        if (!shown.Add($"{name}/{runId}"))
            return;
        if (State.RunLogs.Find(name, runId) is null)
            WriteVerbose($"The log of run {runId} of job '{name}' is not there any more.");
        else
            RunStream((_, token) => Of(JobLog.ReadAsync(name, runId, Follow ? () => JobLog.IsOn(name, runId) : null, token)));
    }

    private async IAsyncEnumerable<BackupLogEntry> Of(IAsyncEnumerable<BackupLogEntry> entries)
    {
        await foreach (BackupLogEntry entry in entries.ConfigureAwait(false))
        {
            if (entry.Level >= Level)
                yield return entry;
        }
    }
}
