using System.Globalization;
using RsyncS3Backup.ObjectStore.Lifecycle;
using RsyncS3Backup.ObjectStore.Prices;

namespace RsyncS3Backup.Jobs.Lifecycle;

/// <summary>What is to be said of lifecycle rules before they are written, and of those that somebody else wrote. Pure.</summary>
internal static class LifecycleDoubts
{
    // Billed beside each object of GLACIER and DEEP_ARCHIVE: 8 KiB at the price of STANDARD and 32 KiB at their own. "Cost considerations" of the
    // S3 user guide's page on transitions.
    private const long ArchiveOverhead = 40 * 1024;

    /// <summary>Another job whose objects the rules would meet, or whose rules meet these; null for none.</summary>
    public static JobLifecycle? FindOverlap(JobLifecycle job, IEnumerable<JobLifecycle> others) => others
        .Where(other => other.Job != job.Job)
        .FirstOrDefault(other => other.KeyPrefix.StartsWith(job.KeyPrefix, StringComparison.Ordinal)
            || (other.Options is not null && job.KeyPrefix.StartsWith(other.KeyPrefix, StringComparison.Ordinal)));

    /// <summary>A rule of another job in the bucket that meets the same keys; null for none.</summary>
    public static LifecycleRule? FindOverlap(JobLifecycle job, IEnumerable<LifecycleRule> rules) =>
        rules.FirstOrDefault(rule => IsOfAnotherJob(job, rule) && JobLifecycle.Meet(rule.Prefix, job.KeyPrefix));

    /// <summary>What a rule of somebody else does to the job; null when it does no harm.</summary>
    public static string? OfForeign(JobLifecycle job, LifecycleRule rule)
    {
        if (rule.Expires is { } when)
        {
            return $"It deletes objects of the job {when}, whether the mirror has them or not. Let it leave out '{job.KeyPrefix}', "
                + "or give the job another prefix.";
        }

        (string storageClass, string time) = rule.Moves.FirstOrDefault(step => S3StorageClasses.IsArchive(step.StorageClass));
        if (storageClass is not null)
        {
            return $"It moves objects of the job to {storageClass} {time}: they must be retrieved before they can be restored or "
                + "copied. The same holds for the manifests of dated snapshots, without which no snapshot can be restored or pruned. "
                + $"Let it leave out '{job.KeyPrefix}', or ask for the same with the job's own lifecycle, which leaves small objects alone.";
        }

        return IsOfAnotherJob(job, rule) ? "It is another job's, and meets the same keys. Give each job a prefix of its own." : null;
    }

    /// <summary>Sentences on what the job's own rules mean for how it works.</summary>
    /// <param name="options">The job's stage 2, which asks for rules.</param>
    /// <param name="sizes">How large its objects are; null where there is no catalog that tells.</param>
    /// <param name="keepsVersions">Whether the bucket keeps versions; null: not known.</param>
    /// <param name="prices">The job's prices.</param>
    public static IEnumerable<string> OfOwn(S3SyncOptions options, ObjectSizes? sizes, bool? keepsVersions, PriceList prices)
    {
        LifecycleOptions wanted = options.Lifecycle!;
        if (wanted.NoncurrentVersions is not null && keepsVersions == false)
            yield return "The bucket keeps no versions (versioning is not on), so there is nothing for noncurrentVersions to do.";
        LifecycleTransition? archive = wanted.Transitions.Where(step => S3StorageClasses.IsArchive(step.StorageClass))
            .MinBy(step => step.AfterDays);
        if (archive is not null && KeyPrefix.HasDateTokens(options.S3Prefix))
        {
            yield return "A dated snapshot copies what has not changed from the one before, and nothing can be copied from "
                + $"{archive.StorageClass}. A snapshot that is made more than {Days(archive.AfterDays)} after the one before uploads everything again.";
        }

        if (archive is not null && wanted.SmallestSize == 0)
        {
            yield return $"With smallestSize 0 the rule also moves to {archive.StorageClass} what tells whose the prefix is and, of a dated snapshot, "
                + "its manifest. A snapshot whose manifest is archived cannot be restored, or pruned, before that is retrieved. With "
                + "smallestSize 4096 or more (the default is enough) they stay.";
        }

        if (wanted.Transitions.Count > 0 && sizes is not null && OfSizes(options.StorageClass, wanted, sizes, prices) is { } small)
            yield return small;
    }

