using System.Globalization;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Compares content that goes by with what S3 says of an object. A checksum counts as that of the whole and as that of the parts, because
/// some stores give the one for the other without saying so; a checksum or an entity tag of parts is tried with the part sizes that fit.
/// One piece of evidence that fits is proof: no other content has it.
/// </summary>
internal sealed class ContentProof : IDisposable
{
    private readonly List<Evidence> pieces;

    private ContentProof(IEnumerable<Evidence> pieces) => this.pieces = [.. pieces];

    /// <summary>How many checksums content is compared with.</summary>
    public int Count => pieces.Count;

    /// <summary>True when nothing is known that content could be compared with.</summary>
    public bool IsEmpty => pieces.Count == 0;

    /// <summary>The cheapest of what S3 knows: one checksum, or without any the entity tag where it is an MD5 of the whole.</summary>
    /// <param name="stored">The object.</param>
    public static ContentProof Cheap(StoredObject stored)
    {
        bool hasChecksum = stored.Checksums.Count + stored.PartChecksums.Count > 0;
        bool isTagOfWhole = !stored.ETag.Contains('-', StringComparison.Ordinal);
        return new ContentProof(hasChecksum ? OfChecksum(stored, null) : isTagOfWhole ? OfTag(stored, null) : []);
    }

    /// <summary>All that S3 knows.</summary>
    /// <param name="stored">The object.</param>
    /// <param name="partSize">The size of its parts, where S3 told it; null: those that fit.</param>
    public static ContentProof All(StoredObject stored, long? partSize = null) =>
        new(OfChecksum(stored, partSize).Concat(OfTag(stored, partSize)));

    /// <summary>How many parts an object was stored in, by its entity tag or its checksums; null where they do not say so.</summary>
    public static int? PartCount(StoredObject stored) =>
        stored.PartChecksums.Select(item => item.Value).Append(stored.ETag).Select(CountIn).FirstOrDefault(count => count is not null);

    /// <summary>True when the size of its parts would tell more of an object's content than is known without it.</summary>
    public static bool IsOfParts(StoredObject stored) =>
        PartCount(stored) > 1 && (stored.Checksums.Count > 0 || stored.PartChecksums.Count > 0 || !stored.IsTagOpaque);

    /// <summary>Further bytes of the content.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        foreach (Evidence piece in pieces)
            piece.Append(bytes);
    }

    /// <summary>True when the bytes were those that S3 stored. Ends the computation.</summary>
    public bool Fits() => pieces.Exists(piece => piece.Fits());

    /// <inheritdoc/>
    public void Dispose() => pieces.ForEach(piece => piece.Dispose());

    private static IEnumerable<Evidence> OfChecksum(StoredObject stored, long? partSize)
    {
        foreach (string algorithm in ContentChecksum.Algorithms)
        {
            if (stored.ChecksumBy(algorithm) is { } whole)
                return [.. Whole(algorithm, whole), .. OfParts(algorithm, whole)];
            if (stored.PartChecksums.FirstOrDefault(item => item.Key == algorithm).Value is { } composite)
                return OfParts(algorithm, composite[..composite.IndexOf('-', StringComparison.Ordinal)]);
        }

        return [];

        static IEnumerable<Evidence> Whole(string algorithm, string value) =>
            Bytes(value) is { } expected ? [new Evidence(algorithm, null, expected)] : [];

        IEnumerable<Evidence> OfParts(string algorithm, string value) =>
            algorithm != ContentChecksum.Crc64Nvme && Bytes(value) is { } expected
                ? PartSizes(stored, partSize).Select(size => new Evidence(algorithm, size, expected))
                : [];
    }

    private static IEnumerable<Evidence> OfTag(StoredObject stored, long? partSize)
    {
        const int md5Digits = 32;
        int dash = stored.ETag.IndexOf('-', StringComparison.Ordinal);
        string digits = dash < 0 ? stored.ETag : stored.ETag[..dash];
        if (stored.IsTagOpaque || digits.Length != md5Digits || !digits.All(char.IsAsciiHexDigit))
            return [];
        byte[] expected = Convert.FromHexString(digits);
        return dash < 0
            ? [new Evidence(ContentChecksum.Md5, null, expected)]
            : PartSizes(stored, partSize).Select(size => new Evidence(ContentChecksum.Md5, size, expected));
    }

    // Where nothing says how many parts there are, those that this module would have made.
    private static IEnumerable<long> PartSizes(StoredObject stored, long? partSize) =>
        partSize is { } told ? [told]
        : PartCount(stored) is { } count ? PartSize.Candidates(stored.Size, count)
        : stored.Size > PartSize.For(stored.Size) ? [PartSize.For(stored.Size)]
        : [];

    private static int? CountIn(string value)
    {
        int dash = value.IndexOf('-', StringComparison.Ordinal);
        return dash >= 0 && int.TryParse(value.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : null;
    }

    private static byte[]? Bytes(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            // Nothing that could be compared with.
            return null;
        }
    }

    /// <summary>One checksum that content may have: of the whole, or of the checksums of its parts.</summary>
    private sealed class Evidence(string algorithm, long? partSize, byte[] expected) : IDisposable
    {
        private readonly ContentChecksum.IRunning part = ContentChecksum.Start(algorithm);
        private readonly ContentChecksum.IRunning? whole = partSize is null ? null : ContentChecksum.Start(algorithm);
        private long inPart;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            while (bytes.Length > 0)
            {
                int take = (int)Math.Min(bytes.Length, (partSize ?? long.MaxValue) - inPart);
                part.Append(bytes[..take]);
                bytes = bytes[take..];
                inPart += take;
                if (inPart == partSize)
                    EndPart();
            }
        }

        public bool Fits()
        {
            if (inPart > 0 && whole is not null)
                EndPart();
            return (whole ?? part).Finish().AsSpan().SequenceEqual(expected);
        }

        public void Dispose()
        {
            part.Dispose();
            whole?.Dispose();
        }

        private void EndPart()
        {
            whole!.Append(part.Finish());
            inPart = 0;
        }
    }
}
