using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Jobs;

/// <summary>Reads the logs of a job's runs.</summary>
internal static class JobLog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    /// <summary>The lines of a run's log, in its order; none when there is no log any more.</summary>
    /// <param name="jobName">The job.</param>
    /// <param name="runId">The run.</param>
    /// <param name="isOn">True while more may come: then the end of the log is waited for. Asked again each time; null: never.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public static async IAsyncEnumerable<BackupLogEntry> ReadAsync(
        string jobName, string runId, Func<bool>? isOn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (RunLogs.Find(jobName, runId) is not { } path)
            yield break;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(file, Encoding.UTF8);
        StringBuilder rest = new();
        char[] buffer = new char[16 * 1024];
        while (true)
        {
            // Asked before the file is read to its end: what a run writes last is there when it is not on any more.
            bool goesOn = isOn?.Invoke() == true;
            int read;
            while ((read = await reader.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                rest.Append(buffer, 0, read);
                foreach (string line in TakeLines(rest))
                    yield return Entry(line, jobName, runId, path);
            }

            if (!goesOn)
                break;
            await Task.Delay(Interval, cancellationToken).ConfigureAwait(false);
        }

        // The last line of a run that was killed may have no end.
        if (rest.Length > 0)
            yield return Entry(rest.ToString(), jobName, runId, path);
    }

    /// <summary>True while a run of the job with that id is on.</summary>
    public static bool IsOn(string jobName, string runId)
    {
        try
        {
            return JobHistory.Find(jobName)?.ReadRun(runId) is { Status: null };
        }
        catch (BackupException)
        {
            // The run is writing to it; the next look tells.
            return true;
        }
    }

    private static List<string> TakeLines(StringBuilder text)
    {
        List<string> lines = [.. text.ToString().Split('\n')];
        string rest = lines[^1];
        lines.RemoveAt(lines.Count - 1);
        text.Clear().Append(rest);
        return lines;
    }

    private static BackupLogEntry Entry(string line, string jobName, string runId, string path)
    {
        BackupLogEntry entry = new() { Name = jobName, RunId = runId, Message = ShownText.Of(line), LogPath = path };
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement json = document.RootElement;
            return entry with
            {
                Time = json.TryGetProperty("time", out JsonElement time) && time.TryGetDateTimeOffset(out DateTimeOffset at) ? at : default,
                Level = Enum.TryParse(Text("level"), ignoreCase: true, out BackupLogLevel level) ? level : BackupLogLevel.Info,
                Message = Text("message") ?? entry.Message,
                ErrorId = Text("id"),
                Target = Text("target"),
                RecommendedAction = Text("recommendedAction"),
                S3ErrorCode = Text("s3ErrorCode"),
                RequestId = Text("requestId"),
                RsyncExitCode = json.TryGetProperty("rsyncExitCode", out JsonElement code) && code.TryGetInt32(out int number) ? number : null,
            };

            string? Text(string name) =>
                json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? ShownText.Of(value.GetString()!, keepsLines: true) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // A line that was cut off: what is left of it says more than nothing.
            return entry;
        }
    }
}
