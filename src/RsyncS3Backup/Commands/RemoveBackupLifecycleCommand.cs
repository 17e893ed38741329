using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs.Lifecycle;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Removes a job's lifecycle rules from its bucket. What they did stays done, and the rules of others stay.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupLifecycle", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
public sealed class RemoveBackupLifecycleCommand : S3ConnectionCmdlet, IJobParameters
{
    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configurations: from Get-BackupJob or Import-BackupConfiguration, as hashtables or custom objects, or files.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>The ids of rules to remove instead of the job's own: those that this module wrote under an older name or prefix.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RuleId { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (BackupConfiguration job in Jobs.Read(this))
        {
            Errors.Try(() =>
            {
                LifecycleRequest request = LifecycleRequest.For(job);
                Remove(request with { S3 = Keys.For(request.S3), RuleIds = RuleId });
            });
        }
    }

    private void Remove(LifecycleRequest request)
    {
        LifecycleChange change = Run(activity: null, (_, token) => BackupLifecycles.PlanAsync(request, isRemoval: true, token));
        string bucket = request.S3.Destination.Bucket;
        if (change.Difference.Count == 0)
        {
            WriteVerbose($"Bucket '{bucket}' has no lifecycle rules of job '{request.Job.Name}'.");
            return;
        }

        string difference = string.Join("\n", change.Difference);
        if (!ShouldProcess(
            $"Remove lifecycle rules from bucket '{bucket}':\n{difference}", $"Remove lifecycle rules from bucket '{bucket}'?\n{difference}",
            "Remove-BackupLifecycle"))
            return;
        Run(activity: null, (_, token) => BackupLifecycles.ApplyAsync(request, change, token));
    }
}
