using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace RsyncS3Backup.Configuration;

/// <summary>What reading a configuration gives: the job, or everything that is wrong with it.</summary>
internal sealed record ConfigurationReadResult
{
    /// <summary>The job; null when there is any problem.</summary>
    public BackupConfiguration? Configuration { get; init; }

    /// <summary>Every problem, in the order of the file; empty for a good one.</summary>
    public IReadOnlyList<ConfigurationProblem> Problems { get; init; } = [];

    /// <summary>
    /// All problems as the one error of a cmdlet: <c>ConfigurationInvalid</c>, <c>ConfigurationMalformed</c>,
    /// <c>ConfigurationNotFound</c> or <c>ConfigurationUnreadable</c>; null for a good configuration.
    /// </summary>
    public BackupError? Error { get; init; }

    /// <summary>The name that stands in the file, also when something else is wrong; null when there is none, or none that a job can have.</summary>
    internal string? WrittenName { get; init; }

    /// <summary>The job.</summary>
    /// <exception cref="BackupException">There is a problem.</exception>
    public BackupConfiguration Required() => Configuration ?? throw new BackupException(Error!);
}

/// <summary>Reads jobs from JSON. Nothing but <see cref="Load"/> throws for what stands in a file: problems are results.</summary>
internal static class ConfigurationReader
{
    // A job is a page of text; a path that names something else, such as a disk image or a device, must not be read to its end.
    private const int LargestFile = 1024 * 1024;

    /// <summary>Reads a job from a file and demands that it is good.</summary>
    /// <exception cref="BackupException">It is not; the error lists every problem, one a line.</exception>
    public static BackupConfiguration Load(string path) => ReadFile(path).Required();

