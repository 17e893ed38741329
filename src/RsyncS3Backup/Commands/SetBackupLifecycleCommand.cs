using System.Management.Automation;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Jobs.Lifecycle;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Writes the lifecycle rules that a job's configuration asks for into its bucket. The rules of others stay.</summary>
[Cmdlet(VerbsCommon.Set, "BackupLifecycle", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(BackupLifecycleRule))]
public sealed class SetBackupLifecycleCommand : JobBucketCmdlet
{
    private readonly Lazy<JobList> all = new(JobList.Read);

    /// <summary>Emit the rules as they are then.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Process(BackupConfiguration job)
    {
        LifecycleRequest request = LifecycleRequest.For(job).Among(all.Value);
        Set(request with { S3 = Keys.For(request.S3) });
    }

    private void Set(LifecycleRequest request)
    {
        LifecycleChange change = Run(activity: null, (_, token) => BackupLifecycles.PlanAsync(request, isRemoval: false, token));
        foreach (string warning in change.Warnings)
            WriteWarning(warning);
        string bucket = request.S3.Destination.Bucket;
        string difference = string.Join("\n", change.Difference);
        if (change.Difference.Count == 0)
        {
            WriteVerbose($"Bucket '{bucket}' has the lifecycle rules of job '{request.Job.Name}' already.");
        }
        else if (ShouldProcess(
            $"Change the lifecycle rules of bucket '{bucket}':\n{difference}", $"Change the lifecycle rules of bucket '{bucket}'?\n{difference}",
            "Set-BackupLifecycle"))
        {
            Run(activity: null, (_, token) => BackupLifecycles.ApplyAsync(request, change, token));
        }
        else
        {
            return;
        }

        if (PassThru)
            WriteObject(Run(activity: null, (_, token) => BackupLifecycles.GetAsync(request, token)), enumerateCollection: true);
    }
}
