namespace RsyncS3Backup.Schedulers;

/// <summary>One operating system's scheduler, for the user or for the machine.</summary>
internal interface INativeScheduler
{
    /// <summary>Which one it is.</summary>
    BackupScheduler Kind { get; }

    /// <summary>Whose it is.</summary>
    BackupScheduleScope Scope { get; }

    /// <summary>Why it cannot be used here; null when it can.</summary>
    Task<string?> ObstacleAsync(CancellationToken cancellationToken);

    /// <summary>What may keep it from starting what is registered, though it takes it.</summary>
    Task<IReadOnlyList<string>> DoubtsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>What is registered of this module; empty where the scheduler is not there.</summary>
    Task<IReadOnlyList<NativeEntry>> ListAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Registers, or changes what is registered, and reads it back from the system. What is there already as it should be is not touched.
    /// </summary>
    /// <returns>What the user should know, such as that the job will not run while nobody is logged in.</returns>
    /// <exception cref="BackupException">It cannot be expressed, the system refused, or what it has registered is something else.</exception>
    Task<IReadOnlyList<string>> InstallAsync(ScheduleRegistration registration, CancellationToken cancellationToken);

    /// <summary>Takes it away, and whatever the system keeps because of it.</summary>
    /// <exception cref="BackupException">The system refused, or it is still there.</exception>
    Task RemoveAsync(NativeEntry entry, CancellationToken cancellationToken);

    /// <summary>How the scheduler would start the registered command, for the check of the launcher: in the same
    /// environment.</summary>
    ScheduledStart Check(ScheduleRegistration registration);

    /// <summary>Lets the scheduler start the job now.</summary>
    /// <exception cref="BackupException">The system refused.</exception>
    Task StartAsync(NativeEntry entry, CancellationToken cancellationToken);
}

/// <summary>Something of this module that a scheduler has.</summary>
internal sealed record NativeEntry
{
    /// <summary>The unit, block, agent or task.</summary>
    public required string Name { get; init; }

    /// <summary>The scheduler that has it.</summary>
    public required INativeScheduler Scheduler { get; init; }

    /// <summary>The file that holds it, or what holds it.</summary>
    public required string Location { get; init; }

    /// <summary>What it was made from; null when that cannot be read.</summary>
    public ScheduleRegistration? Registration { get; init; }

    /// <summary>The program and the arguments that are started.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>What differs from what was registered; null when nothing does.</summary>
    public string? Problem { get; init; }
}
