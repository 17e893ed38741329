using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>Content from the mirror.</summary>
internal sealed class MirrorContents(Action<long> onBytes) : IContentSource
{
    /// <inheritdoc/>
    public Task<EntryFacts> AskAsync(RestoreItem item, CancellationToken cancellationToken) => Task.FromResult(Facts(((MirrorItem)item).Entry));

    /// <inheritdoc/>
    public Task<IContent> OpenAsync(RestoreItem item, CancellationToken cancellationToken) =>
        Task.FromResult<IContent>(new MirrorContent(((MirrorItem)item).Entry, onBytes));

    // The number of a file stands for its content: its names have one content.
    private static EntryFacts Facts(MirrorEntry entry) => Facts(entry, entry.Attributes);

    private static EntryFacts Facts(MirrorEntry entry, FileAttributesSnapshot attributes) => new(
        EntryAttributes.Of(attributes), entry.ContentLength, attributes.Device.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private sealed class MirrorContent(MirrorEntry entry, Action<long> onBytes) : IContent
    {
        private const int BufferSize = 256 * 1024;

        public EntryFacts Facts => MirrorContents.Facts(entry);

        // The drive tells its errors, and there is nothing else to compare with.
        public ContentFit Fit => ContentFit.Right;

        public Task<byte[]> ReadAllAsync(CancellationToken cancellationToken) => Task.FromResult(MirrorFile.LinkTarget(entry));

        public Task<SafeFileHandle> WriteAsync(
            DestinationTree tree, EntryPath path, bool acceptsWrong, CancellationToken cancellationToken)
        {
            using DestinationFolder folder = tree.Open(path.Folder);
            string name = TemporaryName.For(path.Name);
            SafeFileHandle file = folder.CreateTemporary(name);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
            try
            {
                Copy(file, buffer, cancellationToken);
                return Task.FromResult(file);
            }
            catch
            {
                file.Dispose();
                folder.Remove(name);
                throw;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        public void Forget(DestinationFolder folder, EntryPath path)
        {
        }

        public void Dispose()
        {
        }

        private void Copy(SafeFileHandle file, byte[] buffer, CancellationToken cancellationToken)
        {
            long offset = 0;
            using SafeFileHandle source = Reading(() => MirrorFile.Open(entry));
            for (int read; (read = Reading(() => RandomAccess.Read(source, buffer, offset))) > 0; offset += read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(file, buffer.AsSpan(0, read), offset);
                onBytes(read);
            }

            bool isSame = offset == entry.ContentLength && Reading(() => FileAttributesReader.Read(source)).IsSameVersionAs(entry.Attributes);
            if (!isSame)
                throw new ContentChangedException($"'{entry.Path}' changed while it was read.");
        }

        // What goes wrong with the mirror must not be taken for a fault of the destination.
        private static T Reading<T>(Func<T> read)
        {
            try
            {
                return read();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new MirrorReadException(exception);
            }
        }
    }
}

/// <summary>The mirror could not be read.</summary>
/// <param name="cause">Why.</param>
internal sealed class MirrorReadException(Exception cause) : Exception(cause.Message, cause);
