using System.Globalization;
using RsyncS3Backup.Calendar;

namespace RsyncS3Backup.Configuration;

/// <summary>What a value must be.</summary>
/// <param name="Problem">What is wrong with a text, or with a number's digits; null when it is good.</param>
/// <param name="Allowed">What would be right.</param>
/// <param name="Schema">The same as members of a JSON schema, as far as one can say it.</param>
internal sealed record KeyRule(Func<string, string?> Problem, string Allowed, string Schema = "")
{
    private const string PathAllowed = "an absolute path, or one that starts with '~/'";
    private const int MostDays = 36500;

    // Whoever forgets the unit of "20GiB" must not wait for ever.
    private const long LeastUpload = 1 << 20;
    private const string NotEmpty = "\"minLength\": 1";

    public static readonly KeyRule Any = new(_ => null, "");

    public static readonly KeyRule Flag = new(_ => null, "true or false");

    public static readonly KeyRule JobName = new(
        ConfigurationRules.JobName, "1 to 100 characters without path separators and control characters",
        NotEmpty + ", \"maxLength\": 100, " + Matches(@"^[^/\\\\\\u0000-\\u001f]+$"));

    public static readonly KeyRule SourcePath = new(
        ConfigurationRules.SourcePath,
        PathAllowed + "; on another machine '[user@]host:/path', '[user@]host::module/path' or "
        + "'rsync://[user@]host[:port]/module/path'",
        NotEmpty);

    public static readonly KeyRule SourceName = new(
        ConfigurationRules.SourceName,
        "a folder name: 1 to 255 bytes without path separators and control characters, not '.' or '..'",
        NotEmpty + ", " + Matches(@"^[^/\\\\\\u0000-\\u001f]+$"));

    public static readonly KeyRule Path = new(ConfigurationRules.LocalPath, PathAllowed, NotEmpty);

    public static readonly KeyRule Mirror = new(ConfigurationRules.MirrorPath, PathAllowed, NotEmpty);

    public static readonly KeyRule MetricFolder = new(
        ConfigurationRules.MetricFolder, PathAllowed + ": a folder, not a file '.prom'", NotEmpty);

    public static readonly KeyRule SshFile = new(
        ConfigurationRules.SshFile, PathAllowed + ", without quotes, '${' and control characters", NotEmpty);

    public static readonly KeyRule Drives = WholeNumber(1, 100, "is not a valid number of drives.");

    public static readonly KeyRule Port = WholeNumber(1, 65535, "is not a valid port.");

    public static readonly KeyRule Pattern = new(
        ConfigurationRules.Pattern, "an rsync pattern on one line, not '!'", NotEmpty + ", " + Matches(@"^[^\\u0000\\r\\n]+$"));

    public static readonly KeyRule ExtraArgument = new(
        ExtraArguments.Problem,
        $"{string.Join(", ", ExtraArguments.Flags)}, and with =value {string.Join(", ", ExtraArguments.WithValue)}",
        Matches("^--[a-z]"));

    public static readonly KeyRule Duration = new(
        value => DurationText.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is not a positive duration.",
        "a positive duration such as '7d', '12h', '30m', '45s' or '1.06:00:00'",
        Matches(@"^([0-9]+[dhms]|([0-9]+\\.)?[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{7})?)$"));

    public static readonly KeyRule Bandwidth = new(
        value => BandwidthText.TryParse(value, out _)
            ? null
            : $"{ConfigurationText.Quote(value)} is not a number of bytes a second, at least 1024.",
        "bytes a second, at least 1024: a whole number, or text such as '10MiB' or '500kB'", "\"minimum\": 1024");

    public static readonly KeyRule BandwidthOrTimetable = new(
        value => !BandwidthTimetable.IsMeant(value) ? Bandwidth.Problem(value) : BandwidthTimetable.TryParse(value, out _, out string? problem) ? null : problem,
        "bytes a second, at least 1024: a whole number, or text such as '10MiB' or '500kB'; or a timetable of at least two times in their order, such as "
        + "'08:00 1MiB, 18:00 4MiB, 23:00 off'",
        "\"minimum\": 1024");

    public static readonly KeyRule MaxUpload = new(
        value => SizeText.TryParse(value, LeastUpload, out _) ? null : $"{ConfigurationText.Quote(value)} is not a valid size.",
        "bytes a day, at least 1 MiB: a whole number, or text such as '20GiB' or '500MB'", "\"minimum\": 1048576");

