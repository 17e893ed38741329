namespace RsyncS3Backup;

/// <summary>Carries a <see cref="BackupError"/> out of the step that met it.</summary>
public sealed class BackupException : Exception
{
    /// <summary>Wraps an error, with the exception that caused it where there is one.</summary>
    public BackupException(BackupError error, Exception? innerException = null)
        : base(error.Message, innerException) => Error = error;

    /// <summary>What went wrong.</summary>
    public BackupError Error { get; }

    /// <summary>The job that it is about; null where that is not known, and for what is about none.</summary>
    public string? JobName { get; init; }

    /// <summary>The machine that it was met on.</summary>
    public string HostName { get; } = Environment.MachineName;
}
