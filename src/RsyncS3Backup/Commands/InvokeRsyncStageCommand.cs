using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Runs stage 1, sources to mirror, and emits an <see cref="RsyncStageResult"/>, which Invoke-S3SyncStage takes by pipeline.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RsyncStage", DefaultParameterSetName = ByName, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(RsyncStageResult), typeof(BackupAction))]
public sealed class InvokeRsyncStageCommand : AsyncCmdlet, IJobParameters
{
    private const string BySource = "Source";
    private const string BySourceFirst = "SourceFirst";

    private RunLogging logging = new();
    private readonly FileSystemPaths paths;
    private readonly InputErrors errors;
    private readonly JobInput jobs;
    private readonly RunLogs logs;

    /// <summary>Made by the engine, once for each command.</summary>
    public InvokeRsyncStageCommand()
    {
        paths = new FileSystemPaths(this);
        errors = new InputErrors(this);
        jobs = new JobInput(this, errors)
        {
            Broken = (name, error) => WriteObject(BackupRunner.Unreadable(name, error).Stage1),
        };
        logs = new RunLogs(this, errors);
    }

    /// <summary>
    /// The names of jobs in the job folders, or paths of configuration files; wildcards are allowed. Where a mirror follows it: the
    /// folders to mirror. With -Source: the one name that the stage's state is kept under. Default: the mirror's folder name and a
    /// short hash of its path.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = BySourceFirst)]
    [Parameter(ParameterSetName = BySource)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>The folders to mirror, here or on other machines (<c>user@host:/path</c>, <c>rsync://host/module</c>). One: its contents go to the mirror's root. Several: each goes to a folder of its own name.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = BySource)]
    [ValidateNotNullOrEmpty]
    public string[] Source { get; set; } = [];

    /// <summary>The mirror's root folder.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = BySource)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = BySourceFirst)]
    [Alias("Destination")]
    [ValidateNotNullOrEmpty]
    public string MirrorPath { get; set; } = "";

    /// <summary>Delete from the mirror what the sources no longer have.</summary>
    [Parameter(ParameterSetName = BySource)]
    [Parameter(ParameterSetName = BySourceFirst)]
    public SwitchParameter DeleteExtraneous { get; set; }

    /// <summary>Keep hard links as hard links.</summary>
    [Parameter(ParameterSetName = BySource)]
    [Parameter(ParameterSetName = BySourceFirst)]
    public SwitchParameter HardLinks { get; set; }

    /// <summary>rsync exclude patterns, with rsync's own meaning.</summary>
    [Parameter(ParameterSetName = BySource)]
    [Parameter(ParameterSetName = BySourceFirst)]
    [ValidateNotNullOrEmpty]
    public string[] ExcludePattern { get; set; } = [];

    /// <summary>
    /// How much may be deleted: <c>100</c> entries or <c>25%</c> of what is there. Default: what the configuration says, else half or 100
    /// entries, whichever is more.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConfigurationValueCompleter))]
    public string? MaxDelete { get; set; }

    /// <summary>The rsync program. Default: the first one on the PATH.</summary>
    [Parameter(ParameterSetName = BySource)]
    [Parameter(ParameterSetName = BySourceFirst)]
    [ValidateNotNullOrEmpty]
    public string? RsyncPath { get; set; }

    /// <summary>Configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("ConfigurationPath", "FullName", "PSPath")]
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

    /// <summary>
    /// Emit a <see cref="BackupAction"/> for every entry that something is done about, as it happens; the result comes last.
    /// </summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>How long to wait for another run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <summary>Run to the end: leave the job's <c>stopAt</c> out of account.</summary>
    [Parameter]
    public SwitchParameter NoPause { get; set; }

    /// <summary>
    /// A copy of the run's log: a file that it is appended to, or a folder (with a slash at its end it is made) that gets a file of each run.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => logging = logs.To(LogPath);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName is BySource or BySourceFirst)
        {
            bool isNamed = ParameterSetName == BySource;
            string[] names = isNamed && !JobReference.IsOneWord(Name, Source) ? Name : [];
            if (errors.TryRead(() => FromParameters(isNamed ? Source : Name, names)) is { } request)
                RunStage(request, names is [var name] ? name : JobName.FromMirror(request.Options.LocalDestination));
            return;
        }

        foreach (BackupConfiguration configuration in jobs.Read(this))
            RunStage(RsyncStageRequest.From(configuration), configuration.Name);
    }

    private void RunStage(RsyncStageRequest request, string name)
    {
        if (errors.TryRead(RunOptions) is not { } options
            || !this.Agrees(Descriptions.Stage1(name, request.Sources.Select(source => source.Path), request.Options)))
            return;
        RsyncStageResult result = Run(
            activity: null, (observer, token) => BackupRunner.RunStage1Async(request, name, options, observer, token),
            PassThru);
        WriteResult(result, result.Error, result.Name);
    }

    private BackupRunOptions RunOptions() => new()
    {
        MaxDelete = ParameterValues.ReadMaxDelete(MaxDelete),
        AllowEmptySource = AllowEmptySource,
        AllowNewDestination = AllowNewDestination,
        AllowNewSource = AllowNewSource,
        WaitForLock = WaitForLock,
        NoPause = NoPause,
        Logging = logging,
        PowerShellVersion = this.PowerShellVersion(),
    };

    private RsyncStageRequest FromParameters(string[] sources, string[] names)
    {
        ParameterValues.DemandOneJobName(names);
        foreach (string pattern in ExcludePattern)
            ParameterValues.Demand(nameof(ExcludePattern), pattern, KeyRule.Pattern);
        return new RsyncStageRequest
        {
            Sources = [.. sources.Select(path => new BackupSource { Path = paths.ResolveSource(path) })],
            Options = new RsyncOptions
            {
                LocalDestination = paths.Resolve(MirrorPath),
                DeleteExtraneous = DeleteExtraneous,
                HardLinks = HardLinks,
                ExcludePatterns = ExcludePattern,
                RsyncPath = RsyncPath is null || !HasFolder(RsyncPath) ? RsyncPath : paths.Resolve(RsyncPath),
            },
        };
    }

    // A bare name is looked up on the PATH.
    private static bool HasFolder(string program) => program.AsSpan().ContainsAny('/', '\\') || program.StartsWith('~');
}
