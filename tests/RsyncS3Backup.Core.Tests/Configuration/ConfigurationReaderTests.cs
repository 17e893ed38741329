using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    private static BackupConfiguration Good(string json) => ConfigurationReader.Read(json, null, "job").Required();

    private static IReadOnlyList<ConfigurationProblem> Problems(string json) => ConfigurationReader.Read(json, null, "job").Problems;

    [Fact]
    public void Every_key_is_read()
    {
        BackupConfiguration job = Good(ConfigurationSamples.Full);
        BackupConfiguration expected = new()
        {
            Name = "everything",
            Sources =
            [
                new BackupSource { Path = "/data/photos", Name = "pictures", ExcludePatterns = ["raw/"] },
                new BackupSource { Path = "/data/music" },
                new BackupSource
                {
                    Path = "me@nas.example.com:/volume1/video",
                    Ssh = new SshOptions
                    {
                        Port = 2222, IdentityFile = "/keys/id", KnownHostsFile = "/keys/hosts", ConnectTimeout = TimeSpan.FromSeconds(10),
                    },
                },
                new BackupSource { Path = "rsync://me@nas.example.com:8730/books", PasswordFile = "/keys/rsyncd" },
            ],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions
                {
                    LocalDestination = "/mnt/mirror",
                    DeleteExtraneous = true,
                    ExcludePatterns = [".DS_Store", "*.tmp"],
                    IncludePatterns = ["*/", "*.jpg"],
                    PatternFiles = ["/etc/backup/exclude.txt"],
                    DeleteExcluded = true,
                    OnPartial = PartialTransferAction.Continue,
                    Ownership = MirrorOwnership.FakeSuper,
                    HardLinks = true,
                    Acls = true,
                    ExtendedAttributes = true,
                    Checksum = true,
                    ChecksumEvery = TimeSpan.FromDays(30),
                    BandwidthLimit = 10 * 1024 * 1024,
                    NumericIds = true,
                    Inplace = true,
                    Sparse = true,
                    ExtraArguments = ["--one-file-system", "--timeout=600"],
                    MaxDelete = DeleteLimit.OfPercent(25),
                    MaxChange = ChangeLimit.Proposed,
                    RequireMountPoint = true,
                    WhenAbsent = AbsentMirrorAction.Skip,
                    WakeWait = TimeSpan.FromSeconds(90),
                    RsyncPath = "/opt/bin/rsync",
                    SyncToS3 = new S3SyncOptions
                    {
                        StorageClass = "GLACIER_IR",
                        S3Prefix = "rsync/{yyyy-MM-dd}/",
                        KeepLast = 3,
                        KeepDaily = 7,
                        KeepWeekly = 4,
                        KeepMonthly = 12,
                        KeepYearly = 5,
                        DeleteFromS3 = true,
                        SyncMode = S3SyncMode.Reconcile,
                        ReconcileEvery = TimeSpan.FromHours(12),
                        ThrottleLimit = 32,
                        SmallObjectStorageClass = "STANDARD",
                        ChecksumAlgorithm = "SHA256",
                        DirectoryMarkers = S3DirectoryMarkers.All,
                        ExcludePatterns = ["*.iso"],
                        Tags = new Dictionary<string, string> { ["team"] = "photos" },
                        BandwidthTimetable = "08:00 1MiB, 18:00 4MiB, 23:00 off",
                        MaxUpload = 20L << 30,
                        Timeout = TimeSpan.FromHours(1),
                        Lifecycle = new LifecycleOptions
                        {
                            Transitions = [new LifecycleTransition { AfterDays = 365, StorageClass = "DEEP_ARCHIVE" }],
                            SmallestSize = 4096,
                            NoncurrentVersions = new NoncurrentVersionOptions
                            {
                                ExpireAfterDays = 180,
                                KeepNewest = 3,
                                Transitions = [new LifecycleTransition { AfterDays = 30, StorageClass = "DEEP_ARCHIVE" }],
                            },
                            AbortUnfinishedUploadsAfterDays = 3,
                        },
                        ArchivedAttributes = ArchivedAttributes.Upload,
                        Protection = new ProtectionOptions
                        {
                            RequireVersioning = true,
                            ObjectLock = new ObjectLockOptions { Mode = ObjectLockMode.Compliance, Days = 90, Renew = false },
                        },
                    },
                },
            },
            Destination = new S3Destination
            {
                Bucket = "my-backups",
                Region = "default",
                EndpointUrl = "https://s3.example.com:8443",
                ForcePathStyle = true,
                ChecksumMode = S3ChecksumMode.WhenRequired,
                Profile = "backup",
                Encryption = new S3Encryption { Mode = S3EncryptionMode.SseKms, KmsKeyId = "alias/backup", BucketKey = true },
                ExpectedBucketOwner = "123456789012",
                UseDualStack = false,
                UseFips = false,
                UseAccelerate = false,
                RequesterPays = true,
            },
            Schedule = new BackupScheduleOptions { CronExpression = "30 2 * * MON-FRI", Timezone = "Europe/Berlin" },
            MaxAge = TimeSpan.FromDays(8),
            StopAt = "07:00",
            KeepAwake = true,
            Tests =
            [
                new TestOptions { Level = BackupTestLevel.Checksums, Cron = "0 4 * * SUN", MaxAge = TimeSpan.FromDays(20) },
                new TestOptions { Level = BackupTestLevel.Restore, SamplePercent = 0.5m, Every = TimeSpan.FromDays(30) },
            ],
            Hooks = new HookOptions
            {
                Before = new HookCommand { Command = ["pg_dump", "--file=/data/shop.sql", "shop"], Timeout = TimeSpan.FromMinutes(5) },
                AfterSuccess = new HookCommand { Script = "/etc/backup/after.ps1" },
                AfterFailure = new HookCommand { Command = ["/usr/local/bin/alarm"] },
                Finally = new HookCommand { Command = ["/usr/bin/systemctl", "start", "shop"] },
            },
            Notifications =
            [
                new NotificationOptions
                {
                    Type = NotificationKind.Webhook, On = [NotificationEvent.Failure], Format = NotificationFormat.Slack, UrlVariable = "BACKUP_SLACK",
                },
                new NotificationOptions
                {
                    Type = NotificationKind.Webhook, Url = "http://intranet:8080/backups", AllowInsecure = true, Timeout = TimeSpan.FromSeconds(30),
                },
                new NotificationOptions { Type = NotificationKind.Ping, UrlSecret = "ping", SecretVault = "backup" },
                new NotificationOptions
                {
                    Type = NotificationKind.Email, SmtpServer = "smtp.example.com", SmtpPort = 2525, SmtpSecurity = SmtpSecurity.Tls,
                    From = "backup@example.com", To = ["me@example.com", "Them <them@example.com>"], UserName = "backup",
                    PasswordVariable = "SMTP_PASSWORD",
                },
                new NotificationOptions
                {
                    Type = NotificationKind.Email, SmtpServer = "::1", SmtpSecurity = SmtpSecurity.None, From = "a@b", To = ["c@d"], UserName = "backup",
                    PasswordSecret = "smtp",
                },
            ],
            HistoryRetention = TimeSpan.FromDays(90),
            Retry = new RetryOptions { Attempts = 5, Delay = TimeSpan.FromMinutes(2) },
            Log = new LogOptions { System = true },
            Metrics = new MetricOptions { Path = "/var/lib/prometheus/node-exporter" },
            Prices = new PriceOptions
            {
                Currency = "EUR",
                Table = PriceTable.None,
                Storage = new Dictionary<string, decimal> { ["STANDARD"] = 0.0059m, ["STANDARD_IA"] = 0.004m },
                PutRequests = new Dictionary<string, decimal> { ["STANDARD"] = 0.005m },
                GetRequests = new Dictionary<string, decimal> { ["STANDARD"] = 0.0004m },
                Retrieval = new Dictionary<string, decimal> { ["GLACIER/Bulk"] = 0.002m, ["STANDARD_IA"] = 0.01m },
                RetrievalRequests = new Dictionary<string, decimal> { ["GLACIER"] = 0.05m },
                TransferOut = 0.01m,
                MinimumDays = new Dictionary<string, int> { ["STANDARD_IA"] = 30 },
            },
        };
        Assert.Equal(JsonSerializer.Serialize(expected), JsonSerializer.Serialize(job));
    }

    [Theory]
    [InlineData("""[{ "level": "full" }]""", "$.tests[0]", "Neither 'cron' nor 'every'")]
    [InlineData("""[{ "level": "full", "cron": "0 4 * * *", "every": "1d" }]""", "$.tests[0]", "both")]
    [InlineData("""[{ "level": "full", "every": "1d" }, { "level": "full", "every": "2d" }]""", "$.tests[1].level", "$.tests[0] is of this level too")]
    [InlineData("""[{ "level": "quick", "every": "1d", "samplePercent": 2 }]""", "$.tests[0].samplePercent", "takes no share")]
    public void Tests_say_once_for_each_level_when_they_are_due(string tests, string jsonPath, string message)
    {
        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.With("$.tests", tests)));

        Assert.Equal(jsonPath, problem.JsonPath);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_local_only_job_has_no_tests() => Assert.Contains(
        Problems("""
            {
              "sources": [{ "path": "/data" }], "options": { "rsync": { "localDestination": "/mirror", "syncToS3": { "enabled": false } } },
              "tests": [{ "level": "full", "every": "30d" }]
            }
            """),
        problem => problem.Message.Contains("one copy", StringComparison.Ordinal));

    [Fact]
    public void What_is_never_deleted_is_not_deleted_later()
    {
        string keeps = ConfigurationSamples.Undated.Replace("\"deleteFromS3\": true", "\"deleteFromS3\": false", StringComparison.Ordinal);

        ConfigurationProblem problem = Assert.Single(Problems(keeps));

        Assert.Equal(("$.options.rsync.syncToS3.deleteAfter", "this key only with 'deleteFromS3': true"), (problem.JsonPath, problem.Allowed));
    }

    [Theory]
    [InlineData("\"deleteExcluded\": true,", "", "A drive that takes turns must lose what the sources no longer have.")]
    [InlineData("\"drives\": 2,", "\"drives\": 2, \"onPartial\": \"continue\",", "A drive that takes turns must have all that the sources have.")]
    [InlineData("\"drives\": 2,", "\"drives\": 2, \"hardLinks\": true,", "Each drive has other numbers for the files with several names.")]
    [InlineData("--timeout=600", "--one-file-system", "A drive that takes turns must be as the sources are, and '--one-file-system' makes it otherwise.")]
    public void Drives_that_take_turns_are_all_that_the_sources_are(string key, string other, string message)
    {
        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.Undated.Replace(key, other, StringComparison.Ordinal)));

        Assert.Equal(("$.options.rsync.drives", message), (problem.JsonPath, problem.Message));
    }

    [Fact]
    public void Every_key_is_written_and_reads_as_it_was()
    {
        HashSet<ConfigurationKey> found = [];
        foreach (string sample in (string[])[ConfigurationSamples.Full, ConfigurationSamples.Undated])
        {
            BackupConfiguration job = Good(sample);

            string written = ConfigurationWriter.ToJson(job);

            found.UnionWith(KeysIn(JsonNode.Parse(written)!, ConfigurationKeys.Job.Keys));
            Assert.Equal(JsonSerializer.Serialize(job), JsonSerializer.Serialize(Good(written)));
        }

        Assert.Empty(
            // What a job extends is in it by then.
            ConfigurationKeys.All.Where(known => known.Key.Name != "extends" && !found.Contains(known.Key)).Select(known => $"{known.Parent}.{known.Key.Name}"));
    }

    private static IEnumerable<ConfigurationKey> KeysIn(JsonNode json, IReadOnlyList<ConfigurationKey> keys) =>
        json is JsonArray items
        ? items.SelectMany(item => item is JsonObject ? KeysIn(item, keys) : [])
        : json.AsObject().SelectMany(member =>
        {
            ConfigurationKey key = keys.Single(known => known.Name == member.Key);
            return key.Section is null ? [key] : KeysIn(member.Value!, key.Members).Append(key);
        });

    [Theory]
    [InlineData("\"10MiB\"", 10_485_760)]
    [InlineData("\"500kB\"", 500_000)]
    [InlineData("\"1.5 gib\"", 1_610_612_736)]
    [InlineData("\"2048\"", 2048)]
    [InlineData("1024", 1024)]
    [InlineData("1023", null)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("\"fast\"", null)]
    [InlineData("\"10 miles\"", null)]
    [InlineData("\"\"", null)]
    public void A_bandwidth_limit_is_a_number_of_bytes_or_has_a_unit(string value, int? bytes)
    {
        ConfigurationReadResult result = ConfigurationReader.Read(WithRsyncKey("bandwidthLimit", value), null, "job");
        Assert.Equal(bytes, result.Configuration?.Options.Rsync.BandwidthLimit);
        Assert.Equal(bytes is null, result.Problems.Count == 1);
    }

    [Theory]
    [InlineData("--one-file-system", true)]
    [InlineData("--timeout=60", true)]
    [InlineData("--chmod=D755,F644", true)]
    [InlineData("--no-owner", true)]
    [InlineData("--timeout", false)]
    [InlineData("--timeout=", false)]
    [InlineData("--compress=yes", false)]
    [InlineData("--delete", false)]
    [InlineData("--del", false)]
    [InlineData("--delete-excluded", false)]
    [InlineData("--max-delete=9", false)]
    [InlineData("--force", false)]
    [InlineData("--out-format=%n", false)]
    [InlineData("--log-format=%n", false)]
    [InlineData("--info=none", false)]
    [InlineData("--dry-run", false)]
    [InlineData("--no-stats", false)]
    [InlineData("--remove-source-files", false)]
    [InlineData("--backup", false)]
    [InlineData("--partial-dir=x", false)]
    [InlineData("--files-from=x", false)]
    [InlineData("--rsh=x", false)]
    [InlineData("--rsync-path=x", false)]
    [InlineData("--daemon", false)]
    [InlineData("--read-batch=x", false)]
    [InlineData("--one-file-syste", false)]
    [InlineData("--filter=! ", false)]
    [InlineData("-n", false)]
    [InlineData("-xn", false)]
    [InlineData("x", false)]
    [InlineData("--", false)]
    [InlineData("", false)]
    public void Only_arguments_that_leave_the_guards_alone_may_be_added(string argument, bool isAllowed) => Assert.Equal(
        isAllowed, Problems(WithRsyncKey("extraArguments", JsonSerializer.Serialize(new[] { argument }))).Count == 0);

    [Theory]
    [InlineData("rsync/", "no date tokens")]
    [InlineData("rsync/{ddd}/", "gives the same prefix again")]
    public void Snapshots_are_pruned_only_where_the_prefix_tells_their_age(string prefix, string message)
    {
        ConfigurationReadResult result = ConfigurationReader.Read(
            WithRsyncKey("syncToS3", $$"""{ "enabled": false, "s3Prefix": "{{prefix}}", "keepLast": 1, "keepYearly": 2 }"""), null, "job");

        Assert.Equal(
            ["$.options.rsync.syncToS3.keepLast", "$.options.rsync.syncToS3.keepYearly"], result.Problems.Select(problem => problem.JsonPath));
        Assert.All(result.Problems, problem => Assert.Contains(message, problem.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_pattern_that_forgets_all_others_is_refused() => Assert.Single(Problems(WithRsyncKey("excludePatterns", "[\"!\"]")));

    private static string WithRsyncKey(string key, string value) => ConfigurationSamples.Least.Replace(
        "\"localDestination\"", $"\"{key}\": {value}, \"localDestination\"", StringComparison.Ordinal);

    [Fact]
    public void Keys_left_out_have_the_defaults_of_the_records()
    {
        BackupConfiguration job = Good(ConfigurationSamples.Least);
        Assert.Equal(
            JsonSerializer.Serialize(new RsyncOptions { LocalDestination = "/mnt/mirror" }), JsonSerializer.Serialize(job.Options.Rsync));
        Assert.Equal(new S3Destination { Bucket = "my-backups" }, job.Destination);
        Assert.Null(job.Schedule);
    }

    [Theory]
    [InlineData("$.name", "\"\"", "empty")]
    [InlineData("$.name", "\"a/b\"", "cannot be a job's name")]
    [InlineData("$.name", "\"a\\u0007b\"", "cannot be a job's name")]
    [InlineData("$.name", "7", "text in quotes, not a number")]
    [InlineData("$.backupType", "\"rsync-to-s4\"", "Did you mean 'rsync-to-s3'?")]
    [InlineData("$.sources", "[]", "empty")]
    [InlineData("$.sources", "\"/data\"", "a list, not text")]
    [InlineData("$.sources[0]", "\"/data\"", "an object, not text")]
    [InlineData("$.sources[0].path", null, "missing")]
    [InlineData("$.sources[0].path", "\"\"", "empty")]
    [InlineData("$.sources[0].path", "\"photos\"", "not absolute")]
    [InlineData("$.sources[0].path", "\"${HOME}/photos\"", "not absolute")]
    [InlineData("$.sources[0].path", "\"host:\"", "names no folder")]
    [InlineData("$.sources[0].path", "\"rsync://host/\"", "names no module")]
    [InlineData("$.sources[0].path", "\"-oProxyCommand=x:/y\"", "begins with '-'")]
    [InlineData("$.sources[2].ssh.port", "0", "is not a valid port")]
    [InlineData("$.sources[2].ssh.identityFile", "\"id\"", "is not absolute")]
    [InlineData("$.sources[2].ssh.knownHostsFile", "\"/a${HOME}\"", "ssh cannot take")]
    [InlineData("$.sources[2].ssh.connectTimeout", "\"0s\"", "not a positive duration")]
    [InlineData("$.sources[3].passwordFile", "\"secret\"", "is not absolute")]
    [InlineData("$.sources[0].path", "\"/a\\u0000b\"", "no path can have")]
    [InlineData("$.sources[0].name", "\"a/b\"", "cannot be a folder's name")]
    [InlineData("$.sources[0].name", "\"..\"", "cannot be a folder's name")]
    [InlineData("$.options", null, "missing")]
    [InlineData("$.options", "[]", "an object, not a list")]
    [InlineData("$.options.rsync", null, "missing")]
    [InlineData("$.options.rsync", "null", "leave the key out")]
    [InlineData("$.options.rsync.localDestination", null, "missing")]
    [InlineData("$.options.rsync.localDestination", "\"mirror\"", "not absolute")]
    [InlineData("$.options.rsync.localDestination", "\"host:/mirror\"", "must be on this one")]
    [InlineData("$.options.rsync.localDestination", "\"/data/music/\"", "is the source")]
    [InlineData("$.options.rsync.localDestination", "\"/data/music/mirror\"", "is inside the source")]
    [InlineData("$.options.rsync.localDestination", "\"/data/x/../music/mirror\"", "is inside the source")]
    [InlineData("$.options.rsync.deleteExtraneous", "\"true\"", "true or false, not text")]
    [InlineData("$.options.rsync.excludePatterns", "\"*.tmp\"", "a list, not text")]
    [InlineData("$.options.rsync.excludePatterns[1]", "1", "text in quotes, not a number")]
    [InlineData("$.options.rsync.excludePatterns[1]", "\"\"", "cannot be a pattern")]
    [InlineData("$.options.rsync.hardLinks", "1", "true or false, not a number")]
    [InlineData("$.options.rsync.maxDelete", "-1", "not a valid limit")]
    [InlineData("$.options.rsync.maxDelete", "1.5", "not a valid limit")]
    [InlineData("$.options.rsync.maxDelete", "\"101%\"", "not a valid limit")]
    [InlineData("$.options.rsync.maxDelete", "\"-Infinity%\"", "not a valid limit")]
    [InlineData("$.options.rsync.maxChange", "-1", "not a valid limit")]
    [InlineData("$.options.rsync.maxChange", "\"60% or 5%\"", "not a valid limit")]
    [InlineData("$.options.rsync.maxChange", "\"500 or 60%\"", "not a valid limit")]
    [InlineData("$.options.rsync.maxChange", "\"default\"", "not a valid limit")]
    [InlineData("$.options.rsync.maxDelete", "true", "text in quotes, not true or false")]
    [InlineData("$.options.rsync.drives", "0", "is not a valid number of drives")]
    [InlineData("$.options.rsync.requireMountPoint", "\"yes\"", "true or false, not text")]
    [InlineData("$.options.rsync.rsyncPath", "\"bin/rsync\"", "not absolute")]
    [InlineData("$.options.rsync.syncToS3.smallObjectStorageClass", "\"GLACIER\"", "is not a valid storage class for small objects")]
    [InlineData("$.options.rsync.syncToS3.checksumAlgorithm", "\"SHA1\"", "is not a valid checksum")]
    [InlineData("$.options.rsync.syncToS3.directoryMarkers", "\"some\"", "is not a valid kind of marker")]
    [InlineData("$.options.rsync.syncToS3.tags", "[]", "an object, not a list")]
    [InlineData("$.options.rsync.syncToS3.bandwidthLimit", "\"fast\"", "is not a number of bytes a second")]
    [InlineData("$.stopAt", "\"7:00\"", "is not a time of the day")]
    [InlineData("$.stopAt", "\"24:00\"", "is not a time of the day")]
    [InlineData("$.options.rsync.syncToS3.bandwidthLimit", "\"08:00 1MiB, 07:00 off\"", "begins before the entry")]
    [InlineData("$.options.rsync.bandwidthLimit", "\"08:00 1MiB\"", "has one time")]
    [InlineData("$.options.rsync.syncToS3.maxUpload", "\"20\"", "is not a valid size")]
    [InlineData("$.options.rsync.syncToS3.maxUpload", "1048575", "is not a valid size")]
    [InlineData("$.options.rsync.syncToS3.timeout", "\"0s\"", "is not a positive duration")]
    [InlineData("$.destination.encryption.mode", "\"sse-kms\"", "Did you mean 'SSE-KMS'?")]
    [InlineData("$.destination.encryption.kmsKeyId", "\"a b\"", "cannot be a KMS key")]
    [InlineData("$.destination.expectedBucketOwner", "\"1234\"", "is not a valid account")]
    [InlineData("$.options.rsync.syncToS3", "true", "an object, not true or false")]
    [InlineData("$.options.rsync.syncToS3.enabled", "0", "true or false, not a number")]
    [InlineData("$.options.rsync.syncToS3.storageClass", "\"standard-ia\"", "Did you mean 'STANDARD_IA'?")]
    [InlineData("$.options.rsync.syncToS3.storageClass", "\"EXPRESS_ONEZONE\"", "the class of directory buckets")]
    [InlineData("$.options.rsync.syncToS3.lifecycle", "[]", "an object, not a list")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.transitions", "[]", "The list is empty")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.transitions[0].afterDays", "0", "is not a valid number of days")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.transitions[0].storageClass", "\"STANDARD\"", "is not a valid storage class that S3 moves")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.smallestSize", "4095", "is not a valid smallest size")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.smallestSize", "-1", "is not a valid smallest size")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.noncurrentVersions.keepNewest", "101", "is not a number of versions")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.noncurrentVersions.expireAfterDays", "1.5", "is not a valid number of days")]
    [InlineData("$.options.rsync.syncToS3.lifecycle.abortUnfinishedUploadsAfterDays", "-1", "is not a valid number of days")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"/photos\"", "starts with '/'")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a//b\"", "holds '//'")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a/../b\"", "segment")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a\\nb\"", "control character")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a/{yyyy\"", "not closed")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a/yyyy}\"", "closes no")]
    [InlineData("$.options.rsync.syncToS3.s3Prefix", "\"a/{hosts}\"", "'{hosts}' is neither a date token nor")]
    [InlineData("$.options.rsync.syncToS3.keepLast", "0", "is not a valid number of snapshots")]
    [InlineData("$.options.rsync.syncToS3.keepDaily", "1.5", "is not a valid number of snapshots")]
    [InlineData("$.options.rsync.syncToS3.keepWeekly", "2147483648", "is not a valid number of snapshots")]
    [InlineData("$.options.rsync.syncToS3.keepMonthly", "\"12\"", "a number, not text")]
    [InlineData("$.options.rsync.syncToS3.keepYearly", "-1", "is not a valid number of snapshots")]
    [InlineData("$.options.rsync.syncToS3.deleteAfter", "\"0d\"", "is not a positive duration")]
    [InlineData("$.options.rsync.syncToS3.deleteAfter", "\"30d\"", "A dated snapshot has what the mirror had that day")]
    [InlineData("$.options.rsync.syncToS3.deleteFromS3", "[]", "true or false, not a list")]
    [InlineData("$.options.rsync.syncToS3.syncMode", "\"Auto\"", "Did you mean 'auto'?")]
    [InlineData("$.options.rsync.syncToS3.reconcileEvery", "\"7\"", "not a positive duration")]
    [InlineData("$.options.rsync.syncToS3.reconcileEvery", "\"0d\"", "not a positive duration")]
    [InlineData("$.historyRetention", "\"0d\"", "not a positive duration")]
    [InlineData("$.maxAge", "\"-1d\"", "not a positive duration")]
    [InlineData("$.tests[0].level", "\"some\"", "is not a valid level")]
    [InlineData("$.tests[0].cron", "\"often\"", "fields")]
    [InlineData("$.tests[1].every", "\"0d\"", "not a positive duration")]
    [InlineData("$.tests[1].samplePercent", "0", "is not a valid percentage")]
    [InlineData("$.tests[1].samplePercent", "101", "is not a valid percentage")]
    [InlineData("$.tests[1].maxAge", "\"0d\"", "not a positive duration")]
    [InlineData("$.historyRetention", "400", "not a number")]
    [InlineData("$.metrics.path", null, "missing")]
    [InlineData("$.metrics.path", "\"metrics\"", "is not absolute")]
    [InlineData("$.metrics.path", "\"/var/lib/metrics/backup.prom\"", "name its folder")]
    [InlineData("$.options.rsync.syncToS3.throttleLimit", "0", "out of range")]
    [InlineData("$.options.rsync.syncToS3.throttleLimit", "1025", "out of range")]
    [InlineData("$.options.rsync.syncToS3.throttleLimit", "\"8\"", "a number, not text")]
    [InlineData("$.destination", null, "missing")]
    [InlineData("$.destination.bucket", null, "missing")]
    [InlineData("$.destination.bucket", "\"\"", "The bucket's name is empty.")]
    [InlineData("$.destination.bucket", "\"My-Backups\"", "the character 'M'")]
    [InlineData("$.destination.region", "\"us east\"", "cannot be a region")]
    [InlineData("$.destination.endpointUrl", "\"s3.example.com\"", "does not start with 'https://'")]
    [InlineData("$.destination.forcePathStyle", "\"no\"", "true or false, not text")]
    [InlineData("$.destination.checksumMode", "\"whenrequired\"", "Did you mean 'whenRequired'?")]
    [InlineData("$.destination.profile", "\"\"", "cannot be a profile")]
    [InlineData("$.schedule.cronExpression", null, "missing")]
    [InlineData("$.schedule.cronExpression", "\"0 0 2 * * *\"", "seconds are not supported")]
    [InlineData("$.schedule.timezone", "\"America/New_Yrok\"", "Did you mean 'America/New_York'?")]
    public void A_wrong_value_is_one_problem_at_its_json_path(string jsonPath, string? value, string message)
    {
        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.With(jsonPath, value)));
        Assert.Equal(jsonPath, problem.JsonPath);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Allowed);
    }

    [Theory]
    [InlineData("useDualStack", "\"endpointUrl\": \"https://s3.example.com\"", "chooses between endpoints of AWS")]
    [InlineData("useFips", "\"endpointUrl\": \"https://s3.example.com\"", "chooses between endpoints of AWS")]
    [InlineData("useAccelerate", "\"endpointUrl\": \"https://s3.example.com\"", "chooses between endpoints of AWS")]
    [InlineData("useAccelerate", "\"useFips\": true", "both acceleration and FIPS")]
    [InlineData("useAccelerate", "\"forcePathStyle\": true", "in the host only")]
    [InlineData("useAccelerate", "\"bucket\": \"my.backups\"", "no bucket with a dot")]
    public void Which_endpoint_of_AWS_must_fit_the_rest(string key, string other, string message)
    {
        string bucket = other.Contains("bucket", StringComparison.Ordinal) ? "" : "\"bucket\": \"my-backups\", ";
        string destination = $$"""{ {{bucket}}{{other}}, "{{key}}": true }""";

        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.With("$.destination", destination)));

        Assert.Equal("$.destination." + key, problem.JsonPath);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Empty(Problems(ConfigurationSamples.With("$.destination", destination.Replace("true }", "false }", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("\"region\": \"eu-west-1\"", "$.destination.region", "in 'us-east-1'")]
    [InlineData("\"forcePathStyle\": true", "$.destination.forcePathStyle", "no path")]
    [InlineData("\"useAccelerate\": true", "$.destination.useAccelerate", "no access points")]
    public void An_access_point_leaves_no_choice(string other, string jsonPath, string message)
    {
        const string bucket = "\"bucket\": \"arn:aws:s3:us-east-1:123456789012:accesspoint/backup\"";

        ConfigurationProblem problem = Assert.Single(
            Problems(ConfigurationSamples.With("$.destination", $$"""{ {{bucket}}, {{other}} }""")));

        Assert.Equal(jsonPath, problem.JsonPath);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Empty(Problems(ConfigurationSamples.With("$.destination", $$"""{ {{bucket}}, "region": "us-east-1" }""")));
    }

    [Fact]
    public void All_problems_are_reported_at_once_in_the_order_of_the_file_with_their_lines()
    {
        const string json =
            """
            {
              // a comment
              "backuptype": "rsync-to-s3",
              "sources": [{ "path": "data" }],
              "options": {
                "storageClass": "STANDARD",
                "rsync": {
                  "localDestination": 5,
                  "hardLinks": "yes",
                  "hardLinks": true,
                },
              },
              "destination": { "bucket": "" }
            }
            """;
        IEnumerable<string> places = Problems(json).Select(problem => $"{problem.Line} {problem.JsonPath}");
        string[] expected =
        [
            "3 $.backuptype", "4 $.sources[0].path", "6 $.options.storageClass", "8 $.options.rsync.localDestination",
            "9 $.options.rsync.hardLinks", "10 $.options.rsync.hardLinks", "13 $.destination.bucket",
        ];
        Assert.Equal(expected, places);
    }

    [Theory]
    [InlineData("Sources", "Did you mean 'sources'?")]
    [InlineData("shedule", "Did you mean 'schedule'?")]
    [InlineData("storageClass", "belongs in '$.options.rsync.syncToS3'")]
    public void An_unknown_key_is_a_problem_with_a_suggestion(string key, string message)
    {
        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.With($"$.{key}", "1")));
        Assert.Equal($"$.{key}", problem.JsonPath);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$.options.rsync.colour", true)]
    [InlineData("$.sources[0].colour", true)]
    [InlineData("$.colour", false)]
    [InlineData("$.destination.colour", false)]
    public void A_key_of_a_later_version_is_told_with_that_version(string jsonPath, bool isKnown)
    {
        using TemporaryFolder folder = new();
        string schema = folder["backup-job.schema.json"];
        File.WriteAllText(schema, """
            { "properties": {
              "colour": { "x-since": "now {0}" },
              "sources": { "items": { "properties": { "colour": { "x-since": "3.1.0" } } } },
              "options": { "properties": { "rsync": { "properties": { "colour": { "x-since": "3.1.0" } } } } } } }
            """);
        string json = ConfigurationSamples.With(jsonPath, "1").Replace(
            "./backup-job.schema.json", new Uri(schema).AbsoluteUri, StringComparison.Ordinal);

        ConfigurationProblem problem = Assert.Single(Problems(json));

        string expected = isKnown ? "is a key of version 3.1.0 and later, and this version is older." : "is not a key.";
        Assert.EndsWith(expected, problem.Message, StringComparison.Ordinal);
        Assert.Equal(isKnown, problem.Allowed.Contains("version 3.1.0 or later of the module", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"urn:x\"")]
    [InlineData("\"https://example.com/schema.json\"")]
    [InlineData("\"file:///dev/zero\"")]
    [InlineData("\"/nowhere\"")]
    [InlineData("\"a\\u0000b\"")]
    [InlineData("7")]
    public void A_schema_that_cannot_be_read_changes_nothing(string schema)
    {
        string json = ConfigurationSamples.With("$.$schema", schema).Insert(1, "\"colour\": 1,");

        Assert.Contains(Problems(json), problem => problem.Message == "'colour' is not a key.");
    }

    [Theory]
    [InlineData("$.destination.accessKey")]
    [InlineData("$.destination.secret_access_key")]
    [InlineData("$.options.rsync.syncToS3.SessionToken")]
    [InlineData("$.options.password")]
    [InlineData("$.accessKeyId")]
    public void A_secret_is_refused_without_repeating_it(string jsonPath)
    {
        ConfigurationReadResult result = ConfigurationReader.Read(ConfigurationSamples.With(jsonPath, "\"hunter2\""), null, "job");
        ConfigurationProblem problem = Assert.Single(result.Problems);
        Assert.Equal(jsonPath, problem.JsonPath);
        Assert.Contains("-Credential", problem.Allowed, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", problem.ToString() + result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_inside_an_unknown_object_is_found()
    {
        string json = ConfigurationSamples.With("$.credentialsFor", """{ "aws": [{ "secretKey": "hunter2" }] }""");
        Assert.Contains(Problems(json), problem => problem.JsonPath == "$.credentialsFor.aws[0].secretKey");
    }

    [Fact]
    public void A_password_in_the_endpoint_is_refused_without_repeating_it()
    {
        ConfigurationProblem problem =
            Assert.Single(Problems(ConfigurationSamples.With("$.destination.endpointUrl", "\"https://me:hunter2@s3.example.com\"")));
        Assert.DoesNotContain("hunter2", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_local_only_job_needs_no_destination()
    {
        BackupConfiguration job = Good(
            """
            { "sources": [{ "path": "/data" }],
              "options": { "rsync": { "localDestination": "/mnt/m", "syncToS3": { "enabled": false } } } }
            """);
        Assert.Null(job.Destination);
    }

    [Fact]
    public void Two_sources_with_one_folder_name_are_a_problem()
    {
        string json = ConfigurationSamples.With("$.sources", """[{ "path": "/a/photos" }, { "path": "/b/x", "name": "photos" }]""");
        Assert.Equal("$.sources[1]", Assert.Single(Problems(json)).JsonPath);
    }

    [Fact]
    public void A_mirror_that_holds_a_source_is_a_problem()
    {
        ConfigurationProblem problem = Assert.Single(Problems(ConfigurationSamples.With("$.sources", """[{ "path": "/mnt/mirror/a" }]""")));
        Assert.Contains("holds the source", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_only_starts_with_the_same_letters_is_another_folder()
    {
        Assert.Empty(Problems(ConfigurationSamples.With("$.sources", """[{ "path": "/mnt/mirror2" }]""")));
    }

    [Fact]
    public void The_home_folder_is_expanded_and_variables_are_not()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        BackupConfiguration job = Good(ConfigurationSamples.With("$.sources", """[{ "path": "~/my ${HOME}/" }]"""));
        Assert.Equal(Path.Join(home, "my ${HOME}"), job.Sources[0].Path);
    }

    [Theory]
    [InlineData("100", "100")]
    [InlineData("0", "0")]
    [InlineData("\"12.5%\"", "12.5%")]
    [InlineData("\"default\"", "default")]
    public void MaxDelete_is_a_number_or_a_share(string value, string limit)
    {
        string json = ConfigurationSamples.With("$.options.rsync.maxDelete", value);
        Assert.Equal(limit, Good(json).Options.Rsync.MaxDelete.ToString());
    }

    [Fact]
    public void A_job_without_a_name_and_without_a_file_is_named_after_its_mirror()
    {
        string json = ConfigurationSamples.With("$.name", null);
        Assert.Equal("mirror", ConfigurationReader.Read(json, null, null).Required().Name);
    }

    [Fact]
    public void Byte_order_marks_are_read_over()
    {
        foreach (Encoding encoding in new[] { Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            byte[] content = [.. encoding.GetPreamble(), .. encoding.GetBytes(ConfigurationSamples.Full)];
            Assert.Equal("everything", ConfigurationReader.Read(content, null, null).Required().Name);
        }
    }

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("{\n  \"name\": oops\n}", 2, 11)]
    [InlineData("{}\n{}", 2, 1)]
    [InlineData("{\n \"name\": \"\\ud800\" }", 2, 10)]
    public void What_is_not_json_is_malformed_with_line_and_column(string json, int line, int column)
    {
        ConfigurationReadResult result = ConfigurationReader.Read(json, "/x/job.json", null);
        Assert.Equal("ConfigurationMalformed", result.Error!.Id);
        Assert.Equal(line, Assert.Single(result.Problems).Line);
        Assert.Contains($"'/x/job.json' is not JSON at line {line}, column {column}: ", result.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("BytePositionInLine", result.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"job\"")]
    public void What_is_no_object_is_a_problem_at_the_root(string json) => Assert.Equal("$", Assert.Single(Problems(json)).JsonPath);

    [Theory]
    [InlineData(
        "$.options.rsync.syncToS3.storageClass", "\"GLACIER\"",
        "$.options.rsync.syncToS3.smallObjectStorageClass", "GLACIER has no smallest billed size")]
    [InlineData(
        "$.options.rsync.syncToS3.excludePatterns", "[\"!\"]",
        "$.options.rsync.syncToS3.excludePatterns[0]", "cannot be a pattern")]
    [InlineData("$.options.rsync.syncToS3.tags", "{\"a\": 1}", "$.options.rsync.syncToS3.tags.a", "text in quotes, not a number")]
    [InlineData("$.options.rsync.syncToS3.tags", "{\"\": \"\"}", "$.options.rsync.syncToS3.tags['']", "has 0 characters")]
    [InlineData("$.options.rsync.syncToS3.tags", "{\"aws:a\": \"\"}", "$.options.rsync.syncToS3.tags['aws:a']", "AWS reserves")]
    [InlineData("$.options.rsync.syncToS3.tags", "{\"a\": \"<\"}", "$.options.rsync.syncToS3.tags.a", "does not allow")]
    [InlineData(
        "$.options.rsync.syncToS3.tags", "{\"0\":\"\",\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\",\"a\":\"\"}",
        "$.options.rsync.syncToS3.tags", "There are 11")]
    [InlineData(
        "$.options.rsync.syncToS3.lifecycle.transitions", "[{ \"afterDays\": 90 }]",
        "$.options.rsync.syncToS3.lifecycle.transitions[0].storageClass", "'storageClass' is missing")]
    [InlineData(
        "$.options.rsync.syncToS3.lifecycle.transitions[0].storageClass", "\"STANDARD_IA\"",
        "$.options.rsync.syncToS3.lifecycle.transitions[0]", "S3 moves nothing from GLACIER_IR to STANDARD_IA")]
    [InlineData(
        "$.options.rsync.syncToS3.lifecycle.noncurrentVersions.expireAfterDays", "30",
        "$.options.rsync.syncToS3.lifecycle.noncurrentVersions.transitions[0]", "nothing left to move")]
    [InlineData(
        "$.options.rsync.syncToS3.lifecycle.noncurrentVersions.expireAfterDays", null,
        "$.options.rsync.syncToS3.lifecycle.noncurrentVersions.keepNewest", "Nothing says when the other versions go")]
    [InlineData("$.destination.encryption", "{}", "$.destination.encryption.mode", "'mode' is missing")]
    [InlineData("$.destination.encryption.mode", "\"SSE-S3\"", "$.destination.encryption.kmsKeyId", "not one of KMS")]
    [InlineData("$.destination.encryption.mode", "\"SSE-S3\"", "$.destination.encryption.bucketKey", "has no bucket keys")]
    [InlineData("$.destination.encryption.mode", "\"DSSE-KMS\"", "$.destination.encryption.bucketKey", "has no bucket keys")]
    public void A_value_that_makes_another_place_wrong_is_a_problem_there(string jsonPath, string? value, string place, string message)
    {
        IReadOnlyList<ConfigurationProblem> problems = ConfigurationReader.Read(ConfigurationSamples.With(jsonPath, value), null, null).Problems;

        Assert.Contains(problems, problem => problem.JsonPath == place && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_and_words_of_an_object_count_in_any_case()
    {
        const string job = """
            { "NAME": "photos", "Sources": [{ "PATH": "/data/photos", "Ssh": null }], "Options": { "RSYNC": { "LocalDestination": "/mnt/mirror",
              "SyncToS3": { "StorageClass": "standard_ia", "SyncMode": "CATALOG", "Tags": { "Owner": "me" } } } },
              "Destination": { "Bucket": "my-backups", "Encryption": { "Mode": "ssekms" } },
              "Notifications": [{ "Type": "EMAIL", "On": ["Failure"], "SmtpServer": "mail", "From": "a@example.com", "To": ["b@example.com"] }] }
            """;

        ConfigurationReadResult read = ConfigurationReader.ReadObject(job);

        Assert.Empty(read.Problems);
        BackupConfiguration configuration = read.Required();
        S3SyncOptions stage2 = configuration.Options.Rsync.SyncToS3;
        Assert.Equal(("photos", "STANDARD_IA", S3SyncMode.Catalog), (configuration.Name, stage2.StorageClass, stage2.SyncMode));
        Assert.Equal("me", stage2.Tags["Owner"]);
        Assert.Equal(S3EncryptionMode.SseKms, configuration.Destination!.Encryption!.Mode);
        Assert.Equal([NotificationEvent.Failure], Assert.Single(configuration.Notifications).On);
        Assert.Contains(ConfigurationReader.Read(job, path: null, defaultName: null).Problems, problem => problem.Message.Contains("is not a key", StringComparison.Ordinal));
    }

    [Fact]
    public void A_problem_of_an_object_names_the_key_as_a_file_has_it()
    {
        ConfigurationReadResult read = ConfigurationReader.ReadObject(
            """{ "Sources": [{ "Path": "relative" }], "OPTIONS": { "Rsync": { "LocalDestination": "/m", "Colour": 1 } }, "Destination": { "BUCKET": "b!" }, "name": "a", "Name": "b" }""");

        Assert.Equal(
            ["$.destination.bucket", "$.name", "$.options.rsync.Colour", "$.sources[0].path"],
            read.Problems.Select(problem => problem.JsonPath).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(ConfigurationSamples.Least)]
    [InlineData(ConfigurationSamples.Full)]
    public void A_configuration_is_read_from_what_serializers_make_of_it(string file)
    {
        BackupConfiguration configuration = ConfigurationReader.Read(file, path: null, defaultName: null).Required();
        JsonSerializerOptions plain = new() { Converters = { new TimeSpanAsObject() } };
        JsonSerializerOptions named = new() { Converters = { new TimeSpanAsObject(), new JsonStringEnumConverter() } };
        foreach (JsonSerializerOptions options in (JsonSerializerOptions[])[plain, named])
        {
            ConfigurationReadResult read = ConfigurationReader.ReadObject(JsonSerializer.Serialize(configuration, options));

            Assert.Empty(read.Problems);
            Assert.Equal(ConfigurationWriter.ToJson(configuration), ConfigurationWriter.ToJson(read.Required()));
        }
    }

    [Fact]
    public void What_ConvertTo_Json_cut_off_is_told()
    {
        ConfigurationReadResult read = ConfigurationReader.ReadObject(
            """{ "Name": "a", "Sources": [{ "Path": "/a" }], "Options": { "Rsync": { "LocalDestination": "/m", "SyncToS3": "S3SyncOptions { Enabled = False }" } }, "Destination": { "Bucket": "my-backups" } }""");

        Assert.Contains("-Depth 9", Assert.Single(read.Problems).Allowed, StringComparison.Ordinal);
    }

    /// <summary>As ConvertTo-Json writes one.</summary>
    private sealed class TimeSpanAsObject : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteNumber("Ticks", value.Ticks);
            writer.WriteNumber("Days", value.Days);
            writer.WriteEndObject();
        }
    }
}
