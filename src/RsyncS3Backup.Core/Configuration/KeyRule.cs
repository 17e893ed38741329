namespace RsyncS3Backup.Configuration;

/// <summary>What a value must be.</summary>
/// <param name="Problem">What is wrong with a text, or with a number's digits; null when it is good.</param>
/// <param name="Allowed">What would be right.</param>
/// <param name="Schema">The same as members of a JSON schema, as far as one can say it.</param>
internal sealed record KeyRule(Func<string, string?> Problem, string Allowed, string Schema = "")
{
    private const string NotEmpty = "\"minLength\": 1";
    private const string SegmentPattern = """
        "minLength": 1, "maxLength": 100, "pattern": "^[^/\\\\\\u0000-\\u001f]+$"
        """;

    public static readonly KeyRule Any = new(_ => null, "");

    public static readonly KeyRule Flag = new(_ => null, "true or false");

    public static readonly KeyRule JobName = new(ConfigurationRules.JobName, ConfigurationRules.JobNameAllowed, SegmentPattern);

    public static readonly KeyRule SourcePath = new(ConfigurationRules.SourcePath, ConfigurationRules.SourcePathAllowed, NotEmpty);

    public static readonly KeyRule SourceName = new(
        ConfigurationRules.SourceName, ConfigurationRules.SourceNameAllowed, """
        "minLength": 1, "pattern": "^[^/\\\\\\u0000-\\u001f]+$"
        """);

    public static readonly KeyRule Path = new(ConfigurationRules.LocalPath, ConfigurationRules.PathAllowed, NotEmpty);

    public static readonly KeyRule Mirror = new(ConfigurationRules.MirrorPath, ConfigurationRules.PathAllowed, NotEmpty);

    public static readonly KeyRule SshFile = new(ConfigurationRules.SshFile, ConfigurationRules.SshFileAllowed, NotEmpty);

    public static readonly KeyRule Port = new(ConfigurationRules.Port, ConfigurationRules.PortAllowed, Range(1, 65535));

    public static readonly KeyRule Pattern = new(
        ConfigurationRules.Pattern, ConfigurationRules.PatternAllowed, """
        "minLength": 1, "pattern": "^[^\\u0000\\r\\n]+$"
        """);

    public static readonly KeyRule ExtraArgument = new(ExtraArguments.Problem, ConfigurationRules.ExtraArgumentAllowed, Matches("^--[a-z]"));

    public static readonly KeyRule Duration = new(
        ConfigurationRules.Duration, ConfigurationRules.DurationAllowed,
        Matches(@"^([0-9]+[dhms]|([0-9]+\\.)?[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{7})?)$"));

    public static readonly KeyRule Bandwidth = new(ConfigurationRules.Bandwidth, ConfigurationRules.BandwidthAllowed, "\"minimum\": 1024");

    public static readonly KeyRule MaxDelete = new(
        ConfigurationRules.MaxDelete, ConfigurationRules.MaxDeleteAllowed, """
        "minimum": 0, "pattern": "^([0-9]+|[0-9]+(\\.[0-9]+)?%|default)$"
        """);

    public static readonly KeyRule StorageClass = OneOf("storage class", S3StorageClasses.All);

    public static readonly KeyRule SmallObjectStorageClass = OneOf("storage class for small objects", S3StorageClasses.WithoutMinimum);

    public static readonly KeyRule KeyPrefix = new(ConfigurationRules.KeyPrefix, ConfigurationRules.KeyPrefixAllowed, "\"maxLength\": 512");

    public static readonly KeyRule Keep = new(ConfigurationRules.Keep, ConfigurationRules.KeepAllowed, Range(1, int.MaxValue));

    public static readonly KeyRule ThrottleLimit = new(
        ConfigurationRules.ThrottleLimit, ConfigurationRules.ThrottleLimitAllowed, Range(1, ConfigurationRules.LargestThrottleLimit));

    public static readonly KeyRule TagKey = new(ConfigurationRules.TagKey, ConfigurationRules.TagsAllowed);

