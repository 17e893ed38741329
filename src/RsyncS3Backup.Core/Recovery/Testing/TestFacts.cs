using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Journal;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What is known of the copies as a whole while they are compared.</summary>
internal sealed class TestFacts
{
    private readonly Lazy<HashSet<string>?> pending;
    private string? unread;

    /// <param name="changes">What stage 1 changed and no stage 2 has carried out; null without a job.</param>
    public TestFacts(PendingChanges? changes)
    {
        // Only differences ask, so a clean backup costs no memory.
        pending = new Lazy<HashSet<string>?>(() => Read(changes));
    }

    /// <summary>False when a bucket is tested alone.</summary>
    public required bool HasMirror { get; init; }

    /// <summary>True when the catalog knows everything that was sent.</summary>
    public required bool IsCatalogComplete { get; init; }

    /// <summary>True when stage 2 deletes what the mirror no longer has.</summary>
    public required bool DeletesFromS3 { get; init; }

    /// <summary>True for keys that the job's patterns keep from S3.</summary>
    public required Func<string, bool> IsExcluded { get; init; }

    /// <summary>Notes a folder that could not be read: what is beneath it may be there.</summary>
    public void CouldNotRead(MirrorEntry entry)
    {
        if (entry.RelativeKey.EndsWith('/'))
            unread = entry.RelativeKey;
    }

    /// <summary>True for keys beneath the last folder that could not be read.</summary>
    public bool IsProtected(string relativeKey) => unread is not null && relativeKey.StartsWith(unread, StringComparison.Ordinal);

    /// <summary>Whether stage 1 changed an entry since the last stage 2; null when that is not known.</summary>
    public bool? StageOneChanged(string relativeKey) => pending.Value?.Contains(relativeKey.TrimEnd('/'));

    private static HashSet<string>? Read(PendingChanges? changes)
    {
        if (changes is null || changes.RequiresWalk)
            return null;
        try
        {
            return changes.Enumerate().Select(change => change.Path.TrimEnd('/')).ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
