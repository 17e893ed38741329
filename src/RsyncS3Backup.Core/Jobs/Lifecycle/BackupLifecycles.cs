using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Lifecycle;
using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.ObjectStore.Rights;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;

namespace RsyncS3Backup.Jobs.Lifecycle;

/// <summary>A job whose lifecycle rules are looked at or changed.</summary>
internal sealed record LifecycleRequest
{
    /// <summary>The job.</summary>
    public required BackupConfiguration Job { get; init; }

    /// <summary>Its bucket, with keys.</summary>
    public required S3CopyRequest S3 { get; init; }

    /// <summary>What other jobs of this machine ask for in the same bucket.</summary>
    public IReadOnlyList<JobLifecycle> Others { get; init; } = [];

    /// <summary>Of a removal, the ids of rules to remove instead of the job's own: of an older name or prefix of it.</summary>
    public IReadOnlyList<string> RuleIds { get; init; } = [];

    /// <summary>How long the store may take to show what was written, try by try; tests wait for nothing.</summary>
    internal IReadOnlyList<TimeSpan> Waits { get; init; } = [.. new[] { 0.2, 1, 2, 4, 8, 15 }.Select(TimeSpan.FromSeconds)];

    /// <summary>That of a job.</summary>
    /// <exception cref="BackupException">The job has no bucket.</exception>
    public static LifecycleRequest For(BackupConfiguration job)
    {
        S3CopyRequest s3 = S3CopyRequest.Of(job) ?? throw LifecycleErrors.LocalOnly(job.Name);
        return new LifecycleRequest { Job = job, S3 = s3 with { Work = "the command" } };
    }

    /// <summary>The same beside other jobs: rules that are to be written must not meet theirs.</summary>
    public LifecycleRequest Among(JobList all)
    {
        string? store = JobPlaces.Of(Job).Store;
        return this with
        {
            Others = [.. all.Jobs.Select(file => file.Configuration).OfType<BackupConfiguration>()
                .Where(other => other.Name != Job.Name && JobPlaces.Of(other).Store == store)
                .Select(JobLifecycle.Of)],
        };
    }
}

/// <summary>What a change of a bucket's rules is, before it is made.</summary>
/// <param name="Before">The rules as they were read.</param>
/// <param name="After">The rules as they are to be.</param>
/// <param name="Difference">The lines that go and those that come; none when nothing changes.</param>
/// <param name="Warnings">What the user should know first.</param>
internal sealed record LifecycleChange(
    LifecycleDocument Before, LifecycleDocument After, IReadOnlyList<string> Difference, IReadOnlyList<string> Warnings);

/// <summary>
/// The lifecycle rules of jobs in their buckets. A bucket's rules are one document, so a change reads them, changes the job's own, writes all, and
/// reads them again: S3 has no condition for it.
/// </summary>
internal static class BackupLifecycles
{
    /// <summary>The job's rules, and those of others that S3 applies to its objects.</summary>
    /// <exception cref="BackupException">The bucket cannot be asked.</exception>
    public static Task<IReadOnlyList<BackupLifecycleRule>> GetAsync(LifecycleRequest request, CancellationToken cancellationToken) =>
        InBucketAsync<IReadOnlyList<BackupLifecycleRule>>(request, BackupRights.ReadLifecycle, async store =>
        {
            JobLifecycle job = JobLifecycle.Of(request.Job);
            LifecycleDocument found = await store.Lifecycle.ReadAsync(cancellationToken).ConfigureAwait(false);
            bool isIdle = job.Options?.NoncurrentVersions is not null
                && await store.KeepsVersionsAsync(cancellationToken).ConfigureAwait(false) == false;
            return [.. Compare(job, found, request.S3.Destination.Bucket, isIdle)];
        }, cancellationToken);

