using System.Globalization;

namespace RsyncS3Backup.State;

/// <summary>
/// How many bytes a job has sent to S3 on the last day on which it sent any, in <c>upload.json</c> of its state folder: of all its runs, also of
/// those that failed or were killed, of which the history knows less.
/// </summary>
/// <param name="jobName">The job.</param>
internal sealed class UploadLedger(string jobName)
{
    private const string FileName = "upload.json";

    /// <summary>What went out on a day; 0 where that is not known: a day's bytes sent twice cost less than a backup that never goes on.</summary>
    public long Read(DateOnly day) => StateFolder.Read(
        () => Path.Combine(StateFolder.PathFor(jobName), FileName),
        root => root.GetProperty("day").GetString() == Text(day) ? Math.Max(0, root.GetProperty("bytes").GetInt64()) : 0,
        otherwise: 0);

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
