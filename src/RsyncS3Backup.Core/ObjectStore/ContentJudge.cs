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
        bool isComparable;
        using (ContentProof all = ContentProof.All(stored))
        {
            if (IsProven(all, feed))
                return ContentFit.Right;
            isComparable = !all.IsEmpty;
        }

        // That there is a checksum of the whole says that it is wrong, unless it is one of parts.
        ContentFit otherwise = stored.Checksums.Count > 0 || (isComparable && !ContentProof.IsOfParts(stored)) ? ContentFit.Wrong : ContentFit.Unknown;
        if (!ContentProof.IsOfParts(stored) || await askPartSize(1).ConfigureAwait(false) is not { } first)
            return otherwise;
        int count = ContentProof.PartCount(stored)!.Value;
        if (!PartSize.Candidates(stored.Size, count).Contains(first))
        {
            using ContentProof ofParts = ContentProof.All(stored, first);
            if (IsProven(ofParts, feed))
                return ContentFit.Right;
        }

        // Nobody can compute a checksum of parts that have other sizes than the first.
        bool isEven = PartSize.Count(stored.Size, first) == count
            && await askPartSize(count).ConfigureAwait(false) == stored.Size - ((count - 1) * first);
        return isEven ? ContentFit.Wrong : otherwise;
    }

    /// <summary>True when content fits what is known of an object. It is read when there is something to compare it with.</summary>
    /// <param name="proof">What is known.</param>
    /// <param name="feed">Hands the whole content over.</param>
    public static bool IsProven(ContentProof proof, Action<ContentSink> feed)
    {
        if (proof.IsEmpty)
            return false;
        feed(proof.Append);
        return proof.Fits();
    }
}
