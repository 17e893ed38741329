namespace RsyncS3Backup.ObjectStore;

/// <summary>An access key. Never logged, never part of a result.</summary>
internal sealed class S3Credentials(string accessKey, string secretKey, string? sessionToken = null)
{
    /// <summary>The access key id.</summary>
    public string AccessKey { get; } = accessKey;

    internal string SecretKey { get; } = secretKey;

    internal string? SessionToken { get; } = sessionToken;

    /// <summary>The access key id only.</summary>
    public override string ToString() => AccessKey;
}
