using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// What single values must be. One truth for configuration files and cmdlet parameters: each rule returns what is wrong in a sentence,
/// or null. The <c>…Allowed</c> texts say what would be right.
/// </summary>
internal static partial class ConfigurationRules
{
    /// <summary>The longest <c>s3Prefix</c>, in bytes of UTF-8: half of what a key may have; the other half is for paths.</summary>
    public const int LongestKeyPrefix = 512;

    /// <summary>The largest <c>throttleLimit</c>.</summary>
    public const int LargestThrottleLimit = 1024;

    /// <summary>How many tags an object may have.</summary>
    internal const int MostTags = 10;

    private const int LongestTagKey = 128;
    private const int LongestTagValue = 256;

    internal const string TagsAllowed =
        "an object of at most 10 texts: keys of 1 to 128 characters that do not start with 'aws:', values of at most 256; letters, digits, "
        + "spaces and + - = . _ : / @";
    internal const string KmsKeyIdAllowed = "the id, ARN or alias of a KMS key";
    internal const string AccountAllowed = "the 12 digits of an AWS account, in quotes";
    internal const string JobNameAllowed = "1 to 100 characters without path separators and control characters";
    internal const string SourceNameAllowed =
        "a folder name: 1 to 255 bytes without path separators and control characters, not '.' or '..'";
    internal const string PathAllowed = "an absolute path, or one that starts with '~/'";
    internal const string SourcePathAllowed =
        PathAllowed + "; on another machine '[user@]host:/path', '[user@]host::module/path' or 'rsync://[user@]host[:port]/module/path'";
    internal const string PortAllowed = "a whole number from 1 to 65535";
    internal const string SshFileAllowed = PathAllowed + ", without quotes, '${' and control characters";
    internal const string BucketNameAllowed =
        "the name of an S3 bucket: 3 to 63 lowercase letters, digits, dots and hyphens, with a letter or digit at both ends";
    internal const string RegionAllowed = "a region such as 'us-east-1': letters, digits, '-' and '_'";
    internal const string ProfileAllowed = "the name of a profile in the shared AWS configuration files";
    internal const string EndpointUrlAllowed =
        "the address of an S3-compatible store, e.g. 'https://s3.example.com' or 'http://localhost:9000'";
    internal const string KeyPrefixAllowed =
        "text such as 'rsync/photos/' of at most 512 bytes, with '{host}' and date tokens such as '{yyyy-MM-dd}' (letters y M d H m s, and - _ .); "
        + "empty for the bucket's root";
    internal const string DurationAllowed = "a positive duration such as '7d', '12h', '30m', '45s' or '1.06:00:00'";
    internal const string MaxChangeAllowed = "a whole number from 0, a share from '0%' to '100%', both as in '60% or 500', or 'off'";

    internal const string MaxDeleteAllowed = "a whole number from 0, a share from '0%' to '100%', or 'default'";
    internal const string AttemptsAllowed = "a whole number from 1 to 100";
    internal const string ThrottleLimitAllowed = "a whole number from 1 to 1024";
    internal const string KeepAllowed = "a whole number from 1; without the key, it keeps none";
    internal const string PatternAllowed = "an rsync pattern on one line, not '!'";
    internal const string BandwidthAllowed = "bytes a second, at least 1024: a whole number, or text such as '10MiB' or '500kB'";
    internal const string CronExpressionAllowed =
        "five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12), day of week (0-7, 0 and 7 are Sunday), e.g. '0 2 * * *'";
    internal const string TimeZoneAllowed = "an IANA time zone such as 'America/New_York'";

    internal const string HookAllowed =
        "a list such as ['/usr/bin/program', 'argument'], an object with 'command', or an object with 'script'";
    internal const string HookCommandAllowed = "a list of texts: a program (a path, or a name on the PATH), and its arguments";
    internal const string HookScriptAllowed = "the path of a script; a relative one begins in the configuration file's folder";
    internal const string VariableNameAllowed = "the name of an environment variable: letters, digits and '_'";
    internal const string SecretNameAllowed = "the name of a secret of SecretManagement";
    internal const string MailAddressAllowed = "a mail address such as 'backup@example.com'";

