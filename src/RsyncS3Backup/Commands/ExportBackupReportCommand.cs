using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Reports;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Writes a report on jobs to a file: of this machine, or of all whose results come by the pipeline.</summary>
[Cmdlet(VerbsData.Export, "BackupReport", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportBackupReportCommand : ReportCmdlet
{
    private readonly FileSystemPaths paths;
    private string target = "";
    private BackupReportFormat format;

    /// <summary>Made by the engine, once for each command.</summary>
    public ExportBackupReportCommand() => paths = new FileSystemPaths(this);

    /// <summary>The file; what has its name is replaced.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public string FilePath { get; set; } = "";

    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs of this machine.</summary>
    [Parameter(ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>What is written. Default: what the file's name says, .html, .md or .csv.</summary>
    [Parameter]
    public BackupReportFormat Format { get; set; }

    /// <summary>The report's title.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Title { get; set; } = "Backups";

    /// <summary>Emit the file that was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IReadOnlyList<string> Names => Name;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            // Before anything runs whose results would be lost.
            target = paths.Resolve(FilePath);
            format = this.IsGiven(nameof(Format))
                ? Format
                : ReportFile.FormatOf(target) ?? throw new BackupException(ReportErrors.FormatNotKnown(target));
        }
        catch (BackupException exception)
        {
            Errors.Throw(exception.Error);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        FleetReport report = Gather();
        if (this.Agrees($"Write a report to '{target}'."))
            Errors.Try(() => Write(report));
    }

    private void Write(FleetReport report)
    {
        ReportFile.Write(target, ReportFile.Text(report, format, Title));
        if (PassThru)
            WriteObject(new FileInfo(target));
    }
}
