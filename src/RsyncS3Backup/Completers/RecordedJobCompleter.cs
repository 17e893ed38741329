using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of jobs that have a history, whether they are in a job folder or not.</summary>
public sealed class RecordedJobCompleter() : NameCompleter(() => JobHistory.All().Select(history => history.Name));
