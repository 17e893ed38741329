using RsyncS3Backup.Configuration.Keys;

namespace RsyncS3Backup.Configuration;

/// <summary>What the keys of a job must be to one another.</summary>
internal static class ConfigurationChecks
{
    /// <summary>Reports where keys that are good by themselves do not fit together.</summary>
    public static void Run(ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        ConfigurationObject? rsync = job.Object("options")?.Object("rsync");
        ConfigurationObject? syncToS3 = rsync?.Object("syncToS3");
        S3SyncOptions stage2 = configuration.Options.Rsync.SyncToS3;
        if (stage2.Enabled && !job.Has("destination"))
            job.Missing("destination");
        CheckSourceNames(job, configuration, problems);
        CheckSmallObjects(syncToS3, stage2, problems);
        CheckRetention(syncToS3, stage2, problems);
        CheckDeleteAfter(syncToS3, stage2, problems);
        CheckLifecycle(syncToS3, stage2, problems);
        CheckEncryption(job.Object("destination")?.Object("encryption"), problems);
        CheckEndpoint(job.Object("destination"), problems);
        CheckAccessPoint(job.Object("destination"), syncToS3, problems);
        CheckTransports(job, configuration, problems);
        CheckDeleteExcluded(rsync, problems);
        CheckDrives(rsync?.NodeOf("drives"), configuration.Options.Rsync, problems);
        CheckMirror(rsync?.NodeOf("localDestination"), configuration, problems);
        CheckTests(job, configuration, problems);
    }

    private static void CheckTests(ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        IReadOnlyList<ConfigurationObject> tests = job.Objects("tests");
        if (tests.Count > 0 && !configuration.Options.Rsync.SyncToS3.Enabled)
            problems.Add(job.NodeOf("tests") ?? tests[0].Node, "A local-only job has one copy, which nothing can be compared with.", "'tests' with stage 2 only");
        Dictionary<BackupTestLevel, string> taken = [];
        foreach ((ConfigurationObject test, TestOptions read) in tests.Zip(configuration.Tests))
        {
            bool hasCron = test.Has("cron");
            if (hasCron == test.Has("every"))
            {
                problems.Add(test.Node, hasCron ? "'cron' and 'every' stand here both." : "Neither 'cron' nor 'every' stands here.",
                    "one of the two: 'cron' with five fields, or 'every' with a duration");
            }

            // A level that was refused is not the default.
            if (test.NodeOf("level") is { } level && !taken.TryAdd(read.Level, test.Node.JsonPath))
                problems.Add(level, $"{taken[read.Level]} is of this level too.", "each level once");
            if (test.NodeOf("samplePercent") is { } share && read.SamplePercent != 1 && read.Level is not (BackupTestLevel.Sample or BackupTestLevel.Restore))
                problems.Add(share, "This level takes no share.", "this key only with the levels 'sample' and 'restore'");
        }
    }

    /// <summary>A job that has no name, named after its file or its mirror.</summary>
    public static BackupConfiguration WithDefaultName(
        BackupConfiguration configuration, ConfigurationObject job, string? defaultName, ConfigurationProblems problems)
    {
        string mirror = configuration.Options.Rsync.LocalDestination;
        if (defaultName is null && mirror.Length == 0)
            return configuration;
        string name = defaultName ?? ConfigurationPaths.LastPart(mirror);
        if (ConfigurationRules.JobName(name) is { } problem)
        {
            problems.AddMissing(job.Node, "name", $"The job has no name, and what it would be named after cannot be one: {problem}",
                KeyRule.JobName.Allowed);
        }

        return configuration with { Name = name };
    }

    private static void CheckSourceNames(
        ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        IReadOnlyList<ConfigurationObject> sources = job.Objects("sources");
        if (sources.Count < 2)
            return;
        Dictionary<string, string> taken = new(ConfigurationPaths.NameComparer);
        foreach ((ConfigurationObject source, BackupSource bound) in sources.Zip(configuration.Sources))
        {
            // A path or a name that was refused says nothing about its folder.
            if (bound.Path.Length == 0 || (bound.Name is null && source.Has("name")))
                continue;
            string name = bound.Name ?? ConfigurationPaths.LastPart(bound.Path);
            const string allowed = "a name of its own for each of several sources";
            string? problem = name.Length == 0
                ? $"{ConfigurationText.Quote(bound.Path)} has no last part to name its folder in the mirror."
                : taken.TryAdd(name, source.Node.JsonPath)
                    ? null
                    : $"Its folder in the mirror is {ConfigurationText.Quote(name)}, as is that of {taken[name]}.";
            if (problem is not null)
                problems.Add(source.Node, problem, allowed);
        }
    }

