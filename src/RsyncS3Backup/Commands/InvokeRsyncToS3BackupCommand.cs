using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Runs;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Runs both stages of one or several jobs and emits a <see cref="BackupResult"/> for each.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RsyncToS3Backup", DefaultParameterSetName = ByName, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(BackupResult), typeof(BackupPlan), typeof(BackupAction))]
public sealed class InvokeRsyncToS3BackupCommand : S3ConnectionCmdlet, IJobParameters, ISyncParameters
{
    private BackupExitCode worst = BackupExitCode.Succeeded;
    private DeleteLimit? maxDelete;
    private ChangeLimit? maxChange;
    private BandwidthLimit? sharedBandwidth;
    private readonly List<BackupConfiguration> confirmed = [];
    private RunLogging logging = new();
    private readonly RunLogs logs;
    private readonly SyncOverrides overrides;

    /// <summary>Made by the engine, once for each command.</summary>
    public InvokeRsyncToS3BackupCommand()
    {
        logs = new RunLogs(this, Errors);
        overrides = new SyncOverrides(this, this);
        Errors.Found += error => Note(error.ExitCode);
    }

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath", "Path")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    [SupportsWildcards]
    public string[] ConfigPath { get; set; } = [];

    /// <summary>Configuration files; no character is a wildcard.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>
    /// Jobs as objects: from Get-BackupJob or Import-BackupConfiguration, hashtables or custom objects with a configuration's keys,
    /// names, files, and whatever this module emits that names its job.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByConfig)]
    [Alias("InputObject")]
    [ValidateNotNullOrEmpty]
    public object[] Config { get; set; } = [];

    /// <summary>Mirror an empty source although the mirror is not empty.</summary>
    [Parameter]
    public SwitchParameter AllowEmptySource { get; set; }

    /// <summary>Take a destination that is not the mirror that the job knows, and make it the job's mirror.</summary>
    [Parameter]
    public SwitchParameter AllowNewDestination { get; set; }

    /// <summary>Take a source that is on another file system than before, or whose file system is not mounted.</summary>
    [Parameter]
    public SwitchParameter AllowNewSource { get; set; }

    /// <summary>How much this run may delete from the mirror, and from the bucket: <c>100</c> entries or <c>25%</c> of what is there.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxDelete { get; set; }

    /// <summary>
    /// How many files that S3 has may have new content in this run: <c>500</c>, <c>60%</c>, <c>60% or 500</c> (the larger), or <c>off</c>.
    /// Default: what the configuration says.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxChange { get; set; }

    /// <summary>
    /// Send what something other than stage 1 changed in the mirror, however much that is, and delete from S3 what it deleted there.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowChangedMirror { get; set; }

    /// <summary>Leave stage 1 out: send the mirror as it is, for instance when stage 2 failed and the sources are not at hand.</summary>
    [Parameter]
    public SwitchParameter SkipStage1 { get; set; }

    /// <summary>Emit a <see cref="BackupPlan"/> of what the run would do, and change nothing anywhere.</summary>
    [Parameter]
    public SwitchParameter PlanOnly { get; set; }

    /// <summary>
    /// Emit a <see cref="BackupAction"/> for every entry that something is done about, as it happens; the result comes last.
    /// </summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>How long to wait for another run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <summary>How many jobs may run at once. Default: one after another, each as it arrives.</summary>
    [Parameter]
    [Alias("Parallel")]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = 1;

    /// <summary>
    /// The most bytes a second that all jobs of this command send to S3 together: <c>10MiB</c>, <c>500kB</c>. A job's own limits hold as well;
    /// rsync keeps to its own alone.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RateCompleter))]
    public string? BandwidthLimit { get; set; }

    /// <summary>Run to the end: leave the job's <c>stopAt</c> and <c>maxUpload</c> out of account.</summary>
    [Parameter]
    public SwitchParameter NoPause { get; set; }

    /// <summary>
    /// A copy of the run's log: a file that it is appended to, or a folder (with a slash at its end it is made) that gets a file of each run.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>Make the process end with the worst exit code of all runs: for a scheduled <c>pwsh -Command</c>.</summary>
    [Parameter]
    public SwitchParameter ExitCode { get; set; }

    /// <summary>How many requests to S3 may be in flight. Default: what the configuration says, else chosen by the module.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int RequestLimit { get; set; }

