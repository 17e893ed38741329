using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the jobs of the job folders: a <see cref="BackupJob"/> for each, broken ones among them.</summary>
[Cmdlet(VerbsCommon.Get, "BackupJob")]
[OutputType(typeof(BackupJob))]
public sealed class GetBackupJobCommand : BackupCmdlet
{
    private readonly List<string> names = [];

    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => names.AddRange(Name);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        DateTimeOffset now = DateTimeOffset.Now;
        JobList all = JobList.Read();
        foreach (JobFile job in SelectJobs(names.Count == 0 ? ["*"] : names, isMissingWildcardAnError: false))
            WriteObject(JobReport.Of(job, now, WriteWarning, all));
    }
}