    // What the SDK's rules for endpoints refuse.
    private static void CheckEndpoint(ConfigurationObject? destination, ConfigurationProblems problems)
    {
        foreach (string key in new[] { "useDualStack", "useFips", "useAccelerate" })
        {
            if (destination?.Flag(key) == true && destination.Has("endpointUrl"))
            {
                problems.Add(
                    destination.NodeOf(key)!, "It chooses between endpoints of AWS, and 'endpointUrl' names one.",
                    "this key only without 'endpointUrl'");
            }
        }

        if (destination?.Flag("useAccelerate") != true || destination.Has("endpointUrl"))
            return;
        string? problem = destination.Flag("useFips") == true ? "There is no endpoint for both acceleration and FIPS."
            : destination.Flag("forcePathStyle") == true ? "Acceleration takes the bucket's name in the host only."
            : destination.Text("bucket")?.Contains('.', StringComparison.Ordinal) == true ? "Acceleration takes no bucket with a dot in its name."
            : null;
        if (problem is not null)
        {
            problems.Add(
                destination.NodeOf("useAccelerate")!, problem,
                "this key only without 'useFips', 'forcePathStyle' and dots in 'bucket'");
        }
    }

    // What S3 does not do for an access point, and what its ARN says already.
    private static void CheckAccessPoint(
        ConfigurationObject? destination, ConfigurationObject? syncToS3, ConfigurationProblems problems)
    {
        if (destination?.Text("bucket") is not { } bucket || AccessPointArn.Find(bucket) is not { } arn)
            return;
        const string allowed = "this key only with the name of a bucket in 'bucket'";
        if (destination.NodeOf("region") is { } region && region.Text != arn.Region)
        {
            problems.Add(
                region, $"The access point is in {ConfigurationText.Quote(arn.Region)}.", "the region of the ARN in 'bucket', or none");
        }

        if (destination.Flag("forcePathStyle") == true)
            problems.Add(destination.NodeOf("forcePathStyle")!, "An access point has no path.", allowed);
        if (destination.Flag("useAccelerate") == true && !destination.Has("endpointUrl"))
            problems.Add(destination.NodeOf("useAccelerate")!, "Acceleration knows no access points.", allowed);
        if (syncToS3?.NodeOf("lifecycle") is { } lifecycle)
            problems.Add(lifecycle, "An access point has no lifecycle rules.", allowed);
    }

    private static void CheckSmallObjects(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        if (syncToS3?.NodeOf("smallObjectStorageClass") is not { } node || S3StorageClasses.HasMinimum(options.StorageClass))
            return;
        // A storage class that was refused says nothing about small objects.
        if (syncToS3.Has("storageClass") && syncToS3.NodeOf("storageClass") is null)
            return;
        problems.Add(node, $"{options.StorageClass} has no smallest billed size, so small objects cost no more there.",
            "this key only with storageClass STANDARD_IA, ONEZONE_IA or GLACIER_IR");
    }

    private static void CheckRetention(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        // A prefix that was refused says nothing about snapshots.
        if (syncToS3 is null || (syncToS3.Has("s3Prefix") && syncToS3.NodeOf("s3Prefix") is null))
            return;
        if (DatedPrefix.NamesTimes(options.S3Prefix))
            return;
        string problem = RsyncS3Backup.KeyPrefix.HasDateTokens(options.S3Prefix)
            ? $"{ConfigurationText.Quote(options.S3Prefix!)} gives the same prefix again at another time, so it does not tell how old a snapshot is."
            : "Only dated snapshots are pruned, and 's3Prefix' has no date tokens.";
        foreach (string key in SyncToS3Keys.Retention)
        {
            if (syncToS3.NodeOf(key) is { } node)
                problems.Add(node, problem, "this key only with date tokens in 's3Prefix' that begin with the year, such as '{yyyy-MM-dd}'");
        }
    }

    private static void CheckDeleteAfter(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        if (syncToS3?.NodeOf("deleteAfter") is not { } node)
            return;
        if (!options.DeleteFromS3)
            problems.Add(node, "Nothing is deleted from S3 without 'deleteFromS3'.", "this key only with 'deleteFromS3': true");
        else if (RsyncS3Backup.KeyPrefix.HasDateTokens(options.S3Prefix))
            problems.Add(node, "A dated snapshot has what the mirror had that day, and no more.", "this key only without date tokens in 's3Prefix'");
    }

    private static void CheckLifecycle(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        if (syncToS3?.Object("lifecycle") is not { } lifecycle || options.Lifecycle is not { } wanted)
            return;
        CheckTransitions(lifecycle, options.StorageClass, wanted.Transitions, null, problems);
        if (lifecycle.Object("noncurrentVersions") is not { } versions || wanted.NoncurrentVersions is not { } noncurrent)
            return;
        CheckTransitions(versions, options.StorageClass, noncurrent.Transitions, noncurrent.ExpireAfterDays, problems);
        if (versions.NodeOf("keepNewest") is { } keep && !versions.Has("expireAfterDays"))
            problems.Add(keep, "Nothing says when the other versions go.", "'keepNewest' together with 'expireAfterDays'");
    }