    private static readonly SearchValues<char> BucketCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");
    private static readonly string[] ReservedStarts = ["xn--", "sthree-"];
    private static readonly string[] ReservedEnds = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    // Any date does: what a token gives differs by a few bytes at most and never holds a '/'.
    private static readonly DateTimeOffset SampleDate = new(2026, 11, 25, 23, 59, 59, TimeSpan.Zero);

    internal static string ExtraArgumentAllowed =>
        $"{string.Join(", ", ExtraArguments.Flags)}, and with =value {string.Join(", ", ExtraArguments.WithValue)}";

    internal static string SmallObjectStorageClassAllowed => string.Join(", ", S3StorageClasses.WithoutMinimum);

    internal static string StorageClassAllowed => string.Join(", ", S3StorageClasses.All);

    /// <summary>The bucket's name. Source: "Bucket naming rules" of the S3 user guide.</summary>
    public static string? BucketName(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string quoted = ConfigurationText.Quote(value);
        if (string.IsNullOrWhiteSpace(value))
            return "The bucket's name is empty.";
        if (value.StartsWith("arn:", StringComparison.Ordinal))
            return $"{quoted} is an ARN; access points are not supported, give the bucket's own name.";
        if (value.StartsWith("s3:", StringComparison.OrdinalIgnoreCase))
            return $"{quoted} is an address; give the bucket's name only, and what follows it as s3Prefix.";
        if (value.Length is < 3 or > 63)
            return $"{quoted} has {Characters(value.Length)}.";
        int wrong = value.AsSpan().IndexOfAnyExcept(BucketCharacters);
        if (wrong >= 0)
            return $"{quoted} holds the character {ConfigurationText.Quote(value[wrong].ToString())}.";
        if (value[0] is '.' or '-' || value[^1] is '.' or '-')
            return $"{quoted} does not begin and end with a letter or a digit.";
        if (value.Contains("..", StringComparison.Ordinal))
            return $"{quoted} has two dots in a row.";
        if (IPv4Address().IsMatch(value))
            return $"{quoted} looks like an IP address.";
        if (ReservedStart(value) is { } start)
            return $"{quoted} starts with '{start}', which S3 reserves.";
        return ReservedEnd(value) is { } end ? $"{quoted} ends with '{end}', which S3 reserves for other kinds of bucket." : null;
    }

    /// <summary>The storage class, one of <see cref="S3StorageClasses.All"/>.</summary>
    public static string? StorageClass(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return OneOf(value, "storage class", S3StorageClasses.All);
    }

    /// <summary>The key prefix, with or without date tokens and with or without a <c>/</c> at its end.</summary>
    public static string? KeyPrefix(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string quoted = ConfigurationText.Quote(value);
        if (ConfigurationText.HasLoneSurrogate(value))
            return $"{quoted} holds half of a surrogate pair, which is no character.";
        if (RsyncS3Backup.KeyPrefix.TryExpand(value, SampleDate, out string expanded) is { } problem)
            return $"{quoted}: {problem}";
        if (value.StartsWith('/'))
            return $"{quoted} starts with '/'; keys do not.";
        if (value.Any(char.IsControl))
            return $"{quoted} holds a control character.";
        if (expanded.Contains("//", StringComparison.Ordinal))
            return $"{quoted} holds '//'.";
        if (expanded.Split('/').Any(segment => segment is "." or ".."))
            return $"{quoted} holds the segment '.' or '..', which many tools resolve away.";
        int bytes = Math.Max(Encoding.UTF8.GetByteCount(value), Encoding.UTF8.GetByteCount(expanded));
        return bytes > LongestKeyPrefix ? $"{quoted} has {bytes.ToString(CultureInfo.InvariantCulture)} bytes." : null;
    }

