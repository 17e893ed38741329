using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.S3.Client;
using RsyncS3Backup.S3.Mirror;
using RsyncS3Backup.S3.Planning;

namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// Tells whether an object holds a file's bytes, by hashing the file: against the entity tag, and where that is no MD5 (SSE-KMS), against the
/// checksum that S3 stores. "No" means: not known to be the same.
/// </summary>
internal sealed class ContentComparer(Bucket bucket)
{
    private const int BufferSize = 256 * 1024;
    private const long MiB = 1024 * 1024;

    // Part sizes that other tools use: aws and ours 8, rclone 5, boto and s5cmd 50, s3cmd 15, mc 16 and 64 MiB.
    private static readonly long[] UsualPartSizes = [5 * MiB, 8 * MiB, 10 * MiB, 15 * MiB, 16 * MiB, 32 * MiB, 50 * MiB, 64 * MiB, 100 * MiB];

    public async Task<bool> IsSameAsync(MirrorEntry local, RemoteObject remote, CancellationToken cancellationToken)
    {
        if (local.Kind == MirrorEntryKind.SymbolicLink)
            return EntityTagOf(MirrorFile.LinkTarget(local)) == remote.ETag;

        using SafeFileHandle file = MirrorFile.Open(local.Path);
        int dash = remote.ETag.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
        {
            if (EntityTag(file, partSize: null, cancellationToken) == remote.ETag)
                return true;
        }
        else if (int.TryParse(remote.ETag.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int parts))
        {
            foreach (long partSize in CandidatePartSizes(remote.Size, parts))
            {
                if (EntityTag(file, partSize, cancellationToken) == remote.ETag)
                    return true;
            }
        }

        ObjectHead? stored = await bucket.HeadAsync(local.RelativeKey, cancellationToken).ConfigureAwait(false);
        if (stored is null)
            return false;
        return stored.Sha256 is not null ? Sha256(file, cancellationToken) == stored.Sha256
            : stored.Crc32 is not null && Crc32Of(file, cancellationToken) == stored.Crc32;
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

#pragma warning disable CA5351 // an entity tag is an MD5 by S3's definition
    private static string EntityTagOf(ReadOnlySpan<byte> content) => Convert.ToHexString(MD5.HashData(content)).ToLowerInvariant();

    private static string EntityTag(SafeFileHandle file, long? partSize, CancellationToken cancellationToken)
    {
        using IncrementalHash part = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        if (partSize is not { } size)
        {
            Feed(file, part.AppendData, cancellationToken);
            return Hex(part);
        }

        using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        int parts = 0;
        long inPart = 0;
        Feed(
            file,
            bytes =>
            {
                while (bytes.Length > 0)
                {
                    int take = (int)Math.Min(bytes.Length, size - inPart);
                    part.AppendData(bytes[..take]);
                    bytes = bytes[take..];
                    inPart += take;
                    if (inPart == size)
                        EndPart();
                }
            },
            cancellationToken);
        if (inPart > 0)
            EndPart();
        return $"{Hex(whole)}-{parts}";

        void EndPart()
        {
            whole.AppendData(part.GetHashAndReset());
            parts++;
            inPart = 0;
        }
    }
#pragma warning restore CA5351

    private static string Hex(IncrementalHash hash) => Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant();

    private static string Sha256(SafeFileHandle file, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Feed(file, hash.AppendData, cancellationToken);
        return Convert.ToBase64String(hash.GetHashAndReset());
    }

    private static string Crc32Of(SafeFileHandle file, CancellationToken cancellationToken)
    {
        Crc32 hash = new();
        Feed(file, hash.Append, cancellationToken);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, hash.GetCurrentHashAsUInt32());
        return Convert.ToBase64String(bytes);
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
