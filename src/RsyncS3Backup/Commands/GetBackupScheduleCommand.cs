using System.Management.Automation;
using RsyncS3Backup.Completers;

namespace RsyncS3Backup.Commands;

/// <summary>Emits what is registered with the operating system's schedulers, and whether it still matches the jobs' configurations.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSchedule")]
[OutputType(typeof(BackupSchedule))]
public sealed class GetBackupScheduleCommand : ScheduleCmdlet
{
    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs that are registered.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public override string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        WriteObject(Schedules.Describe(Select(Name), Launcher), enumerateCollection: true);
}
