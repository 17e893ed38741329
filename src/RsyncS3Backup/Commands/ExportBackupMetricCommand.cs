using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Metrics;
using RsyncS3Backup.State.History;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Writes the figures of jobs as Prometheus reads them, from their files and histories: to a file, or as text to the pipeline.
/// </summary>
[Cmdlet(VerbsData.Export, "BackupMetric", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(string), typeof(FileInfo))]
public sealed class ExportBackupMetricCommand : NamedJobsCmdlet, IJobParameters
{
    private readonly FileSystemPaths paths;

    /// <summary>Made by the engine, once for each command.</summary>
    public ExportBackupMetricCommand() => paths = new FileSystemPaths(this);

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>The file. Default: none, the text goes to the pipeline.</summary>
    [Parameter]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public string? FilePath { get; set; }

    /// <summary>Emit the file that was written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Named.Add(this);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (Named.IsNothing)
            return;
        string text = MetricText.Of([.. Metrics()]);
        if (FilePath is null)
        {
            if (text.Length > 0)
                WriteObject(text.TrimEnd('\n'));
        }
        else if (Errors.TryRead(() => paths.Resolve(FilePath)) is { } path && this.Agrees($"Write the figures of the jobs to '{path}'."))
        {
            Errors.Try(() => Write(path, text));
        }
    }

    private void Write(string path, string text)
    {
        try
        {
            MetricFile.Write(path, text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new BackupException(MetricErrors.NotWritten(path, exception.Message), exception);
        }

        if (PassThru)
            WriteObject(new FileInfo(path));
    }

    private IEnumerable<JobMetrics> Metrics()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        JobList list = JobList.Read();
        HashSet<string> inFolders = [.. list.Jobs.Select(job => job.Name)];
        IReadOnlyList<JobHistory> others = [.. JobHistory.All().Where(history => !inFolders.Contains(history.Name))];
        // What nobody named is not waited for when nothing runs it any more: it would be overdue for ever.
        string[] known = [.. inFolders, .. others.Where(history => Named.Names.Count > 0 || JobMetricReport.IsStillThere(history)).Select(job => job.Name)];
        HashSet<string> chosen =
            [.. NameSelection.Choose(known, name => name, Named.Names, name => Named.Missing(name, list.NotFound(name, paths.IsFile(name))))];
        foreach (JobFile job in list.Jobs.Where(job => chosen.Contains(job.Name)).DistinctBy(job => job.Name, StringComparer.Ordinal))
            yield return JobMetricReport.Of(job, now, Errors.Write);
        foreach (JobHistory history in others.Where(history => chosen.Contains(history.Name)))
            yield return JobMetricReport.Of(history, now, Errors.Write);
    }
}
