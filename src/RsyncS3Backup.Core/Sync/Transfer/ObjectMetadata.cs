using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// File attributes as object metadata, under the names that AWS DataSync and File Gateway read and write (<c>file-*</c>) and the one that
/// rclone does (<c>mtime</c>). Sources: "Metadata copied by AWS DataSync" in its user guide; rclone's S3 page, "Modification times".
/// </summary>
internal static class ObjectMetadata
{
    private const string PermissionsName = "file-permissions";
    private const string OwnerName = "file-owner";
    private const string GroupName = "file-group";
    private const string TimeName = "file-mtime";
    private const string SecondsName = "mtime";

    /// <summary>Ours: no other tool carries hard links. The value is the same for all names of one file in one mirror.</summary>
    private const string LinkGroupName = "file-link-group";

    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Names and values for one entry.</summary>
    public static IEnumerable<KeyValuePair<string, string>> For(FileAttributesSnapshot attributes)
    {
        if (!attributes.LacksPermissions)
        {
            yield return new(PermissionsName, "0" + Convert.ToString(attributes.Mode, 8));
            yield return new(OwnerName, attributes.UserId.ToString(CultureInfo.InvariantCulture));
            yield return new(GroupName, attributes.GroupId.ToString(CultureInfo.InvariantCulture));
        }

        if (attributes is { IsRegularFile: true, LinkCount: > 1, Inode: > 0 })
            yield return new(LinkGroupName, attributes.Inode.ToString("x", CultureInfo.InvariantCulture));
        long nanoseconds = attributes.ModifiedNanoseconds;
        yield return new(TimeName, nanoseconds.ToString(CultureInfo.InvariantCulture) + "ns");
        yield return new(SecondsName, Seconds(nanoseconds));
    }

    /// <summary>True for what this module has written: no other tool writes the time under both names.</summary>
    /// <param name="metadata">Names in lower case without <c>x-amz-meta-</c>.</param>
    public static bool IsOurs(IReadOnlyDictionary<string, string> metadata) => metadata.ContainsKey(TimeName) && metadata.ContainsKey(SecondsName);

    /// <summary>Reads what this module, DataSync, File Gateway or rclone wrote. What cannot be read counts as left out.</summary>
    /// <param name="metadata">Names in lower case without <c>x-amz-meta-</c>.</param>
    /// <param name="attributes">What was found.</param>
    /// <returns>False when there is nothing of a file's attributes.</returns>
    public static bool TryParse(IReadOnlyDictionary<string, string> metadata, out StoredAttributes attributes)
    {
        attributes = new StoredAttributes
        {
            Mode = Find(metadata, PermissionsName, ParseMode),
            UserId = Find(metadata, OwnerName, ParseId),
            GroupId = Find(metadata, GroupName, ParseId),
            ModifiedNanoseconds = Find(metadata, TimeName, ParseNanoseconds) ?? Find(metadata, SecondsName, ParseSeconds),
            LinkGroup = Find(metadata, LinkGroupName, ParseLinkGroup),
        };
        return attributes != default;
    }

    /// <summary>Seconds with nine decimals, as rclone writes them.</summary>
    internal static string Seconds(long nanoseconds)
    {
        string sign = nanoseconds < 0 ? "-" : "";
        ulong magnitude = (ulong)Math.Abs((decimal)nanoseconds);
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{magnitude / NanosecondsPerSecond}.{magnitude % NanosecondsPerSecond:D9}");
    }

    private static T? Find<T>(IReadOnlyDictionary<string, string> metadata, string name, Func<string, T?> parse)
        where T : struct => metadata.TryGetValue(name, out string? value) ? parse(value.Trim()) : null;

    /// <summary>A mode in octal; null when it is none. DataSync leaves out the leading zero, and some tools the type bits.</summary>
    internal static uint? ParseMode(string value)
    {
        if (value.Length is 0 or > 8 || value.AsSpan().ContainsAnyExceptInRange('0', '7'))
            return null;
        uint mode = Convert.ToUInt32(value, 8);
        return mode <= ushort.MaxValue ? mode : null;
    }

    private static uint? ParseId(string value) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) ? id : null;

    private static ulong? ParseLinkGroup(string value) =>
        ulong.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong group) && group > 0 ? group : null;

    private static long? ParseNanoseconds(string value)
    {
        string digits = value.EndsWith("ns", StringComparison.Ordinal) ? value[..^2] : value;
        return long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long nanoseconds) ? nanoseconds : null;
    }

    /// <summary>Nanoseconds of a time in seconds; null when it is none.</summary>
    // rclone writes as many decimals as it needs, none for a whole second, and "-0.5" for half a second before 1970.
    internal static long? ParseSeconds(string value)
    {
        if (!decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds))
            return null;
        if (Math.Abs(seconds) > long.MaxValue / NanosecondsPerSecond + 1)
            return null;
        decimal nanoseconds = decimal.Truncate(seconds * NanosecondsPerSecond);
        return nanoseconds is >= long.MinValue and <= long.MaxValue ? (long)nanoseconds : null;
    }
}

/// <summary>A file's attributes as an object carries them; null for what it does not.</summary>
internal readonly record struct StoredAttributes
{
    /// <summary>Permission bits, and type bits where the writer knew them: then the type is not 0.</summary>
    public uint? Mode { get; init; }

    /// <summary>The owner's numeric id.</summary>
    public uint? UserId { get; init; }

    /// <summary>The group's numeric id.</summary>
    public uint? GroupId { get; init; }

    /// <summary>Modification time in nanoseconds since 1970-01-01 UTC.</summary>
    public long? ModifiedNanoseconds { get; init; }

    /// <summary>The same for all names of one file with several names.</summary>
    public ulong? LinkGroup { get; init; }
}
