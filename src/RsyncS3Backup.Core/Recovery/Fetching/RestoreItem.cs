using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>One entry of a copy that is to be restored.</summary>
internal abstract record RestoreItem
{
    /// <summary>The key below the copy's root; ends in <c>/</c> for a folder.</summary>
    public abstract string RelativeKey { get; }

    /// <summary>Bytes.</summary>
    public abstract long Size { get; }

    /// <summary>What error messages call it.</summary>
    public abstract string Name { get; }
}

/// <summary>An object, or a version of one.</summary>
/// <param name="Stored">As the listing shows it.</param>
internal sealed record ObjectItem(StoredObject Stored) : RestoreItem
{
    /// <inheritdoc/>
    public override string RelativeKey => Stored.RelativeKey;

    /// <inheritdoc/>
    public override long Size => Stored.Size;

    /// <inheritdoc/>
    public override string Name => Stored.RelativeKey;
}

/// <summary>An entry of the mirror.</summary>
/// <param name="Entry">As the walk found it.</param>
internal sealed record MirrorItem(MirrorEntry Entry) : RestoreItem
{
    /// <inheritdoc/>
    public override string RelativeKey => Entry.RelativeKey;

    /// <inheritdoc/>
    public override long Size => Entry.ContentLength;

    /// <inheritdoc/>
    public override string Name => Entry.Path;
}

/// <summary>Where the content of entries comes from.</summary>
internal interface IContentSource
{
    /// <summary>What an entry is to be, without its content.</summary>
    Task<EntryFacts> AskAsync(RestoreItem item, CancellationToken cancellationToken);

    /// <summary>Opens an entry's content.</summary>
    Task<IContent> OpenAsync(RestoreItem item, CancellationToken cancellationToken);
}

/// <summary>What an entry is to be, besides its content.</summary>
/// <param name="Attributes">Its attributes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ContentId">Equal for equal content, as far as that is known.</param>
internal readonly record struct EntryFacts(EntryAttributes Attributes, long Size, string ContentId)
{
    /// <summary>What tells its content from others; null where <see cref="ContentId"/> tells all.</summary>
    public KnownContent? Content { get; init; }

    /// <summary>What it has in common with the other names of the file; null for a file with one name.</summary>
    public LinkKey? LinkKey => Attributes is { LinkGroup: { } group, IsSymbolicLink: false }
        ? new LinkKey(group, Size, Attributes.ModifiedNanoseconds, ContentId)
        : null;
}

/// <summary>The content of one entry, opened.</summary>
internal interface IContent : IDisposable
{
    /// <summary>What the entry is to be.</summary>
    EntryFacts Facts { get; }

    /// <summary>Whether it is what the copy holds; known when it was read or written.</summary>
    ContentFit Fit { get; }

    /// <summary>All of it, which is short: the target of a link.</summary>
    Task<byte[]> ReadAllAsync(CancellationToken cancellationToken);

    /// <summary>Writes it to a temporary file beside its place, and checks it. What was begun is removed when it fails, unless a later try can go on with it.</summary>
    /// <param name="tree">The destination.</param>
    /// <param name="path">Its place there.</param>
    /// <param name="acceptsWrong">True to keep what arrived whole although it is not what was stored.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The file, open.</returns>
    /// <exception cref="TransferBrokenException">It did not arrive whole; it is worth another try.</exception>
    Task<Microsoft.Win32.SafeHandles.SafeFileHandle> WriteAsync(
        DestinationTree tree, EntryPath path, bool acceptsWrong, CancellationToken cancellationToken);

    /// <summary>Removes what <see cref="WriteAsync"/> keeps beside the temporary file, once that is complete.</summary>
    void Forget(DestinationFolder folder, EntryPath path);
}

/// <summary>Content did not arrive as it is in the copy: the connection broke, or a checksum is wrong.</summary>
/// <param name="message">What happened.</param>
/// <param name="cause">Why; null when it is nobody else's finding.</param>
internal sealed class TransferBrokenException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True when all of it arrived, and is not what was stored.</summary>
    public bool IsWrongContent { get; init; }

    /// <summary>True when nothing at all came: the request had no answer.</summary>
    public bool IsUnanswered { get; init; }
}

/// <summary>Content changed in the copy while it was read.</summary>
/// <param name="message">What happened.</param>
internal sealed class ContentChangedException(string message) : Exception(message);
