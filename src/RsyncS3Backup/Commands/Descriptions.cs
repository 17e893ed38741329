namespace RsyncS3Backup.Commands;

/// <summary>What -WhatIf and -Confirm say is about to happen.</summary>
internal static class Descriptions
{
    /// <summary>Both stages of a job.</summary>
    internal static string Job(BackupConfiguration configuration)
    {
        string mirror = $"job '{configuration.Name}': {Mirror(configuration.Sources.Select(source => source.Path), configuration.Options.Rsync)}";
        return configuration.Destination is { } destination && configuration.Options.Rsync.SyncToS3.Enabled
            ? $"{mirror}, then to {Bucket(destination.Bucket, configuration.Options.Rsync.SyncToS3, configuration.Name)}"
            : mirror;
    }

    /// <summary>Stage 2 of a job alone.</summary>
    internal static string Stage2(BackupConfiguration configuration)
    {
        string mirror = $"job '{configuration.Name}': {configuration.Options.Rsync.LocalDestination}";
        return configuration.Destination is { } destination && configuration.Options.Rsync.SyncToS3.Enabled
            ? $"{mirror} to {Bucket(destination.Bucket, configuration.Options.Rsync.SyncToS3, configuration.Name)}"
            : mirror;
    }

    /// <summary>Stage 1.</summary>
    internal static string Mirror(IEnumerable<string> sources, RsyncOptions options) =>
        $"{string.Join(", ", sources)} to {options.LocalDestination}{Deleting(options.DeleteExtraneous)}";

    /// <summary>Stage 2's target.</summary>
    internal static string Bucket(string bucket, S3SyncOptions options, string jobName) =>
        $"s3://{bucket}/{options.S3Prefix ?? $"rsync/{jobName}/"}{Deleting(options.DeleteFromS3)}{Pruning(options)}";

    private static string Pruning(S3SyncOptions options)
    {
        (int? Count, string Of)[] rules =
        [
            (options.KeepLast, "last"), (options.KeepDaily, "daily"), (options.KeepWeekly, "weekly"), (options.KeepMonthly, "monthly"),
            (options.KeepYearly, "yearly"),
        ];
        string[] kept = [.. rules.Where(rule => rule.Count is not null).Select(rule => $"{rule.Count} {rule.Of}")];
        return kept.Length > 0 ? $" (pruning snapshots but {string.Join(", ", kept)})" : "";
    }

    private static string Deleting(bool deletes) => deletes ? " (deleting what is extraneous)" : "";
}
