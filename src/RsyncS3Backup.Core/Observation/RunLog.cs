using System.Text.Encodings.Web;
using System.Text.Json;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Observation;

/// <summary>
/// The log of one run: JSON lines, one event a line, in the job's <c>logs</c> folder. Thread-safe. A log that cannot be written never stops
/// a run: <see cref="Path"/> is null then.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly object gate = new();
    private readonly string jobName;
    private readonly string runId;
    private readonly FileStream? file;
    private LogCopy? copy;
    private string? copyFailure;

    private RunLog(string jobName, string runId, FileStream? file) => (this.jobName, this.runId, this.file) = (jobName, runId, file);

    /// <summary>The log file; null where none could be made.</summary>
    public string? Path => file?.Name;

    /// <summary>A log that keeps nothing.</summary>
    internal static RunLog None() => new("", "", file: null);

    /// <summary>Opens <c>logs/{runId}.jsonl</c> in the job's state folder; a log that is there already goes on at its end.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="runId">The run.</param>
    /// <param name="copyPath">A file or folder that gets every line too; null: none.</param>
    public static RunLog Create(string jobName, string runId, string? copyPath = null)
    {
        RunLog log = new(jobName, runId, Open(jobName, runId));
        if (copyPath is null)
            return log;
        try
        {
            log.copy = LogCopy.Open(copyPath, jobName, runId);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            log.copyFailure = exception.Message;
        }

        return log;
    }

    private static FileStream? Open(string jobName, string runId)
    {
        try
        {
            return StateFolder.AppendFile(RunLogs.PathOf(jobName, runId));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Why the copy cannot be written, once; null when all is well.</summary>
    internal string? TakeCopyFailure() => Interlocked.Exchange(ref copyFailure, null);

    /// <summary>Appends one event.</summary>
    /// <param name="level"><c>info</c>, <c>warning</c> or <c>error</c>.</param>
    /// <param name="message">What happened.</param>
    /// <param name="error">Its error, where it is one.</param>
    public void Write(string level, string message, BackupError? error = null)
    {
        if (file is null && copy is null)
            return;
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTimeOffset.UtcNow);
            json.WriteString("level", level);
            json.WriteString("job", jobName);
            json.WriteString("run", runId);
            json.WriteString("message", message);
            if (error is not null)
                WriteError(json, error);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        lock (gate)
        {
            try
            {
                file?.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
                file?.Flush();
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // A full state disk must not end a backup; what the log lacks is still in the result.
            }

            try
            {
                copy?.Write(line.ToArray());
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                copyFailure = exception.Message;
                copy?.Dispose();
                copy = null;
            }
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        copy?.Dispose();
        try
        {
            file?.Dispose();
        }
        catch (IOException)
        {
            // It tries once more to write what a full disk refused, and closes the file all the same.
        }
    }

    private static void WriteError(Utf8JsonWriter json, BackupError error)
    {
        json.WriteString("id", error.Id);
        if (error.Target is not null)
            json.WriteString("target", error.Target);
        json.WriteString("recommendedAction", error.RecommendedAction);
        if (error.S3ErrorCode is not null)
            json.WriteString("s3ErrorCode", error.S3ErrorCode);
        if (error.RequestId is not null)
            json.WriteString("requestId", error.RequestId);
        if (error.RsyncExitCode is { } rsyncExitCode)
            json.WriteNumber("rsyncExitCode", rsyncExitCode);
    }
}
