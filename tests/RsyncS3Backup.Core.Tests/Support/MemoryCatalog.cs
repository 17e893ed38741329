using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A catalog in memory, for tables of decisions that need no file.</summary>
internal sealed class MemoryCatalog : ICatalog, IUnfinishedUploads
{
    private readonly SortedDictionary<string, CatalogEntry> rows = new(StringComparer.Ordinal);

    public string Path => "catalog.db";

    public CatalogDoubt Doubt { get; set; }

    public string? DoubtReason { get; set; }

    public DateTimeOffset? LastReconcile { get; set; }

    public long Count => rows.Count;

    public MirrorSummary? Mirror { get; set; }

    public string? Failure { get; set; }

    /// <summary>What it was told of the run, in order.</summary>
    public List<string> Told { get; } = [];

    /// <summary>The keys whose deletion is due.</summary>
    public IReadOnlyList<string> Gone { get; set; } = [];

    public IUnfinishedUploads Uploads => this;

    /// <summary>What the listing refuted.</summary>
    public List<string> Contradictions { get; } = [];

    /// <summary>The keys of all rows.</summary>
    public IEnumerable<string> Keys => rows.Keys;

    /// <summary>True when no row can be read.</summary>
    public Exception? Fails { get; set; }

    public IEnumerable<CatalogEntry> Read() => rows.Values;

    public IEnumerable<CatalogEntry> ReadUnder(string keyPrefix) => rows.Values.Where(row => row.RelativeKey.StartsWith(keyPrefix, StringComparison.Ordinal));

    public IEnumerable<string> Cuts(string after) => [];

    public CatalogEntry? Find(string relativeKey) => Fails is null ? rows.GetValueOrDefault(relativeKey) : throw Fails;

    public IReadOnlyList<CatalogEntry> FindLinkGroup(ulong linkGroup) =>
        linkGroup == 0 ? [] : [.. rows.Values.Where(row => row.LinkGroup == linkGroup)];

    public IReadOnlyList<CatalogEntry> FindLinked() => [.. rows.Values.Where(row => row.LinkGroup != 0)];

    public CatalogEntry? FindAlike(long size, long modifiedNanoseconds) => rows.Values.FirstOrDefault(
        row => row.Size == size && row.ModifiedNanoseconds == modifiedNanoseconds && row.Hash is not null);

    public IReadOnlyList<CatalogEntry> FindSame(long size, long modifiedNanoseconds, ContentHash hash) =>
        [.. rows.Values.Where(row => row.Size == size && row.ModifiedNanoseconds == modifiedNanoseconds && row.Hash == hash)];

    public IReadOnlyList<UInt128>? FindParts(CatalogEntry row) => rows.GetValueOrDefault(row.RelativeKey)?.PartHashes;

    public LockRenewal? Renewal { get; private set; }

    public void NoteRenewal(LockRenewal? renewal) => Renewal = renewal;

    public IReadOnlyList<string> FindGone(DateTimeOffset since, int atMost)
    {
        Told.Add($"gone {since:u} {atMost}");
        return Fails is null ? Gone : throw Fails;
    }

    public void BeginRun(bool isReconcile, DateTimeOffset startTime) => Told.Add($"begin {isReconcile} {startTime:u}");

    public void Put(CatalogEntry entry) => rows[entry.RelativeKey] = entry;

    public void Remove(string relativeKey) => rows.Remove(relativeKey);

    public void Contradict(string reason) => Contradictions.Add(reason);

    public void EndRun(bool isComplete, MirrorSummary? mirror = null)
    {
        Told.Add($"end {isComplete} {mirror}");
        if (Fails is not null)
            throw Fails;
    }

    public IReadOnlyList<UnfinishedUpload> All() => [];

    public void Remember(UnfinishedUpload upload)
    {
    }

    public void Forget(string uploadId)
    {
    }

    public void Dispose() => Told.Add("closed");
}
