using RsyncS3Backup.Files;

namespace RsyncS3Backup.Sync.Planning;

/// <summary>
/// One side of a merge that can look ahead: whether keys of a folder follow where the other side has a file of that name. Between a file and
/// a folder of one name only keys can come that begin with it (<c>a</c>, <c>a b</c>, <c>a.txt</c>, <c>a/x</c>), so that is most often nothing.
/// </summary>
/// <param name="keyOf">The key of an item.</param>
internal abstract class LookAhead<T>(Func<T, string> keyOf)
    where T : class
{
    // So many items are looked at; beyond that, a file is sent before what is beneath a folder of its name goes.
    private const int MostAhead = 10_000;

    private readonly Queue<T> ahead = new();
    private T? current;

    /// <summary>The item that was read last.</summary>
    protected T? Last { get; private set; }

    /// <summary>Whether the next item was read ahead. Then it is the current one now.</summary>
    protected bool TryTake(out T? next)
    {
        bool isThere = ahead.TryDequeue(out next);
        if (isThere)
            current = next;
        return isThere;
    }

    /// <summary>The next item was read, and is the current one now.</summary>
    protected T? Take(T? next) => current = Last = next;

    /// <summary>Whether keys beneath a folder come, as far as what was read tells; null: more has to be read.</summary>
    protected bool? HasBeneathSoFar(string name)
    {
        if (current is null || !keyOf(current).StartsWith(name, StringComparison.Ordinal))
            return false;
        return ahead.Prepend(current).Select(item => IsBeneath(item, name)).FirstOrDefault(answer => answer is not null) ?? Enough();
    }

    /// <summary>A further item was read ahead.</summary>
    protected bool? Add(T? next, string name)
    {
        Last = next;
        if (next is null)
            return false;
        ahead.Enqueue(next);
        return IsBeneath(next, name) ?? Enough();
    }

    private bool? Enough() => ahead.Count < MostAhead ? null : false;

    /// <summary>True for a key beneath a folder, false for one behind it; null for one before it, so that the folder may follow.</summary>
    private bool? IsBeneath(T item, string name)
    {
        string folder = name + "/";
        return keyOf(item).StartsWith(folder, StringComparison.Ordinal) ? true : KeyOrder.Compare(keyOf(item), folder) > 0 ? false : null;
    }
}

/// <summary>Likewise of a side that is there.</summary>
/// <param name="keyOf">The key of an item.</param>
/// <param name="read">Reads the item after another one; null at the end.</param>
internal sealed class Ahead<T>(Func<T, string> keyOf, Func<T?, T?> read) : LookAhead<T>(keyOf)
    where T : class
{
    /// <summary>The next item; null at the end.</summary>
    public T? Next() => TryTake(out T? next) ? next : Take(read(Last));

    /// <summary>True when keys beneath a folder come from here on.</summary>
    /// <param name="name">The folder without a slash at its end; the current item comes behind it.</param>
    public bool HasBeneath(string name)
    {
        bool? found = HasBeneathSoFar(name);
        while (found is null)
            found = Add(read(Last), name);
        return found.Value;
    }
}

/// <summary>Likewise of a side that is waited for.</summary>
/// <param name="keyOf">The key of an item.</param>
/// <param name="read">Reads the item after another one; null at the end.</param>
internal sealed class AheadAsync<T>(Func<T, string> keyOf, Func<T?, ValueTask<T?>> read) : LookAhead<T>(keyOf)
    where T : class
{
    /// <summary>The next item; null at the end.</summary>
    public async ValueTask<T?> NextAsync() => TryTake(out T? next) ? next : Take(await read(Last).ConfigureAwait(false));

    /// <summary>True when keys beneath a folder come from here on.</summary>
    /// <param name="name">The folder without a slash at its end; the current item comes behind it.</param>
    public async ValueTask<bool> HasBeneathAsync(string name)
    {
        bool? found = HasBeneathSoFar(name);
        while (found is null)
            found = Add(await read(Last).ConfigureAwait(false), name);
        return found.Value;
    }
}
