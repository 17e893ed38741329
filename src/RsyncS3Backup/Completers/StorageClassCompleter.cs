namespace RsyncS3Backup.Completers;

/// <summary>Completes the storage classes of S3.</summary>
public sealed class StorageClassCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() => S3StorageClasses.All;
}
