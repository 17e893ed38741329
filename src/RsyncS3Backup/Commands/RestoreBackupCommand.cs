using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using RsyncS3Backup.Completers;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Input;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Recovery.Fetching;
using static RsyncS3Backup.Input.ParameterSets;

namespace RsyncS3Backup.Commands;

/// <summary>Restores a job's files from its mirror or from S3, and emits a <see cref="RestoreResult"/>.</summary>
[Cmdlet(VerbsData.Restore, "Backup", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(RestoreResult))]
public sealed class RestoreBackupCommand : RecoveryCmdlet, IBucketParameters
{
    private const int MostDays = 365;
    private const int MostNamed = 5;

    private readonly FileSystemPaths paths;
    private readonly List<EntryReference> entries = [];
    private (string Name, DateTime? Snapshot)? earlier;
    private bool replaceAllNewer;
    private bool keepAllNewer;
    private long? received;

    /// <summary>Made by the engine, once for each command.</summary>
    public RestoreBackupCommand() => paths = new FileSystemPaths(this);

    /// <summary>What every key starts with; may hold <c>{host}</c> and date tokens; empty for the bucket's root.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByBucket)]
    [AllowEmptyString]
    [Alias("Prefix")]
    public string KeyPrefix { get; set; } = "";

    /// <summary>The folder that everything goes to. It is made if it is not there.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>Restore to where the files came from: the job's sources.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByConfig)]
    public SwitchParameter InPlace { get; set; }

    /// <summary>Which copy. Default: the mirror when it is there and is the job's, else S3.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByConfig)]
    public BackupCopy From { get; set; }

    /// <summary>What is restored: files and folders below the copy's root, with <c>/</c> between parts; wildcards are allowed.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EntryCompleter))]
    [SupportsWildcards]
    public string[] Path { get; set; } = [];

    /// <summary>As <see cref="Path"/>, but each is taken as it is written: no character is a wildcard.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>What was there at that time, in a bucket that keeps versions or among dated snapshots.</summary>
    [Parameter]
    [TimeTransformation]
    public DateTimeOffset AsOf { get; set; }

    /// <summary>The date of a dated snapshot. Default: the last complete one.</summary>
    [Parameter]
    [TimeTransformation(IsWallTime = true)]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    public DateTime Snapshot { get; set; }

    /// <summary>What becomes of files that are at the destination already. Default: IfDifferent.</summary>
    [Parameter]
    public RestoreOverwrite Overwrite { get; set; }

    /// <summary>Asks nothing: neither before a restore in place nor before a file is replaced that is newer than the copy.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>What is not what was stored is written all the same, beside its place, with .damaged behind its name.</summary>
    [Parameter]
    public SwitchParameter IncludeDamaged { get; set; }

    /// <summary>Everything that the bucket has comes back, also what the last run's mirror had no more. So it comes from S3.</summary>
    [Parameter]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <summary>Programs come back from S3 with the bits by which they run as their owner or group.</summary>
    [Parameter]
    public SwitchParameter PreserveSpecialBits { get; set; }

    /// <summary>What the destination cannot hold by its name, such as <c>12:30.log</c> on Windows, is written under one that it can.</summary>
    [Parameter]
    public SwitchParameter RenameInvalid { get; set; }

    /// <summary>Ask S3 to bring objects back from archive classes; a later run restores them.</summary>
    [Parameter]
    public SwitchParameter RequestRetrieval { get; set; }

    /// <summary>How fast they are brought back. Default: Standard.</summary>
    [Parameter]
    public RetrievalTier Tier { get; set; }

    /// <summary>For how many days the retrieved copies stay. Default: 7.</summary>
    [Parameter]
    [ValidateRange(1, MostDays)]
    public int Days { get; set; } = 7;

    /// <summary>How many requests to S3 may be in flight. Default: what the configuration says, else chosen by the module.</summary>
    [Parameter]
    [Alias("ThrottleLimit")]
    [ValidateRange(1, 1024)]
    public int RequestLimit { get; set; }

    /// <summary>The most bytes a second that come from S3: <c>10MiB</c>, <c>500kB</c>. Default: as many as come.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RateCompleter))]
    public string? BandwidthLimit { get; set; }

