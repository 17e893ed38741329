using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Schedulers;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Emits what is registered with the operating system's schedulers, and whether it still matches the jobs' configurations.</summary>
[Cmdlet(VerbsCommon.Get, "BackupSchedule", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupSchedule))]
public sealed class GetBackupScheduleCommand : NamedJobsCmdlet, IJobParameters
{
    /// <summary>The jobs' names, or paths of their configuration files; wildcards are allowed. Default: all jobs that are registered.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ScheduledJobCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    object[] IJobParameters.Config => InputObject;

    /// <summary>Leaves out what is registered in the other scope.</summary>
    [Parameter]
    public BackupScheduleScope? Scope { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        BackupSchedules schedules = MachineSchedules.Current;
        IReadOnlyList<NativeEntry> all = Run(null, (_, token) => schedules.ListAsync(token));
        foreach (ScheduleWanted wanted in ScheduleWanted.Of(this, this, Errors))
        {
            IReadOnlyList<NativeEntry> chosen =
                MachineSchedules.Select(all, Scope ?? wanted.Scope, wanted.Jobs.Names, wanted.Jobs.Missing);
            WriteObject(schedules.Describe(chosen, MachineSchedules.Launcher), enumerateCollection: true);
        }
    }
}
