namespace RsyncS3Backup.ObjectStore;

/// <summary>Whether content is what S3 stored.</summary>
internal enum ContentFit
{
    /// <summary>It is.</summary>
    Right,

    /// <summary>It is not.</summary>
    Wrong,

    /// <summary>Nothing is known that it could be compared with.</summary>
    Unknown,
}

/// <summary>Takes bytes as they come.</summary>
internal delegate void ContentSink(ReadOnlySpan<byte> bytes);

/// <summary>Compares content with all that S3 knows of an object, and asks S3 for more where that does not decide.</summary>
internal static class ContentJudge
{
    /// <summary>Compares content. Reads it once in most cases.</summary>
    /// <param name="stored">The object.</param>
    /// <param name="feed">Hands the whole content over, as often as it is called.</param>
    /// <param name="askPartSize">Asks S3 for the size of a part by its number; null where it does not say.</param>
    public static async Task<ContentFit> JudgeAsync(StoredObject stored, Action<ContentSink> feed, Func<int, Task<long?>> askPartSize)
    {
        if (stored.Size == 0)
            return ContentFit.Right;
        bool isComparable = Compare(ContentProof.All(stored), feed, out bool fits);
        if (fits)
            return ContentFit.Right;
        // That there is a checksum of the whole says that it is wrong, unless it is one of parts.
        ContentFit otherwise = stored.Checksums.Count > 0 || (isComparable && !ContentProof.IsOfParts(stored)) ? ContentFit.Wrong : ContentFit.Unknown;
        if (!ContentProof.IsOfParts(stored) || await askPartSize(1).ConfigureAwait(false) is not { } first)
            return otherwise;
        int count = ContentProof.PartCount(stored)!.Value;
        if (!PartSize.Candidates(stored.Size, count).Contains(first))
        {
            Compare(ContentProof.All(stored, first), feed, out fits);
            if (fits)
                return ContentFit.Right;
        }

        // Nobody can compute a checksum of parts that have other sizes than the first.
        bool isEven = PartSize.Count(stored.Size, first) == count
            && await askPartSize(count).ConfigureAwait(false) == stored.Size - ((count - 1) * first);
        return isEven ? ContentFit.Wrong : otherwise;
    }

    private static bool Compare(ContentProof proof, Action<ContentSink> feed, out bool fits)
    {
        using (proof)
        {
            fits = false;
            if (proof.IsEmpty)
                return false;
            feed(proof.Append);
            fits = proof.Fits();
            return true;
        }
    }
}
