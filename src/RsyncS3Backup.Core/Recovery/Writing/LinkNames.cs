using System.Collections.Concurrent;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// The names of one file meet here: the first one is restored, the others wait for it and become names of the same file. Holds files with
/// several names only. Thread-safe.
/// </summary>
internal sealed class LinkNames
{
    private readonly ConcurrentDictionary<LinkKey, TaskCompletionSource<PlacedFile?>> groups = new();
    private readonly ConcurrentDictionary<LinkKey, TaskCompletionSource<PlacedFile?>> alike = new();

    /// <summary>One more name of a file.</summary>
    public LinkTicket Enter(LinkKey key)
    {
        TaskCompletionSource<PlacedFile?> own = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<PlacedFile?> first = groups.GetOrAdd(key, own);
        if (first != own)
            return new LinkTicket(first, isFirst: false, alike: null);
        // That one never waits for another, so nobody waits in a circle.
        TaskCompletionSource<PlacedFile?> other = alike.GetOrAdd(key with { Content = "" }, own);
        return new LinkTicket(own, isFirst: true, other == own ? null : other.Task);
    }
}

/// <summary>The place of one name among those of its file.</summary>
/// <param name="first">What the first one found.</param>
/// <param name="isFirst">True for the one that the others wait for; it must say where the file is, on every way out.</param>
/// <param name="alike">For the first one: a file that is the same but for what stands for its content.</param>
internal sealed class LinkTicket(TaskCompletionSource<PlacedFile?> first, bool isFirst, Task<PlacedFile?>? alike)
{
    /// <summary>
    /// For the first one: where a file is that is the same but for what stands for its content, which S3 may say in another way of a copy than of an
    /// object that came in parts; only reading that file can tell. Null: there is none, or that failed.
    /// </summary>
    public Task<PlacedFile?>? Alike => alike;

    /// <summary>True for the one that the others wait for.</summary>
    public bool IsFirst => isFirst;

    /// <summary>Where the file is; null when the first one failed.</summary>
    public Task<PlacedFile?> First => first.Task;

    /// <summary>Tells the others; null: they must go their own way.</summary>
    public void Placed(PlacedFile? file)
    {
        if (IsFirst)
            first.TrySetResult(file);
    }
}

/// <summary>
/// What the names of one file have in common. The number of the group alone would not do: a file system gives the number of a file that is
/// gone to a new one, while the object of the old one may still be there.
/// </summary>
/// <param name="Group">As the object or the mirror names it.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedNanoseconds">The modification time.</param>
/// <param name="Content">Stands for the content.</param>
internal readonly record struct LinkKey(ulong Group, long Size, long? ModifiedNanoseconds, string Content);

/// <summary>Where a file is.</summary>
internal sealed record PlacedFile(DestinationTree Tree, EntryPath Path);
