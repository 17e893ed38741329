using System.Management.Automation;
using RsyncS3Backup.Jobs.Lifecycle;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits a <see cref="BackupLifecycleRule"/> for each lifecycle rule of a job, and for each of somebody else that meets its objects.</summary>
[Cmdlet(VerbsCommon.Get, "BackupLifecycle", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupLifecycleRule))]
public sealed class GetBackupLifecycleCommand : JobBucketCmdlet
{
    private protected override void Process(BackupConfiguration job)
    {
        LifecycleRequest request = LifecycleRequest.For(job);
        Emit(request with { S3 = Keys.For(request.S3) });
    }

    private void Emit(LifecycleRequest request) =>
        WriteObject(Run(activity: null, (_, token) => BackupLifecycles.GetAsync(request, token)), enumerateCollection: true);
}