    /// <summary>What writing, or removing, the job's rules would change. Nothing is written.</summary>
    /// <param name="request">The job.</param>
    /// <param name="isRemoval">True to remove them.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The bucket cannot be asked, or the rules must not be written.</exception>
    public static Task<LifecycleChange> PlanAsync(LifecycleRequest request, bool isRemoval, CancellationToken cancellationToken)
    {
        JobLifecycle job = JobLifecycle.Of(request.Job);
        if (request.RuleIds.FirstOrDefault(id => !id.StartsWith(JobLifecycle.IdStart, StringComparison.Ordinal)) is { } foreign)
            throw LifecycleErrors.ForeignRule(foreign);
        if (isRemoval)
            job = job with { Options = null };
        else if (job.Options is null)
            throw LifecycleErrors.NotConfigured(job.Job);
        else if (LifecycleDoubts.FindOverlap(job, request.Others) is { } other)
            throw LifecycleErrors.Overlap(job, $"those of job '{other.Job}', which start with '{other.KeyPrefix}'");
        return InBucketAsync(request, BackupRights.ReadLifecycle, async store =>
        {
            LifecycleDocument before = await store.Lifecycle.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (!isRemoval && LifecycleDoubts.FindOverlap(job, before.Rules) is { } rule)
                throw LifecycleErrors.Overlap(job, $"those of the rule {rule.ShownName}, which another job wrote");
            Func<LifecycleRule, bool> isChanged =
                request.RuleIds.Count == 0 ? job.IsOwn : rule => request.RuleIds.Contains(rule.Id, StringComparer.Ordinal);
            if (request.RuleIds.FirstOrDefault(id => !before.Rules.Any(rule => rule.Id == id)) is { } missing)
                throw LifecycleErrors.NoSuchRule(request.S3.Destination.Bucket, missing);
            LifecycleDocument after = before.With(isChanged, job.Wanted());
            List<string> warnings = [];
            if (!isRemoval)
            {
                bool? keepsVersions = job.Options?.NoncurrentVersions is null
                    ? null : await store.KeepsVersionsAsync(cancellationToken).ConfigureAwait(false);
                warnings.AddRange(LifecycleDoubts.OfOwn(
                    request.S3.Options, SizesOf(request), keepsVersions, PriceList.Of(request.S3.Prices)));
                warnings.AddRange(before.Rules.Where(other => !job.IsOwn(other) && job.IsApplied(other))
                    .Select(other => (Rule: other, Problem: LifecycleDoubts.OfForeign(job, other)))
                    .Where(doubt => doubt.Problem is not null)
                    .Select(doubt => $"The rule {doubt.Rule.ShownName} of the bucket meets the job's objects. {doubt.Problem}"));
            }

            return new LifecycleChange(before, after, Difference(before.Rules.Where(isChanged), job.Wanted()), warnings);
        }, cancellationToken);
    }

    /// <summary>Writes what was planned, and reads it back.</summary>
    /// <returns>The rules that the bucket has then.</returns>
    /// <exception cref="BackupException">
    /// It was not written, because somebody else changed a rule meanwhile; or the store does not keep what it was sent.
    /// </exception>
    public static Task<LifecycleDocument> ApplyAsync(LifecycleRequest request, LifecycleChange change, CancellationToken cancellationToken) =>
        InBucketAsync(request, BackupRights.WriteLifecycle, async store =>
        {
            string bucket = request.S3.Destination.Bucket;
            // Between the plan and now somebody may have thought about a question for an hour.
            LifecycleDocument now = await store.Lifecycle.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (change.Before.FirstDifference(now) is { } changed)
                throw LifecycleErrors.Changed(bucket, changed, isWritten: false);
            await store.Lifecycle.WriteAsync(change.After, cancellationToken).ConfigureAwait(false);
            await VerifyAsync(request, store, change, cancellationToken).ConfigureAwait(false);
            return change.After;
        }, cancellationToken);

    private static async Task VerifyAsync(
        LifecycleRequest request, S3ObjectStore store, LifecycleChange change, CancellationToken cancellationToken)
    {
        string bucket = request.S3.Destination.Bucket;
        JobLifecycle job = JobLifecycle.Of(request.Job);
        TimeSpan waited = TimeSpan.Zero;
        foreach (TimeSpan wait in request.Waits.Append(TimeSpan.Zero))
        {
            LifecycleDocument found = await store.Lifecycle.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (change.After.FirstDifference(found) is not { } rule)
                return;
            // S3 shows the old rules for a while. Anything else is neither.
            if (change.Before.FirstDifference(found) is not null)
            {
                if (found.Rules.Concat(change.After.Rules).Where(other => !job.IsOwn(other)).GroupBy(other => other.Form)
                    .FirstOrDefault(same => same.Count() % 2 == 1) is { } foreign)
                    throw LifecycleErrors.Changed(bucket, foreign.First(), isWritten: true);
                bool isBack = await TryPutBackAsync(store, change.Before, cancellationToken).ConfigureAwait(false);
                throw LifecycleErrors.NotKept(
                    bucket, rule, Difference(change.After.Rules.Where(job.IsOwn), found.Rules.Where(job.IsOwn)), isBack);
            }

            await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
            waited += wait;
        }

        throw LifecycleErrors.NotShown(bucket, waited);
    }

