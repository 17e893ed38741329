using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using RsyncS3Backup.ObjectStore.Lifecycle;

namespace RsyncS3Backup.Jobs.Lifecycle;

/// <summary>The lifecycle rules that a job asks for, and which rules of a bucket are the job's. Pure.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="KeyPrefix">
/// What the keys start with that they are for. Of a prefix with date tokens that is what stands before the first: a rule has no wildcards.
/// </param>
/// <param name="Tags">The tags that the job's objects have.</param>
/// <param name="Options">What the job asks for; null: nothing.</param>
internal sealed record JobLifecycle(string Job, string KeyPrefix, IReadOnlyDictionary<string, string> Tags, LifecycleOptions? Options)
{
    /// <summary>What the ids of all jobs' rules start with.</summary>
    public const string IdStart = "rsyncs3backup-";

    // Source: "ID" of a LifecycleRule in the S3 API reference.
    internal const int LongestId = 255;

    private const int HashCharacters = 12;

    /// <summary>That of a job that has a bucket.</summary>
    public static JobLifecycle Of(BackupConfiguration job)
    {
        S3SyncOptions stage2 = job.Options.Rsync.SyncToS3;
        string prefix =
            RsyncS3Backup.KeyPrefix.HasDateTokens(stage2.S3Prefix) ? new DatedPrefix(stage2.S3Prefix!).Start : JobPlaces.Of(job).Prefix;
        return new JobLifecycle(job.Name, prefix, stage2.Tags, stage2.Lifecycle);
    }

    /// <summary>The rule that moves objects: its own, because it is for objects from a size on.</summary>
    public string TransitionsId => Id("transitions");

    /// <summary>The rule that lets go what is old, or was never completed.</summary>
    public string CleanUpId => Id("cleanup");

    /// <summary>True for a rule that this job wrote, or would write.</summary>
    public bool IsOwn(LifecycleRule rule) => rule.Id == TransitionsId || rule.Id == CleanUpId;

    /// <summary>True for a rule by which S3 may treat objects of the job.</summary>
    public bool IsApplied(LifecycleRule rule) => rule.IsEnabled && Meet(rule.Prefix, KeyPrefix)
        && rule.Tags.All(tag => Tags.TryGetValue(tag.Key, out string? value) && value == tag.Value);

    /// <summary>True when keys may start with both.</summary>
    public static bool Meet(string prefix, string other) =>
        prefix.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>The rules that the bucket is to have.</summary>
    public IEnumerable<LifecycleRule> Wanted()
    {
        if (Options is not { } wanted)
            yield break;
        NoncurrentVersionOptions old = wanted.NoncurrentVersions ?? new NoncurrentVersionOptions();
        XElement[] moves =
        [
            .. wanted.Transitions.OrderBy(step => step.AfterDays).Select(step => Step("Transition", "Days", step)),
            .. old.Transitions.OrderBy(step => step.AfterDays).Select(step => Step("NoncurrentVersionTransition", "NoncurrentDays", step)),
        ];
        if (moves.Length > 0)
            yield return Rule(TransitionsId, wanted.SmallestSize, moves);
        XElement[] goes = [.. CleanUp(wanted, old)];
        if (goes.Length > 0)
            yield return Rule(CleanUpId, 0, goes);
    }

    private static IEnumerable<XElement> CleanUp(LifecycleOptions wanted, NoncurrentVersionOptions old)
    {
        if (old.ExpireAfterDays is { } days)
        {
            XElement expiration = new("NoncurrentVersionExpiration", new XElement("NoncurrentDays", days));
            if (old.KeepNewest is { } newest)
                expiration.Add(new XElement("NewerNoncurrentVersions", newest));
            yield return expiration;
            // What says that an object was deleted, when no version of it is left: nobody can bring anything back from it.
            yield return new XElement("Expiration", new XElement("ExpiredObjectDeleteMarker", "true"));
        }

        if (wanted.AbortUnfinishedUploadsAfterDays > 0)
        {
            yield return new XElement(
                "AbortIncompleteMultipartUpload", new XElement("DaysAfterInitiation", wanted.AbortUnfinishedUploadsAfterDays));
        }
    }

    private static XElement Step(string name, string days, LifecycleTransition step) =>
        new(name, new XElement(days, step.AfterDays), new XElement("StorageClass", step.StorageClass));

    private LifecycleRule Rule(string id, int smallestSize, XElement[] actions)
    {
        XElement prefix = new("Prefix", KeyPrefix);
        XElement? size = smallestSize > 0 ? new XElement("ObjectSizeGreaterThan", smallestSize - 1) : null;
        XElement filter = new("Filter", (KeyPrefix.Length > 0, size) switch
        {
            (_, null) => prefix,
            (true, _) => new XElement("And", prefix, size),
            _ => size,
        });
        return new LifecycleRule(new XElement("Rule", new XElement("ID", id), filter, new XElement("Status", "Enabled"), actions));
    }

    // By name and prefix, so that neither two machines with one job file ({host}) nor two jobs get into each other's way.
    private string Id(string part)
    {
        string name = string.Concat(Job.Select(
            character => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' ? character : '-'));
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{Job}\n{KeyPrefix}")))[..HashCharacters];
        return $"{IdStart}{name}-{hash.ToLowerInvariant()}-{part}";
    }
}
