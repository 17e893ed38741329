using System.Management.Automation;
using RsyncS3Backup.Pipeline;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Commands;

/// <summary>What the cmdlets of the history share: which jobs a name means.</summary>
public abstract class HistoryCmdlet : BackupCmdlet
{
    /// <summary>The histories of the jobs of these names, or of all jobs; a plain name without one is a non-terminating error.</summary>
    private protected IEnumerable<JobHistory> Histories(IReadOnlyList<string> names)
    {
        if (names.Count > 0 && names.Select(JobHistory.Find).ToArray() is var exact && exact.All(history => history is not null))
            return exact.OfType<JobHistory>().DistinctBy(history => history.Name, StringComparer.Ordinal);
        IReadOnlyList<JobHistory> all = JobHistory.All();
        if (names.Count == 0)
            return all;
        HashSet<JobHistory> chosen = [];
        foreach (string name in names)
        {
            IReadOnlyList<JobHistory> matches = NameSelection.Matches(all, history => history.Name, name);
            chosen.UnionWith(matches);
            if (matches.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                WriteError(ErrorRecords.From(HistoryErrors.NotFound(NameSelection.Shown(name))));
        }

        return all.Where(chosen.Contains);
    }
}
