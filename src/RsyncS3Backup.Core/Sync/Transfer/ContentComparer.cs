using System.Buffers;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Tells whether an object holds a file's bytes, by hashing the file: against the entity tag, and where that is no MD5 (SSE-KMS), against the
/// checksum that S3 stores. "No" means: not known to be the same.
/// </summary>
internal static class ContentComparer
{
    private const int BufferSize = 256 * 1024;

    /// <summary>Compares with what is known of an object's content; reads the file once, and makes no request.</summary>
    public static Task<bool> IsSameAsync(MirrorEntry local, KnownContent known, CancellationToken cancellationToken)
    {
        if (local.IsElsewhere)
            return Task.FromResult(false);
        using Content content = new(local);
        return Task.FromResult(content.Matches(known, cancellationToken));
    }

    /// <summary>Compares an open file with what is known of an object's content; reads the file once.</summary>
    public static bool IsSame(SafeFileHandle file, KnownContent known, CancellationToken cancellationToken)
    {
        using Content content = new(file);
        return content.Matches(known, cancellationToken);
    }

    /// <summary>What an entry's object would hold.</summary>
    private sealed class Content : IDisposable
    {
        private readonly SafeFileHandle? file;
        private readonly byte[] target = [];

        /// <summary>Takes the file over.</summary>
        public Content(SafeFileHandle file) => this.file = file;

        public Content(MirrorEntry entry)
        {
            if (entry.Kind == MirrorEntryKind.SymbolicLink)
                target = MirrorFile.LinkTarget(entry);
            else if (entry.Kind == MirrorEntryKind.File)
                file = MirrorFile.Open(entry);
        }

        public bool Matches(KnownContent known, CancellationToken cancellationToken)
        {
            using ContentProof proof = ContentProof.All(Evidence(known));
            long size = 0;
            Feed(
                bytes =>
                {
                    size += bytes.Length;
                    proof.Append(bytes);
                },
                cancellationToken);
            return size == known.Size && proof.Fits();
        }

        public void Dispose() => file?.Dispose();

        private void Feed(Sink sink, CancellationToken cancellationToken)
        {
            if (file is null)
                sink(target);
            else
                ContentComparer.Feed(file, sink, cancellationToken);
        }

        // A SHA-256 decides alone: where there is one, the store makes checksums, and somebody wanted this one.
        private static StoredObject Evidence(KnownContent known) => new("", known.Size, known.ETag)
        {
            Checksums = known.Sha256 is { } sha256 ? [new("sha256", sha256)] : known.Crc32 is { } crc32 ? [new("crc32", crc32)]
                : known.Stored?.Checksums ?? [],
            PartChecksums = known is { Sha256: null, Crc32: null } ? known.Stored?.PartChecksums ?? [] : [],
            IsTagOpaque = known.Sha256 is not null,
        };
    }

    private delegate void Sink(ReadOnlySpan<byte> bytes);

    private static void Feed(SafeFileHandle file, Sink sink, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long offset = 0;
            for (int read; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                sink(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>What is known of an object's content without asking S3.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ETag">The entity tag without quotes. Under SSE-KMS it says nothing of the content.</param>
/// <param name="Crc32">The CRC32 of the whole content, base64; null when it is not known.</param>
/// <param name="Sha256">The SHA-256 of the whole content, base64; null when it is not known.</param>
internal readonly record struct KnownContent(long Size, string ETag, string? Crc32, string? Sha256)
{
    /// <summary>What S3 told of the object, with checksums by other algorithms, or of parts; null when it was not asked.</summary>
    public StoredObject? Stored { get; init; }
}