    public static readonly KeyRule MaxDelete = new(
        value => DeleteLimit.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is not a valid limit.",
        "a whole number from 0, a share from '0%' to '100%', or 'default'",
        "\"minimum\": 0, " + Matches(@"^([0-9]+|[0-9]+(\\.[0-9]+)?%|default)$"));

    public static readonly KeyRule MaxChange = new(
        value => ChangeLimit.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is not a valid limit.",
        "a whole number from 0, a share from '0%' to '100%', both as in '60% or 500', or 'off'",
        "\"minimum\": 0, " + Matches(@"^([0-9]+|[0-9]+(\\.[0-9]+)?%( or [0-9]+)?|off)$"));

    public static readonly KeyRule StorageClass =
        OneOf("storage class", S3StorageClasses.All) with { Problem = ConfigurationRules.StorageClass };

    public static readonly KeyRule TransitionClass = OneOf("storage class that S3 moves objects to", S3StorageClasses.ForTransitions);

    public static readonly KeyRule Days = WholeNumber(1, MostDays, "is not a valid number of days.");

    public static readonly KeyRule DaysOrNever = WholeNumber(0, MostDays, "is not a valid number of days.");

    // Source: "NewerNoncurrentVersions" of the S3 API reference.
    public static readonly KeyRule KeepNewest = WholeNumber(1, 100, "is not a number of versions that S3 can keep.");

    public static readonly KeyRule SmallestSize = new(
        value => value == "0" || WholeNumber(4096, int.MaxValue, "").Problem(value) is null
            ? null
            : $"{ConfigurationText.Quote(value)} is not a valid smallest size.",
        "a whole number from 4096, or 0", "\"minimum\": 0, \"maximum\": 2147483647");

    public static readonly KeyRule ChecksumAlgorithm = OneOf("checksum", S3ChecksumAlgorithms.All);

    public static readonly KeyRule SmallObjectStorageClass =
        OneOf("storage class for small objects", S3StorageClasses.WithoutMinimum);

    public static readonly KeyRule KeyPrefix = new(
        ConfigurationRules.KeyPrefix,
        "text such as 'rsync/photos/' of at most 512 bytes, with '{host}' and date tokens such as '{yyyy-MM-dd}' (letters "
        + "y M d H m s, and - _ .); empty for the bucket's root",
        "\"maxLength\": 512");

    public static readonly KeyRule Keep = WholeNumber(1, int.MaxValue, "is not a valid number of snapshots to keep.") with
    {
        Allowed = "a whole number from 1; without the key, it keeps none",
    };

    public static readonly KeyRule ThrottleLimit = WholeNumber(1, 1024, "is out of range.");

    public static readonly KeyRule TagValue = new(
        ConfigurationRules.TagValue,
        "an object of at most 10 texts: keys of 1 to 128 characters that do not start with 'aws:', values of at most 256; "
        + "letters, digits, spaces and + - = . _ : / @",
        "\"maxLength\": 256");

    public static readonly KeyRule BucketName = new(
        ConfigurationRules.BucketName,
        "the name of an S3 bucket: 3 to 63 lowercase letters, digits, dots and hyphens, with a letter or digit at both ends; or the "
        + "ARN of an access point",
        Matches("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]|" + AccessPointArn.Pattern + ")$"));

    public static readonly KeyRule Region = new(
        ConfigurationRules.Region, "a region such as 'us-east-1': letters, digits, '-' and '_'",
        Matches("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"));

    public static readonly KeyRule EndpointUrl = new(
        ConfigurationRules.EndpointUrl,
        "the address of an S3-compatible store, e.g. 'https://s3.example.com' or 'http://localhost:9000'",
        Matches(@"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\s]+/?$"));

    public static readonly KeyRule Profile = new(
        ConfigurationRules.Profile, "the name of a profile in the shared AWS configuration files", NotEmpty);

    public static readonly KeyRule Currency = new(
        value => value.Length == 3 && value.All(char.IsAsciiLetterUpper) ? null : $"{ConfigurationText.Quote(value)} is not a valid currency.",
        "the three capital letters of a currency, such as 'EUR'", Matches("^[A-Z]{3}$"));

