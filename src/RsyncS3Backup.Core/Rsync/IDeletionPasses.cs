namespace RsyncS3Backup.Rsync;

/// <summary>The passes of rsync that a decision about deletions rests on.</summary>
internal interface IDeletionPasses
{
    /// <summary>The first entries that a plan would delete.</summary>
    List<string> FirstDeleted { get; }

    /// <summary>Runs one pass over one source.</summary>
    Task<RsyncPassOutcome> RunAsync(RsyncLeg source, RsyncPass pass, CancellationToken cancellationToken);

    /// <summary>Counts, in a dry run, what a pass that deletes would delete of a source's folder.</summary>
    /// <param name="first">The pass that withheld it.</param>
    /// <param name="names">Takes the first names.</param>
    /// <param name="cancellationToken">Stops rsync.</param>
    /// <exception cref="BackupException">rsync failed.</exception>
    Task<long> CountDeletionsAsync(RsyncPassOutcome first, List<string> names, CancellationToken cancellationToken);
}
