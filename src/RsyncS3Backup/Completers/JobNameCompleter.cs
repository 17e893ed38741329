using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of the jobs in the job folders.</summary>
public sealed class JobNameCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() => JobList.Read().Jobs.Select(job => job.Name);
}
