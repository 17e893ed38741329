using System.Globalization;
using Amazon.S3.Model;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// What an object is written with besides its bytes. There is one form of it, the headers as they go over the wire, for the
/// short way and for
/// the SDK alike, so that the two cannot differ.
/// </summary>
internal sealed record ObjectHeaders
{
    /// <summary>What the object says it is.</summary>
    public required string ContentType { get; init; }

    /// <summary>One of <see cref="S3StorageClasses.All"/>.</summary>
    public required string StorageClass { get; init; }

    /// <summary>User metadata: names in lower case without <c>x-amz-meta-</c>, values in US-ASCII.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>How S3 encrypts the object; null: as the bucket's own settings say.</summary>
    public S3Encryption? Encryption { get; init; }

    /// <summary>The object's tags.</summary>
    public IEnumerable<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>The object's lock; null: as the bucket's own settings say.</summary>
    public ObjectRetention? Retention { get; init; }

    /// <summary>The headers of the request that makes the object, names in lower case.</summary>
    public IEnumerable<KeyValuePair<string, string>> Lines()
    {
        yield return new("content-type", ContentType);
        // S3 takes it for given, and a store that has no classes may know no such header.
        if (StorageClass != S3StorageClasses.Standard)
            yield return new("x-amz-storage-class", StorageClass);
        foreach ((string name, string value) in Metadata)
            yield return new("x-amz-meta-" + name, value);
        if (TagQuery() is { Length: > 0 } tags)
            yield return new("x-amz-tagging", tags);
        if (Retention is { } retention)
        {
            yield return new("x-amz-object-lock-mode", LockMode(retention.Mode));
            yield return new("x-amz-object-lock-retain-until-date", retention.Until.UtcDateTime.ToString("s", CultureInfo.InvariantCulture) + "Z");
        }

        if (Encryption is not { } encryption)
            yield break;
        yield return new("x-amz-server-side-encryption", AlgorithmOf(encryption.Mode));
        if (encryption.KmsKeyId is { } key)
            yield return new("x-amz-server-side-encryption-aws-kms-key-id", key);
        if (encryption.BucketKey is { } bucketKey)
            yield return new("x-amz-server-side-encryption-bucket-key-enabled", bucketKey ? "true" : "false");
    }

    /// <summary>Adds them to a request of the SDK.</summary>
    public void ApplyTo(HeadersCollection headers)
    {
        foreach ((string name, string value) in Lines())
            headers[name] = value;
    }

    /// <summary>S3's name of a mode of Object Lock.</summary>
    public static string LockMode(ObjectLockMode mode) => mode == ObjectLockMode.Compliance ? "COMPLIANCE" : "GOVERNANCE";

    private string TagQuery() =>
        string.Join('&', Tags.Select(tag => $"{Uri.EscapeDataString(tag.Key)}={Uri.EscapeDataString(tag.Value)}"));

    /// <summary>S3's name of an encryption.</summary>
    public static string AlgorithmOf(S3EncryptionMode mode) => mode switch
    {
        S3EncryptionMode.SseKms => "aws:kms",
        S3EncryptionMode.DsseKms => "aws:kms:dsse",
        _ => "AES256",
    };
}
