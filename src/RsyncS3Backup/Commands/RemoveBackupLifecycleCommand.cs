using System.Management.Automation;
using RsyncS3Backup.Jobs.Lifecycle;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Removes a job's lifecycle rules from its bucket. What they did stays done, and the rules of others stay.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupLifecycle", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
public sealed class RemoveBackupLifecycleCommand : JobBucketCmdlet
{
    /// <summary>The ids of rules to remove instead of the job's own: those that this module wrote under an older name or prefix.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RuleId { get; set; } = [];

    private protected override void Process(BackupConfiguration job)
    {
        LifecycleRequest request = LifecycleRequest.For(job);
        Remove(request with { S3 = Keys.For(request.S3), RuleIds = RuleId });
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