    public static readonly KeyRule Percent = new(
        value => decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal number) && number is > 0 and <= 100
            ? null : $"{ConfigurationText.Quote(value)} is not a valid percentage.",
        "a number above 0, up to 100", "\"exclusiveMinimum\": 0, \"maximum\": 100");

    public static readonly KeyRule Price = new(
        ConfigurationRules.Price, "a number from 0 to 1000000, without a currency", "\"minimum\": 0, \"maximum\": 1000000");

    public static readonly KeyRule MinimumDays = WholeNumber(0, 3650, "is not a valid number of days.");

    public static readonly KeyRule KmsKeyId = new(
        ConfigurationRules.KmsKeyId, "the id, ARN or alias of a KMS key", Matches("^[A-Za-z0-9:/_+=,.@-]{1,2048}$"));

    public static readonly KeyRule Account = new(
        value => value.Length == 12 && value.All(char.IsAsciiDigit) ? null : $"{ConfigurationText.Quote(value)} is not a valid account.",
        "the 12 digits of an AWS account, in quotes", Matches("^[0-9]{12}$"));

    public static readonly KeyRule CronExpression = new(ConfigurationRules.CronExpression, ScheduleErrors.CronExpressionAllowed);

    public static readonly KeyRule TimeZone = new(ConfigurationRules.TimeZone, ScheduleErrors.TimeZoneAllowed);

    public static readonly KeyRule TimeOfDay = new(
        value => StopTime.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is not a time of the day.",
        "a time from '00:00' to '23:59'", Matches("^([01][0-9]|2[0-3]):[0-5][0-9]$"));

    public static readonly KeyRule HookArgument = new(
        ConfigurationRules.HookArgument, "a list of texts: a program (a path, or a name on the PATH), and its arguments");

    public static readonly KeyRule HookScript = new(
        ConfigurationRules.HookScript,
        "the path of a script; a relative one begins in the configuration file's folder", NotEmpty);

    public static readonly KeyRule ConfigurationFile = new(
        ConfigurationRules.HookScript,
        "the path of a configuration file; a relative one begins in the folder of the file that names it", NotEmpty);

    public static readonly KeyRule Url =
        new(NotificationAddresses.LiteralUrl, NotificationAddresses.UrlAllowed, Matches("^https?://"));

    public static readonly KeyRule Variable = new(
        ConfigurationRules.VariableName, "the name of an environment variable: letters, digits and '_'",
        Matches("^[A-Za-z_][A-Za-z0-9_]*$"));

    public static readonly KeyRule Secret =
        new(ConfigurationRules.SecretName, "the name of a secret of SecretManagement", NotEmpty);

    public static readonly KeyRule Vault = Secret with { Allowed = "the name of a vault of SecretManagement" };

    public static readonly KeyRule MailServer = new(
        NotificationAddresses.Host, "the name or address of a mail server, without a port", NotEmpty);

    public static readonly KeyRule MailUser = Secret with { Allowed = "the name of a user of the mail server" };

    public static readonly KeyRule MailAddress = new(
        NotificationAddresses.MailAddress, "a mail address such as 'backup@example.com'", NotEmpty);

    public static readonly KeyRule Attempts = WholeNumber(1, 100, "is not a valid number of attempts.");

    /// <summary>The values, where there is a list of them.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>True where the values are those of an enumeration, in its order, and the first is the default.</summary>
    public bool IsEnumeration { get; init; }

    /// <summary>One of the values of an enumeration.</summary>
    /// <param name="what">What the values are, as in "is not a valid storage class".</param>
    public static KeyRule OneOf<T>(string what)
        where T : struct, Enum =>
        OneOf(what, [.. Enum.GetValues<T>().Select(ConfigurationKeys.NameOf)]) with { IsEnumeration = true };

    /// <summary>One of some values.</summary>
    /// <param name="what">What the values are, as in "is not a valid storage class".</param>
    /// <param name="values">The values.</param>
    public static KeyRule OneOf(string what, IReadOnlyList<string> values) =>
        new(value => ConfigurationRules.OneOf(value, what, values), string.Join(", ", values)) { Values = values };

    private static KeyRule WholeNumber(int least, int most, string problem) => new(
        value => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= least && number <= most
            ? null
            : $"{ConfigurationText.Quote(value)} {problem}",
        FormattableString.Invariant($"a whole number from {least} to {most}"),
        FormattableString.Invariant($"\"minimum\": {least}, \"maximum\": {most}"));

    private static string Matches(string pattern) => $"\"pattern\": \"{pattern}\"";
}
