using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Input;

/// <summary>Which histories names and wildcards mean.</summary>
internal static class HistorySelection
{
    /// <summary>The histories of the jobs of these names, or of all jobs; each plain name without one is told.</summary>
    /// <param name="names">Names, with or without wildcards; none: all.</param>
    /// <param name="missing">Told of each name that no history has.</param>
    internal static IEnumerable<JobHistory> Select(IReadOnlyList<string> names, Action<string, BackupError> missing)
    {
        // What an object named is escaped, and means one job.
        JobHistory?[] exact = [.. names.Select(name => JobHistory.Find(NameSelection.Shown(name)))];
        if (names.Count > 0 && exact.All(history => history is not null))
            return exact.OfType<JobHistory>().DistinctBy(history => history.Name, StringComparer.Ordinal);
        return NameSelection.Choose(
            JobHistory.All(), history => history.Name, names, name => missing(name, HistoryErrors.NotFound(name)));
    }
}