    private static void CheckTransitions(
        ConfigurationObject owner, string storageClass, IReadOnlyList<LifecycleTransition> steps, int? expireAfterDays,
        ConfigurationProblems problems)
    {
        IReadOnlyList<ConfigurationObject> given = owner.Objects("transitions");
        // A step that was refused says nothing about those around it.
        if (given.Count != steps.Count || !given.All(step => step.IsGood("afterDays") && step.IsGood("storageClass")))
            return;
        foreach ((int index, string problem, string allowed) in LifecycleLimits.Find(storageClass, steps, expireAfterDays))
            problems.Add(given[index].Node, problem, allowed);
    }

    private static void CheckEncryption(ConfigurationObject? encryption, ConfigurationProblems problems)
    {
        if (encryption?.Text("mode") is not { } text)
            return;
        S3EncryptionMode mode = ConfigurationKeys.ValueOf<S3EncryptionMode>(text);
        string name = ConfigurationKeys.NameOf(mode);
        if (mode == S3EncryptionMode.SseS3 && encryption.NodeOf("kmsKeyId") is { } key)
            problems.Add(key, $"{name} uses keys of S3's own, not one of KMS.", "this key only with mode SSE-KMS or DSSE-KMS");
        if (mode != S3EncryptionMode.SseKms && encryption.NodeOf("bucketKey") is { } bucketKey)
            problems.Add(bucketKey, $"{name} has no bucket keys.", "this key only with mode SSE-KMS");
    }

    private static void CheckTransports(ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        foreach ((ConfigurationObject source, BackupSource bound) in job.Objects("sources").Zip(configuration.Sources))
        {
            if (bound.Path.Length == 0)
                continue;
            RemoteTransport? transport = RemotePath.IsRemote(bound.Path) && RemotePath.TryRead(bound.Path, out RemotePath? remote) is null
                ? remote!.Transport
                : null;
            string quoted = ConfigurationText.Quote(bound.Path);
            if (bound.Ssh is not null && transport != RemoteTransport.Ssh)
                problems.Add(source.Node, $"{quoted} is not reached by ssh, so 'ssh' has no place here.", "'ssh' with '[user@]host:/path'");
            if (bound.PasswordFile is not null && transport != RemoteTransport.Daemon)
            {
                problems.Add(source.Node, $"{quoted} is on no rsync daemon, so 'passwordFile' has no place here.",
                    "'passwordFile' with '[user@]host::module/path' or 'rsync://…'; ssh logs in with 'ssh.identityFile'");
            }
        }
    }

    private static void CheckMirror(ConfigurationNode? mirror, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        if (mirror is null)
            return;
        string destination = configuration.Options.Rsync.LocalDestination;
        foreach (string source in configuration.Sources.Select(source => source.Path).Where(path => path.Length > 0 && !RemotePath.IsRemote(path)))
        {
            string? relation = ConfigurationPaths.AreSame(destination, source) ? "is"
                : ConfigurationPaths.IsInside(destination, source) ? "is inside"
                : ConfigurationPaths.IsInside(source, destination) ? "holds"
                : null;
            if (relation is not null)
            {
                string message = $"{ConfigurationText.Quote(destination)} {relation} the source {ConfigurationText.Quote(source)}.";
                problems.Add(mirror, message, "a folder that is not a source, is in no source and holds no source");
            }
        }
    }

    // Each drive that has its turn must be all that the sources are, and nothing else: what it has of former times would go over what is newer.
    private static void CheckDrives(ConfigurationNode? drives, RsyncOptions options, ConfigurationProblems problems)
    {
        if (drives is null || options.Drives < 2)
            return;
        string? why = !options.DeleteExtraneous || !options.DeleteExcluded ? "A drive that takes turns must lose what the sources no longer have."
            : options.OnPartial != PartialTransferAction.Stop ? "A drive that takes turns must have all that the sources have."
            : options.HardLinks ? "Each drive has other numbers for the files with several names."
            : options.ExtraArguments.FirstOrDefault(argument => !ExtraArguments.LeavesMirrorWhole(argument)) is { } argument
                ? $"A drive that takes turns must be as the sources are, and {ConfigurationText.Quote(argument)} makes it otherwise."
            : null;
        if (why is not null)
        {
            problems.Add(drives, why, "more than 1 with 'deleteExtraneous' and 'deleteExcluded', 'onPartial' 'stop', without 'hardLinks', and of "
                + $"'extraArguments' only {string.Join(", ", ExtraArguments.LeavingMirrorWhole)}");
        }
    }

    private static void CheckDeleteExcluded(ConfigurationObject? rsync, ConfigurationProblems problems)
    {
        bool deletes = rsync?.Flag("deleteExtraneous") ?? rsync?.Has("deleteExtraneous") == true;
        if (rsync?.Flag("deleteExcluded") == true && !deletes)
        {
            problems.Add(
                rsync.NodeOf("deleteExcluded")!, "Without 'deleteExtraneous' nothing is deleted from the mirror.",
                "'deleteExcluded' together with 'deleteExtraneous': true");
        }
    }
}