    public static readonly KeyRule TagValue = new(ConfigurationRules.TagValue, ConfigurationRules.TagsAllowed, "\"maxLength\": 256");

    public static readonly KeyRule BucketName = new(
        ConfigurationRules.BucketName, ConfigurationRules.BucketNameAllowed, """
        "minLength": 3, "maxLength": 63, "pattern": "^[a-z0-9][a-z0-9.-]*[a-z0-9]$"
        """);

    public static readonly KeyRule Region = new(
        ConfigurationRules.Region, ConfigurationRules.RegionAllowed, Matches("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"));

    public static readonly KeyRule EndpointUrl = new(
        ConfigurationRules.EndpointUrl, ConfigurationRules.EndpointUrlAllowed, Matches(@"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\s]+/?$"));

    public static readonly KeyRule Profile = new(ConfigurationRules.Profile, ConfigurationRules.ProfileAllowed, NotEmpty);

    public static readonly KeyRule KmsKeyId = new(
        ConfigurationRules.KmsKeyId, ConfigurationRules.KmsKeyIdAllowed, Matches("^[A-Za-z0-9:/_+=,.@-]{1,2048}$"));

    public static readonly KeyRule Account = new(ConfigurationRules.Account, ConfigurationRules.AccountAllowed, Matches("^[0-9]{12}$"));

    public static readonly KeyRule CronExpression = new(ConfigurationRules.CronExpression, ConfigurationRules.CronExpressionAllowed);

    public static readonly KeyRule TimeZone = new(ConfigurationRules.TimeZone, ConfigurationRules.TimeZoneAllowed);

    public static readonly KeyRule HookArgument = new(ConfigurationRules.HookArgument, ConfigurationRules.HookCommandAllowed);

    public static readonly KeyRule HookScript = new(ConfigurationRules.HookScript, ConfigurationRules.HookScriptAllowed, NotEmpty);

    public static readonly KeyRule Url = new(NotificationAddresses.LiteralUrl, NotificationAddresses.UrlAllowed, Matches("^https?://"));

    public static readonly KeyRule Variable = new(
        ConfigurationRules.VariableName, ConfigurationRules.VariableNameAllowed, Matches("^[A-Za-z_][A-Za-z0-9_]*$"));

    public static readonly KeyRule Secret = new(ConfigurationRules.SecretName, ConfigurationRules.SecretNameAllowed, NotEmpty);

    public static readonly KeyRule MailServer = new(
        NotificationAddresses.Host, "the name or address of a mail server, without a port", NotEmpty);

    public static readonly KeyRule MailUser = new(ConfigurationRules.SecretName, "the name of a user of the mail server", NotEmpty);

    public static readonly KeyRule MailAddress = new(NotificationAddresses.MailAddress, ConfigurationRules.MailAddressAllowed, NotEmpty);

    public static readonly KeyRule Vault = new(ConfigurationRules.SecretName, "the name of a vault of SecretManagement", NotEmpty);

    public static readonly KeyRule Attempts = new(ConfigurationRules.Attempts, ConfigurationRules.AttemptsAllowed, Range(1, 100));

    /// <summary>The values, where there is a list of them.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>True where the values are those of an enumeration, in its order, and the first is the default.</summary>
    public bool IsEnumeration { get; init; }

    /// <summary>One of the values of an enumeration.</summary>
    /// <param name="what">What the values are, as in "is no storage class".</param>
    public static KeyRule OneOf<T>(string what)
        where T : struct, Enum => OneOf(what, [.. Enum.GetValues<T>().Select(ConfigurationKeys.NameOf)]) with { IsEnumeration = true };

    /// <summary>One of some values.</summary>
    /// <param name="what">What the values are, as in "is no storage class".</param>
    /// <param name="values">The values.</param>
    public static KeyRule OneOf(string what, IReadOnlyList<string> values) =>
        new(value => ConfigurationRules.OneOf(value, what, values), string.Join(", ", values)) { Values = values };

    private static string Range(int least, int most) => FormattableString.Invariant($"\"minimum\": {least}, \"maximum\": {most}");

    private static string Matches(string pattern) => $"\"pattern\": \"{pattern}\"";
}
