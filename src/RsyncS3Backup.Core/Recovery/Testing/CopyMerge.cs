using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>What is known of one key: in the mirror, in the catalog, in S3. At least one is not null.</summary>
internal readonly record struct CopyPair(MirrorEntry? Local, CatalogEntry? Row, StoredObject? Remote)
{
    /// <summary>The key below the copy's root.</summary>
    public string RelativeKey => Local?.RelativeKey ?? Remote?.RelativeKey ?? Row!.RelativeKey;
}

/// <summary>Merges the mirror, the catalog and a listing, all in key order. Holds one entry of each.</summary>
internal static class CopyMerge
{
    /// <summary>One pair for every key.</summary>
    /// <exception cref="BackupException">A side is not in key order: present entries would seem to be missing.</exception>
    public static async IAsyncEnumerable<CopyPair> MergeAsync(
        IEnumerable<MirrorEntry> mirror, IEnumerable<CatalogEntry> catalog, IAsyncEnumerable<StoredObject> listing,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using IEnumerator<MirrorEntry> locals = mirror.GetEnumerator();
        using IEnumerator<CatalogEntry> rows = catalog.GetEnumerator();
        await using IAsyncEnumerator<StoredObject> remotes = listing.GetAsyncEnumerator(cancellationToken);
        MirrorEntry? local = locals.MoveNext() ? locals.Current : null;
        CatalogEntry? row = rows.MoveNext() ? rows.Current : null;
        StoredObject? remote = await remotes.MoveNextAsync().ConfigureAwait(false) ? remotes.Current : null;
        string? previous = null;
        while (Lowest(Lowest(local?.RelativeKey, row?.RelativeKey), remote?.RelativeKey) is { } key)
        {
            if (previous is not null && KeyOrder.Compare(previous, key) >= 0)
                throw S3Errors.OutOfOrder("One of the copies", previous, key);
            previous = key;
            CopyPair pair = new(
                local?.RelativeKey == key ? local : null, row?.RelativeKey == key ? row : null, remote?.RelativeKey == key ? remote : null);
            yield return pair;
            if (pair.Local is not null)
                local = locals.MoveNext() ? locals.Current : null;
            if (pair.Row is not null)
                row = rows.MoveNext() ? rows.Current : null;
            if (pair.Remote is not null)
                remote = await remotes.MoveNextAsync().ConfigureAwait(false) ? remotes.Current : null;
        }
    }

    private static string? Lowest(string? a, string? b) => a is null ? b : b is null ? a : KeyOrder.Compare(a, b) <= 0 ? a : b;
}
