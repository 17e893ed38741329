using RsyncS3Backup.State;

namespace RsyncS3Backup.Sync.Snapshots;

/// <summary>
/// The dated snapshot that a paused run left, in <c>paused-snapshot.json</c> of the job's state folder: the next run goes on with it, whatever the date,
/// until one comes to its end. A snapshot of each day would hold the first part of everything for ever.
/// </summary>
internal static class PausedSnapshot
{
    private const string FileName = "paused-snapshot.json";

    /// <summary>The time that gives that snapshot its date; null where there is none, or it was sent to elsewhere, or nobody can say.</summary>
    public static DateTimeOffset? Find(string jobName, S3CopyRequest request) => StateFolder.Read(
        () => Path.Combine(StateFolder.PathFor(jobName), FileName),
        root =>
        {
            DateTimeOffset time = root.GetProperty("time").GetDateTimeOffset();
            // The machine's zone, or its name, may be another one by now.
            bool isIt = root.GetProperty("destination").GetString() == Destination(request)
                && root.GetProperty("keyPrefix").GetString() == KeyPrefix.Resolve(request.Options.S3Prefix, jobName, time, request.Timezone);
            return isIt ? time : (DateTimeOffset?)null;
        },
        otherwise: null);

    /// <summary>Remembers it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public static void Keep(string jobName, S3CopyRequest request, string keyPrefix, DateTimeOffset time) => StateFolder.Replace(
        Path.Combine(StateFolder.ForJob(jobName).Path, FileName),
        json =>
        {
            json.WriteString("destination", Destination(request));
            json.WriteString("keyPrefix", keyPrefix);
            json.WriteString("time", time);
        });

    /// <summary>Nothing is left of it.</summary>
    /// <exception cref="IOException">It cannot be forgotten.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be forgotten.</exception>
    public static void Forget(string jobName)
    {
        string path = Path.Combine(StateFolder.PathFor(jobName), FileName);
        if (File.Exists(path))
            File.Delete(path);
    }

    private static string Destination(S3CopyRequest request) =>
        string.Join('\n', request.Destination.EndpointUrl, request.Destination.Bucket, request.Options.S3Prefix);
}