    /// <summary>Reads a job from a file. A job without <c>name</c> gets the file's name without its extension.</summary>
    public static ConfigurationReadResult ReadFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = Path.GetFullPath(path);
        try
        {
            if (Directory.Exists(full))
                return Failed(ConfigurationErrors.Unreadable(full, "it is a folder."), "a file");
            byte[]? content = ReadContent(full);
            return content is null
                ? Failed(ConfigurationErrors.Unreadable(full, "it is larger than 1 MiB, which no job is."), "a file with one job")
                : Read(content, full, Path.GetFileNameWithoutExtension(full));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(ConfigurationErrors.NotFound(full), "a file that exists");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Failed(ConfigurationErrors.Unreadable(full, exception.Message), "a file that can be read");
        }
    }

    /// <summary>Reads a job from text.</summary>
    /// <param name="json">The text, with or without comments and trailing commas.</param>
    /// <param name="path">The file it comes from, which problems name; null for none.</param>
    /// <param name="defaultName">The name of a job that has none; null: the last part of its <c>localDestination</c>.</param>
    public static ConfigurationReadResult Read(string json, string? path, string? defaultName)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Read(Encoding.UTF8.GetBytes(json), path, defaultName);
    }

    /// <inheritdoc cref="Read(string, string?, string?)"/>
    public static ConfigurationReadResult Read(ReadOnlySpan<byte> json, string? path, string? defaultName)
    {
        try
        {
            return Read(ConfigurationParser.Parse(WithoutMark(json)), path, defaultName);
        }
        catch (JsonException exception)
        {
            return Malformed(exception, path);
        }
    }

    /// <summary>Reads a job from a hashtable or an object, given as JSON; see <see cref="ObjectForm"/>.</summary>
    public static ConfigurationReadResult ReadObject(string json) =>
        Read(ObjectForm.OfJob(ConfigurationParser.Parse(Encoding.UTF8.GetBytes(json))), path: null, defaultName: null);

    private static ConfigurationReadResult Read(ConfigurationNode root, string? path, string? defaultName)
    {
        ConfigurationProblems problems = new(path);
        BackupConfiguration? configuration = null;
        if (root.Kind == ConfigurationNodeKind.Object)
            configuration = ReadJob(root, path, defaultName, problems);
        else
            problems.Add(root, "The file does not hold an object.", "one job: { … }");
        if (problems.Count == 0)
            return new ConfigurationReadResult { Configuration = configuration, WrittenName = configuration?.Name };
        IReadOnlyList<ConfigurationProblem> all = problems.InOrder();
        string? name = configuration is { Name: { Length: > 0 } written } && ConfigurationRules.JobName(written) is null ? written : null;
        return new ConfigurationReadResult { Problems = all, Error = ConfigurationErrors.Invalid(path, all), WrittenName = name };
    }

    private static BackupConfiguration ReadJob(
        ConfigurationNode root, string? path, string? defaultName, ConfigurationProblems problems)
    {
        ConfigurationSecrets.Refuse(root, problems);
        ConfigurationObject job = new(root, ConfigurationKeys.Job, problems);
        ConfigurationObject? rsync = job.Object(ConfigurationKeys.Options)?.Object(ConfigurationKeys.Rsync);
        // Where something is missing or wrong its problem is known by now, and what is bound here is never handed out.
        BackupConfiguration configuration = new()
        {
            Name = job.Text(ConfigurationKeys.Name) ?? "",
            BackupType = job.Text(ConfigurationKeys.BackupType) ?? "rsync-to-s3",
            Sources = [.. job.Objects(ConfigurationKeys.Sources).Select(ReadSource)],
            Options = new BackupOptions { Rsync = ReadRsync(rsync) },
            Destination = job.Object(ConfigurationKeys.Destination) is { } destination ? ReadDestination(destination) : null,
            Schedule = job.Object(ConfigurationKeys.Schedule) is { } schedule ? ReadSchedule(schedule) : null,
            Hooks = job.Object(ConfigurationKeys.Hooks) is { } hooks ? SurroundingsReader.ReadHooks(hooks, path, problems) : null,
            Notifications = [.. job.Objects(ConfigurationKeys.Notifications).Select(item => SurroundingsReader.ReadNotification(item, problems))],
            HistoryRetention = DurationText.TryParse(job.Text(ConfigurationKeys.HistoryRetention) ?? "", out TimeSpan kept)
                ? kept
                : BackupConfiguration.DefaultHistoryRetention,
            Retry = job.Object(ConfigurationKeys.Retry) is { } retry ? ReadRetry(retry) : null,
            Log = new LogOptions { System = job.Object(ConfigurationKeys.Log)?.Flag(ConfigurationKeys.SystemLog) ?? false },
            Path = path,
        };
        if (configuration.Options.Rsync.SyncToS3.Enabled && !job.Has(ConfigurationKeys.Destination))
            job.Missing(ConfigurationKeys.Destination);
        CheckSourceNames(job, configuration, problems);
        CheckSmallObjects(rsync?.Object(ConfigurationKeys.SyncToS3), configuration.Options.Rsync.SyncToS3, problems);
        CheckRetention(rsync?.Object(ConfigurationKeys.SyncToS3), configuration.Options.Rsync.SyncToS3, problems);
        CheckEncryption(job.Object(ConfigurationKeys.Destination)?.Object(ConfigurationKeys.Encryption), problems);
        CheckTransports(job, configuration, problems);
        CheckDeleteExcluded(rsync, problems);
        CheckMirror(rsync?.NodeOf(ConfigurationKeys.LocalDestination), configuration, problems);
        return job.Has(ConfigurationKeys.Name) ? configuration : WithDefaultName(configuration, job, defaultName, problems);
    }

    private static void CheckDeleteExcluded(ConfigurationObject? rsync, ConfigurationProblems problems)
    {
        bool deletes = rsync?.Flag(ConfigurationKeys.DeleteExtraneous) ?? rsync?.Has(ConfigurationKeys.DeleteExtraneous) == true;
        if (rsync?.Flag(ConfigurationKeys.DeleteExcluded) == true && !deletes)
        {
            problems.Add(
                rsync.NodeOf(ConfigurationKeys.DeleteExcluded)!, "Without 'deleteExtraneous' nothing is deleted from the mirror.",
                "'deleteExcluded' together with 'deleteExtraneous': true");
        }
    }

    private static BackupSource ReadSource(ConfigurationObject source) => new()
    {
        Path = ConfigurationPaths.Expand(source.Text(ConfigurationKeys.SourcePath) ?? ""),
        Name = source.Text(ConfigurationKeys.SourceName),
        ExcludePatterns = source.Texts(ConfigurationKeys.ExcludePatterns),
        Ssh = source.Object(ConfigurationKeys.Ssh) is { } ssh ? ReadSsh(ssh) : null,
        PasswordFile = ExpandedOrNull(source, ConfigurationKeys.PasswordFile),
    };

    private static SshOptions ReadSsh(ConfigurationObject ssh) => new()
    {
        Port = ssh.Number(ConfigurationKeys.SshPort),
        IdentityFile = ExpandedOrNull(ssh, ConfigurationKeys.IdentityFile),
        KnownHostsFile = ExpandedOrNull(ssh, ConfigurationKeys.KnownHostsFile),
        ConnectTimeout = DurationText.TryParse(ssh.Text(ConfigurationKeys.ConnectTimeout) ?? "", out TimeSpan timeout) ? timeout : null,
    };

    private static string? ExpandedOrNull(ConfigurationObject from, ConfigurationKey key) =>
        from.Text(key) is { } path ? ConfigurationPaths.Expand(path) : null;

    private static RsyncOptions ReadRsync(ConfigurationObject? rsync)
    {
        if (rsync is null)
            return new RsyncOptions { LocalDestination = "" };
        return new RsyncOptions
        {
            LocalDestination = ConfigurationPaths.Expand(rsync.Text(ConfigurationKeys.LocalDestination) ?? ""),
            DeleteExcluded = rsync.Flag(ConfigurationKeys.DeleteExcluded) ?? false,
            OnPartial = rsync.Value<PartialTransferAction>(ConfigurationKeys.OnPartial) ?? default,
            DeleteExtraneous = rsync.Flag(ConfigurationKeys.DeleteExtraneous) ?? false,
            ExcludePatterns = rsync.Texts(ConfigurationKeys.ExcludePatterns),
            IncludePatterns = rsync.Texts(ConfigurationKeys.IncludePatterns),
            PatternFiles = [.. rsync.Texts(ConfigurationKeys.PatternFiles).Select(ConfigurationPaths.Expand)],
            Acls = rsync.Flag(ConfigurationKeys.Acls) ?? false,
            ExtendedAttributes = rsync.Flag(ConfigurationKeys.ExtendedAttributes) ?? false,
            Checksum = rsync.Flag(ConfigurationKeys.Checksum) ?? false,
            ChecksumEvery = DurationText.TryParse(rsync.Text(ConfigurationKeys.ChecksumEvery) ?? "", out TimeSpan every) ? every : null,
            BandwidthLimit = BandwidthText.TryParse(rsync.Text(ConfigurationKeys.BandwidthLimit) ?? "", out long bytes) ? bytes : null,
            NumericIds = rsync.Flag(ConfigurationKeys.NumericIds) ?? false,
            Inplace = rsync.Flag(ConfigurationKeys.Inplace) ?? false,
            Sparse = rsync.Flag(ConfigurationKeys.Sparse) ?? false,
            ExtraArguments = rsync.Texts(ConfigurationKeys.ExtraArguments),
            HardLinks = rsync.Flag(ConfigurationKeys.HardLinks) ?? false,
            MaxDelete = DeleteLimit.TryParse(rsync.Text(ConfigurationKeys.MaxDelete), out DeleteLimit limit)
                ? limit
                : DeleteLimit.Default,
            RequireMountPoint = rsync.Flag(ConfigurationKeys.RequireMountPoint) ?? false,
            RsyncPath = rsync.Text(ConfigurationKeys.RsyncPath) is { } program ? ConfigurationPaths.Expand(program) : null,
            SyncToS3 = rsync.Object(ConfigurationKeys.SyncToS3) is { } syncToS3 ? ReadSyncToS3(syncToS3) : new S3SyncOptions(),
        };
    }

    private static S3SyncOptions ReadSyncToS3(ConfigurationObject syncToS3)
    {
        S3SyncOptions defaults = new();
        return new S3SyncOptions
        {
            Enabled = syncToS3.Flag(ConfigurationKeys.Enabled) ?? defaults.Enabled,
            StorageClass = syncToS3.Text(ConfigurationKeys.StorageClass) ?? defaults.StorageClass,
            S3Prefix = syncToS3.Text(ConfigurationKeys.S3Prefix),
            DeleteFromS3 = syncToS3.Flag(ConfigurationKeys.DeleteFromS3) ?? defaults.DeleteFromS3,
            KeepLast = syncToS3.Number(ConfigurationKeys.KeepLast),
            KeepDaily = syncToS3.Number(ConfigurationKeys.KeepDaily),
            KeepWeekly = syncToS3.Number(ConfigurationKeys.KeepWeekly),
            KeepMonthly = syncToS3.Number(ConfigurationKeys.KeepMonthly),
            KeepYearly = syncToS3.Number(ConfigurationKeys.KeepYearly),
            SyncMode = syncToS3.Value<S3SyncMode>(ConfigurationKeys.SyncMode) ?? defaults.SyncMode,
            ReconcileEvery = DurationText.TryParse(syncToS3.Text(ConfigurationKeys.ReconcileEvery) ?? "", out TimeSpan every)
                ? every
                : defaults.ReconcileEvery,
            ThrottleLimit = syncToS3.Number(ConfigurationKeys.ThrottleLimit),
            SmallObjectStorageClass = syncToS3.Text(ConfigurationKeys.SmallObjectStorageClass),
            DirectoryMarkers = syncToS3.Value<S3DirectoryMarkers>(ConfigurationKeys.DirectoryMarkers) ?? defaults.DirectoryMarkers,
            ExcludePatterns = syncToS3.Texts(ConfigurationKeys.ExcludePatterns),
            Tags = syncToS3.TextMap(ConfigurationKeys.Tags).ToImmutableSortedDictionary(StringComparer.Ordinal),
            BandwidthLimit = BandwidthText.TryParse(syncToS3.Text(ConfigurationKeys.BandwidthLimit) ?? "", out long bytes) ? bytes : null,
            Timeout = DurationText.TryParse(syncToS3.Text(ConfigurationKeys.Timeout) ?? "", out TimeSpan timeout) ? timeout : defaults.Timeout,
        };
    }

    private static S3Destination ReadDestination(ConfigurationObject destination) => new()
    {
        Bucket = destination.Text(ConfigurationKeys.Bucket) ?? "",
        Region = destination.Text(ConfigurationKeys.Region),
        EndpointUrl = destination.Text(ConfigurationKeys.EndpointUrl),
        ForcePathStyle = destination.Flag(ConfigurationKeys.ForcePathStyle),
        ChecksumMode = destination.Value<S3ChecksumMode>(ConfigurationKeys.ChecksumMode) ?? S3ChecksumMode.WhenSupported,
        Profile = destination.Text(ConfigurationKeys.Profile),
        Encryption = destination.Object(ConfigurationKeys.Encryption) is { } encryption ? ReadEncryption(encryption) : null,
        ExpectedBucketOwner = destination.Text(ConfigurationKeys.ExpectedBucketOwner),
    };

    private static S3Encryption ReadEncryption(ConfigurationObject encryption) => new()
    {
        Mode = encryption.Value<S3EncryptionMode>(ConfigurationKeys.EncryptionMode) ?? S3EncryptionMode.SseS3,
        KmsKeyId = encryption.Text(ConfigurationKeys.KmsKeyId),
        BucketKey = encryption.Flag(ConfigurationKeys.BucketKey),
    };

    private static BackupScheduleOptions ReadSchedule(ConfigurationObject schedule) => new()
    {
        CronExpression = schedule.Text(ConfigurationKeys.CronExpression) ?? "",
        Timezone = schedule.Text(ConfigurationKeys.Timezone),
    };

    private static RetryOptions ReadRetry(ConfigurationObject retry)
    {
        RetryOptions defaults = new();
        return new RetryOptions
        {
            Attempts = retry.Number(ConfigurationKeys.RetryAttempts) ?? defaults.Attempts,
            Delay = DurationText.TryParse(retry.Text(ConfigurationKeys.RetryDelay) ?? "", out TimeSpan delay) ? delay : defaults.Delay,
        };
    }

    private static BackupConfiguration WithDefaultName(
        BackupConfiguration configuration, ConfigurationObject job, string? defaultName, ConfigurationProblems problems)
    {
        string mirror = configuration.Options.Rsync.LocalDestination;
        if (defaultName is null && mirror.Length == 0)
            return configuration;
        string name = defaultName ?? ConfigurationPaths.LastPart(mirror);
        if (ConfigurationRules.JobName(name) is { } problem)
        {
            problems.Add("$.name", job.Node.Line, $"The job has no name, and what it would be named after cannot be one: {problem}",
                ConfigurationRules.JobNameAllowed);
        }

        return configuration with { Name = name };
    }

    private static void CheckSourceNames(
        ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        IReadOnlyList<ConfigurationObject> sources = job.Objects(ConfigurationKeys.Sources);
        if (sources.Count < 2)
            return;
        Dictionary<string, string> taken = new(ConfigurationPaths.NameComparer);
        foreach ((ConfigurationObject source, BackupSource bound) in sources.Zip(configuration.Sources))
        {
            // A path or a name that was refused says nothing about its folder.
            if (bound.Path.Length == 0 || (bound.Name is null && source.Has(ConfigurationKeys.SourceName)))
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

    private static void CheckSmallObjects(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        if (syncToS3?.NodeOf(ConfigurationKeys.SmallObjectStorageClass) is not { } node || S3StorageClasses.HasMinimum(options.StorageClass))
            return;
        // A storage class that was refused says nothing about small objects.
        if (syncToS3.Has(ConfigurationKeys.StorageClass) && syncToS3.NodeOf(ConfigurationKeys.StorageClass) is null)
            return;
        problems.Add(node, $"{options.StorageClass} has no smallest billed size, so small objects cost no more there.",
            "this key only with storageClass STANDARD_IA, ONEZONE_IA or GLACIER_IR");
    }

    private static void CheckRetention(ConfigurationObject? syncToS3, S3SyncOptions options, ConfigurationProblems problems)
    {
        // A prefix that was refused says nothing about snapshots.
        if (syncToS3 is null || (syncToS3.Has(ConfigurationKeys.S3Prefix) && syncToS3.NodeOf(ConfigurationKeys.S3Prefix) is null))
            return;
        if (DatedPrefix.NamesTimes(options.S3Prefix))
            return;
        string problem = RsyncS3Backup.KeyPrefix.HasDateTokens(options.S3Prefix)
            ? $"{ConfigurationText.Quote(options.S3Prefix!)} gives the same prefix again at another time, so it does not tell how old a snapshot is."
            : "Only dated snapshots are pruned, and 's3Prefix' has no date tokens.";
        foreach (ConfigurationKey key in ConfigurationKeys.Retention)
        {
            if (syncToS3.NodeOf(key) is { } node)
                problems.Add(node, problem, "this key only with date tokens in 's3Prefix' that begin with the year, such as '{yyyy-MM-dd}'");
        }
    }

    private static void CheckEncryption(ConfigurationObject? encryption, ConfigurationProblems problems)
    {
        if (encryption?.Value<S3EncryptionMode>(ConfigurationKeys.EncryptionMode) is not { } mode)
            return;
        string name = ConfigurationKeys.NameOf(mode);
        if (mode == S3EncryptionMode.SseS3 && encryption.NodeOf(ConfigurationKeys.KmsKeyId) is { } key)
            problems.Add(key, $"{name} uses keys of S3's own, not one of KMS.", "this key only with mode SSE-KMS or DSSE-KMS");
        if (mode != S3EncryptionMode.SseKms && encryption.NodeOf(ConfigurationKeys.BucketKey) is { } bucketKey)
            problems.Add(bucketKey, $"{name} has no bucket keys.", "this key only with mode SSE-KMS");
    }

    private static void CheckTransports(ConfigurationObject job, BackupConfiguration configuration, ConfigurationProblems problems)
    {
        foreach ((ConfigurationObject source, BackupSource bound) in job.Objects(ConfigurationKeys.Sources).Zip(configuration.Sources))
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
                problems.Add(mirror, message, "a folder that is no source, is in no source and holds no source");
            }
        }
    }

    private static byte[]? ReadContent(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream content = new();
        byte[] buffer = new byte[16 * 1024];
        for (int read = file.Read(buffer); read > 0; read = file.Read(buffer))
        {
            content.Write(buffer, 0, read);
            if (content.Length > LargestFile)
                return null;
        }

        return content.ToArray();
    }

    /// <summary>The text as UTF-8 without a byte order mark. Windows PowerShell's Out-File writes UTF-16.</summary>
    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json switch
    {
        [0xEF, 0xBB, 0xBF, ..] => json[3..],
        [0xFF, 0xFE, ..] => Encoding.UTF8.GetBytes(Encoding.Unicode.GetString(json[2..])),
        [0xFE, 0xFF, ..] => Encoding.UTF8.GetBytes(Encoding.BigEndianUnicode.GetString(json[2..])),
        _ => json,
    };

    private static ConfigurationReadResult Malformed(JsonException exception, string? path)
    {
        // Both are counted from 0 there, and the message ends in them once more.
        int line = (int)(exception.LineNumber ?? 0) + 1;
        int column = (int)(exception.BytePositionInLine ?? 0) + 1;
        int end = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string reason = end < 0 ? exception.Message : exception.Message[..end];
        BackupError error = ConfigurationErrors.Malformed(path, reason, line, column);
        return Failed(error, "JSON; comments and trailing commas may be in it", line);
    }

    private static ConfigurationReadResult Failed(BackupError error, string allowed, int? line = null) => new()
    {
        Error = error,
        Problems =
        [
            new ConfigurationProblem { JsonPath = "$", Message = error.Message, Allowed = allowed, Path = error.Target, Line = line },
        ],
    };
}
