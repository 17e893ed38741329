using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Recovery.Testing;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Tests whether the copies of a backup are complete and intact. Emits a <see cref="BackupDifference"/> for each difference and, last, a
/// <see cref="BackupTestResult"/>.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "Backup", DefaultParameterSetName = ByName)]
[OutputType(typeof(BackupDifference), typeof(BackupTestResult), typeof(bool))]
public sealed class TestBackupCommand : RecoveryCmdlet, IBucketParameters
{
    private BackupExitCode worst;
    private long? received;

    /// <summary>Made by the engine, once for each command.</summary>
    public TestBackupCommand() => Errors.Found += error => worst = ExitCodes.Worse(worst, error.ExitCode);

    /// <summary>How thoroughly. Default: Quick.</summary>
    [Parameter]
    public BackupTestLevel Level { get; set; }

    /// <summary>How large the sample is that the level Sample downloads and the level Restore restores, in percent of the files. Default: 1.</summary>
    [Parameter]
    [ValidateRange(0.0, 100.0)]
    public double SamplePercent { get; set; } = 1;

    /// <summary>The seed of an earlier sample, to download the same files again.</summary>
    [Parameter]
    public int Seed { get; set; }

    /// <summary>Where the level Restore makes its folder. Default: where the system has temporary files.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TemporaryPath { get; set; }

    /// <summary>Paths below the mirror's root; wildcards are allowed. Default: everything.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(EntryCompleter))]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>As <see cref="Path"/>, but each is taken as it is written: no character is a wildcard.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>How many files are looked at at a time. Default: chosen by the module.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; }

    /// <summary>The most bytes a second that come from S3: <c>10MiB</c>, <c>500kB</c>. Default: as many as come.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RateCompleter))]
    public string? BandwidthLimit { get; set; }

    /// <summary>How long to wait for a run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <summary>Emit only True for a backup that is complete and intact, and False for one that is not.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>End the process of a script with the worst exit code of the tests.</summary>
    [Parameter]
    public SwitchParameter ExitCode { get; set; }

    /// <summary>What every key starts with; may hold the date tokens of dated snapshots; empty, which is the default, for the bucket's root.</summary>
    [Parameter(ParameterSetName = ByBucket)]
    [AllowEmptyString]
    [Alias("Prefix")]
    public string KeyPrefix { get; set; } = "";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        received = ReadReceived(BandwidthLimit);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByBucket)
        {
            if (Errors.TryRead(() => ReadBucket(this)) is { } bucket)
                Emit(new BackupTestRequest { S3 = bucket });
            return;
        }

        foreach (BackupConfiguration job in ParameterSetName == ByConfig ? Jobs.FromObjects(WithoutSnapshots()) : Jobs.Read(this))
        {
            BackupTestRequest request = BackupTestRequest.For(job);
            Emit(request with { S3 = Keys.For(request.S3) });
        }
    }

    // A test of another snapshot than the one that was meant would be taken for one of it.
    private IEnumerable<object> WithoutSnapshots()
    {
        foreach (object item in Config)
        {
            PSObject source = PSObject.AsPSObject(item);
            if (Emitted.KindOf(source) != EmittedKind.BackupSnapshot)
                yield return item;
            else
                Errors.Write(ParameterErrors.SnapshotNotMeant(Emitted.Text(source, "Name") ?? "", Emitted.WallTime(source, "Date") ?? default));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ExitCode && worst != BackupExitCode.Succeeded)
            Host.SetShouldExit((int)worst);
    }

    private BackupTestRequest Complete(BackupTestRequest backup) => backup with
    {
        S3 = backup.S3 is { } bucket ? bucket with { ReceivedBytesPerSecond = received } : null,
        Level = Level,
        SamplePercent = SamplePercent,
        Seed = this.IsGiven(nameof(Seed)) ? Seed : null,
        Paths = Path,
        LiteralPaths = LiteralPath,
        TemporaryPath = TemporaryPath is { } given ? GetUnresolvedProviderPathFromPSPath(given) : null,
        ThrottleLimit = ThrottleLimit == 0 ? null : ThrottleLimit,
        WaitForLock = WaitForLock,
        PowerShellVersion = this.PowerShellVersion(),
    };

    private void Emit(BackupTestRequest backup)
    {
        if (Errors.TryRead(() => Complete(backup)) is not { } request)
            return;
        BackupTestResult result = RunEmitting<BackupDifference, BackupTestResult>(
            (observer, emit, token) => BackupTest.RunAsync(request, observer, emit, token),
            difference =>
            {
                if (!Quiet)
                    WriteObject(difference);
            });
        worst = ExitCodes.Worse(worst, result.ExitCode);
        // Differences are the test's result and no failure of the command.
        WriteResult(
            Quiet ? result.ExitCode == BackupExitCode.Succeeded : result, result.Error is { Id: not ErrorIds.BackupDiffers } error ? error : null, result.Name);
    }
}
