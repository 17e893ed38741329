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
}

/// <summary>A copy inside S3 failed because of its source: uploading the content instead helps.</summary>
internal sealed class CopySourceException(CopySourceProblem problem, string sourceKey, Exception? cause = null)
    : Exception($"'{sourceKey}' cannot be copied inside S3: {Describe(problem)}.", cause)
{
    /// <summary>What is the matter with the source.</summary>
    public CopySourceProblem Problem => problem;

    private static string Describe(CopySourceProblem problem) => problem switch
    {
        CopySourceProblem.Gone => "it is not there",
        CopySourceProblem.Changed => "it is not the version that was recorded",
        _ => "it is archived",
    };
}
