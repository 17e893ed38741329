namespace RsyncS3Backup.State.Catalogs;

/// <summary>What a catalog is about. A catalog about anything else says nothing.</summary>
/// <param name="Endpoint">The store's address, e.g. <c>https://s3.us-east-1.amazonaws.com</c>.</param>
/// <param name="Bucket">The bucket.</param>
/// <param name="KeyPrefix">What every key starts with, date tokens replaced.</param>
/// <param name="MirrorPath">The mirror's root folder, in one spelling.</param>
internal sealed record CatalogIdentity(string Endpoint, string Bucket, string KeyPrefix, string MirrorPath)
{
    /// <summary>All of it as one text, equal for equal ones only.</summary>
    public string Text() => Part(Endpoint) + Text(Bucket, KeyPrefix) + Part(MirrorPath);

    /// <summary>What the text of every identity with this bucket and prefix has in its middle.</summary>
    public static string Text(string bucket, string keyPrefix) => Part(bucket) + Part(keyPrefix);

    private static string Part(string part) => $"{part.Length}:{part},";
}
