using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>A file at the destination that a restore replaces.</summary>
/// <param name="Path">The file.</param>
/// <param name="ModifiedNanoseconds">Its modification time, since 1970.</param>
/// <param name="CopyNanoseconds">That of the copy; null when it is not known.</param>
/// <param name="IsNewer">True when it is newer than the copy, so that work may be in it that the copy does not have.</param>
internal sealed record ReplacedFile(string Path, long ModifiedNanoseconds, long? CopyNanoseconds, bool IsNewer)
{
    /// <summary>Its modification time.</summary>
    public DateTimeOffset Modified => Time(ModifiedNanoseconds);

    /// <summary>That of the copy; null when it is not known.</summary>
    public DateTimeOffset? CopyModified => CopyNanoseconds is { } known ? Time(known) : null;

    private static DateTimeOffset Time(long nanoseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick).ToLocalTime();
}

/// <summary>Keeps files that are newer than the copy, unless somebody says that they may be replaced. Thread-safe.</summary>
/// <param name="replace">True: they may.</param>
/// <param name="ask">Asks about each; null answers: nobody can be asked. Null: there is nobody to ask.</param>
internal sealed class NewerFiles(bool replace, Func<ReplacedFile, Task<bool?>>? ask)
{
    private long unasked;
    private string? first;

    /// <summary>Whoever repairs a copy has looked at both files.</summary>
    public static NewerFiles Replaced { get; } = new(replace: true, ask: null);

    /// <summary>Files that were kept because nobody could be asked.</summary>
    public long Unasked => Interlocked.Read(ref unasked);

    /// <summary>One of them.</summary>
    public string? First => first;

    /// <summary>True for a file that must not be replaced without <see cref="MayReplaceAsync"/>.</summary>
    /// <param name="existing">What is there.</param>
    /// <param name="attributes">What the copy has.</param>
    /// <param name="tree">Where it is.</param>
    public bool Protects(FileAttributesSnapshot? existing, EntryAttributes attributes, DestinationTree tree) =>
        !replace && existing is { IsRegularFile: true } there && attributes.ModifiedNanoseconds is { } copy
        && there.ModifiedNanoseconds > copy && !tree.IsSameTime(there.ModifiedNanoseconds, copy);

    /// <summary>True when somebody says so.</summary>
    public async Task<bool> MayReplaceAsync(ReplacedFile file)
    {
        if (ask is not null && await ask(file).ConfigureAwait(false) is { } answer)
            return answer;
        Interlocked.CompareExchange(ref first, file.Path, null);
        Interlocked.Increment(ref unasked);
        return false;
    }
}
