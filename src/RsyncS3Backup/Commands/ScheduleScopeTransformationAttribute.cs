using System.Management.Automation;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Takes no scope from a <see cref="BackupJob"/> in the pipeline: its own says where its file lies, not whose scheduler starts it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ScheduleScopeTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>Nothing for the scope of a job; else what it is.</summary>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        inputData is BackupJobScope or PSObject { BaseObject: BackupJobScope } ? null : inputData;
}
