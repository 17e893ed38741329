using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Input;

/// <summary>Which jobs names and wildcards mean.</summary>
internal static class JobSelection
{
    /// <summary>The jobs of the names, in the order of the names, each once.</summary>
    /// <param name="list">The jobs that there are.</param>
    /// <param name="names">Names, with or without wildcards.</param>
    /// <param name="missing">Called for each name that no job has.</param>
    internal static IReadOnlyList<JobFile> Select(JobList list, IEnumerable<string> names, Action<string> missing)
    {
        List<JobFile> chosen = [];
        foreach (string name in names)
        {
            IReadOnlyList<JobFile> matches = NameSelection.Matches(list.Jobs, job => job.Name, name);
            if (matches.Count == 0)
                missing(name);
            chosen.AddRange(matches.Where(match => !chosen.Contains(match)));
        }

        return chosen;
    }
}
