namespace RsyncS3Backup;

/// <summary>What becomes of files that are at the destination already.</summary>
public enum RestoreOverwrite : long
{
    /// <summary>A file of another size or modification time is replaced; one of the same is taken for the same.</summary>
    IfDifferent,

    /// <summary>They stay as they are.</summary>
    Never,

    /// <summary>They are replaced, whatever they are.</summary>
    Always,
}

/// <summary>How fast S3 brings objects back from the archive. Source: "Archive retrieval options" in the Amazon S3 User Guide.</summary>
public enum RetrievalTier : long
{
    /// <summary>3 to 5 hours from Glacier Flexible Retrieval, 12 from Deep Archive.</summary>
    Standard,

    /// <summary>1 to 5 minutes from Glacier Flexible Retrieval, at the highest price; not from Deep Archive.</summary>
    Expedited,

    /// <summary>5 to 12 hours from Glacier Flexible Retrieval, 48 from Deep Archive, at the lowest price.</summary>
    Bulk,
}