    /// <summary>How stage 2 finds what is different. Default: what the configuration says, else the cheapest way that is safe.</summary>
    [Parameter]
    public S3SyncMode SyncMode { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => TellingExitCode(BackupExitCode.BadConfiguration, () =>
    {
        base.BeginProcessing();
        logging = logs.To(LogPath);
        try
        {
            maxDelete = ParameterValues.ReadMaxDelete(MaxDelete);
            maxChange = ParameterValues.ReadMaxChange(MaxChange);
            sharedBandwidth =
                ParameterValues.ReadBandwidthLimit(BandwidthLimit) is { } most ? new BandwidthLimit(most, TimeProvider.System) : null;
        }
        catch (BackupException exception)
        {
            Errors.Throw(exception.Error);
        }
    });

    /// <inheritdoc/>
    protected override void ProcessRecord() => TellingExitCode(BackupExitCode.Stage1Failed, () =>
    {
        foreach (BackupConfiguration configuration in Jobs.Read(this))
        {
            if (PlanOnly)
            {
                PlanJob(configuration);
                continue;
            }

            if (!this.Agrees(SkipStage1 ? Descriptions.Stage2(configuration) : Descriptions.Job(configuration)))
                continue;
            if (ThrottleLimit > 1)
                confirmed.Add(configuration);
            else
                RunJob(configuration);
        }
    });

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (confirmed.Count > 0)
            TellingExitCode(BackupExitCode.Stage1Failed, RunAtOnce);
        TellExitCode();
    }

    private protected override bool EndsTerminatedProcess => ExitCode;

    // Whoever looks for failed runs among the results must find it.
    private protected override void TellBroken(string name, BackupError error)
    {
        if (!PlanOnly)
            WriteObject(BackupRunner.Unreadable(name, error));
    }

    private void RunJob(BackupConfiguration given)
    {
        BackupRunOptions options = RunOptions(given);
        BackupResult result = Run(
            Activity(given),
            async (observer, token) =>
            {
                BackupConfiguration configuration = overrides.Apply(given);
                BackupResult ended = await BackupRunner.RunAsync(configuration, options with { Secrets = observer }, observer, token).ConfigureAwait(false);
                // Here: a stopped pipeline takes no result any more.
                Note(ended.ExitCode);
                return ended;
            },
            PassThru,
            LabelOf(given));
        EndIfTerminated();
        WriteResult(result, result.Error, result.Name, LabelOf(given));
    }

    // Where several jobs run, each line says of which it is.
    private string? LabelOf(BackupConfiguration given) =>
        MyInvocation.ExpectingInput || Name.Length + ConfigPath.Length + LiteralPath.Length + Config.Length > 1
            || Name.Concat(ConfigPath).Any(WildcardPattern.ContainsWildcardCharacters)
            ? given.Name
            : null;

    private void RunAtOnce()
    {
        // Made here and not where they run: only the pipeline thread may ask the session and the host.
        ParallelJob[] jobs = [.. confirmed.Select(given => new ParallelJob(overrides.Apply(given), RunOptions(given), Activity(given)))];
        RunSeveral((runs, token) => ParallelJobs.RunAsync(jobs, ThrottleLimit, runs, Ended, token), PassThru);
        EndIfTerminated();
        WriteItemErrors();

        // The errors come when all have ended: one job's must not end another one.
        Action Ended(BackupResult result)
        {
            Note(result.ExitCode);
            return () =>
            {
                if (result.Error is { } error)
                    Keep(ErrorRecords.From(error, result.Name));
                WriteObject(result);
            };
        }
    }

    private void PlanJob(BackupConfiguration given)
    {
        BackupConfiguration configuration = overrides.Apply(given);
        BackupRunOptions options = RunOptions(given);
        BackupPlan plan = Run(
            $"Plan of backup '{configuration.Name}'",
            (observer, token) => BackupPlanner.PlanAsync(configuration, options, observer, token),
            PassThru);
        Note(plan.ExitCode);
        WriteResult(plan, error: null, plan.Name);
    }

    private BackupRunOptions RunOptions(BackupConfiguration given) => new()
    {
        Configured = given,
        IsAttended = Interactivity.IsAttended(Host.Name),
        Credentials = Keys.Credentials,
        AllowInsecureEndpoint = AllowInsecureEndpoint,
        AllowEmptySource = AllowEmptySource,
        AllowNewDestination = AllowNewDestination,
        AllowNewSource = AllowNewSource,
        AllowChangedMirror = AllowChangedMirror,
        MaxDelete = maxDelete,
        MaxChange = maxChange,
        SharedBandwidth = sharedBandwidth,
        SkipStage1 = SkipStage1,
        WaitForLock = WaitForLock,
        NoPause = NoPause,
        Logging = logging,
        PowerShellVersion = this.PowerShellVersion(),
    };

    private static string Activity(BackupConfiguration configuration) => $"Backup '{configuration.Name}'";

    private void Note(BackupExitCode code)
    {
        lock (confirmed)
            worst = ExitCodes.Worse(worst, code);
    }

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
            EndIfTerminated();
            TellExitCode();
            throw;
        }
    }

    private void EndIfTerminated()
    {
        if (IsTerminated && ExitCode)
            Environment.Exit((int)worst);
    }

    private void TellExitCode()
    {
        if (ExitCode)
            Host.SetShouldExit((int)worst);
    }
}