    private static string? OfSizes(string storageClass, LifecycleOptions wanted, ObjectSizes sizes, PriceList prices)
    {
        List<string> parts = [];
        PriceOrigins origins = PriceOrigins.None;
        if (sizes.Unmoved * 2 > sizes.All)
        {
            parts.Add($"{Number(sizes.Unmoved)} of {Number(sizes.All)} objects ({HumanText.Bytes(sizes.UnmovedBytes)}) are smaller than "
                + $"{HumanText.Bytes(wanted.SmallestSize)}, stay in {storageClass} and are not moved (smallestSize)");
        }

        if (First(wanted, S3StorageClasses.HasMinimum) is { } minimum && sizes.Small > 0)
        {
            long billed = sizes.Small * ObjectSizes.SmallestBilled;
            parts.Add($"{Number(sizes.Small)} objects that may be moved have fewer than 128 KiB ({HumanText.Bytes(sizes.SmallBytes)} "
                + $"together), and are billed as {HumanText.Bytes(billed)}: "
                + Cost(prices.Storage(minimum, billed), minimum, prices.Storage(storageClass, sizes.SmallBytes), sizes.Small));
        }

        if (First(wanted, S3StorageClasses.IsArchive) is { } archive && sizes.Small * 2 > sizes.Moved)
        {
            (long inClass, long inStandard) = prices.AddedBytes(archive);
            Price there = prices.Storage(archive, sizes.MovedBytes + (sizes.Moved * inClass))
                + prices.Storage(S3StorageClasses.Standard, sizes.Moved * inStandard);
            parts.Add($"each of {Number(sizes.Moved)} objects is billed 40 KiB more in an archive, "
                + $"{HumanText.Bytes(sizes.Moved * ArchiveOverhead)} together, and most are smaller than 128 KiB: "
                + Cost(there, archive, prices.Storage(storageClass, sizes.MovedBytes), sizes.Moved));
        }

        string source = origins == PriceOrigins.None ? "" : $" (prices: {prices.Describe(origins)})";
        return parts.Count == 0 ? null : $"By the job's catalog: {string.Join("; ", parts)}{source}.";

        // A transition costs what a PUT into the class does: "Amazon S3 pricing", "Lifecycle Transition requests".
        string Cost(Price there, string target, Price here, long objects)
        {
            Price moving = prices.Put(target, objects);
            origins |= there.Origins | here.Origins | moving.Origins;
            return $"{prices.Text(there)} a month in {target} instead of {prices.Text(here)} in {storageClass}, and {prices.Text(moving)} once to "
                + "move them";
        }
    }

    private static string? First(LifecycleOptions wanted, Func<string, bool> isMeant) =>
        wanted.Transitions.Where(step => isMeant(step.StorageClass)).MinBy(step => step.AfterDays)?.StorageClass;

    private static bool IsOfAnotherJob(JobLifecycle job, LifecycleRule rule) =>
        rule.Id?.StartsWith(JobLifecycle.IdStart, StringComparison.Ordinal) == true && !job.IsOwn(rule);

    private static string Days(int days) => days == 1 ? "1 day" : string.Create(CultureInfo.InvariantCulture, $"{days} days");

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>How large the objects of a job are, beside the size from which on rules move them.</summary>
/// <param name="All">How many there are.</param>
/// <param name="Unmoved">Of them, those that are too small to be moved.</param>
/// <param name="UnmovedBytes">Their bytes.</param>
/// <param name="Small">Of those that are moved, those that some classes bill as larger than they are.</param>
/// <param name="SmallBytes">Their bytes.</param>
/// <param name="MovedBytes">The bytes of all that are moved.</param>
internal sealed record ObjectSizes(long All, long Unmoved, long UnmovedBytes, long Small, long SmallBytes, long MovedBytes)
{
    /// <summary>Billed at least, by STANDARD_IA, ONEZONE_IA and GLACIER_IR. Source: the S3 pricing page.</summary>
    public const long SmallestBilled = 128 * 1024;

    /// <summary>Those that rules move.</summary>
    public long Moved => All - Unmoved;

    /// <summary>Counts them.</summary>
    /// <param name="sizes">Bytes of each.</param>
    /// <param name="smallestMoved">Bytes.</param>
    public static ObjectSizes Of(IEnumerable<long> sizes, long smallestMoved)
    {
        (long all, long unmoved, long unmovedBytes, long small, long smallBytes, long movedBytes) = (0, 0, 0, 0, 0, 0);
        foreach (long size in sizes)
        {
            all++;
            if (size < smallestMoved)
            {
                (unmoved, unmovedBytes) = (unmoved + 1, unmovedBytes + size);
                continue;
            }

            movedBytes += size;
            if (size < SmallestBilled)
                (small, smallBytes) = (small + 1, smallBytes + size);
        }

        return new ObjectSizes(all, unmoved, unmovedBytes, small, smallBytes, movedBytes);
    }
}
