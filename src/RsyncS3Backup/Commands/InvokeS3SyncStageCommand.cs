using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Runs stage 2, mirror to S3, and emits an <see cref="S3SyncStageResult"/>. After a stage 1 that did not succeed it runs nothing and emits
/// a skipped result.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "S3SyncStage", DefaultParameterSetName = ByName, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(S3SyncStageResult), typeof(BackupAction))]
public sealed class InvokeS3SyncStageCommand : S3ConnectionCmdlet, IJobParameters, IBucketParameters, ISyncParameters
{
    private const string ByMirror = "MirrorPath";
    private const string ByMirrorFirst = "MirrorFirst";

    // Of several runs of a job the first one that comes is run again: that is the newest.
    private readonly HashSet<string> repeated = new(StringComparer.Ordinal);

    private RunLogging logging = new();
    private readonly FileSystemPaths paths;
    private readonly RunLogs logs;
    private readonly GivenBucket bucket;
    private readonly SyncOverrides overrides;

    /// <summary>Made by the engine, once for each command.</summary>
    public InvokeS3SyncStageCommand()
    {
        paths = new FileSystemPaths(this);
        logs = new RunLogs(this, Errors);
        bucket = new GivenBucket(this);
        overrides = new SyncOverrides(this, this);
    }

    /// <summary>
    /// The names of jobs in the job folders, or paths of configuration files; wildcards are allowed. Where a bucket and a prefix follow
    /// it: the mirror's root folder. With -MirrorPath: the one name that the stage's state is kept under. Default: the mirror's folder
    /// name and a short hash of its path.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByMirror)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <summary>The mirror's root folder.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByMirror)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public string MirrorPath { get; set; } = "";

    /// <summary>
    /// The result of Invoke-RsyncStage, of which one that ran from a configuration brings its bucket and all other settings; or a run of the
    /// history, whose stage 2 is run again from its configuration file as it is now; or a job or configuration in any of its forms, or
    /// what names one.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByInputObject)]
    [Alias("Config")]
    public object? InputObject { get; set; }

    /// <summary>The bucket's name.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByMirror)]
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [ValidateNotNullOrEmpty]
    public string? BucketName { get; set; }