    private static async Task<bool> TryPutBackAsync(S3ObjectStore store, LifecycleDocument before, CancellationToken cancellationToken)
    {
        try
        {
            await store.Lifecycle.WriteAsync(before, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return false;
        }
    }

    // Of no rules at all there is one line, which is empty.
    private static string[] Difference(IEnumerable<LifecycleRule> before, IEnumerable<LifecycleRule> after) =>
        [.. TextDifference.Lines(Text(before), Text(after)).Where(line => line.Length > 2)];

    // Stores have orders of their own.
    private static string Text(IEnumerable<LifecycleRule> rules) =>
        string.Join("\n", rules.OrderByDescending(rule => rule.Id, StringComparer.Ordinal).SelectMany(rule => rule.Lines()));

    /// <summary>What a bucket has beside what a job asks for.</summary>
    internal static IEnumerable<BackupLifecycleRule> Compare(JobLifecycle job, LifecycleDocument found, string bucket, bool isIdle)
    {
        LifecycleRule[] wanted = [.. job.Wanted()];
        string? idle = isIdle ? "The bucket keeps no versions, so what is said of old versions does nothing." : null;
        foreach (LifecycleRule rule in wanted)
        {
            LifecycleRule? there = found.Rules.FirstOrDefault(other => other.Id == rule.Id);
            yield return there is null
                ? Of(rule, BackupLifecycleStatus.Missing) with { Problem = "The bucket does not have it. Set-BackupLifecycle writes it." }
                : there.Form == rule.Form ? Of(there, BackupLifecycleStatus.InPlace) with { Problem = idle }
                : Of(there, BackupLifecycleStatus.Different) with
                {
                    Problem = "The bucket's rule is not what the job asks for; Difference has the lines. Set-BackupLifecycle writes the job's.",
                    Difference = Difference([there], [rule]),
                };
        }

        foreach (LifecycleRule rule in found.Rules)
        {
            if (job.IsOwn(rule))
            {
                if (!wanted.Any(other => other.Id == rule.Id))
                {
                    yield return Of(rule, BackupLifecycleStatus.NotConfigured) with
                    {
                        Problem = "The job does not ask for it any more. "
                            + (job.Options is null ? "Remove-BackupLifecycle removes it." : "Set-BackupLifecycle removes it."),
                    };
                }
            }
            else if (job.IsApplied(rule))
            {
                yield return Of(rule, BackupLifecycleStatus.Foreign) with { Problem = LifecycleDoubts.OfForeign(job, rule) };
            }
        }

        BackupLifecycleRule Of(LifecycleRule rule, BackupLifecycleStatus status) => new()
        {
            Name = job.Job,
            Status = status,
            RuleId = rule.Id ?? "",
            Actions = [.. rule.Actions()],
            Deletes = rule.Expires is not null,
            KeyPrefix = rule.Prefix,
            BucketName = bucket,
        };
    }

    private static ObjectSizes? SizesOf(LifecycleRequest request)
    {
        S3CopyRequest s3 = request.S3;
        string prefix = KeyPrefix.Resolve(s3.Options.S3Prefix, request.Job.Name, s3.Clock.GetLocalNow(), s3.Timezone);
        using CatalogView? catalog = CatalogView.TryOpen(
            request.Job.Name, s3.Destination.Bucket, prefix, KeyPrefix.HasDateTokens(s3.Options.S3Prefix));
        try
        {
            IEnumerable<long> sizes = (catalog?.Read() ?? []).Where(row => row.IsOurs).Select(row => row.Size);
            return catalog is null ? null : ObjectSizes.Of(sizes, s3.Options.Lifecycle!.SmallestSize);
        }
        catch (IOException)
        {
            // What cannot be read says nothing; the next run sees to it.
            return null;
        }
    }

    private static Task<T> InBucketAsync<T>(
        LifecycleRequest request, BackupRight right, Func<S3ObjectStore, Task<T>> work, CancellationToken cancellationToken) =>
        JobBucket.InAsync(request.S3, (exception, target) => LifecycleErrors.From(exception, target, right.Action), work, cancellationToken);
}
