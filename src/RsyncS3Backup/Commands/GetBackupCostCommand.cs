using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Costs;
using RsyncS3Backup.Input;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Emits what the copies of jobs in S3 cost: a <see cref="BackupCost"/> for each job; or, to compare storage classes, a
/// <see cref="BackupClassCost"/> for each of them.
/// </summary>
[Cmdlet(VerbsCommon.Get, "BackupCost", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupCost), typeof(BackupClassCost))]
public sealed class GetBackupCostCommand : JobBucketCmdlet
{
    /// <summary>
    /// List the bucket instead of reading this machine's catalog: old versions and unfinished uploads are counted too.
    /// </summary>
    [Parameter]
    public SwitchParameter Measure { get; set; }

    /// <summary>Storage classes to compare: what the jobs would cost in each of them.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(StorageClassCompleter))]
    public string[] StorageClass { get; set; } = [];

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        StorageClass = Array.ConvertAll(StorageClass, given => given.ToUpperInvariant());
        try
        {
            foreach (string storageClass in StorageClass)
                ParameterValues.Demand(nameof(StorageClass), storageClass, KeyRule.StorageClass);
        }
        catch (BackupException exception)
        {
            Errors.Throw(exception.Error);
        }
    }

    /// <inheritdoc/>
    private protected override void Process(BackupConfiguration job)
    {
        CostRequest request = CostRequest.For(job);
        Emit(request with { S3 = Keys.For(request.S3), Measure = Measure, StorageClasses = StorageClass });
    }

    private void Emit(CostRequest request)
    {
        CostAnswer answer = Run(activity: null, (_, token) => BackupCosts.WorkOutAsync(request, token));
        if (StorageClass.Length == 0)
            WriteObject(answer.Cost);
        else
            WriteObject(answer.Classes, enumerateCollection: true);
    }
}
