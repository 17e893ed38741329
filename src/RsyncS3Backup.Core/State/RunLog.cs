using System.Text.Encodings.Web;
using System.Text.Json;

namespace RsyncS3Backup.State;

/// <summary>
/// The log of one run: JSON lines, one event a line, in the job's <c>logs</c> folder. Thread-safe. A log that cannot be written never stops
/// a run: <see cref="Path"/> is null then.
/// </summary>
public sealed class RunLog : IDisposable
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly object gate = new();
    private readonly FileStream? file;

    private RunLog(FileStream? file) => this.file = file;

    /// <summary>The log file; null where none could be made.</summary>
    public string? Path => file?.Name;

    /// <summary>A log that keeps nothing.</summary>
    internal static RunLog None() => new(null);

    /// <summary>Opens <c>logs/{runId}.jsonl</c> in the job's state folder; a log that is there already goes on at its end.</summary>
    public static RunLog Create(string jobName, string runId)
    {
        try
        {
            string folder = StateFolder.ForJob(jobName).Folder("logs");
            return new RunLog(StateFolder.AppendFile(System.IO.Path.Combine(folder, runId + ".jsonl")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return new RunLog(null);
        }
    }

    /// <summary>Appends one event.</summary>
    /// <param name="level"><c>info</c>, <c>warning</c> or <c>error</c>.</param>
    /// <param name="message">What happened.</param>
    /// <param name="error">Its error, where it is one.</param>
    public void Write(string level, string message, BackupError? error = null)
    {
        if (file is null)
            return;
        using MemoryStream line = new();
        using (Utf8JsonWriter json = new(line, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("time", DateTimeOffset.UtcNow);
            json.WriteString("level", level);
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
                file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
                file.Flush();
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // A full state disk must not end a backup; what the log lacks is still in the result.
            }
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
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
