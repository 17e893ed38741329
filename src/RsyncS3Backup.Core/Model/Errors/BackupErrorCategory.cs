namespace RsyncS3Backup;

/// <summary>The kinds of error; each name is also a member of PowerShell's ErrorCategory.</summary>
public enum BackupErrorCategory : long
{
    /// <summary>None of the others.</summary>
    NotSpecified,

    /// <summary>A path, bucket or program does not exist.</summary>
    ObjectNotFound,

    /// <summary>A value is not allowed.</summary>
    InvalidArgument,

    /// <summary>Something is in a state that forbids the operation.</summary>
    InvalidOperation,

    /// <summary>Data does not have the form it must have.</summary>
    InvalidData,

    /// <summary>The file system or S3 denies access.</summary>
    PermissionDenied,

    /// <summary>No or wrong credentials.</summary>
    AuthenticationError,

    /// <summary>The network or the endpoint does not answer.</summary>
    ConnectionError,

    /// <summary>Reading failed.</summary>
    ReadError,

    /// <summary>Writing failed.</summary>
    WriteError,

    /// <summary>Something took too long.</summary>
    OperationTimeout,

    /// <summary>The run was stopped by the user.</summary>
    OperationStopped,

    /// <summary>A disk, or a limit of ours, is full.</summary>
    LimitsExceeded,

    /// <summary>Someone else holds what this run needs.</summary>
    ResourceBusy,

    /// <summary>A needed program or feature is not installed.</summary>
    NotInstalled,

    /// <summary>A feature is not implemented here.</summary>
    NotImplemented,
}
