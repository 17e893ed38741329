using System.Management.Automation;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs.Buckets;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Makes the bucket of a job, or looks whether one that is there is as the job needs it.</summary>
[Cmdlet(VerbsData.Initialize, "BackupBucket", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupBucketSetting))]
public sealed class InitializeBackupBucketCommand : JobBucketCmdlet
{
    /// <summary>Have the bucket keep versions, although nothing in the job asks for it.</summary>
    [Parameter]
    public SwitchParameter Versioning { get; set; }

    /// <summary>Change the settings of a bucket that is there already.</summary>
    [Parameter]
    public SwitchParameter Update { get; set; }

    private protected override void Process(BackupConfiguration job)
    {
        BucketRequest request = BucketRequest.For(job);
        Initialize(request with { S3 = Keys.For(request.S3), Versioning = Versioning });
    }

    private void Initialize(BucketRequest request)
    {
        string bucket = request.S3.Destination.Bucket;
        bool isNew = !Run(activity: null, (_, token) => BucketSetup.ExistsAsync(request, token));
        if (isNew)
        {
            if (!this.Agrees($"Make the bucket '{bucket}' for job '{request.Job.Name}'."))
                return;
            Run(activity: null, (_, token) => BucketSetup.MakeAsync(request, token));
        }

        IReadOnlyList<BackupBucketSetting> found = Run(activity: null, (_, token) => BucketSetup.LookAsync(request, token));
        HashSet<BackupBucketAspect> changed = isNew ? [BackupBucketAspect.Bucket] : [];
        foreach (BackupBucketSetting setting in found.Where(BucketSetup.CanChange))
        {
            // Of a bucket that was made just now nobody has to be asked again.
            if (!isNew && (!Update || !this.Agrees($"Change {setting.Setting} of the bucket '{bucket}' to '{setting.Wanted}'.")))
                continue;
            Errors.Try(() =>
            {
                Run(activity: null, (_, token) => BucketSetup.ChangeAsync(request, setting.Setting, token));
                changed.Add(setting.Setting);
            });
        }

        if (changed.Count > 0)
            found = Run(activity: null, (_, token) => BucketSetup.LookAsync(request, token));
        foreach (BackupBucketSetting setting in found)
        {
            bool isChanged = setting.Status == BackupBucketStatus.InPlace && changed.Contains(setting.Setting);
            WriteObject(isChanged ? setting with { Status = BackupBucketStatus.Changed } : setting);
        }
    }
}
