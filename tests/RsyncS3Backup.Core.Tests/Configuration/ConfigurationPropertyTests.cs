using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationPropertyTests
{
    [Property(Arbitrary = [typeof(Jobs)], MaxTest = 300)]
    [Trait("Category", "Slow")]
    public bool What_is_written_reads_as_the_same_job(BackupConfiguration job)
    {
        BackupConfiguration read = ConfigurationReader.Read(ConfigurationWriter.ToJson(job), null, null).Required();
        return JsonSerializer.Serialize(read) == JsonSerializer.Serialize(job);
    }

    [Property(MaxTest = 1000)]
    [Trait("Category", "Slow")]
    public bool Damaged_json_gives_a_job_or_problems_and_never_throws(PositiveInt position, byte replacement, PositiveInt length, byte how)
    {
        List<byte> json = [.. Encoding.UTF8.GetBytes(ConfigurationSamples.Full)];
        int at = position.Get * 7919 % json.Count;
        int count = Math.Min(length.Get, json.Count - at);
        if (how % 3 == 0)
            json[at] = replacement;
        else if (how % 3 == 1)
            json.RemoveRange(at, count);
        else
            json.InsertRange(at, json.GetRange(at, count));
        return IsConsistent(ConfigurationReader.Read(json.ToArray(), null, null));
    }

    [Property(MaxTest = 1000)]
    [Trait("Category", "Slow")]
    public bool Any_value_at_any_key_gives_a_job_or_problems_and_never_throws(NonNegativeInt key, string? text, int number, byte kind)
    {
        string value = (kind % 5) switch
        {
            0 => JsonSerializer.Serialize(text),
            1 => JsonSerializer.Serialize(number),
            2 => JsonSerializer.Serialize(new[] { text }),
            3 => JsonSerializer.Serialize(new Dictionary<string, int> { [text ?? ""] = number }),
            _ => "true",
        };
        (string parent, ConfigurationKey known) = ConfigurationKeys.All[key.Get % ConfigurationKeys.All.Count];
        string path = parent == "$.sources[].ssh" ? $"$.sources[2].ssh.{known.Name}" : $"{parent.Replace("[]", "[0]", StringComparison.Ordinal)}.{known.Name}";
        return IsConsistent(ConfigurationReader.Read(ConfigurationSamples.With(path, value), null, null));
    }

    [Property(MaxTest = 500)]
    [Trait("Category", "Slow")]
    public bool Any_text_is_judged_by_every_rule_without_an_exception(string? text)
    {
        string value = text ?? "";
        Func<string, string?>[] rules =
        [
            ConfigurationRules.BucketName, ConfigurationRules.StorageClass, ConfigurationRules.KeyPrefix, ConfigurationRules.EndpointUrl,
            ConfigurationRules.CronExpression, ConfigurationRules.TimeZone, ConfigurationRules.SourcePath, ConfigurationRules.JobName,
        ];
        return rules.All(rule => rule(value) is null or { Length: > 0 });
    }

    [Property(MaxTest = 500)]
    public bool A_prefix_that_is_allowed_resolves_to_a_folder(string? text)
    {
        string prefix = text ?? "";
        if (ConfigurationRules.KeyPrefix(prefix) is not null)
            return true;
        string resolved = KeyPrefix.Resolve(prefix, "job", DateTimeOffset.UnixEpoch, "UTC");
        bool isFolder = resolved.EndsWith('/') && !resolved.StartsWith('/') && !resolved.Contains("//", StringComparison.Ordinal);
        return isFolder || resolved.Length == 0;
    }

    [Property(MaxTest = 500)]
    public bool A_duration_reads_as_it_was_written(PositiveInt ticks, PositiveInt factor)
    {
        TimeSpan duration = TimeSpan.FromTicks((long)ticks.Get * factor.Get);
        return DurationText.TryParse(DurationText.Format(duration), out TimeSpan read) && read == duration;
    }

    private static bool IsConsistent(ConfigurationReadResult result) =>
        result.Configuration is not null
            ? result.Problems.Count == 0 && result.Error is null
            : result.Problems.Count > 0 && result.Error is { ExitCode: BackupExitCode.BadConfiguration };

    private static class Jobs
    {
        private static readonly Gen<string> Word =
            Gen.Elements("photos", "My Files", "a+b %41", "ünïcode", "写真", "😀", "quote\"d", "it's", "{yyyy}", "x.y-z_1");

        private static readonly Gen<bool> Flag = Gen.Elements(true, false);

        public static Arbitrary<BackupConfiguration> Job() => Arb.From(
            from name in Word
            from sources in Sources
            from rsync in Rsync
            from destination in Destination
            from schedule in Optional(Schedule)
            from retention in Gen.Choose(1, 100_000_000)
            from hooks in Optional(Hooks)
            from notifications in Notification.ListOf()
            from attempts in Gen.Choose(1, 100)
            from system in Flag
            select new BackupConfiguration
            {
                Name = name,
                Sources = sources,
                Options = new BackupOptions { Rsync = rsync },
                Destination = rsync.SyncToS3.Enabled ? destination : null,
                Schedule = schedule,
                Tests = system && rsync.SyncToS3.Enabled
                    ? [new TestOptions { Level = BackupTestLevel.Full, Every = TimeSpan.FromMilliseconds(retention) }] : [],
                MaxAge = system ? TimeSpan.FromMilliseconds(attempts) : null,
                StopAt = system ? $"{attempts % 24:00}:{attempts % 60:00}" : null,
                KeepAwake = system,
                Hooks = hooks,
                Notifications = [.. notifications],
                HistoryRetention = TimeSpan.FromMilliseconds(retention),
                Retry = system ? null : new RetryOptions { Attempts = attempts, Delay = TimeSpan.FromMilliseconds(retention) },
                Log = new LogOptions { System = system },
                Metrics = system ? new MetricOptions { Path = $"/metrics/{name}" } : null,
            });

        private static Gen<BackupSource[]> Sources =>
            from count in Gen.Choose(1, 4)
            from words in Word.ArrayOf(count)
            from named in Flag
            select words.Select((word, index) => new BackupSource
            {
                Path = $"/data/{index}/{word}{index}",
                Name = named ? $"{index} {word}" : null,
            }).ToArray();

        private static Gen<RsyncOptions> Rsync =>
            from word in Word
            from deleteExtraneous in Flag
            from patterns in Word.ListOf()
            from hardLinks in Flag
            from maxDelete in MaxDelete
            from maxChange in MaxChange
            from requireMountPoint in Flag
            from rsyncPath in Optional(Gen.Constant("/opt/bin/rsync"))
            from syncToS3 in SyncToS3
            from flags in Flag.ArrayOf(6)
            from bytes in Gen.Choose(1024, int.MaxValue)
            from seconds in Gen.Choose(1, 100_000_000)
            select new RsyncOptions
            {
                IncludePatterns = flags[0] ? [.. patterns] : [],
                PatternFiles = flags[1] ? ["/etc/patterns"] : [],
                Acls = flags[2],
                ExtendedAttributes = flags[3],
                Checksum = flags[4],
                ChecksumEvery = flags[5] ? TimeSpan.FromSeconds(seconds) : null,
                BandwidthLimit = flags[0] ? bytes : null,
                NumericIds = flags[1],
                Inplace = flags[2],
                Sparse = flags[3],
                ExtraArguments = flags[4] ? ["--fuzzy", "--timeout=9"] : [],
                LocalDestination = "/mnt/" + word,
                DeleteExtraneous = deleteExtraneous,
                ExcludePatterns = [.. patterns],
                HardLinks = hardLinks,
                MaxDelete = maxDelete,
                MaxChange = maxChange,
                RequireMountPoint = requireMountPoint,
                WhenAbsent = flags[5] ? AbsentMirrorAction.Skip : AbsentMirrorAction.Fail,
                WakeWait = flags[0] ? TimeSpan.FromSeconds(seconds) : null,
                RsyncPath = rsyncPath,
                SyncToS3 = syncToS3,
            };

        private static Gen<ChangeLimit> MaxChange => Gen.Elements("off", "0", "500", "60%", "12.5%", "60% or 500").Select(
            text => ChangeLimit.TryParse(text, out ChangeLimit limit) ? limit : throw new InvalidOperationException(text));

        private static Gen<DeleteLimit> MaxDelete => Gen.OneOf(
            Gen.Constant(DeleteLimit.Default),
            Gen.Choose(0, int.MaxValue).Select(count => DeleteLimit.OfCount(count * 1000L)),
            Gen.Choose(0, 1_000_000_000).Select(part => DeleteLimit.OfPercent(part / 10_000_000.0)));

        private static Gen<S3SyncOptions> SyncToS3 =>
            from enabled in Flag
            from storageClass in Gen.Elements(S3StorageClasses.All.ToArray())
            from prefix in Optional(Gen.Elements("", "a", "rsync/photos/", "rsync/{yyyy-MM-dd}/", "写真/😀 +%/"))
            from deleteFromS3 in Flag
            from syncMode in Gen.Elements(Enum.GetValues<S3SyncMode>())
            from seconds in Gen.Choose(1, 100_000_000)
            from throttled in Flag
            from throttleLimit in Gen.Choose(1, 1024)
            from markers in Gen.Elements(Enum.GetValues<S3DirectoryMarkers>())
            from patterns in Word.ListOf()
            from tags in Word.ListOf()
            from lifecycle in Optional(Lifecycle(storageClass))
            from protection in Optional(Protection)
            select new S3SyncOptions
            {
                Lifecycle = lifecycle,
                Protection = protection,
                ChecksumAlgorithm = S3ChecksumAlgorithms.All[tags.Count % S3ChecksumAlgorithms.All.Count],
                ArchivedAttributes = throttled ? ArchivedAttributes.Keep : ArchivedAttributes.Upload,
                SmallObjectStorageClass = throttled && S3StorageClasses.HasMinimum(storageClass) ? "STANDARD" : null,
                DirectoryMarkers = markers,
                ExcludePatterns = [.. patterns],
                Tags = tags.Distinct().Take(10).Where(tag => ConfigurationRules.TagKey(tag) is null)
                    .ToImmutableSortedDictionary(tag => tag, tag => tag, StringComparer.Ordinal),
                BandwidthLimit = throttled ? throttleLimit * 1024L : null,
                BandwidthTimetable = throttled || !enabled ? null : $"00:00 {throttleLimit}kB, 12:30 off".Replace(" 1kB", " 2kB", StringComparison.Ordinal),
                MaxUpload = throttled ? throttleLimit * (1L << 20) : null,
                Timeout = TimeSpan.FromSeconds(throttleLimit),
                KeepLast = prefix?.Contains('{', StringComparison.Ordinal) == true ? throttleLimit : null,
                KeepYearly = prefix?.Contains('{', StringComparison.Ordinal) == true && throttled ? seconds : null,
                Enabled = enabled,
                StorageClass = storageClass,
                S3Prefix = prefix,
                DeleteFromS3 = deleteFromS3,
                DeleteAfter = deleteFromS3 && throttled && prefix?.Contains('{', StringComparison.Ordinal) != true ? TimeSpan.FromSeconds(seconds) : null,
                SyncMode = syncMode,
                ReconcileEvery = TimeSpan.FromMilliseconds(seconds),
                ThrottleLimit = throttled ? throttleLimit : null,
            };

        private static Gen<ProtectionOptions> Protection =>
            from versions in Flag
            from days in Gen.Choose(1, 36_500)
            from mode in Gen.Elements(Enum.GetValues<ObjectLockMode>())
            from renews in Flag
            from locks in Flag
            select new ProtectionOptions
            {
                RequireVersioning = versions,
                ObjectLock = locks ? new ObjectLockOptions { Mode = mode, Days = days, Renew = renews } : null,
            };

        private static Gen<LifecycleOptions> Lifecycle(string storageClass) =>
            from size in Gen.Elements(0, 4096, 128 * 1024)
            from days in Gen.Choose(60, 1000)
            from moves in Flag.Select(flag => flag && storageClass != "DEEP_ARCHIVE")
            from keeps in Gen.Elements<int?>(null, 1, 100)
            from versions in Flag
            select new LifecycleOptions
            {
                Transitions = moves ? [new LifecycleTransition { AfterDays = days, StorageClass = "DEEP_ARCHIVE" }] : [],
                SmallestSize = size,
                NoncurrentVersions = versions ? new NoncurrentVersionOptions { ExpireAfterDays = days, KeepNewest = keeps } : null,
                AbortUnfinishedUploadsAfterDays = days % 30,
            };

        private static Gen<S3Destination> Destination =>
            from bucket in Gen.Elements("abc", "my-backups", "my.backups.2026")
            from region in Optional(Gen.Elements("us-east-1", "default"))
            from endpoint in Optional(Gen.Elements("https://s3.example.com", "http://127.0.0.1:9000"))
            from pathStyle in Gen.Elements<bool?>(null, true, false)
            from checksumMode in Gen.Elements(Enum.GetValues<S3ChecksumMode>())
            from profile in Optional(Word)
            from encryption in Optional(Gen.Elements(
                new S3Encryption { Mode = S3EncryptionMode.SseS3 },
                new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "arn:aws:kms:us-east-1:123456789012:key/1-2", BucketKey = false },
                new S3Encryption { Mode = S3EncryptionMode.DsseKms, KmsKeyId = "alias/a" }))
            from owner in Optional(Gen.Constant("000000000001"))
            from dualStack in Flag
            from fips in Flag
            from accelerate in Flag
            from requesterPays in Flag
            select new S3Destination
            {
                // None of AWS's endpoints together with one of its own, and acceleration alone.
                UseDualStack = endpoint is null ? dualStack : null,
                UseFips = endpoint is null && !accelerate ? fips : null,
                UseAccelerate = endpoint is null && accelerate && pathStyle != true && !bucket.Contains('.', StringComparison.Ordinal) ? true : null,
                RequesterPays = requesterPays,
                Encryption = encryption,
                ExpectedBucketOwner = owner,
                Bucket = bucket,
                Region = region,
                EndpointUrl = endpoint,
                ForcePathStyle = pathStyle,
                ChecksumMode = checksumMode,
                Profile = profile,
            };

        private static Gen<BackupScheduleOptions> Schedule =>
            from minute in Gen.Choose(0, 59)
            from hour in Gen.Choose(0, 23)
            from zone in Optional(Gen.Elements("UTC", "Europe/Berlin", "America/New_York"))
            select new BackupScheduleOptions { CronExpression = $"{minute} {hour} * * *", Timezone = zone };

        private static Gen<HookOptions> Hooks =>
            from command in Optional(Hook)
            from script in Optional(Word.Select(word => new HookCommand { Script = "/hooks/" + word }))
            select new HookOptions { Before = command, AfterSuccess = script, AfterFailure = command, Finally = script };

        private static Gen<HookCommand> Hook =>
            from program in Word
            from arguments in Word.ListOf()
            from seconds in Gen.Choose(1, 100_000)
            select new HookCommand { Command = [program, .. arguments], Timeout = TimeSpan.FromSeconds(seconds) };

        private static Gen<NotificationOptions> Notification =>
            from isInsecure in Flag
            from format in Gen.Elements(Enum.GetValues<NotificationFormat>())
            from security in Gen.Elements(Enum.GetValues<SmtpSecurity>())
            from user in Optional(Word)
            from seconds in Gen.Choose(1, 100_000)
            from chosen in Gen.Elements(
                new NotificationOptions
                {
                    Type = NotificationKind.Webhook,
                    Url = "https://example.com/x",
                    Format = format,
                    On = [NotificationEvent.Failure, NotificationEvent.Success],
                },
                new NotificationOptions { Type = NotificationKind.Ping, UrlVariable = "PING", On = [NotificationEvent.Start] },
                new NotificationOptions
                {
                    Type = NotificationKind.Email,
                    SmtpServer = "127.0.0.1",
                    SmtpPort = seconds % 65535 + 1,
                    SmtpSecurity = security,
                    From = "a@b.example",
                    To = ["c@d.example"],
                    UserName = user,
                    PasswordSecret = user,
                    SecretVault = user,
                })
            select chosen with { Timeout = TimeSpan.FromSeconds(seconds), AllowInsecure = isInsecure };

        private static Gen<T?> Optional<T>(Gen<T> values)
            where T : class => Gen.OneOf(Gen.Constant<T?>(null), values.Select(value => (T?)value));
    }
}
