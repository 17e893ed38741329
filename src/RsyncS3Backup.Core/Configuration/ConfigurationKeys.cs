using System.Text.Json;
using static RsyncS3Backup.Configuration.ConfigurationValueKind;
using Kind = RsyncS3Backup.Configuration.ConfigurationValueKind;

namespace RsyncS3Backup.Configuration;

/// <summary>What a key's value is.</summary>
internal enum ConfigurationValueKind
{
    Text,
    Flag,
    Number,
    TextOrNumber,
    Texts,
    TextMap,
    Object,
    Objects,

    /// <summary>An object, or a list of texts that stands for it.</summary>
    TextsOrObject,
}

/// <summary>One key of the configuration and what may stand there.</summary>
internal sealed record ConfigurationKey(string Name, ConfigurationValueKind Kind, string Allowed)
{
    public bool Required { get; init; }

    /// <summary>The values, where there is a list of them.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The values of a list's items, where they are those of an enumeration, in its order.</summary>
    public IReadOnlyList<string> ItemValues { get; init; } = [];

    /// <summary>True where the values are those of an enumeration, in its order, and the first is the default.</summary>
    public bool DefaultIsFirst { get; init; }

    /// <summary>What is wrong with a text or with a number's digits; null when it is good.</summary>
    public Func<string, string?>? Rule { get; init; }

    /// <summary>What is wrong with a text that the user chose as a key of a <see cref="ConfigurationValueKind.TextMap"/>.</summary>
    public Func<string, string?>? NameRule { get; init; }

    /// <summary>How many members a <see cref="ConfigurationValueKind.TextMap"/> may have.</summary>
    public int MostMembers { get; init; } = int.MaxValue;

    /// <summary>The keys of an object.</summary>
    public IReadOnlyList<ConfigurationKey> Members { get; init; } = [];

    /// <summary>The key of an object that a list stands for, see <see cref="ConfigurationValueKind.TextsOrObject"/>.</summary>
    public ConfigurationKey? ListMember { get; init; }
}

/// <summary>The table of all keys: the reader follows it, and tests compare the JSON schema and the docs with it.</summary>
internal static class ConfigurationKeys
{
    private const string TrueOrFalse = "true or false";

    public static readonly ConfigurationKey SourcePath =
        new("path", Text, ConfigurationRules.SourcePathAllowed) { Required = true, Rule = ConfigurationRules.SourcePath };

    public static readonly ConfigurationKey SourceName =
        new("name", Text, ConfigurationRules.SourceNameAllowed) { Rule = ConfigurationRules.SourceName };

    public static readonly ConfigurationKey SshPort = new("port", Number, ConfigurationRules.PortAllowed) { Rule = ConfigurationRules.Port };

    public static readonly ConfigurationKey IdentityFile =
        new("identityFile", Text, ConfigurationRules.SshFileAllowed) { Rule = ConfigurationRules.SshFile };

    public static readonly ConfigurationKey KnownHostsFile =
        new("knownHostsFile", Text, ConfigurationRules.SshFileAllowed) { Rule = ConfigurationRules.SshFile };

