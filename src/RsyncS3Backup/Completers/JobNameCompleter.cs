using RsyncS3Backup.Jobs;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of the jobs in the job folders.</summary>
public sealed class JobNameCompleter() : NameCompleter(() => JobList.Read().Jobs.Select(job => job.Name));
