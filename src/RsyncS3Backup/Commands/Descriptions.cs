namespace RsyncS3Backup.Commands;

/// <summary>What -WhatIf and -Confirm say is about to happen.</summary>
internal static class Descriptions
{
    /// <summary>Both stages of a job.</summary>
    internal static string Job(BackupConfiguration configuration)
    {
        RsyncOptions options = configuration.Options.Rsync;
        string stage1 = $"Back up job '{configuration.Name}': {Mirror(configuration.Sources.Select(source => source.Path), options)}";
        return configuration.Destination is { } destination && options.SyncToS3.Enabled
            ? $"{stage1} Then {Sending("it", destination.Bucket, options.SyncToS3, configuration.Name)}"
            : stage1;
    }

    /// <summary>Stage 1 alone.</summary>
    internal static string Stage1(string jobName, IEnumerable<string> sources, RsyncOptions options) =>
        $"Run stage 1 of job '{jobName}': {Mirror(sources, options)}";

    /// <summary>Stage 2 of a job alone.</summary>
    internal static string Stage2(BackupConfiguration configuration)
    {
        RsyncOptions options = configuration.Options.Rsync;
        return configuration.Destination is { } destination && options.SyncToS3.Enabled
            ? Stage2(configuration.Name, options.LocalDestination, destination.Bucket, options.SyncToS3)
            : $"Run stage 2 of job '{configuration.Name}', which sends nothing to S3.";
    }

    /// <summary>Stage 2 alone.</summary>
    internal static string Stage2(string jobName, string mirror, string bucket, S3SyncOptions options) =>
        $"Run stage 2 of job '{jobName}': {Sending($"the mirror {mirror}", bucket, options, jobName)}";

    private static string Mirror(IEnumerable<string> sources, RsyncOptions options) =>
        $"copy {string.Join(", ", sources)} to the mirror {options.LocalDestination}"
        + (options.DeleteExtraneous ? ", and delete from the mirror what the sources no longer have." : ".");

    private static string Sending(string mirror, string bucket, S3SyncOptions options, string jobName) =>
        $"send {mirror} to s3://{bucket}/{options.S3Prefix ?? $"rsync/{jobName}/"}"
        + (options.DeleteFromS3 ? ", and delete from the bucket what the mirror no longer has." : ".") + Pruning(options);

    private static string Pruning(S3SyncOptions options)
    {
        (int? Count, string Of)[] rules =
        [
            (options.KeepLast, "last"), (options.KeepDaily, "daily"), (options.KeepWeekly, "weekly"), (options.KeepMonthly, "monthly"),
            (options.KeepYearly, "yearly"),
        ];
        string[] kept = [.. rules.Where(rule => rule.Count is not null).Select(rule => $"{rule.Count} {rule.Of}")];
        return kept.Length > 0 ? $" Delete snapshots but the {string.Join(", ", kept)}." : "";
    }
}
