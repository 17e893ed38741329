using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the jobs of the job folders: a <see cref="BackupJob"/> for each, broken ones among them.</summary>
[Cmdlet(VerbsCommon.Get, "BackupJob")]
[OutputType(typeof(BackupJob))]
public sealed class GetBackupJobCommand : AsyncCmdlet
{
    private readonly List<string> names = [];
    private readonly JobInput jobs;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupJobCommand() => jobs = new JobInput(this, new InputErrors(this));

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
        JobList all = JobList.Read();
        IReadOnlyList<JobFile> chosen = jobs.Select(names.Count == 0 ? ["*"] : names, isMissingWildcardAnError: false);
        NextRuns next = NextRuns.Of(chosen, schedules => Run(null, (_, token) => schedules.ListAsync(token)), WriteVerbose);
        foreach (JobFile job in chosen)
            WriteObject(next.Report(job, all, WriteWarning));
    }
}
