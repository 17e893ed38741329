using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Reports;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits a flat row for each job: of this machine, or of all whose results come by the pipeline; what needs a person comes first.</summary>
[Cmdlet(VerbsCommon.Get, "BackupReport", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupReport))]
public sealed class GetBackupReportCommand : ReportCmdlet
{
    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs of this machine.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    private protected override IReadOnlyList<string> Names => Name;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (ReportedJob job in Gather().Jobs)
            WriteObject(job.Row);
    }
}
