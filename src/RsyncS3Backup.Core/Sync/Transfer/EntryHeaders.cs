using Amazon.S3.Util;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>What an entry's object is written with, by the job's settings.</summary>
internal sealed class EntryHeaders(S3CopyRequest request)
{
    // What consoles and file systems over S3 give a folder's marker.
    private const string FolderType = "application/x-directory";

    // The target is text, but not of the type that the link's name suggests. Source: the shared MIME-info database of freedesktop.org.
    /// <summary>The type of a symbolic link's object.</summary>
    public const string LinkType = "inode/symlink";

    /// <summary>The headers for one version of an entry.</summary>
    public ObjectHeaders For(MirrorEntry entry, FileAttributesSnapshot attributes)
    {
        long size = entry.Kind is MirrorEntryKind.File or MirrorEntryKind.SymbolicLink ? attributes.Size : 0;
        return new ObjectHeaders
        {
            ContentType = entry.Kind switch
            {
                MirrorEntryKind.Folder => FolderType,
                MirrorEntryKind.SymbolicLink => LinkType,
                _ => AmazonS3Util.MimeTypeFromExtension(Path.GetExtension(entry.RelativeKey)),
            },
            StorageClass = SmallObjects.StorageClassFor(size, request.Options),
            Metadata = [.. ObjectMetadata.For(attributes)],
            Encryption = request.Destination.Encryption,
            Tags = request.Options.Tags,
        };
    }
}
