namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that runs stage 2, which stand before what the configuration says.</summary>
internal interface ISyncParameters
{
    int ThrottleLimit { get; }

    S3SyncMode SyncMode { get; }
}
