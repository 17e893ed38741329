using System.Management.Automation;
using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Commands;

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
            JobFile[] matches = [.. Matches(list, name)];
            if (matches.Length == 0)
                missing(name);
            chosen.AddRange(matches.Where(match => !chosen.Contains(match)));
        }

        return chosen;
    }

    private static IEnumerable<JobFile> Matches(JobList list, string name)
    {
        // A name may hold what looks like a wildcard, and two names may differ in case alone.
        foreach (StringComparison comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
        {
            JobFile[] exact = [.. list.Jobs.Where(job => job.Name.Equals(name, comparison))];
            if (exact.Length > 0)
                return exact;
        }

        WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        return WildcardPattern.ContainsWildcardCharacters(name) ? list.Jobs.Where(job => pattern.IsMatch(job.Name)) : [];
    }
}
