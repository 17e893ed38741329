namespace RsyncS3Backup.Input;

/// <summary>The parameters of a cmdlet that runs stage 2, which override what the configuration says.</summary>
internal interface ISyncParameters
{
    int RequestLimit { get; }

    S3SyncMode SyncMode { get; }
}
