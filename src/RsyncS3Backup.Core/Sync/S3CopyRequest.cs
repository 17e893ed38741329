using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Sync;

/// <summary>Where a job's copy in S3 is, and how the job treats it: what those need to know who look into it or restore it.</summary>
internal record S3CopyRequest : S3Access
{
    /// <summary>Where in the bucket it is, and how it is made.</summary>
    public required S3SyncOptions Options { get; init; }

    /// <inheritdoc/>
    internal override string? AskedStorageClass => Options.StorageClass;

    /// <inheritdoc/>
    internal override string ChecksumAlgorithm => Options.ChecksumAlgorithm;

    /// <summary>The time zone of date tokens in the prefix (IANA id); null: the machine's.</summary>
    public string? Timezone { get; init; }

    /// <summary>Bytes a second that may come from S3; null for as fast as it goes.</summary>
    public long? ReceivedBytesPerSecond { get; init; }

    /// <summary>How fast who only reads the copy may do so.</summary>
    internal TransferLimits ReadingLimits => new() { Timeout = Options.Timeout, ReceivedBytesPerSecond = ReceivedBytesPerSecond };

    /// <summary>What the store asks for, where the job says so.</summary>
    public PriceOptions? Prices { get; init; }

    /// <summary>Bytes from which on content that S3 has is copied there rather than sent; tests take fewer.</summary>
    internal long SmallestCopy { get; init; } = SameContent.SmallestCopy;

    /// <summary>The clock; tests have another one.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The copy of a configured job; null for a local-only job.</summary>
    public static S3CopyRequest? Of(BackupConfiguration configuration) =>
        configuration is { Destination: { } destination, Options.Rsync.SyncToS3: { Enabled: true } stage2 }
            ? new S3CopyRequest
            {
                Destination = destination,
                Options = stage2,
                Timezone = configuration.Schedule?.Timezone,
                Prices = configuration.Prices,
            }
            : null;

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
