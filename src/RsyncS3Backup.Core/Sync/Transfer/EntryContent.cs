using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>The hash of a file of the mirror, read when it is asked for and not twice.</summary>
/// <param name="entry">The file.</param>
internal sealed class EntryContent(MirrorEntry entry)
{
    private const int BufferSize = 256 * 1024;

    private readonly Dictionary<long, ContentHash?> hashes = [];

    /// <summary>The file.</summary>
    public MirrorEntry Entry => entry;

    /// <summary>False for what a plan expects from the source: it is not read, which may be far away.</summary>
    public bool IsInMirror => entry.Tree is not null;

    /// <summary>
    /// The hash of the version that the walk saw; null when the file is another one by now, or changes while it is read.
    /// </summary>
    /// <param name="partSize">Bytes of each part but the last; 0 for one piece.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    public ContentHash? Hash(long partSize, CancellationToken cancellationToken)
    {
        if (!hashes.TryGetValue(partSize, out ContentHash? hash))
        {
            IReadOnlyList<UInt128>? parts = HashParts(partSize, cancellationToken);
            hashes[partSize] = hash = parts is null ? null
                : partSize > 0 ? ContentHash.OfParts(parts, partSize)
                : new ContentHash(parts[0], PartSize: 0);
        }

        return hash;
    }

    /// <summary>The hashes of the parts of that version, in order; null as for the whole.</summary>
    /// <param name="partSize">Bytes of each part but the last; 0 for one piece.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    public IReadOnlyList<UInt128>? HashParts(long partSize, CancellationToken cancellationToken)
    {
        using SafeFileHandle? file = MirrorFile.TryOpen(entry, entry.Attributes);
        if (file is null)
            return null;
        // What a plan expects from the source has the attributes that it would have in the mirror.
        FileAttributesSnapshot version = IsInMirror ? entry.Attributes : FileAttributesReader.Read(file);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        using IncrementalHash running = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            List<UInt128> parts = [];
            long size = version.Size;
            for (long offset = 0; offset < size;)
            {
                long end = partSize > 0 ? Math.Min(size, offset + partSize) : size;
                while (offset < end)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(BufferSize, end - offset)), offset);
                    if (read == 0)
                        return null;
                    running.AppendData(buffer, 0, read);
                    offset += read;
                }

                parts.Add(ContentHash.First(running.GetHashAndReset()));
            }

            return FileAttributesReader.Read(file).IsSameVersionAs(version) ? parts : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
