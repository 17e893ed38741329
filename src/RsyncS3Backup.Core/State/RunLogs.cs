namespace RsyncS3Backup.State;

/// <summary>The logs of a job's runs, <c>logs/{runId}.jsonl</c> in its state folder. A log stays as long as its run is in the history.</summary>
internal static class RunLogs
{
    /// <summary>Logs whose runs are in no history (it was damaged and set aside, for one) stay up to so many.</summary>
    internal const int MostWithoutRun = 1000;

    private const string FolderName = "logs";
    private const string Extension = ".jsonl";

    /// <summary>A run's log in the job's state folder, which is made.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    public static string PathOf(string jobName, string runId) => Path.Combine(StateFolder.ForJob(jobName).Folder(FolderName), runId + Extension);

    /// <summary>A run's log; null when it is not there any more, or never was. Nothing is made.</summary>
    public static string? Find(string jobName, string runId)
    {
        // The id may come from anywhere, and a name is all that it may be.
        if (runId.Length == 0 || runId != Path.GetFileName(runId))
            return null;
        string path = Path.Combine(StateFolder.PathFor(jobName), FolderName, runId + Extension);
        return File.Exists(path) ? path : null;
    }

    /// <summary>Removes the logs of runs that are not in the history any more. One that cannot be removed stays.</summary>
    /// <param name="stateFolder">The job's state folder.</param>
    /// <param name="runIds">The runs.</param>
    public static void Remove(string stateFolder, IEnumerable<string> runIds)
    {
        foreach (string runId in runIds)
        {
            // The ids come from a file, and a name is all that they may be.
            if (runId == Path.GetFileName(runId))
                Delete(Path.Combine(stateFolder, FolderName, runId + Extension));
        }
    }

    /// <summary>Removes logs without a run in the history that are too old or too many.</summary>
    /// <param name="stateFolder">The job's state folder.</param>
    /// <param name="runIds">The runs in the history.</param>
    /// <param name="before">Removes those last written before.</param>
    public static void RemoveOrphans(string stateFolder, IReadOnlySet<string> runIds, DateTimeOffset before)
    {
        try
        {
            IEnumerable<FileInfo> newestFirst = new DirectoryInfo(Path.Combine(stateFolder, FolderName)).EnumerateFiles("*" + Extension)
                .Where(file => !runIds.Contains(Path.GetFileNameWithoutExtension(file.Name)))
                .OrderByDescending(file => file.LastWriteTimeUtc);
            int kept = 0;
            foreach (FileInfo file in newestFirst)
            {
                if (file.LastWriteTimeUtc < before.UtcDateTime || ++kept > MostWithoutRun)
                    Delete(file.FullName);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next run tries again.
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Read-only, or open on Windows; it is without a run from now on, and goes with those.
        }
    }
}
