using System.Collections;
using System.Management.Automation;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Input;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Recovery.Repairing;
using RsyncS3Backup.Recovery.Testing;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Replaces the bad copy by the good one for each difference that Test-Backup found, or that it finds itself, and emits a
/// <see cref="BackupRepair"/> for each.
/// </summary>
[Cmdlet(VerbsDiagnostic.Repair, "Backup", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupRepair))]
public sealed class RepairBackupCommand : S3ConnectionCmdlet, IJobParameters
{
    private const string ByDifference = "InputObject";
    private readonly List<DifferenceInput> given = [];

    /// <summary>The names of jobs in the job folders, or paths of configuration files; wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobNameCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

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
    /// What Test-Backup emits, also as it comes back from a job, from XML, JSON or CSV; its results are passed over. Or jobs, which are
    /// tested first.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByDifference)]
    [Alias("Config")]
    public object? InputObject { get; set; }

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
            if (InputObject is { } item && NamesJob(PSObject.AsPSObject(item)))
                TestAndRepair(Jobs.FromObjects([item]));
            else if (Errors.TryRead(() => DifferenceInput.Read(InputObject)) is { IsPassedOver: false } input)
                given.Add(input);
            return;
        }

        TestAndRepair(Jobs.Read(this));
    }

    private static bool NamesJob(PSObject item) =>
        item.BaseObject is string or FileInfo or IDictionary || item.Properties["sources"] is not null || item.TypeNames[0].EndsWith(".IO.FileInfo", StringComparison.Ordinal)
        || Emitted.KindOf(item) is EmittedKind.BackupJob or EmittedKind.BackupConfiguration or EmittedKind.BackupSchedule;

    private void TestAndRepair(IEnumerable<BackupConfiguration> jobs)
    {
        foreach (BackupConfiguration job in jobs)
        {
            List<BackupDifference> found = [];
            BackupTestResult result = RunEmitting<BackupDifference, BackupTestResult>(
                (observer, emit, token) => BackupTest.RunAsync(Request(job), observer, emit, token), found.Add);
            if (result.Error is { Id: not ErrorIds.BackupDiffers } error)
                Keep(ErrorRecords.From(error));
            Repair(job, found.Select(DifferenceInput.Of));
            WriteItemErrors();
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (IGrouping<(string?, string?), DifferenceInput> ofJob in given.GroupBy(item => (item.ConfigurationPath, item.Name)))
        {
            (string? path, string? name) = ofJob.Key;
            IEnumerable<BackupConfiguration> jobs = path is null
                ? Jobs.FromNames([WildcardPattern.Escape(name!)])
                : Errors.TryRead(() => JobInput.LoadRecorded(name, path)) is { } found ? [found] : [];
            foreach (BackupConfiguration job in jobs)
                Repair(job, ofJob);
        }

        WriteItemErrors();
    }

    private void Repair(BackupConfiguration job, IEnumerable<DifferenceInput> differences)
    {
        List<RepairWish> chosen = [];
        // What only a download shows has to be looked at by a download again.
        bool needsDownload = false;
        foreach (DifferenceInput difference in differences.OrderBy(item => item.Path, StringComparer.Ordinal))
        {
            BackupCopy? good = difference.Kind == BackupDifferenceKind.NotYetSent ? null : difference.GoodCopy;
            string action = good == BackupCopy.S3
                ? $"Replace '{difference.Path}' in the mirror of job '{job.Name}' by the object of S3"
                : $"Replace the object of '{difference.Path}' of job '{job.Name}' in S3 by the mirror's file";
            if (good is not null && !this.Agrees($"{action} ({difference.Kind})."))
                continue;
            chosen.Add(new RepairWish(difference.Path, good));
            needsDownload |= difference.Kind == BackupDifferenceKind.S3Corrupted;
        }

        if (chosen.Count == 0)
            return;
        BackupTestRequest request = Request(job) with { Level = needsDownload || Level == BackupTestLevel.Restore ? BackupTestLevel.Full : Level };
        try
        {
            RunEmitting<BackupRepair, bool>(
                async (observer, emit, token) =>
                {
                    await BackupRepairs.RunAsync(request, chosen, observer, emit, token).ConfigureAwait(false);
                    return true;
                },
                WriteObject);
        }
        catch (BackupException exception)
        {
            WriteError(exception.Error);
        }
    }

    private BackupTestRequest Request(BackupConfiguration job)
    {
        BackupTestRequest request = BackupTestRequest.For(job);
        return request with
        {
            S3 = Keys.For(request.S3),
            Level = Level,
            WaitForLock = WaitForLock,
            PowerShellVersion = this.PowerShellVersion(),
        };
    }
}
