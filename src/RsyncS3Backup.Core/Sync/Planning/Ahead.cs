using RsyncS3Backup.Files;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// One side of a merge that can look ahead: whether keys of a folder follow where the other side has a file of that name. Between a file and
/// a folder of one name only keys can come that begin with it (<c>a</c>, <c>a b</c>, <c>a.txt</c>, <c>a/x</c>), so that is most often nothing.
/// </summary>
/// <param name="keyOf">The key of an item.</param>
/// <param name="read">Reads the item after another one; null at the end.</param>
internal sealed class Ahead<T>(Func<T, string> keyOf, Func<T?, T?> read)
    where T : class
{
    private readonly Queue<T> ahead = new();
    private T? current;
    private T? last;

    /// <summary>The next item; null at the end.</summary>
    public T? Next() => current = ahead.TryDequeue(out T? next) ? next : last = read(last);

    /// <summary>True when keys beneath a folder come from here on.</summary>
    /// <param name="name">The folder without a slash at its end; the current item comes behind it.</param>
    public bool HasBeneath(string name)
    {
        if (current is null || !keyOf(current).StartsWith(name, StringComparison.Ordinal))
            return false;
        string folder = name + "/";
        foreach (T item in ahead.Prepend(current))
        {
            if (FolderPlace.Find(keyOf(item), folder) is { } isBeneath)
                return isBeneath;
        }

        while (ahead.Count < FolderPlace.MostAhead && (last = read(last)) is { } next)
        {
            ahead.Enqueue(next);
            if (FolderPlace.Find(keyOf(next), folder) is { } isBeneath)
                return isBeneath;
        }

        return false;
    }
}

/// <summary>Likewise of a side that is waited for.</summary>
/// <param name="keyOf">The key of an item.</param>
/// <param name="read">Reads the item after another one; null at the end.</param>
internal sealed class AheadAsync<T>(Func<T, string> keyOf, Func<T?, ValueTask<T?>> read)
    where T : class
{
    private readonly Queue<T> ahead = new();
    private T? current;
    private T? last;

    /// <summary>The next item; null at the end.</summary>
    public async ValueTask<T?> NextAsync() =>
        current = ahead.TryDequeue(out T? next) ? next : last = await read(last).ConfigureAwait(false);

    /// <summary>True when keys beneath a folder come from here on.</summary>
    /// <param name="name">The folder without a slash at its end; the current item comes behind it.</param>
    public async ValueTask<bool> HasBeneathAsync(string name)
    {
        if (current is null || !keyOf(current).StartsWith(name, StringComparison.Ordinal))
            return false;
        string folder = name + "/";
        foreach (T item in ahead.Prepend(current))
        {
            if (FolderPlace.Find(keyOf(item), folder) is { } isBeneath)
                return isBeneath;
        }

        while (ahead.Count < FolderPlace.MostAhead && (last = await read(last).ConfigureAwait(false)) is { } next)
        {
            ahead.Enqueue(next);
            if (FolderPlace.Find(keyOf(next), folder) is { } isBeneath)
                return isBeneath;
        }

        return false;
    }
}

/// <summary>Where a folder's keys come in the order of keys.</summary>
internal static class FolderPlace
{
    /// <summary>So many items are looked at; beyond that, a file is sent before what is beneath a folder of its name goes.</summary>
    public const int MostAhead = 10_000;

    /// <summary>True for a key beneath a folder, false for one behind it; null for one before it, so that the folder may follow.</summary>
    public static bool? Find(string key, string folder) =>
        key.StartsWith(folder, StringComparison.Ordinal) ? true : KeyOrder.Compare(key, folder) > 0 ? false : null;
}
