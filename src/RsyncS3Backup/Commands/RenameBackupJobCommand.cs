using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Gives a job another name: its file, its state, its history, its mirror's marker and its schedule follow, the key prefix stays.
/// </summary>
[Cmdlet(VerbsCommon.Rename, "BackupJob", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupJob))]
public sealed class RenameBackupJobCommand : AsyncCmdlet, IJobParameters
{
    private readonly InputErrors errors;
    private readonly NamedJobs named;

    /// <summary>Made by the engine, once for each command.</summary>
    public RenameBackupJobCommand()
    {
        errors = new InputErrors(this);
        named = new NamedJobs(this, errors);
    }

    /// <summary>The job's name, or the path of its configuration file.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The job's configuration file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string ConfigPath { get; set; } = "";

    /// <summary>A name, a file, a job, or whatever this module emits that names its job.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    [ValidateNotNull]
    public object? InputObject { get; set; }

    string[] IJobParameters.Name => [JobReference.IsPath(Name) ? Name : WildcardPattern.Escape(Name)];

    string[] IJobParameters.ConfigPath => [WildcardPattern.Escape(ConfigPath)];

    object[] IJobParameters.Config => [InputObject!];

    /// <summary>The name that it gets.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string NewName { get; set; } = "";

    /// <summary>Emit the job as it is then.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        named.Add(this);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // As in a configuration file; what is kept under the name knows no other one.
        NewName = KeyPrefix.WithHost(NewName);
        JobFile[] jobs = [.. named.Files().Where(job => job.Name != NewName)];
        if (jobs.Length > 1)
            errors.Write(ParameterErrors.SeveralJobsToOneName(NewName, jobs.Length));
        else if (jobs is [{ } job])
            errors.Try(() => Rename(job));
    }

    private void Rename(JobFile job)
    {
        ParameterValues.Demand(nameof(NewName), NewName, KeyRule.JobName);
        JobList all = JobList.Read();
        JobRename rename = new(job, NewName);
        if (rename.Obstacle(all) is { } obstacle)
            throw new BackupException(obstacle);
        IReadOnlyList<NativeEntry> entries = Run(null, (_, token) => MachineSchedules.Current.OfJobAsync(job.Name, token));
        if (!this.Agrees(
            $"Rename job '{job.Name}' ('{job.Path}') to '{NewName}'. Its state, mirror and schedule follow; its key prefix stays."))
            return;
        Run(null, async (observer, token) =>
        {
            await rename.RunAsync(token).ConfigureAwait(false);
            foreach (NativeEntry entry in entries)
            {
                IReadOnlyList<string> warnings = await BackupSchedules
                    .RenameAsync(entry, NewName, rename.NewPath, token).ConfigureAwait(false);
                foreach (string warning in warnings)
                    observer.Warning(warning);
            }

            return rename;
        });
        if (job.Configuration?.Options.Rsync.SyncToS3.Lifecycle is not null)
        {
            WriteWarning(
                "Lifecycle rules that the job has in its bucket are known by its old name. Get-BackupLifecycle shows them, Remove-BackupLifecycle -RuleId "
                + "removes them, and Set-BackupLifecycle writes those of the new name then.");
        }

        JobList now = JobList.Read();
        if (PassThru && now.Jobs.FirstOrDefault(found => found.Name == NewName) is { } renamed)
            WriteObject(JobReport.Of(renamed, WriteWarning, now));
    }
}
