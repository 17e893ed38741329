namespace RsyncS3Backup;

/// <summary>Requests sent to S3 by type. Retries count, because S3 bills them.</summary>
public sealed record S3RequestCounts
{
    /// <summary>PutObject, and UploadPart, CreateMultipartUpload and CompleteMultipartUpload, which cost the same.</summary>
    public long Put { get; init; }

    /// <summary>CopyObject and UploadPartCopy.</summary>
    public long Copy { get; init; }

    /// <summary>ListObjectsV2 and other listings.</summary>
    public long List { get; init; }

    /// <summary>GetObject.</summary>
    public long Get { get; init; }

    /// <summary>HeadObject and HeadBucket.</summary>
    public long Head { get; init; }

    /// <summary>DeleteObject, DeleteObjects and AbortMultipartUpload; they are free.</summary>
    public long Delete { get; init; }

    /// <summary>All of them.</summary>
    public long Total => Put + Copy + List + Get + Head + Delete;

    /// <summary>These and others together.</summary>
    internal S3RequestCounts And(S3RequestCounts others) => new()
    {
        Put = Put + others.Put,
        Copy = Copy + others.Copy,
        List = List + others.List,
        Get = Get + others.Get,
        Head = Head + others.Head,
        Delete = Delete + others.Delete,
    };

    /// <summary>The counts that are not zero, e.g. <c>12 PUT, 1 LIST</c>.</summary>
    public override string ToString()
    {
        (long Count, string Name)[] counts =
            [(Put, "PUT"), (Copy, "COPY"), (List, "LIST"), (Get, "GET"), (Head, "HEAD"), (Delete, "DELETE")];
        string text = string.Join(", ", counts.Where(item => item.Count > 0).Select(item => $"{item.Count} {item.Name}"));
        return text.Length > 0 ? text : "none";
    }
}
