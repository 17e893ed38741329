using System.Management.Automation;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>Tells what is wrong with a cmdlet's input.</summary>
/// <param name="cmdlet">Whose error stream is written.</param>
internal sealed class InputErrors(PSCmdlet cmdlet)
{
    /// <summary>Raised before an error is written: for a cmdlet whose exit code says that there was one.</summary>
    internal event Action<BackupError>? Found;

    /// <summary>What <paramref name="read"/> returns; null, and a non-terminating error, when it throws one of ours.</summary>
    /// <param name="read">Reads something.</param>
    /// <param name="first">Told of the error before it is written, which may end the pipeline; null: nobody is.</param>
    internal T? TryRead<T>(Func<T> read, Action<BackupError>? first = null)
        where T : class
    {
        try
        {
            return read();
        }
        catch (BackupException exception)
        {
            Found?.Invoke(exception.Error);
            first?.Invoke(exception.Error);
            cmdlet.WriteError(ErrorRecords.From(exception));
            return null;
        }
    }

    /// <summary>Does something; a non-terminating error when it throws one of ours.</summary>
    internal void Try(Action work) => TryRead<object>(() =>
    {
        work();
        return this;
    });

    /// <summary>Writes a non-terminating error.</summary>
    internal void Write(BackupError error)
    {
        Found?.Invoke(error);
        cmdlet.WriteError(ErrorRecords.From(error));
    }

    /// <summary>Writes a non-terminating error that is about a job.</summary>
    internal void Write(BackupError error, string jobName)
    {
        Found?.Invoke(error);
        cmdlet.WriteError(ErrorRecords.From(error, jobName: jobName));
    }

    /// <summary>Ends the cmdlet with an error.</summary>
    internal void Throw(BackupError error)
    {
        Found?.Invoke(error);
        cmdlet.ThrowTerminatingError(ErrorRecords.From(error));
    }
}
