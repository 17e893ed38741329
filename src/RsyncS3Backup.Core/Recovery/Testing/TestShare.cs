using System.IO.Hashing;
using System.Text;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>
/// A random share of the entries: from the seed and the key alone, so that the same seed means the same files, whatever else comes and goes.
/// </summary>
/// <param name="seed">Where the random choice starts.</param>
/// <param name="percent">How many.</param>
/// <param name="takesOneAtLeast">
/// Take the one that is chosen first when there are too few for the share, and remember which of those taken differ already.
/// </param>
internal sealed class TestShare(int seed, double percent, bool takesOneAtLeast)
{
    private readonly HashSet<string> different = new(StringComparer.Ordinal);
    private ulong least = ulong.MaxValue;
    private string? first;

    /// <summary>Where the random choice starts.</summary>
    public int Seed => seed;

    /// <summary>True when nothing was met that could be taken.</summary>
    public bool IsEmpty => first is null;

    /// <summary>True for an entry that is in the share.</summary>
    public bool Has(string relativeKey) => Hash(relativeKey) / (double)ulong.MaxValue < percent / 100;

    /// <summary>An entry was met in the copies; called in key order, by one thread.</summary>
    public void Met(CopyPair pair, bool isSame)
    {
        // What is in an archive cannot be had, and what differs is told already.
        if (takesOneAtLeast && isSame && pair.Remote is { } remote && !pair.RelativeKey.EndsWith('/')
            && !S3StorageClasses.IsArchive(remote.StorageClass) && Hash(pair.RelativeKey) is var hash && hash <= least)
            (least, first) = (hash, pair.RelativeKey);
    }

    /// <summary>An entry was told as a difference. Thread-safe.</summary>
    public void Differs(string relativeKey)
    {
        if (!takesOneAtLeast)
            return;
        lock (different)
            different.Add(relativeKey);
    }

    /// <summary>True for an object that is restored.</summary>
    public bool Takes(StoredObject stored, Action archived)
    {
        if (!IsTaken(stored.RelativeKey))
            return false;
        if (!S3StorageClasses.IsArchive(stored.StorageClass))
            return true;
        archived();
        return false;
    }

    /// <summary>True for an entry that is restored and was the same in both copies.</summary>
    public bool IsComparable(string relativeKey) => IsTaken(relativeKey) && !different.Contains(relativeKey);

    private bool IsTaken(string relativeKey) => Has(relativeKey) || relativeKey == first;

    private ulong Hash(string relativeKey) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(relativeKey), seed);
}
