using RsyncS3Backup.Files;

namespace RsyncS3Backup.Jobs;

/// <summary>Where a job writes to.</summary>
/// <param name="Job">The job's name.</param>
/// <param name="Mirror">Its mirror, links followed.</param>
/// <param name="Store">The endpoint and the bucket; null for a job without stage 2.</param>
/// <param name="Prefix">What its keys start with: a <c>/</c> at its end or empty, date tokens as they are.</param>
/// <param name="Path">Its configuration file; null for one made in memory.</param>
internal sealed record JobPlaces(string Job, string Mirror, string? Store, string Prefix, string? Path = null)
{
    /// <summary>The places of a job.</summary>
    public static JobPlaces Of(BackupConfiguration job)
    {
        RsyncOptions rsync = job.Options.Rsync;
        string mirror = System.IO.Path.TrimEndingDirectorySeparator(RealOrFull(rsync.LocalDestination));
        if (job.Destination is not { } destination || !rsync.SyncToS3.Enabled)
            return new JobPlaces(job.Name, mirror, Store: null, "", job.Path);
        string endpoint = destination.EndpointUrl?.TrimEnd('/').ToLowerInvariant() ?? "s3:";
        string prefix = rsync.SyncToS3.S3Prefix is { } given ? KeyPrefix.WithHost(given) : $"rsync/{job.Name}/";
        if (prefix.Length > 0 && !prefix.EndsWith('/'))
            prefix += '/';
        return new JobPlaces(job.Name, mirror, $"{endpoint}//{destination.Bucket}", prefix, job.Path);
    }

    private static string RealOrFull(string path)
    {
        try
        {
            return RealPath.Of(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return System.IO.Path.GetFullPath(path);
        }
    }
}

/// <summary>
/// Jobs that write to one another's places. Each would take what the other wrote for something that left its own source: a prefix in another
/// one is deleted by the next run of that job with <c>deleteFromS3</c>, and two jobs with one mirror are refused in turns. Pure.
/// </summary>
internal static class JobOverlaps
{
    // Tokens of one length in both prefixes stand for one time.
    private static readonly DateTimeOffset Sample = new(2026, 11, 25, 23, 59, 58, TimeSpan.Zero);

    /// <summary>What a job's places have to do with those of others; of the job itself, also of an older file of its name, nothing is said.</summary>
    public static IReadOnlyList<ConfigurationProblem> Find(JobPlaces job, IEnumerable<JobPlaces> others)
    {
        List<ConfigurationProblem> problems = [];
        foreach (JobPlaces other in others)
        {
            if (other.Job == job.Job)
                continue;
            if (Relation(RealPath.IsInside(job.Mirror, other.Mirror), RealPath.IsInside(other.Mirror, job.Mirror)) is { } mirrors)
            {
                problems.Add(new ConfigurationProblem
                {
                    JsonPath = "$.options.rsync.localDestination",
                    Message = $"'{job.Mirror}', the mirror of job '{job.Job}', {mirrors} '{other.Mirror}', the mirror of job '{other.Job}'.",
                    Allowed = "a folder for this job alone: neither another job's mirror, nor in one, nor above one",
                    Path = job.Path,
                });
            }

            bool isOneStore = job.Store is not null && job.Store == other.Store;
            if (isOneStore && Relation(IsBeneath(job.Prefix, other.Prefix), IsBeneath(other.Prefix, job.Prefix)) is { } prefixes)
            {
                problems.Add(new ConfigurationProblem
                {
                    JsonPath = "$.options.rsync.syncToS3.s3Prefix",
                    Message = $"'{job.Prefix}', the key prefix of job '{job.Job}', {prefixes} '{other.Prefix}', that of job '{other.Job}' in the same bucket.",
                    Allowed = $"a prefix for this job alone, such as 'rsync/{job.Job}/': neither another job's, nor in one, nor above one",
                    Path = job.Path,
                });
            }
        }

        return problems;
    }

    private static string? Relation(bool isInside, bool holds) => (isInside, holds) switch
    {
        (true, true) => "is also",
        (true, false) => "lies in",
        (false, true) => "holds",
        _ => null,
    };

    /// <summary>True when keys with a prefix may start with another one too.</summary>
    private static bool IsBeneath(string prefix, string outer)
    {
        string[] parts = prefix.Split('/')[..^1];
        string[] above = outer.Split('/')[..^1];
        return above.Length <= parts.Length && above.Zip(parts).All(pair => MayBeSame(pair.First, pair.Second));
    }

    private static bool MayBeSame(string left, string right)
    {
        DatedSegment first = new(left);
        DatedSegment second = new(right);
        return (first.HasTokens, second.HasTokens) switch
        {
            (true, true) => KeyPrefix.TryExpand(left, Sample, out string one) is null && KeyPrefix.TryExpand(right, Sample, out string two) is null && one == two,
            (true, false) => first.MayBe(right),
            (false, true) => second.MayBe(left),
            _ => left == right,
        };
    }
}
