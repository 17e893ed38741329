using System.Management.Automation;

namespace RsyncS3Backup.Pipeline;

/// <summary>Turns the module's errors into PowerShell's.</summary>
internal static class ErrorRecords
{
    /// <summary>
    /// The error record of an error. Its <c>Exception.Error</c> is the error itself, so that S3's error code and request id can be read
    /// from <c>$_.Exception.Error</c>.
    /// </summary>
    /// <param name="error">The error.</param>
    /// <param name="label">What the message begins with; null: nothing.</param>
    /// <param name="jobName">The job that it is about; null where that is not known.</param>
    internal static ErrorRecord From(BackupError error, string? label = null, string? jobName = null) =>
        From(new BackupException(error) { JobName = jobName ?? label }, label);

    /// <summary>The error record of an error that arrived as an exception.</summary>
    internal static ErrorRecord From(BackupException exception, string? label = null)
    {
        BackupError error = exception.Error;
        return new ErrorRecord(exception, error.Id, Category(error.Category), error.Target)
        {
            ErrorDetails = new ErrorDetails(label is null ? error.Message : $"{label}: {error.Message}") { RecommendedAction = error.RecommendedAction },
        };
    }

    /// <summary>The member of PowerShell's enum with the same name.</summary>
    internal static ErrorCategory Category(BackupErrorCategory category) =>
        Enum.TryParse(category.ToString(), out ErrorCategory found) ? found : ErrorCategory.NotSpecified;
}
