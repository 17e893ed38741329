using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Commands;

/// <summary>Emits what is registered with the operating system's schedulers, and whether it still matches the jobs' configurations.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSchedule")]
[OutputType(typeof(BackupSchedule))]
public sealed class GetBackupScheduleCommand : AsyncCmdlet
{
    private readonly InputErrors errors;

    /// <summary>Made by the engine, once for each command.</summary>
    public GetBackupScheduleCommand() => errors = new InputErrors(this);

    /// <summary>The jobs' names; wildcards are allowed. Default: all jobs that are registered.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Leaves out what is registered in the other scope.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ScheduleScopeTransformation]
    public BackupScheduleScope? Scope { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BackupSchedules schedules = MachineSchedules.Current;
        IReadOnlyList<NativeEntry> all = Run(null, (_, token) => schedules.ListAsync(token));
        IReadOnlyList<NativeEntry> chosen = MachineSchedules.Select(all, Scope, Name, errors.Write);
        WriteObject(schedules.Describe(chosen, MachineSchedules.Launcher), enumerateCollection: true);
    }
}