    /// <summary>How long to wait for a run of the job to end: <c>90s</c>, <c>30m</c>, or a TimeSpan. Default: not at all.</summary>
    [Parameter]
    [DurationTransformation]
    public TimeSpan WaitForLock { get; set; }

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
            Restore(() => new RestoreRequest { Name = NameOf(BucketName!, KeyPrefix), S3 = ReadBucket(this) });
            return;
        }

        if (ParameterSetName != ByConfig)
        {
            RestoreJobs(Jobs.Read(this), snapshot: null);
            return;
        }

        foreach (JobReference reference in Jobs.References(Config))
        {
            if (Errors.TryRead(() => EntryReference.Of(reference)) is { } found)
                entries.AddRange(found);
            if (!EntryReference.IsOfEntry(reference) && Errors.TryRead(() => EntryReference.SnapshotOf(reference)) is { } moment)
                RestoreJobs(Jobs.FromReference(reference, eachSnapshot: true), moment.Snapshot);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (IGrouping<JobReference, EntryReference> ofJob in entries.GroupBy(entry => entry.Job))
        {
            if (ofJob.GroupBy(entry => entry.Path).FirstOrDefault(same => same.Select(entry => entry.Moment).Distinct().Count() > 1) is { } several)
            {
                Errors.Write(ParameterErrors.SeveralVersionsToOnePlace(several.Key));
                continue;
            }

            foreach (BackupConfiguration job in Jobs.FromReference(ofJob.Key).Where(job => IsForTheFolder(job, snapshot: null)))
            {
                // Each moment of a copy in one run, however many entries of it came.
                foreach (IGrouping<EntryMoment, EntryReference> ofMoment in ofJob.GroupBy(entry => entry.Moment))
                    Restore(() => RestoreRequest.For(job), ofMoment.Key, [.. ofMoment.Select(entry => entry.Path).Distinct()]);
            }
        }
    }

    private void RestoreJobs(IEnumerable<BackupConfiguration> jobs, DateTime? snapshot)
    {
        foreach (BackupConfiguration job in jobs.Where(job => IsForTheFolder(job, snapshot)))
            Restore(() => RestoreRequest.For(job), new EntryMoment { Snapshot = snapshot });
    }

    // One folder takes one job, and one snapshot of it.
    private bool IsForTheFolder(BackupConfiguration job, DateTime? snapshot)
    {
        if (earlier is var (name, date) && !InPlace && (name != job.Name || date != snapshot))
        {
            WriteError(ParameterErrors.SeveralJobsToOneFolder(name, job.Name));
            return false;
        }

        earlier = (job.Name, snapshot);
        return true;
    }

    private void Restore(Func<RestoreRequest> make, EntryMoment? moment = null, IReadOnlyList<string>? only = null)
    {
        if (Errors.TryRead(() => Complete(make(), moment ?? new EntryMoment(), only ?? [])) is not { } request || !IsConfirmed(request))
            return;
        // With -WhatIf or -Confirm the question has said it.
        if (request.Retrieval is not null && !this.IsGiven("Confirm") && Retrievals(request) is { } retrievals)
            WriteWarning($"S3 is asked to bring back {retrievals}. Each is paid for by size and tier.");
        RestoreResult result = Run(
            activity: null,
            (observer, token) => BackupRestore.RunAsync(request with { AskToReplaceNewer = file => observer.AskAsync(() => Ask(file)) }, observer, token));
        WriteResult(result, result.Error, result.Name);
    }

    private RestoreRequest Complete(RestoreRequest request, EntryMoment moment, IReadOnlyList<string> only) => request with
    {
        S3 = Keys.For(request.S3) is { } bucket ? bucket with { ReceivedBytesPerSecond = received } : null,
        Destination = Destination is null ? null : paths.Resolve(Destination),
        InPlace = InPlace,
        From = this.IsGiven(nameof(From)) ? From : moment.Copy,
        Paths = Path,
        LiteralPaths = [.. LiteralPath, .. only],
        AsOf = this.IsGiven(nameof(AsOf)) ? AsOf : moment.AsOf,
        Snapshot = this.IsGiven(nameof(Snapshot)) ? Snapshot : moment.Snapshot,
        Overwrite = Overwrite,
        ReplaceNewer = Force,
        IncludeDamaged = IncludeDamaged,
        IncludeDeleted = IncludeDeleted || moment.IsDeleted,
        PreserveSpecialBits = PreserveSpecialBits,
        RenameInvalid = RenameInvalid,
        Retrieval = RequestRetrieval ? new RestoreRetrieval(Tier, Days) : null,
        ThrottleLimit = RequestLimit == 0 ? null : RequestLimit,
        WaitForLock = WaitForLock,
    };

    // The prefix of a job that names none ends in the job's name.
    private static string NameOf(string bucket, string prefix)
    {
        string last = prefix.Split('/', StringSplitOptions.RemoveEmptyEntries).LastOrDefault(part => !part.Contains('{', StringComparison.Ordinal)) ?? bucket;
        return ConfigurationRules.JobName(last) is null ? last : bucket;
    }

    private bool IsConfirmed(RestoreRequest request)
    {
        // Without a destination there is nothing to ask; the restore says what is missing.
        if (request.Destination is null && !request.InPlace)
            return true;
        string to = request.InPlace
            ? string.Join(", ", request.Configuration?.Sources.Select(source => source.Path) ?? [])
            : request.Destination!;
        string[] paths = [.. request.Paths, .. request.LiteralPaths];
        string named = string.Join(", ", paths.Take(MostNamed)) + (paths.Length > MostNamed ? $" and {paths.Length - MostNamed} more" : "");
        string what = paths.Length == 0 ? $"'{request.Name}'" : $"{named} of '{request.Name}'";
        string how = request.Overwrite switch
        {
            RestoreOverwrite.Never => "leaving what is there",
            RestoreOverwrite.Always => "replacing what is there",
            _ => "replacing what differs",
        };
        bool isShown = this.IsGiven("WhatIf") || this.IsGiven("Confirm");
        if (isShown && Retrievals(request) is { } retrievals)
            how += request.Retrieval is null ? $", without what is archived: {retrievals}" : $", asking S3 to bring back {retrievals}";
        string action = $"Restore {what} to {to}, {how}.";
        if (!ShouldProcess(action, $"{action}\nGo on?", MyInvocation.MyCommand.Name, out ShouldProcessReason reason))
        {
            if (reason == ShouldProcessReason.WhatIf)
                NameWhatWouldBeReplaced(request);
            return false;
        }

        // Files in use are worth a question, as a high impact is; -Confirm:$false and $ConfirmPreference = 'None' answer it.
        bool isAsked = this.IsGiven("Confirm")
            || (SessionState.PSVariable.GetValue("ConfirmPreference")?.ToString() is "None");
        return !request.InPlace || isAsked || Force || ShouldContinue($"Restore {what} to {to}, {how}?", "Restore in place");
    }

    /// <summary>What is archived, how long S3 takes to bring it back and what that costs; null when nothing is, or when nobody can tell.</summary>
    private string? Retrievals(RestoreRequest request)
    {
        try
        {
            IReadOnlyList<ArchivedObjects> found = Run(activity: null, (_, token) => RestorePreview.FindArchivedAsync(request, token));
            return found.Count == 0 ? null : ArchivedObjects.Text(found, request.Retrieval, PriceList.Of(request.S3?.Prices));
        }
        catch (BackupException exception)
        {
            // The restore meets it too.
            WriteVerbose(exception.Message);
            return null;
        }
    }

    private void NameWhatWouldBeReplaced(RestoreRequest request)
    {
        try
        {
            RunEmitting<ReplacedFile, bool>(
                async (_, emit, token) =>
                {
                    await foreach (ReplacedFile file in RestorePreview.ListAsync(request, token).ConfigureAwait(false))
                        emit(file);
                    return true;
                },
                file => ShouldProcess(file.Path, file switch
                {
                    { IsNewer: false } => "Replace",
                    _ when Force => $"Replace, although it is newer than the copy ({Times(file)})",
                    _ => $"Leave it, or replace it after a question, because it is newer than the copy ({Times(file)})",
                }));
        }
        catch (BackupException exception)
        {
            WriteError(exception.Error);
        }
    }

    /// <returns>Null when nobody can be asked.</returns>
    private bool? Ask(ReplacedFile file)
    {
        if (!Interactivity.CanAsk(Host.Name))
            return null;
        try
        {
            return ShouldContinue(
                $"'{file.Path}' is newer than the copy ({Times(file)}). Replace it?", "Replace a newer file", ref replaceAllNewer, ref keepAllNewer);
        }
        catch (Exception exception) when (exception is HostException or InvalidOperationException or NotImplementedException)
        {
            // A host that has no prompt, such as that of a job.
            return null;
        }
    }

    private static string Times(ReplacedFile file) =>
        string.Create(CultureInfo.InvariantCulture, $"{file.Modified:yyyy-MM-dd HH:mm:ss}, the copy {file.CopyModified:yyyy-MM-dd HH:mm:ss}");
}
