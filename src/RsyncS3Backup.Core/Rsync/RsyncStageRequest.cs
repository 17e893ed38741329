namespace RsyncS3Backup.Rsync;

/// <summary>What stage 1 needs to know; from a configuration or from a cmdlet's parameters.</summary>
internal sealed record RsyncStageRequest
{
    /// <summary>What is mirrored; at least one.</summary>
    public required IReadOnlyList<BackupSource> Sources { get; init; }

    /// <summary>How, and where to.</summary>
    public required RsyncOptions Options { get; init; }

    /// <summary>The configuration that both come from; null when they come from parameters.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>Mirror an empty source although the mirror is not empty.</summary>
    public bool AllowEmptySource { get; init; }

    /// <summary>Take a destination that is not the mirror that the job knows, and make it the job's mirror.</summary>
    public bool AllowNewDestination { get; init; }

    /// <summary>Take sources that are on other file systems than before, or that are not file systems of their own any more.</summary>
    public bool AllowNewSource { get; init; }

    /// <summary>When the stage ends, done or not; null: when it is done.</summary>
    public DateTimeOffset? StopTime { get; init; }

    /// <summary>The clock of that time; tests have another one.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Stage 1 of a configured job.</summary>
    public static RsyncStageRequest From(BackupConfiguration configuration) => new()
    {
        Sources = configuration.Sources,
        Options = configuration.Options.Rsync,
        Configuration = configuration,
    };
}
