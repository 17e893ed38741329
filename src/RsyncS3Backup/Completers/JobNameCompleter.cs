using RsyncS3Backup.State;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of jobs that have a history.</summary>
public sealed class JobNameCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() => JobHistory.All().Select(history => history.Name);
}
