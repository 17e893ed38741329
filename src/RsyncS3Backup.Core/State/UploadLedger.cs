using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.State;

/// <summary>
/// How many bytes a job has sent to S3 on the last day on which it sent any, in <c>upload.json</c> of its state folder: of all its runs, also of
/// those that failed or were killed, of which the history knows less.
/// </summary>
/// <param name="jobName">The job.</param>
internal sealed class UploadLedger(string jobName)
{
    private const string FileName = "upload.json";

    /// <summary>What went out on a day; 0 where that is not known.</summary>
    public long Read(DateOnly day)
    {
        try
        {
            string path = Path.Combine(StateFolder.PathFor(jobName), FileName);
            if (!File.Exists(path))
                return 0;
            using JsonDocument document = JsonDocument.Parse(InUse.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            return root.GetProperty("day").GetString() == Text(day) ? Math.Max(0, root.GetProperty("bytes").GetInt64()) : 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // A day's bytes sent twice cost less than a backup that never goes on.
            return 0;
        }
    }

    /// <summary>Writes down what went out on a day.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Write(DateOnly day, long bytes) => StateFolder.Replace(
        Path.Combine(StateFolder.ForJob(jobName).Path, FileName),
        json =>
        {
            json.WriteString("day", Text(day));
            json.WriteNumber("bytes", bytes);
        });

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
