using System.Text;
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
    private const long Longest = 256L * 1024 * 1024;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Names alone can be 4 KiB each, and somebody else may have made millions of them.
    private readonly long longest;
    private readonly object gate = new();
    private long written;
    private readonly string jobName;
    private readonly string runId;
    private readonly FileStream? file;
    private LogCopy? copy;
    private string? copyFailure;

    private RunLog(string jobName, string runId, FileStream? file, long longest)
    {
        (this.jobName, this.runId, this.file, this.longest) = (jobName, runId, file, longest);
        written = file?.Length ?? 0;
    }

    /// <summary>The log file; null where none could be made.</summary>
    public string? Path => file?.Name;

    /// <summary>A log that keeps nothing.</summary>
    internal static RunLog None() => new("", "", file: null, Longest);

    /// <summary>Opens <c>logs/{runId}.jsonl</c> in the job's state folder; a log that is there already goes on at its end.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="runId">The run.</param>
    /// <param name="copyPath">A file or folder that gets every line too; null: none.</param>
    /// <param name="longest">Bytes that it may have at most.</param>
    public static RunLog Create(string jobName, string runId, string? copyPath = null, long longest = Longest)
    {
        RunLog log = new(jobName, runId, Open(jobName, runId), longest);
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
            if (!IsRoomFor((int)line.Length))
                return;
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

    /// <summary>False when the log is as long as it may become; the last line says so.</summary>
    private bool IsRoomFor(int length)
    {
        if (written > longest)
            return false;
        written += length;
        if (written <= longest)
            return true;
        byte[] last = Encoding.ASCII.GetBytes(
            $"{{\"time\":\"{DateTimeOffset.UtcNow:O}\",\"level\":\"warning\",\"message\":\"The log ends here, at its limit of {longest} bytes; the run goes on.\"}}\n");
        try
        {
            file?.Write(last);
            file?.Flush();
            copy?.Write(last);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // Nothing more is written in any case.
        }

        return false;
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