    /// <summary>The endpoint: scheme, host and port only. What could be a secret is not repeated in the problem.</summary>
    public static string? EndpointUrl(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Contains('@', StringComparison.Ordinal))
            return "The address holds a user or a password; credentials come from a profile, the environment or a parameter.";
        if (value.AsSpan().ContainsAny('?', '#'))
            return "The address holds a query or a fragment.";
        string quoted = ConfigurationText.Quote(value);
        bool hasScheme = value.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || value.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        if (!hasScheme)
            return $"{quoted} does not start with 'https://' or 'http://'.";
        if (value.Any(char.IsWhiteSpace) || !Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0)
            return $"{quoted} is no valid address.";
        return uri.AbsolutePath != "/" ? $"{quoted} holds a path." : null;
    }

    /// <summary>The schedule's five fields.</summary>
    public static string? CronExpression(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Calendar.CronExpression.TryParse(value, out _, out string? problem) ? null : problem;
    }

    /// <summary>The time zone: IANA's name, or Windows' own, as far as this machine knows it.</summary>
    public static string? TimeZone(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Calendar.ScheduleZone.TryFind(value, out _, out string? problem) ? null : problem;
    }

    internal static string? JobName(string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return "The name is empty.";
        string quoted = ConfigurationText.Quote(value);
        if (value.Length > 100)
            return $"{quoted} has {Characters(value.Length)}.";
        // The name is a segment of the default key prefix.
        bool isSegment = value is not ("." or "..") && !value.AsSpan().ContainsAny('/', '\\') && !value.Any(char.IsControl)
            && !ConfigurationText.HasLoneSurrogate(value);
        return isSegment ? null : $"{quoted} cannot be a job's name.";
    }

    internal static string? SourceName(string value)
    {
        bool isFolderName = !string.IsNullOrWhiteSpace(value) && value is not ("." or "..") && !value.AsSpan().ContainsAny('/', '\\')
            && !value.Any(char.IsControl) && !ConfigurationText.HasLoneSurrogate(value) && Encoding.UTF8.GetByteCount(value) <= 255;
        return isFolderName ? null : $"{ConfigurationText.Quote(value)} cannot be a folder's name.";
    }

    internal static string? SourcePath(string value) =>
        RemotePath.IsRemote(value) ? RemotePath.TryRead(value, out _) : LocalPath(value);

    internal static string? Port(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65535
            ? null
            : $"{ConfigurationText.Quote(value)} is no port.";

    /// <summary>How many snapshots are kept.</summary>
    internal static string? Keep(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count >= 1
            ? null
            : $"{ConfigurationText.Quote(value)} is no number of snapshots to keep.";

    /// <summary>A file that ssh opens. ssh expands <c>${NAME}</c> in such a path and has no way to escape it (ssh_config(5), "TOKENS").</summary>
    internal static string? SshFile(string value)
    {
        bool canBeGiven = !value.AsSpan().ContainsAny('"', '\'') && !value.Contains("${", StringComparison.Ordinal) && !value.Any(char.IsControl);
        return canBeGiven ? LocalPath(value) : $"{ConfigurationText.Quote(value)} holds what ssh cannot take in a path.";
    }

    internal static string? MirrorPath(string value) =>
        RemotePath.IsRemote(value)
            ? $"{ConfigurationText.Quote(value)} is on another machine; the mirror must be on this one."
            : LocalPath(value);

    internal static string? LocalPath(string value)
    {
        if (string.IsNullOrWhiteSpace(value))
            return "The path is empty.";
        string quoted = ConfigurationText.Quote(value);
        if (value.Contains('\0', StringComparison.Ordinal) || ConfigurationText.HasLoneSurrogate(value))
            return $"{quoted} holds a character that no path can have.";
        return Path.IsPathFullyQualified(ConfigurationPaths.Expand(value)) ? null : $"{quoted} is not absolute.";
    }

    internal static string? HookArgument(string value) =>
        value.Contains('\0', StringComparison.Ordinal) || ConfigurationText.HasLoneSurrogate(value)
            ? $"{ConfigurationText.Quote(value)} holds a character that no argument can have."
            : null;

    internal static string? HookScript(string value) =>
        string.IsNullOrWhiteSpace(value) ? "The path is empty." : HookArgument(value);

    // The name is not repeated: a value in its place would be the secret itself.
    internal static string? VariableName(string value) =>
        VariableNameForm().IsMatch(value) ? null : "This is no name of an environment variable; the value itself must not stand here.";

    internal static string? SecretName(string value) =>
        string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl) || ConfigurationText.HasLoneSurrogate(value)
            ? "This is no name."
            : null;

    internal static string? Region(string value) =>
        RegionName().IsMatch(value) ? null : $"{ConfigurationText.Quote(value)} cannot be a region's name.";

    internal static string? Profile(string value) =>
        string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl) || ConfigurationText.HasLoneSurrogate(value)
            ? $"{ConfigurationText.Quote(value)} cannot be a profile's name."
            : null;

    // rsync takes a lone "!" as an order to forget all patterns before it, also those that protect the mirror's marker.
    internal static string? Pattern(string value) =>
        value is "" or "!" || value.AsSpan().ContainsAny("\0\r\n") || ConfigurationText.HasLoneSurrogate(value)
            ? $"{ConfigurationText.Quote(value)} cannot be a pattern."
            : null;

    // Source: "Categorizing your objects using tags" of the S3 user guide.
    internal static string? TagKey(string value)
    {
        string quoted = ConfigurationText.Quote(value);
        if (value.Length is 0 or > LongestTagKey)
            return $"The tag's key {quoted} has {Characters(value.Length)}.";
        if (value.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
            return $"The tag's key {quoted} starts with 'aws:', which AWS reserves.";
        return TagText().IsMatch(value) ? null : $"The tag's key {quoted} holds a character that S3 does not allow.";
    }

    internal static string? TagValue(string value)
    {
        string quoted = ConfigurationText.Quote(value);
        if (value.Length > LongestTagValue)
            return $"The tag's value {quoted} has {Characters(value.Length)}.";
        return TagText().IsMatch(value) ? null : $"The tag's value {quoted} holds a character that S3 does not allow.";
    }

    internal static string? KmsKeyId(string value) =>
        KmsKey().IsMatch(value) ? null : $"{ConfigurationText.Quote(value)} cannot be a KMS key.";

    internal static string? Account(string value) =>
        value.Length == 12 && value.All(char.IsAsciiDigit) ? null : $"{ConfigurationText.Quote(value)} is no account.";

    internal static string? Duration(string value) =>
        DurationText.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is no positive duration.";

    internal static string? Bandwidth(string value) =>
        BandwidthText.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is no rate that rsync can keep.";

    internal static string? MaxDelete(string value) =>
        DeleteLimit.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is no limit.";

    internal static string? MaxChange(string value) =>
        ChangeLimit.TryParse(value, out _) ? null : $"{ConfigurationText.Quote(value)} is not a valid limit.";

    internal static string? Attempts(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int attempts) && attempts is >= 1 and <= 100
            ? null
            : $"{ConfigurationText.Quote(value)} is no number of attempts.";

    internal static string? ThrottleLimit(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= LargestThrottleLimit
            ? null
            : $"{ConfigurationText.Quote(value)} is out of range.";

    internal static string? OneOf(string value, string what, IReadOnlyList<string> values) =>
        values.Contains(value, StringComparer.Ordinal)
            ? null
            : $"{ConfigurationText.Quote(value)} is no {what}.{ConfigurationText.DidYouMean(value, values)}";

    private static string? ReservedStart(string bucket) =>
        ReservedStarts.FirstOrDefault(start => bucket.StartsWith(start, StringComparison.Ordinal));

    private static string? ReservedEnd(string bucket) =>
        ReservedEnds.FirstOrDefault(end => bucket.EndsWith(end, StringComparison.Ordinal));

    [GeneratedRegex(@"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex IPv4Address();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex VariableNameForm();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_\-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex RegionName();

    [GeneratedRegex(@"^[\p{L}\p{Nd}\p{Zs}+\-=._:/@]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagText();

    [GeneratedRegex(@"^[A-Za-z0-9:/_+=,.@\-]{1,2048}\z", RegexOptions.CultureInvariant)]
    private static partial Regex KmsKey();

    private static string Characters(int count) => count == 1 ? "1 character" : $"{count.ToString(CultureInfo.InvariantCulture)} characters";
}
