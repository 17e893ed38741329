using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Takes the good copy for each difference that Test-Backup found, or that it finds itself, and emits a <see cref="BackupRepair"/> for each.
/// </summary>
[Cmdlet(VerbsDiagnostic.Repair, "Backup", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupRepair))]
public sealed class RepairBackupCommand : S3ConnectionCmdlet
{
    private const string ByDifference = "InputObject";
    private readonly List<BackupDifference> given = [];

    /// <summary>The names of jobs in the job folders; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public override string[] Name { get; set; } = [];

    /// <summary>What Test-Backup emits; its results are passed over.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByDifference)]
    public object? InputObject { get; set; }

    /// <summary>Not a parameter here: it would take from the pipeline what <see cref="InputObject"/> takes.</summary>
    public override object[] Config { get; set; } = [];

    /// <summary>How thoroughly to look. Default: as thoroughly as the differences need, and without differences Checksums.</summary>
    [Parameter]
    public BackupTestLevel Level { get; set; } = BackupTestLevel.Checksums;

    /// <summary>How long to wait for a run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByDifference)
        {
            if ((InputObject is PSObject wrapped ? wrapped.BaseObject : InputObject) is BackupDifference difference)
                given.Add(difference);
            return;
        }

        foreach (BackupConfiguration job in ReadJobs())
        {
            List<BackupDifference> found = [];
            BackupTestResult result = RunEmitting<BackupDifference, BackupTestResult>(
                (observer, emit, token) => BackupTest.RunAsync(Request(job), observer, emit, token), found.Add);
            if (result.Error is { Id: not "BackupDiffers" } error)
                WriteError(error);
            Repair(job, found);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (IGrouping<(string?, string?), BackupDifference> ofJob in given.GroupBy(item => (item.ConfigurationPath, item.Name)))
        {
            (string? path, string? name) = ofJob.Key;
            IEnumerable<BackupConfiguration> jobs =
                path is not null ? ReadConfigurationFiles([WildcardPattern.Escape(path)]) : name is not null ? ReadNamedJobs([name]) : [];
            foreach (BackupConfiguration job in jobs)
                Repair(job, ofJob);
        }
    }

    private void Repair(BackupConfiguration job, IEnumerable<BackupDifference> differences)
    {
        List<string> chosen = [];
        // What only a download shows has to be looked at by a download again.
        bool needsDownload = false;
        foreach (BackupDifference difference in differences.OrderBy(item => item.Path, StringComparer.Ordinal))
        {
            string action = difference switch
            {
                { Kind: BackupDifferenceKind.NotYetSent } or { GoodCopy: null } => "Leave as it is",
                { GoodCopy: BackupCopy.S3 } => $"Replace the mirror's file '{difference.FullName}' with the object of S3",
                _ => $"Replace the object '{difference.Key}' with the mirror's file",
            };
            bool isLeft = action == "Leave as it is";
            if (!isLeft && !ShouldProcess(difference.Path, action))
                continue;
            chosen.Add(difference.Path);
            needsDownload |= difference.Kind == BackupDifferenceKind.S3Corrupted;
        }

        if (chosen.Count == 0)
            return;
        BackupTestRequest request = Request(job) with { Level = needsDownload ? BackupTestLevel.Full : Level };
        try
        {
            RunEmitting<BackupRepair, bool>(
                async (observer, emit, token) =>
                {
                    await BackupRepairs.RunAsync(request, chosen, observer, emit, token).ConfigureAwait(false);
                    return true;
                },
                Emit);
        }
        catch (BackupException exception)
        {
            WriteError(exception.Error);
        }
    }

    private void Emit(BackupRepair repair) => WriteObject(repair);

    private BackupTestRequest Request(BackupConfiguration job)
    {
        BackupTestRequest request = BackupTestRequest.For(job);
        return request with
        {
            S3 = WithCredentials(request.S3),
            Level = Level,
            WaitForLock = WaitForLock,
            PowerShellVersion = PowerShellVersion,
        };
    }
}
