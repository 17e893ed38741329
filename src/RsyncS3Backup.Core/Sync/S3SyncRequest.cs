using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.Sync;

/// <summary>What stage 2 needs to know; from a configuration or from a cmdlet's parameters.</summary>
internal sealed record S3SyncRequest : S3Access
{
    /// <summary>The mirror's root folder.</summary>
    public required string MirrorPath { get; init; }

    /// <summary>What is sent, and how.</summary>
    public required S3SyncOptions Options { get; init; }

    /// <inheritdoc/>
    internal override string? AskedStorageClass => Options.StorageClass;

    /// <summary>How much may be deleted from the bucket.</summary>
    public DeleteLimit MaxDelete { get; init; } = DeleteLimit.Default;

    /// <summary>Delete everything under the prefix when the mirror is empty.</summary>
    public bool AllowEmptyMirror { get; init; }

    /// <summary>Take a key prefix that belongs to another mirror, job or machine, and delete there what nobody known has sent.</summary>
    public bool AllowNewDestination { get; init; }

    /// <summary>Stage 1 of the job ran right before, so that its journals tell what changed in the mirror.</summary>
    public bool FollowsStage1 { get; init; }

    /// <summary>The time zone of date tokens in the prefix (IANA id); null: the machine's.</summary>
    public string? Timezone { get; init; }

    /// <summary>When the stage began, of which a dated prefix is made; null: now.</summary>
    internal DateTimeOffset? StartTime { get; init; }

    /// <summary>A bandwidth limit that other runs share; null: none. That of <see cref="Options"/> holds as well.</summary>
    internal BandwidthLimit? SharedBandwidth { get; init; }

    /// <summary>The clock; tests have another one.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Stage 2 of a configured job whose stage 2 is enabled.</summary>
    public static S3SyncRequest From(BackupConfiguration configuration) => new()
    {
        MirrorPath = configuration.Options.Rsync.LocalDestination,
        Destination = configuration.Destination
            ?? throw new ArgumentException("The configuration has no destination.", nameof(configuration)),
        Options = configuration.Options.Rsync.SyncToS3,
        MaxDelete = configuration.Options.Rsync.MaxDelete,
        Timezone = configuration.Schedule?.Timezone,
    };

    /// <summary>Checks what a cmdlet may have set as it likes.</summary>
    /// <exception cref="BackupException">A value is not allowed.</exception>
    internal void RequireValid()
    {
        (string What, string Value, string? Problem)[] checks =
        [
            ("The bucket's name", Destination.Bucket, ConfigurationRules.BucketName(Destination.Bucket)),
            ("The storage class", Options.StorageClass, ConfigurationRules.StorageClass(Options.StorageClass)),
            ("The key prefix", Options.S3Prefix ?? "", Options.S3Prefix is { } prefix ? ConfigurationRules.KeyPrefix(prefix) : null),
            ("The endpoint", Destination.EndpointUrl ?? "",
                Destination.EndpointUrl is { } endpoint ? ConfigurationRules.EndpointUrl(endpoint) : null),
        ];
        foreach ((string what, string value, string? problem) in checks)
        {
            if (problem is not null)
                throw SyncErrors.ParameterInvalid(what, value, problem);
        }
    }
}
