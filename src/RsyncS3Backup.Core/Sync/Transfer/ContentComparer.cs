using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
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
    private const long MiB = 1024 * 1024;

    // Part sizes that other tools use: aws and ours 8, rclone 5, boto and s5cmd 50, s3cmd 15, mc 16 and 64 MiB.
    private static readonly long[] UsualPartSizes = [5 * MiB, 8 * MiB, 10 * MiB, 15 * MiB, 16 * MiB, 32 * MiB, 50 * MiB, 64 * MiB, 100 * MiB];

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

    /// <summary>The part sizes that cut <paramref name="size"/> bytes into that many parts, the likeliest first.</summary>
    internal static IEnumerable<long> CandidatePartSizes(long size, int parts)
    {
        if (parts < 1)
            return [];
        long evenly = (size + parts - 1) / parts;
        long wholeMiB = (evenly + MiB - 1) / MiB * MiB;
        return new[] { PartSize.For(size) }.Concat(UsualPartSizes).Append(wholeMiB).Append(evenly)
            .Where(candidate => candidate > 0 && PartSize.Count(size, candidate) == parts)
            .Distinct();
    }

    private static string Hex(byte[] hash) => Convert.ToHexString(hash).ToLowerInvariant();

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
            List<EntityTag> tags = [.. EntityTag.Candidates(known)];
            using IncrementalHash? sha256 = known.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Crc32? crc32 = known.Crc32 is null ? null : new Crc32();
            long size = 0;
            try
            {
                Feed(
                    bytes =>
                    {
                        size += bytes.Length;
                        crc32?.Append(bytes);
                        sha256?.AppendData(bytes);
                        foreach (EntityTag tag in tags)
                            tag.Append(bytes);
                    },
                    cancellationToken);
                if (size != known.Size)
                    return false;
                if (sha256 is not null)
                    return Convert.ToBase64String(sha256.GetHashAndReset()) == known.Sha256;
                return tags.Any(tag => tag.Finish() == known.ETag) || (crc32 is not null && Base64(crc32) == known.Crc32);
            }
            finally
            {
                tags.ForEach(tag => tag.Dispose());
            }
        }

        public void Dispose() => file?.Dispose();

        private void Feed(Sink sink, CancellationToken cancellationToken)
        {
            if (file is null)
                sink(target);
            else
                ContentComparer.Feed(file, sink, cancellationToken);
        }

        private static string Base64(Crc32 hash)
        {
            Span<byte> bytes = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, hash.GetCurrentHashAsUInt32());
            return Convert.ToBase64String(bytes);
        }
    }

#pragma warning disable CA5351 // an entity tag is an MD5 by S3's definition
    /// <summary>The entity tag that content gets when it is put whole, or in parts of one size.</summary>
    private sealed class EntityTag(long? partSize) : IDisposable
    {
        private readonly IncrementalHash part = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        private readonly IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        private long inPart;
        private int parts;

        /// <summary>The ways in which an object may have got its tag; none when it cannot be an MD5.</summary>
        public static IEnumerable<EntityTag> Candidates(KnownContent known)
        {
            int dash = known.ETag.IndexOf('-', StringComparison.Ordinal);
            if (dash < 0)
                return [new EntityTag(null)];
            return int.TryParse(known.ETag.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                ? CandidatePartSizes(known.Size, count).Select(size => new EntityTag(size))
                : [];
        }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                int take = (int)Math.Min(bytes.Length, (partSize ?? long.MaxValue) - inPart);
                part.AppendData(bytes[..take]);
                bytes = bytes[take..];
                inPart += take;
                if (inPart == partSize)
                    EndPart();
            }
        }

        public string Finish()
        {
            if (partSize is null)
                return Hex(part.GetHashAndReset());
            if (inPart > 0)
                EndPart();
            return $"{Hex(whole.GetHashAndReset())}-{parts}";
        }

        public void Dispose()
        {
            part.Dispose();
            whole.Dispose();
        }

        private void EndPart()
        {
            whole.AppendData(part.GetHashAndReset());
            parts++;
            inPart = 0;
        }
    }
#pragma warning restore CA5351

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
internal readonly record struct KnownContent(long Size, string ETag, string? Crc32, string? Sha256);
