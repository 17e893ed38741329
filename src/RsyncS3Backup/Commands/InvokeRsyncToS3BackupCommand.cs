using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Runs;

namespace RsyncS3Backup.Commands;

/// <summary>Runs both stages of one or several jobs and emits a <see cref="BackupResult"/> for each.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RsyncToS3Backup", DefaultParameterSetName = ByPath, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupResult))]
public sealed class InvokeRsyncToS3BackupCommand : S3SyncCmdlet
{
    private BackupExitCode worst = BackupExitCode.Succeeded;
    private DeleteLimit? maxDelete;

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath)]
    [Alias("Path", "FullName")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public override string[] ConfigPath { get; set; } = [];

    /// <summary>Mirror an empty source although the mirror is not empty.</summary>
    [Parameter]
    public SwitchParameter AllowEmptySource { get; set; }

    /// <summary>Take a destination that is not the mirror that the job knows, and make it the job's mirror.</summary>
    [Parameter]
    public SwitchParameter AllowNewDestination { get; set; }

    /// <summary>How much this run may delete from the mirror, and from the bucket: <c>100</c> entries or <c>25%</c> of what is there.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? MaxDelete { get; set; }

    /// <summary>Leave stage 1 out: send the mirror as it is, for instance when stage 2 failed and the sources are not at hand.</summary>
    [Parameter]
    public SwitchParameter SkipStage1 { get; set; }

    /// <summary>How long to wait for another run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <summary>Make the process end with the worst exit code of all runs: for a scheduled <c>pwsh -Command</c>.</summary>
    [Parameter]
    public SwitchParameter ExitCode { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => TellingExitCode(BackupExitCode.BadConfiguration, () =>
    {
        base.BeginProcessing();
        if (MaxDelete is null)
            return;
        try
        {
            maxDelete = ReadMaxDelete(MaxDelete);
        }
        catch (BackupException exception)
        {
            ThrowTerminating(exception.Error);
        }
    });

    /// <inheritdoc/>
    protected override void ProcessRecord() => TellingExitCode(BackupExitCode.Stage1Failed, () =>
    {
        foreach (BackupConfiguration configuration in ReadJobs())
        {
            if (ShouldProcess(SkipStage1 ? Descriptions.Stage2(configuration) : Descriptions.Job(configuration), "Back up"))
                RunJob(configuration);
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing() => TellExitCode();

    private protected override void OnBadInput(BackupError error) => Note(error.ExitCode);

    private void RunJob(BackupConfiguration given)
    {
        BackupConfiguration configuration = WithOverrides(given);
        BackupRunOptions options = new()
        {
            Configured = given,
            IsAttended = Interactivity.IsAttended(Host.Name),
            Credentials = GivenCredentials,
            AllowInsecureEndpoint = AllowInsecureEndpoint,
            AllowEmptySource = AllowEmptySource,
            AllowNewDestination = AllowNewDestination,
            MaxDelete = maxDelete,
            SkipStage1 = SkipStage1,
            WaitForLock = WaitForLock,
            PowerShellVersion = PowerShellVersion,
        };
        BackupResult result = Run(
            $"Backup '{configuration.Name}'",
            (observer, token) => BackupRunner.RunAsync(configuration, options, observer, token));
        Note(result.ExitCode);
        if (result.Error is { } error)
            WriteError(error);
        WriteObject(result);
    }

    private void Note(BackupExitCode code) => worst = ExitCodes.Worse(worst, code);

    // A job that dies of -ErrorAction Stop or of a fault of ours must not end a scheduled process with 0.
    private void TellingExitCode(BackupExitCode unlessNoted, Action action)
    {
        try
        {
            action();
        }
        catch
        {
            if (worst == BackupExitCode.Succeeded)
                Note(unlessNoted);
            TellExitCode();
            throw;
        }
    }

    private void TellExitCode()
    {
        if (ExitCode)
            Host.SetShouldExit((int)worst);
    }
}
