using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Lists the jobs of the job folders: a <see cref="BackupJob"/> for each, broken ones among them.</summary>
[Cmdlet(VerbsCommon.Get, "BackupJob", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupJob))]
public sealed class GetBackupJobCommand : AsyncCmdlet, IJobParameters
{
    private readonly JobInput jobs;
    private readonly NamedJobs named;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupJobCommand()
    {
        InputErrors errors = new(this);
        jobs = new JobInput(this, errors);
        named = new NamedJobs(this, errors);
    }

    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed. Default: all jobs.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
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

    /// <summary>Names, files, jobs, and whatever this module emits that names its job.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNullOrEmpty]
    public object[] InputObject { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <inheritdoc/>
    protected override void ProcessRecord() => named.Add(this);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (named.IsNothing)
            return;
        JobList all = JobList.Read();
        IReadOnlyList<JobFile> chosen = jobs.Select(named.Names.Count == 0 ? ["*"] : named.Names, isMissingWildcardAnError: false);
        NextRuns next = NextRuns.Of(chosen, schedules => Run(null, (_, token) => schedules.ListAsync(token)), WriteVerbose);
        foreach (JobFile job in chosen)
            WriteObject(next.Report(job, all, WriteWarning));
    }
}
