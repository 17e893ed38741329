namespace RsyncS3Backup.ObjectStore;

/// <summary>Why S3 could not copy an object.</summary>
internal enum CopySourceProblem
{
    /// <summary>There is no object under the source's key.</summary>
    Gone,

    /// <summary>The source is not the version that was meant.</summary>
    Changed,

    /// <summary>The source is in an archive, and has to be restored before it can be copied.</summary>
    Archived,

    /// <summary>The store does not copy, or not so.</summary>
    Refused,

    /// <summary>The credentials may not read the source.</summary>
    Denied,
}

/// <summary>A copy inside S3 is not to be had: uploading the content instead helps.</summary>
internal sealed class CopySourceException(CopySourceProblem problem, string sourceKey, Exception? cause = null)
    : Exception($"'{sourceKey}' cannot be copied inside S3: {Describe(problem)}.", cause)
{
    /// <summary>What is the matter with the source.</summary>
    public CopySourceProblem Problem => problem;

    private static string Describe(CopySourceProblem problem) => problem switch
    {
        CopySourceProblem.Gone => "it is not there",
        CopySourceProblem.Changed => "it is not the version that was recorded",
        CopySourceProblem.Archived => "it is archived",
        CopySourceProblem.Refused => "the store does not do that",
        _ => "these credentials may not read it",
    };
}