    public static readonly ConfigurationKey ConnectTimeout =
        new("connectTimeout", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey Ssh = new("ssh", Kind.Object, "an object: how ssh reaches the source's machine")
    {
        Members = [SshPort, IdentityFile, KnownHostsFile, ConnectTimeout],
    };

    public static readonly ConfigurationKey PasswordFile =
        new("passwordFile", Text, ConfigurationRules.PathAllowed) { Rule = ConfigurationRules.LocalPath };

    public static readonly ConfigurationKey Enabled = new("enabled", Flag, TrueOrFalse);

    public static readonly ConfigurationKey StorageClass =
        new("storageClass", Text, ConfigurationRules.StorageClassAllowed)
        {
            Values = S3StorageClasses.All,
            Rule = ConfigurationRules.StorageClass,
        };

    public static readonly ConfigurationKey S3Prefix =
        new("s3Prefix", Text, ConfigurationRules.KeyPrefixAllowed) { Rule = ConfigurationRules.KeyPrefix };

    public static readonly ConfigurationKey DeleteFromS3 = new("deleteFromS3", Flag, TrueOrFalse);

    public static readonly ConfigurationKey KeepLast = Keep("keepLast");

    public static readonly ConfigurationKey KeepDaily = Keep("keepDaily");

    public static readonly ConfigurationKey KeepWeekly = Keep("keepWeekly");

    public static readonly ConfigurationKey KeepMonthly = Keep("keepMonthly");

    public static readonly ConfigurationKey KeepYearly = Keep("keepYearly");

    /// <summary>Those that prune dated snapshots.</summary>
    public static readonly IReadOnlyList<ConfigurationKey> Retention = [KeepLast, KeepDaily, KeepWeekly, KeepMonthly, KeepYearly];

    public static readonly ConfigurationKey SyncMode = OneOf<S3SyncMode>("syncMode", "mode");

    public static readonly ConfigurationKey ReconcileEvery =
        new("reconcileEvery", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey ThrottleLimit =
        new("throttleLimit", Number, ConfigurationRules.ThrottleLimitAllowed) { Rule = ConfigurationRules.ThrottleLimit };

    public static readonly ConfigurationKey LocalDestination =
        new("localDestination", Text, ConfigurationRules.PathAllowed) { Required = true, Rule = ConfigurationRules.MirrorPath };

    public static readonly ConfigurationKey DeleteExtraneous = new("deleteExtraneous", Flag, TrueOrFalse);

    public static readonly ConfigurationKey ExcludePatterns =
        new("excludePatterns", Texts, ConfigurationRules.PatternAllowed) { Rule = ConfigurationRules.Pattern };

    public static readonly ConfigurationKey IncludePatterns =
        new("includePatterns", Texts, ConfigurationRules.PatternAllowed) { Rule = ConfigurationRules.Pattern };

    public static readonly ConfigurationKey PatternFiles =
        new("patternFiles", Texts, ConfigurationRules.PathAllowed) { Rule = ConfigurationRules.LocalPath };

    public static readonly ConfigurationKey Acls = new("acls", Flag, TrueOrFalse);

    public static readonly ConfigurationKey ExtendedAttributes = new("extendedAttributes", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Checksum = new("checksum", Flag, TrueOrFalse);

    public static readonly ConfigurationKey ChecksumEvery =
        new("checksumEvery", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey BandwidthLimit =
        new("bandwidthLimit", TextOrNumber, ConfigurationRules.BandwidthAllowed) { Rule = ConfigurationRules.Bandwidth };

    public static readonly ConfigurationKey NumericIds = new("numericIds", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Inplace = new("inplace", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Sparse = new("sparse", Flag, TrueOrFalse);

    public static readonly ConfigurationKey ExtraArguments =
        new("extraArguments", Texts, ConfigurationRules.ExtraArgumentAllowed) { Rule = RsyncS3Backup.Configuration.ExtraArguments.Problem };

    public static readonly ConfigurationKey DeleteExcluded = new("deleteExcluded", Flag, TrueOrFalse);

    public static readonly ConfigurationKey OnPartial = OneOf<PartialTransferAction>("onPartial", "action");

    public static readonly ConfigurationKey HardLinks = new("hardLinks", Flag, TrueOrFalse);

    public static readonly ConfigurationKey MaxDelete =
        new("maxDelete", TextOrNumber, ConfigurationRules.MaxDeleteAllowed) { Rule = ConfigurationRules.MaxDelete };

    public static readonly ConfigurationKey RequireMountPoint = new("requireMountPoint", Flag, TrueOrFalse);

    public static readonly ConfigurationKey RsyncPath =
        new("rsyncPath", Text, ConfigurationRules.PathAllowed) { Rule = ConfigurationRules.LocalPath };

    public static readonly ConfigurationKey DirectoryMarkers = OneOf<S3DirectoryMarkers>("directoryMarkers", "kind of marker");

    public static readonly ConfigurationKey SmallObjectStorageClass =
        new("smallObjectStorageClass", Text, ConfigurationRules.SmallObjectStorageClassAllowed)
        {
            Values = S3StorageClasses.WithoutMinimum,
            Rule = value => ConfigurationRules.OneOf(value, "storage class for small objects", S3StorageClasses.WithoutMinimum),
        };

    public static readonly ConfigurationKey Tags = new("tags", TextMap, ConfigurationRules.TagsAllowed)
    {
        Rule = ConfigurationRules.TagValue,
        NameRule = ConfigurationRules.TagKey,
        MostMembers = ConfigurationRules.MostTags,
    };

    public static readonly ConfigurationKey Timeout =
        new("timeout", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey SyncToS3 = new("syncToS3", Kind.Object, "an object: how stage 2 works")
    {
        Members =
        [
            Enabled, StorageClass, SmallObjectStorageClass, S3Prefix, KeepLast, KeepDaily, KeepWeekly, KeepMonthly, KeepYearly,
            DeleteFromS3, DirectoryMarkers, ExcludePatterns, Tags, SyncMode, ReconcileEvery, ThrottleLimit, BandwidthLimit, Timeout,
        ],
    };

    public static readonly ConfigurationKey Rsync = new("rsync", Kind.Object, "an object with 'localDestination'")
    {
        Required = true,
        Members =
        [
            LocalDestination, DeleteExtraneous, ExcludePatterns, IncludePatterns, PatternFiles, DeleteExcluded, OnPartial, HardLinks, Acls,
            ExtendedAttributes, Checksum, ChecksumEvery, BandwidthLimit, NumericIds, Inplace, Sparse, ExtraArguments, MaxDelete,
            RequireMountPoint, RsyncPath, SyncToS3,
        ],
    };

    public static readonly ConfigurationKey Bucket =
        new("bucket", Text, ConfigurationRules.BucketNameAllowed) { Required = true, Rule = ConfigurationRules.BucketName };

    public static readonly ConfigurationKey Region =
        new("region", Text, ConfigurationRules.RegionAllowed) { Rule = ConfigurationRules.Region };

    public static readonly ConfigurationKey EndpointUrl =
        new("endpointUrl", Text, ConfigurationRules.EndpointUrlAllowed) { Rule = ConfigurationRules.EndpointUrl };

    public static readonly ConfigurationKey ForcePathStyle = new("forcePathStyle", Flag, TrueOrFalse);

    public static readonly ConfigurationKey ChecksumMode = OneOf<S3ChecksumMode>("checksumMode", "checksum mode");

    public static readonly ConfigurationKey Profile =
        new("profile", Text, ConfigurationRules.ProfileAllowed) { Rule = ConfigurationRules.Profile };

    public static readonly ConfigurationKey EncryptionMode = OneOf<S3EncryptionMode>("mode", "encryption mode") with { Required = true };

    public static readonly ConfigurationKey KmsKeyId =
        new("kmsKeyId", Text, ConfigurationRules.KmsKeyIdAllowed) { Rule = ConfigurationRules.KmsKeyId };

    public static readonly ConfigurationKey BucketKey = new("bucketKey", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Encryption = new("encryption", Kind.Object, "an object with 'mode'")
    {
        Members = [EncryptionMode, KmsKeyId, BucketKey],
    };

    public static readonly ConfigurationKey ExpectedBucketOwner =
        new("expectedBucketOwner", Text, ConfigurationRules.AccountAllowed) { Rule = ConfigurationRules.Account };

    public static readonly ConfigurationKey CronExpression =
        new("cronExpression", Text, ConfigurationRules.CronExpressionAllowed)
        {
            Required = true,
            Rule = ConfigurationRules.CronExpression,
        };

    public static readonly ConfigurationKey Timezone =
        new("timezone", Text, ConfigurationRules.TimeZoneAllowed) { Rule = ConfigurationRules.TimeZone };

    public static readonly ConfigurationKey Schema = new("$schema", Text, "the address of the JSON schema");

    public static readonly ConfigurationKey Name =
        new("name", Text, ConfigurationRules.JobNameAllowed) { Rule = ConfigurationRules.JobName };

    public static readonly ConfigurationKey BackupType = new("backupType", Text, "rsync-to-s3")
    {
        Values = ["rsync-to-s3"],
        Rule = value => ConfigurationRules.OneOf(value, "backup type", ["rsync-to-s3"]),
    };

    public static readonly ConfigurationKey Sources = new("sources", Objects, "a list of at least one object with 'path'")
    {
        Required = true,
        Members = [SourcePath, SourceName, ExcludePatterns, Ssh, PasswordFile],
    };

    public static readonly ConfigurationKey Options =
        new("options", Kind.Object, "an object with 'rsync'") { Required = true, Members = [Rsync] };

    /// <summary>Required unless stage 2 is disabled, which only the reader can know.</summary>
    public static readonly ConfigurationKey Destination =
        new("destination", Kind.Object, "an object with 'bucket', or options.rsync.syncToS3.enabled = false")
        {
            Members = [Bucket, Region, EndpointUrl, ForcePathStyle, ChecksumMode, Profile, Encryption, ExpectedBucketOwner],
        };

    public static readonly ConfigurationKey Schedule = new("schedule", Kind.Object, "an object with 'cronExpression'")
    {
        Members = [CronExpression, Timezone],
    };

    public static readonly ConfigurationKey HookProgram =
        new("command", Texts, ConfigurationRules.HookCommandAllowed) { Rule = ConfigurationRules.HookArgument };

    public static readonly ConfigurationKey HookScript =
        new("script", Text, ConfigurationRules.HookScriptAllowed) { Rule = ConfigurationRules.HookScript };

    public static readonly ConfigurationKey BeforeHook = Hook("before");

    public static readonly ConfigurationKey AfterSuccessHook = Hook("afterSuccess");

    public static readonly ConfigurationKey AfterFailureHook = Hook("afterFailure");

    public static readonly ConfigurationKey FinallyHook = Hook("finally");

    public static readonly ConfigurationKey Hooks = new("hooks", Kind.Object, "an object: what is run around the stages")
    {
        Members = [BeforeHook, AfterSuccessHook, AfterFailureHook, FinallyHook],
    };

    public static readonly ConfigurationKey NotificationType = OneOf<NotificationKind>("type", "kind of notification") with { Required = true };

    public static readonly ConfigurationKey NotificationOn = new("on", Texts, string.Join(", ", Enum.GetValues<NotificationEvent>().Select(NameOf)))
    {
        ItemValues = [.. Enum.GetValues<NotificationEvent>().Select(NameOf)],
        Rule = value => ConfigurationRules.OneOf(value, "event", [.. Enum.GetValues<NotificationEvent>().Select(NameOf)]),
    };

    public static readonly ConfigurationKey NotificationFormat = OneOf<NotificationFormat>("format", "format");

    public static readonly ConfigurationKey Url =
        new("url", Text, NotificationAddresses.UrlAllowed) { Rule = NotificationAddresses.LiteralUrl };

    public static readonly ConfigurationKey UrlVariable = Variable("urlVariable");

    public static readonly ConfigurationKey UrlSecret = SecretName("urlSecret");

    public static readonly ConfigurationKey SmtpServer =
        new("smtpServer", Text, "the name or address of a mail server, without a port") { Rule = NotificationAddresses.Host };

    public static readonly ConfigurationKey SmtpPort = new("smtpPort", Number, ConfigurationRules.PortAllowed) { Rule = ConfigurationRules.Port };

    public static readonly ConfigurationKey SmtpSecurity = OneOf<SmtpSecurity>("smtpSecurity", "encryption");

    public static readonly ConfigurationKey MailFrom =
        new("from", Text, ConfigurationRules.MailAddressAllowed) { Rule = NotificationAddresses.MailAddress };

    public static readonly ConfigurationKey MailTo =
        new("to", Texts, "a list of at least one mail address") { Rule = NotificationAddresses.MailAddress };

    public static readonly ConfigurationKey UserName =
        new("userName", Text, "the name of a user of the mail server") { Rule = ConfigurationRules.SecretName };

    public static readonly ConfigurationKey PasswordVariable = Variable("passwordVariable");

    public static readonly ConfigurationKey PasswordSecret = SecretName("passwordSecret");

    public static readonly ConfigurationKey SecretVault =
        new("secretVault", Text, "the name of a vault of SecretManagement") { Rule = ConfigurationRules.SecretName };

    public static readonly ConfigurationKey AllowInsecure = new("allowInsecure", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Notifications = new("notifications", Objects, "a list of at least one object with 'type'")
    {
        Members =
        [
            NotificationType, NotificationOn, NotificationFormat, Url, UrlVariable, UrlSecret, SmtpServer, SmtpPort, SmtpSecurity, MailFrom, MailTo,
            UserName, PasswordVariable, PasswordSecret, SecretVault, AllowInsecure, Timeout,
        ],
    };

    public static readonly ConfigurationKey HistoryRetention =
        new("historyRetention", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey RetryAttempts =
        new("attempts", Number, ConfigurationRules.AttemptsAllowed) { Rule = ConfigurationRules.Attempts };

    public static readonly ConfigurationKey RetryDelay =
        new("delay", Text, ConfigurationRules.DurationAllowed) { Rule = ConfigurationRules.Duration };

    public static readonly ConfigurationKey Retry =
        new("retry", Kind.Object, "an object: when stage 2 is tried again") { Members = [RetryAttempts, RetryDelay] };

    public static readonly ConfigurationKey SystemLog = new("system", Flag, TrueOrFalse);

    public static readonly ConfigurationKey Log = new("log", Kind.Object, "an object: where a run is logged") { Members = [SystemLog] };

    /// <summary>The keys of a job.</summary>
    public static readonly IReadOnlyList<ConfigurationKey> Job =
        [Schema, Name, BackupType, Sources, Options, Destination, Schedule, Hooks, Notifications, HistoryRetention, Retry, Log];

    /// <summary>Every key with the JSON path of the object that it belongs in.</summary>
    public static readonly IReadOnlyList<(string Parent, ConfigurationKey Key)> All = [.. WithParents("$", Job)];

    /// <summary>The JSON name of an enumeration's value.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => value switch
        {
            // As S3's documentation writes them.
            S3EncryptionMode.SseS3 => "SSE-S3",
            S3EncryptionMode.SseKms => "SSE-KMS",
            S3EncryptionMode.DsseKms => "DSSE-KMS",
            _ => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()),
        };

    private static ConfigurationKey Keep(string name) =>
        new(name, Number, ConfigurationRules.KeepAllowed) { Rule = ConfigurationRules.Keep };

    private static ConfigurationKey Hook(string name) => new(name, TextsOrObject, ConfigurationRules.HookAllowed)
    {
        Members = [HookProgram, HookScript, Timeout],
        ListMember = HookProgram,
    };

    private static ConfigurationKey Variable(string name) =>
        new(name, Text, ConfigurationRules.VariableNameAllowed) { Rule = ConfigurationRules.VariableName };

    private static ConfigurationKey SecretName(string name) =>
        new(name, Text, ConfigurationRules.SecretNameAllowed) { Rule = ConfigurationRules.SecretName };

    private static ConfigurationKey OneOf<T>(string name, string what)
        where T : struct, Enum
    {
        string[] values = [.. Enum.GetValues<T>().Select(NameOf)];
        return new(name, Text, string.Join(", ", values))
        {
            Values = values,
            DefaultIsFirst = true,
            Rule = value => ConfigurationRules.OneOf(value, what, values),
        };
    }

    private static IEnumerable<(string Parent, ConfigurationKey Key)> WithParents(
        string parent, IReadOnlyList<ConfigurationKey> keys)
    {
        foreach (ConfigurationKey key in keys)
        {
            yield return (parent, key);
            string path = key.Kind == Objects ? $"{parent}.{key.Name}[]" : $"{parent}.{key.Name}";
            foreach ((string Parent, ConfigurationKey Key) member in WithParents(path, key.Members))
                yield return member;
        }
    }
}
