using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// Finds dated snapshots in a bucket: folder by folder down to where the last token stands, so that what the snapshots hold is not listed.
/// </summary>
/// <param name="store">The bucket.</param>
/// <param name="s3Prefix">The prefix with its date tokens.</param>
/// <param name="timezone">The IANA zone of its dates; null for the machine's.</param>
/// <param name="now">The time; what says that it is later is doubtful.</param>
internal sealed class SnapshotFinder(IObjectStore store, string s3Prefix, string? timezone, DateTimeOffset now)
{
    private const int ManifestsAtATime = 8;

    private readonly DatedPrefix dated = new(s3Prefix);
    private readonly TimeZoneInfo zone = timezone is null ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(timezone);

    /// <summary>Every snapshot that has a manifest, the newest first; also doubtful ones.</summary>
    public async Task<IReadOnlyList<Snapshot>> FindAllAsync(CancellationToken cancellationToken)
    {
        List<(string KeyPrefix, DateTime Time)> candidates = await FindPrefixesAsync(cancellationToken).ConfigureAwait(false);
        Snapshot?[] found = new Snapshot?[candidates.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = ManifestsAtATime, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, candidates.Count, parallel, async (index, token) =>
            found[index] = await ReadAsync(candidates[index], token).ConfigureAwait(false)).ConfigureAwait(false);
        return [.. found.OfType<Snapshot>()];
    }

    /// <summary>The newest complete snapshot; null when there is none.</summary>
    public async Task<Snapshot?> FindLastCompleteAsync(CancellationToken cancellationToken)
    {
        foreach ((string KeyPrefix, DateTime Time) candidate in await FindPrefixesAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await ReadAsync(candidate, cancellationToken).ConfigureAwait(false) is { IsComplete: true } snapshot)
                return snapshot;
        }

        return null;
    }

    /// <summary>What the date tokens of a snapshot's prefix say.</summary>
    public DateTime TimeOf(string keyPrefix) => dated.TryParse(keyPrefix, out DateTime time) ? time : default;

    private async Task<Snapshot?> ReadAsync((string KeyPrefix, DateTime Time) candidate, CancellationToken cancellationToken)
    {
        using IObjectStore at = store.At(candidate.KeyPrefix);
        try
        {
            if (await SnapshotManifest.ReadAsync(at, cancellationToken).ConfigureAwait(false) is not { } manifest)
                return null;
            Snapshot snapshot = new(candidate.KeyPrefix, candidate.Time, manifest);
            return snapshot with { Doubt = SnapshotDoubt.OfTimes(dated, snapshot, now, zone) };
        }
        catch (Exception exception) when (SnapshotManifest.IsArchived(exception))
        {
            StoredObject? head = await at.HeadAsync(new ObjectQuery(at.Key(SnapshotManifest.RelativeKey)), cancellationToken).ConfigureAwait(false);
            return new Snapshot(candidate.KeyPrefix, candidate.Time, SnapshotManifest.Unread) { ArchivedIn = head?.StorageClass ?? "an archive" };
        }
    }

    private async Task<List<(string KeyPrefix, DateTime Time)>> FindPrefixesAsync(CancellationToken cancellationToken)
    {
        List<string> prefixes = [""];
        foreach (DatedSegment segment in dated.Segments)
        {
            List<string> deeper = [];
            foreach (string prefix in prefixes)
            {
                if (segment.HasTokens)
                    deeper.AddRange(await FindFoldersAsync(prefix, segment, cancellationToken).ConfigureAwait(false));
                else
                    deeper.Add($"{prefix}{segment.Text}/");
            }

            prefixes = deeper;
        }

        List<(string KeyPrefix, DateTime Time)> found = [];
        foreach (string prefix in prefixes)
        {
            if (dated.TryParse(prefix, out DateTime time))
                found.Add((prefix, time));
        }

        found.Sort((left, right) => right.Time.CompareTo(left.Time));
        return found;
    }

    private async Task<IEnumerable<string>> FindFoldersAsync(string prefix, DatedSegment segment, CancellationToken cancellationToken)
    {
        using IObjectStore at = store.At(prefix);
        List<string> folders = [];
        await foreach (StoredObject found in at.ListLevelAsync(segment.Start, cancellationToken).ConfigureAwait(false))
        {
            if (!found.HasObject && segment.MayBe(found.RelativeKey[..^1]))
                folders.Add(at.Key(found.RelativeKey));
        }

        return folders;
    }
}
