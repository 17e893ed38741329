using System.Globalization;
using System.Runtime.CompilerServices;
using RsyncS3Backup.Jobs.Buckets;
using RsyncS3Backup.Jobs.Lifecycle;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Ownership;

namespace RsyncS3Backup.Readiness;

/// <summary>What stage 2 needs, by its own requests.</summary>
internal static class BucketReadiness
{
    private const int Connections = 2;

    // Long enough for a night's run.
    private static readonly TimeSpan SoonEnding = TimeSpan.FromHours(12);

    // S3 refuses requests from farther than 15 minutes; a minute is more than two machines that keep the time are apart.
    private static readonly TimeSpan LargestSkew = TimeSpan.FromMinutes(1);

    private static readonly BackupReadinessCheck[] OfBucket =
    [
        BackupReadinessCheck.Bucket, BackupReadinessCheck.Prefix, BackupReadinessCheck.Right, BackupReadinessCheck.BucketSetting,
        BackupReadinessCheck.Lifecycle, BackupReadinessCheck.Clock,
    ];

    /// <summary>Checks a job's bucket; nothing for a job without one.</summary>
    public static async IAsyncEnumerable<BackupReadiness> RunAsync(
        ReadinessRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool asksBucket = OfBucket.Any(request.Asks);
        if (request.S3 is not { } s3 || !(asksBucket || request.Asks(BackupReadinessCheck.Credentials)))
            yield break;
        string prefix = KeyPrefix.Resolve(s3.Options.S3Prefix, request.Job.Name, s3.Clock.GetLocalNow(), s3.Timezone);
        using S3ObjectStore store = new(s3, prefix, Connections);
        (BackupReadiness credentials, bool areThere) = await CredentialsAsync(request, s3, store).ConfigureAwait(false);
        if (request.Asks(BackupReadinessCheck.Credentials))
            yield return credentials;
        if (!areThere || !asksBucket)
            yield break;

        BackupReadiness bucket = await BucketAsync(request, store, cancellationToken).ConfigureAwait(false);
        if (request.Asks(BackupReadinessCheck.Bucket))
            yield return bucket;
        if (bucket.Status == BackupReadinessStatus.Failed)
            yield break;
        if (request.Asks(BackupReadinessCheck.Prefix))
            yield return await PrefixAsync(request, s3, store, cancellationToken).ConfigureAwait(false);
        RightsProbe probe = new(request, s3, store);
        if (request.Asks(BackupReadinessCheck.Right) || request.Asks(BackupReadinessCheck.Clock))
        {
            await foreach (BackupReadiness right in probe.RunAsync(cancellationToken).ConfigureAwait(false))
            {
                if (request.Asks(BackupReadinessCheck.Right))
                    yield return right;
            }
        }

        List<string> unknown = [];
        if (request.Asks(BackupReadinessCheck.BucketSetting))
        {
            foreach (BackupReadiness setting in await SettingsAsync(request, s3, unknown, cancellationToken).ConfigureAwait(false))
                yield return setting;
        }

        if (request.Asks(BackupReadinessCheck.Lifecycle))
        {
            foreach (BackupReadiness rule in await LifecycleAsync(request, s3, unknown, cancellationToken).ConfigureAwait(false))
                yield return rule;
        }

        if (unknown.Count > 0)
        {
            yield return request.Warning(
                BackupReadinessCheck.BucketSetting, store.BucketName,
                $"Not known: {string.Join(", ", unknown)}. The credentials are not allowed to read these settings, or the store does not have them.",
                "Run Test-BackupReadiness -Check BucketSetting, Lifecycle with -Credential of an administrator of the bucket.");
        }

        if (request.Asks(BackupReadinessCheck.Clock))
            yield return Clock(request, store, probe.Skew);
    }

