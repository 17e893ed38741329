using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// File attributes under the names that only one other tool uses: good enough to restore them, and too coarse to tell that a file has not changed,
/// so a backup takes no notice of them. Those that several tools share are <see cref="ObjectMetadata"/>.
/// </summary>
internal static class ForeignMetadata
{
    // s3cmd restores set-user-ID bits; rclone has ceased to, because who may write to a bucket can set them (GHSA-945v-v9p3-v5xw).
    private const uint PermissionBits = 0x1FF;
    private const uint RegularFile = 0x8000;

    /// <summary>Reads what s3cmd or <c>rclone --metadata</c> wrote of a regular file. What cannot be read counts as left out.</summary>
    /// <param name="metadata">Names in lower case without <c>x-amz-meta-</c>.</param>
    public static StoredAttributes Read(IReadOnlyDictionary<string, string> metadata)
    {
        // s3cmd 2.3, _build_attr_header: "gid:0/gname:root/md5:.../mode:33188/mtime:1595002920/uid:0/uname:root", numbers of stat(2) in decimal.
        if (metadata.TryGetValue("s3cmd-attrs", out string? written))
        {
            Dictionary<string, string> parts = [];
            foreach (string part in written.Split('/'))
            {
                if (part.IndexOf(':', StringComparison.Ordinal) is > 0 and int colon)
                    parts[part[..colon]] = part[(colon + 1)..];
            }

            return new StoredAttributes
            {
                Mode = ToPermissions(Number(parts, "mode")),
                UserId = Number(parts, "uid"),
                GroupId = Number(parts, "gid"),
                ModifiedNanoseconds = parts.TryGetValue("mtime", out string? time) ? ObjectMetadata.ParseSeconds(time) : null,
            };
        }

        // rclone, backend/local/metadata.go: the mode in octal with the bits of the type, the ids in decimal. s3fs uses the same names with the
        // mode in decimal, which has five digits for a regular file, where rclone's has six.
        bool isRclones = metadata.TryGetValue("mode", out string? mode) && mode.TrimStart('0').Length == 6;
        uint? permissions = isRclones ? ToPermissions(ObjectMetadata.ParseMode(mode!)) : null;
        return permissions is null ? default : new StoredAttributes
        {
            Mode = permissions,
            UserId = Number(metadata, "uid"),
            GroupId = Number(metadata, "gid"),
        };
    }

    private static uint? ToPermissions(uint? mode) =>
        mode is { } known && FileAttributesSnapshot.HaveSameType(known, RegularFile) ? known & PermissionBits : null;

    private static uint? Number(IReadOnlyDictionary<string, string> values, string name) =>
        values.TryGetValue(name, out string? value) && uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : null;
}
