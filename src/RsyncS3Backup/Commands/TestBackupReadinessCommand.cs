using System.Management.Automation;
using RsyncS3Backup.Input;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Readiness;
using RsyncS3Backup.Runs;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Checks whether jobs can run, as their scheduler will run them: a <see cref="BackupReadiness"/> for each thing that must be so.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BackupReadiness", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupReadiness))]
public sealed class TestBackupReadinessCommand : JobBucketCmdlet
{
    private JobList? list;
    private BackupExitCode worst;

    /// <summary>Made by the engine, once for each command.</summary>
    public TestBackupReadinessCommand() => Errors.Found += error => worst = ExitCodes.Worse(worst, error.ExitCode);

    /// <summary>Which checks. Default: all.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BackupReadinessCheck[] Check { get; set; } = [];

    /// <summary>Send a test message to everybody whom the job tells, but for pings.</summary>
    [Parameter]
    public SwitchParameter Notify { get; set; }

    /// <summary>End the process of a script with the exit code that a run would end with.</summary>
    [Parameter]
    public SwitchParameter ExitCode { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ExitCode && worst != BackupExitCode.Succeeded)
            Host.SetShouldExit((int)worst);
    }

    private protected override void Process(BackupConfiguration job)
    {
        list ??= JobList.Read();
        ReadinessRequest request = ReadinessRequest.For(job);
        request = request with
        {
            S3 = Keys.For(request.S3),
            Jobs = list,
            Checks = Check,
            Notifies = Notify,
            Schedules = MachineSchedules.Current,
            Launcher = MachineSchedules.Launcher,
        };
        RunStream((observer, token) => Counted(ReadinessTest.RunAsync(request with { Secrets = observer as ISecretReader }, token)));
    }

    private async IAsyncEnumerable<BackupReadiness> Counted(IAsyncEnumerable<BackupReadiness> checks)
    {
        await foreach (BackupReadiness check in checks.ConfigureAwait(false))
        {
            if (check.Status == BackupReadinessStatus.Failed)
                worst = ExitCodes.Worse(worst, check.ExitCode);
            yield return check;
        }
    }
}
