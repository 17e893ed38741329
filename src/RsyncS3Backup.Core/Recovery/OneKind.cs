using System.Runtime.CompilerServices;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// Takes one of both where a bucket holds a file and, beneath its name, the keys of a folder: one of them is from before the entry became
/// something else. The one that was stored last is taken, the other is told. What a file system could not hold is so never begun.
/// </summary>
/// <param name="listBeneath">Lists a folder, which is given with a slash at its end, and all that is beneath it.</param>
/// <param name="tell">Hears of what is left out.</param>
internal sealed class OneKind(Func<string, IAsyncEnumerable<StoredObject>> listBeneath, Action<string> tell)
{
    // Files that may turn out to be folders too: each is held until a key behind its folder's place came, so all of them begin one another.
    private readonly List<StoredObject> held = [];
    private string? leftOut;
    private long leftOutCount;

    /// <summary>Of a listing what can be restored together. A file comes a few keys later than it was listed.</summary>
    /// <param name="listing">In key order.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async IAsyncEnumerable<StoredObject> OfAsync(
        IAsyncEnumerable<StoredObject> listing, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject item in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (leftOut is not null && item.RelativeKey.StartsWith(leftOut, StringComparison.Ordinal))
            {
                leftOutCount++;
                continue;
            }

            EndLeftOut();
            for (int i = 0; i < held.Count && leftOut is null;)
            {
                StoredObject file = held[i];
                string folder = file.RelativeKey + "/";
                if (item.RelativeKey.StartsWith(folder, StringComparison.Ordinal))
                {
                    held.RemoveAt(i);
                    if (!await IsNewerAsync(file, folder).ConfigureAwait(false))
                        continue;
                    (leftOut, leftOutCount) = (folder, 1);
                    yield return file;
                }
                else if (KeyOrder.Compare(item.RelativeKey, folder) > 0)
                {
                    held.RemoveAt(i);
                    yield return file;
                }
                else
                {
                    i++;
                }
            }

            if (leftOut is not null)
                continue;
            if (item.IsFolder)
                yield return item;
            else
                held.Add(item);
        }

        EndLeftOut();
        foreach (StoredObject file in held)
            yield return file;
        held.Clear();
    }

    private async Task<bool> IsNewerAsync(StoredObject file, string folder)
    {
        DateTimeOffset? newest = null;
        await foreach (StoredObject item in listBeneath(folder).ConfigureAwait(false))
        {
            bool isBeneath = item.RelativeKey.StartsWith(folder, StringComparison.Ordinal);
            newest = isBeneath && !(newest > item.LastModified) ? item.LastModified : newest;
        }

        if (file.LastModified > newest)
            return true;
        tell($"'{file.RelativeKey}' is in the bucket as a file and as a folder; the folder is newer and was taken, the file was left out.");
        return false;
    }

    private void EndLeftOut()
    {
        if (leftOut is null)
            return;
        tell($"'{leftOut.TrimEnd('/')}' is in the bucket as a file and as a folder; the file is newer and was taken, the folder with "
            + $"{leftOutCount} {(leftOutCount == 1 ? "object" : "objects")} was left out.");
        leftOut = null;
    }
}