    /// <summary>What every key starts with; may hold <c>{host}</c> and date tokens; empty for the bucket's root.</summary>
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = ByMirror)]
    [Parameter(Mandatory = true, Position = 2, ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [AllowEmptyString]
    [Alias("Prefix")]
    public string? KeyPrefix { get; set; }

    /// <summary>The storage class of new objects. Default: STANDARD.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [ArgumentCompleter(typeof(StorageClassCompleter))]
    [ValidateNotNullOrEmpty]
    public string StorageClass { get; set; } = S3StorageClasses.Standard;

    /// <summary>Delete from the bucket, under the prefix, what the mirror no longer has.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    public SwitchParameter DeleteExtraneous { get; set; }

    /// <summary>
    /// How much may be deleted: <c>100</c> objects or <c>25%</c> of what is there. Default: what the configuration says, else half, and in
    /// any case 100.
    /// </summary>
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

    /// <summary>The bucket's region. Default: what the profile or the environment says.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [ArgumentCompleter(typeof(RegionCompleter))]
    [ValidateNotNullOrEmpty]
    [Alias("RegionToCall")]
    public string? Region { get; set; }

    /// <summary>The profile of the shared AWS files. Default: the AWS SDK's own chain.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    [ValidateNotNullOrEmpty]
    [Alias("StoredCredentials", "AWSProfileName")]
    public string? ProfileName { get; set; }

    /// <summary>The endpoint of an S3-compatible store. Default: AWS.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    [ValidateNotNullOrEmpty]
    public string? EndpointUrl { get; set; }

    /// <summary>Address the bucket by path instead of by host name. Default: by path when there is an endpoint of its own.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    public SwitchParameter ForcePathStyle { get; set; }

    /// <summary>Whether checksums go with every request or only where S3 demands one. Default: WhenSupported.</summary>
    [Parameter(ParameterSetName = ByMirror)]
    [Parameter(ParameterSetName = ByMirrorFirst)]
    [Parameter(ParameterSetName = ByInputObject)]
    public S3ChecksumMode ChecksumMode { get; set; }

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

    /// <summary>Delete everything under the prefix when the mirror is empty.</summary>
    [Parameter]
    public SwitchParameter AllowEmptySource { get; set; }

    /// <summary>Take a key prefix that belongs to another mirror, job or machine, and objects under it that the job never sent.</summary>
    [Parameter]
    public SwitchParameter AllowNewDestination { get; set; }

    /// <summary>
    /// Emit a <see cref="BackupAction"/> for every entry that something is done about, as it happens; the result comes last.
    /// </summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>How long to wait for another run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <summary>
    /// A copy of the run's log: a file that it is appended to, or a folder (with a slash at its end it is made) that gets a file of each run.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LogPath { get; set; }

    /// <summary>Run to the end: leave the job's <c>stopAt</c> and <c>maxUpload</c> out of account.</summary>
    [Parameter]
    public SwitchParameter NoPause { get; set; }

    /// <summary>How many requests to S3 may be in flight. Default: what the configuration says, else chosen by the module.</summary>
    [Parameter]
    [Alias("ThrottleLimit")]
    [ValidateRange(1, 1024)]
    public int RequestLimit { get; set; }

    /// <summary>How stage 2 finds what is different. Default: what the configuration says, else the cheapest way that is safe.</summary>
    [Parameter]
    public S3SyncMode SyncMode { get; set; }

    private static readonly string[] TargetParameters =
    [
        nameof(BucketName), nameof(KeyPrefix), nameof(StorageClass), nameof(DeleteExtraneous), nameof(Region),
        nameof(ProfileName), nameof(EndpointUrl), nameof(ForcePathStyle), nameof(ChecksumMode),
    ];

    private BackupRunOptions Options => new()
    {
        Credentials = Keys.Credentials,
        AllowInsecureEndpoint = AllowInsecureEndpoint,
        AllowEmptySource = AllowEmptySource,
        AllowNewDestination = AllowNewDestination,
        AllowChangedMirror = AllowChangedMirror,
        MaxDelete = GivenMaxDelete,
        MaxChange = GivenMaxChange,
        WaitForLock = WaitForLock,
        NoPause = NoPause,
        Logging = logging,
        IsAttended = Interactivity.IsAttended(Host.Name),
        PowerShellVersion = this.PowerShellVersion(),
    };

    private DeleteLimit? GivenMaxDelete => ParameterValues.ReadMaxDelete(MaxDelete);

    private ChangeLimit? GivenMaxChange => ParameterValues.ReadMaxChange(MaxChange);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        logging = logs.To(LogPath);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case ByMirror:
                string[] names = JobReference.IsOneWord(Name, [MirrorPath]) ? [] : Name;
                if (Errors.TryRead(() => FromParameters(paths.Resolve(MirrorPath), names)) is { } request)
                    RunFromParameters(request, names is [var name] ? name : JobName.FromMirror(request.MirrorPath), stage1: null);
                break;
            case ByMirrorFirst:
                if (Errors.TryRead(() => FromParameters(OneMirror(), [])) is { } positional)
                    RunFromParameters(positional, JobName.FromMirror(positional.MirrorPath), stage1: null);
                break;
            case ByInputObject:
                RunInput(InputObject!);
                break;
            default:
                foreach (BackupConfiguration configuration in Jobs.Read(this))
                    RunConfigured(configuration, stage1: null);
                break;
        }
    }

    private protected override void TellBroken(string name, BackupError error) =>
        WriteObject(BackupRunner.Unreadable(name, error).Stage2 with { Status = BackupStatus.Failed, Error = error, SkippedReason = null });

    private void RunInput(object input)
    {
        PSObject item = PSObject.AsPSObject(input);
        switch (item.BaseObject)
        {
            case RsyncStageResult stage1:
                RunAfter(stage1);
                break;
            case BackupResult
            {
                Stage1: { Configuration: { } configuration, Status: BackupStatus.Failed or BackupStatus.Cancelled or BackupStatus.Paused } failed,
            }:
                if (LeavesTargetTo(configuration.Name))
                    Emit((observer, _) => Task.FromResult(SkipAgain(failed, observer)));
                break;
            // A result that came back does not have the job that it ran; the history knows it, and how stage 1 ended.
            case not BackupRun
                when Emitted.KindOf(item) is not (EmittedKind.BackupRun or EmittedKind.RsyncStageResult)
                    && (item.BaseObject is BackupResult || Emitted.KindOf(item) != EmittedKind.BackupResult):
                foreach (BackupConfiguration configuration in Jobs.FromObjects([input]).Where(job => LeavesTargetTo(job.Name)))
                    RunConfigured(configuration, stage1: null);
                break;
            default:
                if (Errors.TryRead(() => RecordedRun.Of(item)) is { } run && LeavesTargetTo(run.Name) && repeated.Add(run.Name))
                    RunAgain(run);
                break;
        }
    }

    /// <summary>False, and an error, when parameters name another target than the job's own.</summary>
    private bool LeavesTargetTo(string jobName)
    {
        string[] given = [.. TargetParameters.Where(this.IsGiven)];
        if (given.Length > 0)
            WriteError(ParameterErrors.TargetGivenTwice(jobName, given));
        return given.Length == 0;
    }

    private void RunAfter(RsyncStageResult stage1)
    {
        if (stage1.Configuration is { } configuration)
        {
            if (LeavesTargetTo(stage1.Name))
                RunConfigured(configuration, stage1);
        }
        else if (RunDecision.SkipReason(stage1) is { } reason)
        {
            Emit((observer, _) => Task.FromResult(BackupRunner.SkipStage2(stage1, reason, Options, observer, skipped => skipped with
            {
                BucketName = BucketName,
                KeyPrefix = KeyPrefix ?? "",
                StorageClass = StorageClass,
            })));
        }
        else if (BucketName is null)
        {
            WriteError(ParameterErrors.BucketMissing(stage1.Name));
        }
        else if (Errors.TryRead(() => FromParameters(stage1.Destination, Name)) is { } request)
        {
            RunFromParameters(request with { FollowsStage1 = true }, stage1.Name, stage1);
        }
    }

    private void RunAgain(BackupRun run)
    {
        if (run.Kind != BackupRunKind.Backup)
        {
            WriteError(ParameterErrors.RunIsNoBackup(run, "it has no stage 2 to run again"));
        }
        else if (run.ConfigurationPath is not { } path)
        {
            WriteError(ParameterErrors.RunWithoutConfiguration(run.Name, run.RunId));
        }
        else if (Errors.TryRead(() => JobInput.LoadRecorded(run.Name, path)) is { } configuration)
        {
            if (run.Stage1 is { Status: BackupStatus.Failed or BackupStatus.Cancelled or BackupStatus.Paused } stage1)
                Emit((observer, _) => Task.FromResult(SkipAgain(stage1 with { Configuration = configuration }, observer)));
            else
                RunConfigured(configuration, stage1: null);
        }
    }

    // Not in the history: the run that is skipped is there already, with its failed stage 1.
    private static S3SyncStageResult SkipAgain(RsyncStageResult stage1, IRunObserver observer)
    {
        using RunContext context = RunContext.Start(stage1.Name, observer);
        return BackupRunner.Skipped(stage1, RunDecision.SkipReason(stage1)!, context) with { RunId = context.RunId };
    }

    private void RunConfigured(BackupConfiguration given, RsyncStageResult? stage1)
    {
        BackupConfiguration configuration = overrides.Apply(given);
        S3SyncOptions options = configuration.Options.Rsync.SyncToS3;
        bool runs = options.Enabled && (stage1 is null || RunDecision.SkipReason(stage1) is null);
        if (runs && !Confirms(configuration.Options.Rsync.LocalDestination, configuration.Destination!.Bucket, options, configuration.Name))
            return;
        if (Errors.TryRead(() => Options with { Configured = given }) is { } runOptions)
            Emit((observer, token) => BackupRunner.RunStage2Async(configuration, stage1, runOptions, observer, token));
    }

    private void RunFromParameters(S3SyncRequest request, string name, RsyncStageResult? stage1)
    {
        if (Confirms(request.MirrorPath, request.Destination.Bucket, request.Options, name))
            Emit((observer, token) => BackupRunner.RunStage2Async(request, name, stage1, Options, observer, token));
    }

    private bool Confirms(string mirror, string bucket, S3SyncOptions options, string name) =>
        this.Agrees(Descriptions.Stage2(name, mirror, bucket, options));

    private void Emit(Func<IRunObserver, CancellationToken, Task<S3SyncStageResult>> stage)
    {
        S3SyncStageResult result = Run(activity: null, (observer, token) => stage(observer, token), PassThru);
        WriteResult(result, result.Error, result.Name);
    }

    private string OneMirror() => Name is [var one] ? paths.Resolve(one) : throw new BackupException(ParameterErrors.SeveralMirrors(Name));

    private S3SyncRequest FromParameters(string mirror, string[] names)
    {
        ParameterValues.DemandOneJobName(names);
        ParameterValues.Demand(nameof(StorageClass), StorageClass, KeyRule.StorageClass);
        return new S3SyncRequest
        {
            MirrorPath = mirror,
            Destination = bucket.Read(this),
            Options = overrides.Apply(new S3SyncOptions { StorageClass = StorageClass, S3Prefix = KeyPrefix, DeleteFromS3 = DeleteExtraneous }),
            MaxDelete = GivenMaxDelete ?? DeleteLimit.Default,
            MaxChange = GivenMaxChange ?? ChangeLimit.Off,
            AllowChangedMirror = AllowChangedMirror,
            Credentials = Keys.Credentials,
            AllowInsecureEndpoint = AllowInsecureEndpoint,
            AllowEmptyMirror = AllowEmptySource,
            AllowNewDestination = AllowNewDestination,
        };
    }
}