    private static async Task<(BackupReadiness Check, bool AreThere)> CredentialsAsync(ReadinessRequest request, S3CopyRequest s3, S3ObjectStore store)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Credentials;
        string target = s3.Credentials is not null ? "given" : s3.Destination.Profile ?? "";
        try
        {
            s3.RequireValid();
            store.Connect();
            (string accessKey, DateTimeOffset? end) = await store.CredentialsAsync().ConfigureAwait(false);
            if (end is not { } time)
                return (request.Passed(check, target, $"The access key is '{accessKey}'; the credentials do not say that they end."), true);
            string ends = $"The access key is '{accessKey}'; the credentials end at {HumanText.Time(time.ToLocalTime())}";
            TimeSpan left = time - DateTimeOffset.UtcNow;
            return (left > SoonEnding
                ? request.Passed(check, target, $"{ends}.")
                : request.Warning(
                    check, target, $"{ends}, in {HumanText.Duration(left)}.",
                    "A role is renewed by itself. Where somebody has to log in, use credentials that last, or 'aws sso login' before each run."), true);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return (request.Failed(check, target, S3Errors.From(exception, store.Target)), false);
        }
    }

    private static async Task<BackupReadiness> BucketAsync(ReadinessRequest request, S3ObjectStore store, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Bucket;
        string where = $"Bucket '{store.BucketName}' answers at {store.Target.Endpoint}"
            + (store.Target.Region.Length > 0 ? $", region '{store.Target.Region}'." : ".");
        try
        {
            await store.ReadAsync(MirrorMarker.FileName, MirrorMarker.LargestFile, cancellationToken).ConfigureAwait(false);
            return request.Passed(check, store.BucketName, where);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            BackupError error = S3Errors.From(exception, store.Target);
            // Which right is missing only the requests tell that need one; an archived marker is the prefix' affair.
            return error.EndsStage || error.IsTransient || error.ExitCode == BackupExitCode.BadConfiguration
                ? request.Failed(check, store.BucketName, error)
                : request.Passed(check, store.BucketName, where);
        }
    }

    private static async Task<BackupReadiness> PrefixAsync(
        ReadinessRequest request, S3CopyRequest s3, S3ObjectStore store, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Prefix;
        string target = $"s3://{store.BucketName}/{store.KeyPrefix}";
        HearingObserver heard = new();
        using RunContext context = RunContext.ForPlan(request.Job.Name, heard);
        S3SyncRequest stage2 = S3SyncRequest.From(request.Job) with
        {
            Credentials = s3.Credentials,
            AllowInsecureEndpoint = s3.AllowInsecureEndpoint,
            Work = s3.Work,
        };
        DateTimeOffset now = DateTimeOffset.Now;
        SyncScope scope = new()
        {
            Request = stage2,
            Store = new PlannedStore(store, stage2, new PlannedRequests()),
            State = new PlannedSyncState(request.Job.Name),
            StartTime = now,
            SnapshotTime = now,
            Storage = new StorageChange(PriceList.Of(stage2.Prices), now),
            Context = context,
            Report = new StageReport(context),
        };
        PrefixOwnership ownership = new(scope, PrefixOwner.Of(request.Job.Name, stage2.MirrorPath));
        try
        {
            await ownership.RequireAsync(cancellationToken).ConfigureAwait(false);
            return heard.LastWarning is { } closed
                ? request.Warning(check, target, closed, "Allow s3:GetObject and s3:ListBucket; New-BackupPolicy writes the policy of the job.")
                : request.Passed(check, target, ownership.IsNew ? $"No job uses '{target}' yet." : $"'{target}' belongs to this job.");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return request.Failed(check, target, S3Errors.From(exception, store.Target));
        }
    }

    private static async Task<IReadOnlyList<BackupReadiness>> SettingsAsync(
        ReadinessRequest request, S3CopyRequest s3, List<string> unknown, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.BucketSetting;
        ProtectionOptions? protection = s3.Options.Protection;
        try
        {
            List<BackupReadiness> found = [];
            IReadOnlyList<BackupBucketSetting> settings =
                await BucketSetup.LookAsync(new BucketRequest { Job = request.Job, S3 = s3 }, cancellationToken).ConfigureAwait(false);
            foreach (BackupBucketSetting setting in settings.Where(setting => setting.Setting != BackupBucketAspect.Bucket))
            {
                string target = setting.Setting.ToString();
                bool isDemanded = setting.Setting switch
                {
                    BackupBucketAspect.Versioning => protection is { RequireVersioning: true, ObjectLock: null },
                    BackupBucketAspect.ObjectLock => protection?.ObjectLock is not null,
                    _ => false,
                };
                if (setting.Status == BackupBucketStatus.InPlace)
                    found.Add(request.Passed(check, target, $"{target} is '{setting.Found}'."));
                else if (isDemanded)
                    found.Add(request.Failed(check, target, Missing(setting)));
                else if (setting.Status == BackupBucketStatus.Unknown)
                    unknown.Add(target);
                else
                    found.Add(request.Warning(check, target, $"{target} is '{setting.Found}', and should be '{setting.Wanted}'.", setting.Problem));
            }

            return found;
        }
        catch (BackupException exception)
        {
            return [request.Failed(check, s3.Destination.Bucket, exception.Error)];
        }
    }

    private static BackupError Missing(BackupBucketSetting setting)
    {
        bool isKnown = setting.Status != BackupBucketStatus.Unknown;
        return (setting.Setting == BackupBucketAspect.ObjectLock
            ? SyncErrors.NoObjectLock(setting.BucketName, isKnown)
            : SyncErrors.NoVersioning(setting.BucketName, isKnown)).Error;
    }

    private static async Task<IReadOnlyList<BackupReadiness>> LifecycleAsync(
        ReadinessRequest request, S3CopyRequest s3, List<string> unknown, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Lifecycle;
        LifecycleRequest asked = new() { Job = request.Job, S3 = s3 };
        try
        {
            IReadOnlyList<BackupLifecycleRule> rules = await BackupLifecycles.GetAsync(
                request.Jobs is { } jobs ? asked.Among(jobs) : asked, cancellationToken).ConfigureAwait(false);
            if (rules.Count == 0)
                return [request.Passed(check, s3.Destination.Bucket, "No lifecycle rule is about the job's objects.")];
            return [.. rules.Select(Judge)];
        }
        catch (BackupException exception) when (s3.Options.Lifecycle is null)
        {
            unknown.Add($"lifecycle rules ({exception.Error.S3ErrorCode ?? exception.Error.Id})");
            return [];
        }
        catch (BackupException exception)
        {
            return [request.Warning(check, s3.Destination.Bucket, exception.Error.Message, exception.Error.RecommendedAction)];
        }

        BackupReadiness Judge(BackupLifecycleRule rule)
        {
            string name = rule.RuleId.Length > 0 ? rule.RuleId : rule.KeyPrefix;
            string detail = $"Rule '{name}' ({rule.Status}): {string.Join("; ", rule.Actions)}.";
            return rule switch
            {
                { Problem: null } => request.Passed(check, name, detail),
                { Status: BackupLifecycleStatus.Foreign, Deletes: true } => request.Failed(check, name, detail, rule.Problem),
                _ => request.Warning(check, name, detail, rule.Problem),
            };
        }
    }

    private static BackupReadiness Clock(ReadinessRequest request, S3ObjectStore store, TimeSpan? measured)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Clock;
        // What the SDK has corrected already is the rest of what was measured.
        TimeSpan? skew = store.ClockCorrection != TimeSpan.Zero ? store.ClockCorrection : measured;
        if (skew is not { } off)
            return request.Passed(check, store.Target.Endpoint, "The store accepted this machine's time, so the clock is less than 15 minutes off. By how much was not measured.");
        string text = string.Create(CultureInfo.InvariantCulture, $"{HumanText.Duration(off.Duration())} {(off < TimeSpan.Zero ? "ahead of" : "behind")}");
        return off.Duration() <= LargestSkew
            ? request.Passed(check, store.Target.Endpoint, "This machine's clock is that of the store, to within a minute.")
            : request.Warning(
                check, store.Target.Endpoint, $"This machine's clock is {text} that of the store.",
                "Let the system keep the time (timedatectl set-ntp true, or w32tm). S3 refuses requests from a clock that is 15 minutes off.");
    }

    private sealed class HearingObserver : IRunObserver
    {
        public string? LastWarning { get; private set; }

        public void Verbose(string message)
        {
        }

        public void Warning(string message) => LastWarning = message;

        public void ItemFailed(BackupError error)
        {
        }

        public void Progress(StageProgress progress)
        {
        }
    }
}
