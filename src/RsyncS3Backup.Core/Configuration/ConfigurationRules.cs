using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// What is wrong with single values, in a sentence, or null. <see cref="KeyRule"/> says what would be right.
/// </summary>
internal static partial class ConfigurationRules
{
    /// <summary>The longest <c>s3Prefix</c>, in bytes of UTF-8: half of what a key may have; the other half is for paths.</summary>
    public const int LongestKeyPrefix = 512;

    /// <summary>How many tags an object may have.</summary>
    internal const int MostTags = 10;

    private const decimal HighestPrice = 1_000_000;
    private const int LongestTagKey = 128;
    private const int LongestTagValue = 256;

    private static readonly SearchValues<char> BucketCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");
    private static readonly string[] ReservedStarts = ["xn--", "sthree-"];
    private static readonly string[] ReservedEnds = ["--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    // Any date does: what a token gives differs by a few bytes at most and never holds a '/'.
    private static readonly DateTimeOffset SampleDate = new(2026, 11, 25, 23, 59, 59, TimeSpan.Zero);

    /// <summary>The bucket's name, or an access point's ARN or alias. Source: "Bucket naming rules" of the S3 user guide.</summary>
    public static string? BucketName(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string quoted = ConfigurationText.Quote(value);
        if (string.IsNullOrWhiteSpace(value))
            return "The bucket's name is empty.";
        if (AccessPointArn.Is(value))
            return null;
        if (value.StartsWith("arn:", StringComparison.Ordinal))
        {
            return $"{quoted} is an ARN, and none of an access point, such as "
                + "'arn:aws:s3:us-east-1:123456789012:accesspoint/name'.";
        }

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
        // Source: "Differences for directory buckets" in the Amazon S3 User Guide.
        return value is "EXPRESS_ONEZONE"
            ? "EXPRESS_ONEZONE is the class of directory buckets, which keep no versions, move nothing to other classes, and list without "
                + "order; this module needs a general purpose bucket."
            : OneOf(value, "storage class", S3StorageClasses.All);
    }

    /// <summary>A price.</summary>
    public static string? Price(string value) =>
        decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal price) && price is >= 0 and <= HighestPrice
            ? null
            : $"{ConfigurationText.Quote(value)} is not a valid price.";

    /// <summary>The key prefix, with or without date tokens and with or without a <c>/</c> at its end.</summary>
    public static string? KeyPrefix(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string quoted = ConfigurationText.Quote(value);
        if (ConfigurationText.HasLoneSurrogate(value))
            return $"{quoted} holds half of a surrogate pair, which is not a character.";
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
            return $"{quoted} is not a valid address.";
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
        int length = RsyncS3Backup.KeyPrefix.WithHost(value).Length;
        if (length > 100)
            return $"{quoted} has {Characters(length)}.";
        if (value.Equals(Path.GetFileNameWithoutExtension(ConfigurationLayers.DefaultsName), StringComparison.OrdinalIgnoreCase))
            return $"{quoted} cannot be a job's name; what the jobs of a folder share stands in a file '{ConfigurationLayers.DefaultsName}'.";
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

    // One file for several jobs would be overwritten by each of them.
    internal static string? MetricFolder(string value) =>
        LocalPath(value) ?? (value.EndsWith(".prom", StringComparison.OrdinalIgnoreCase)
            ? $"{ConfigurationText.Quote(value)} is a file; name its folder, in which each job writes a file of its own."
            : null);

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
        VariableNameForm().IsMatch(value) ? null : "This is not the name of an environment variable; the value itself must not stand here.";

    internal static string? SecretName(string value) =>
        string.IsNullOrWhiteSpace(value) || value.Any(char.IsControl) || ConfigurationText.HasLoneSurrogate(value)
            ? "This is not a valid name."
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

    internal static string? OneOf(string value, string what, IReadOnlyList<string> values) =>
        values.Contains(value, StringComparer.Ordinal)
            ? null
            : $"{ConfigurationText.Quote(value)} is not a valid {what}.{ConfigurationText.DidYouMean(value, values)}";

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
