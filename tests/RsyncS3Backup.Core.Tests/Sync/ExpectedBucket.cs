using System.Globalization;
using System.Text;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>One object: its bytes and all its metadata, in a form that compares and prints.</summary>
internal sealed record ExpectedObject(string Content, string Metadata);

/// <summary>What a bucket must hold of a mirror: written down anew from what the documentation says, without the code under test.</summary>
internal static class ExpectedBucket
{
    /// <summary>Every key below the prefix that the mirror asks for.</summary>
    public static Dictionary<string, ExpectedObject> Of(string mirror, S3DirectoryMarkers markers, bool excludesTemporary)
    {
        Dictionary<string, RawEntry> entries = RawFileSystem.ReadTree(MirrorTrees.Latin1(mirror))
            .Where(item => item.Key.Length > 0 && item.Key is not (MirrorMarker.FileName or MirrorExclusions.LockFile))
            .Select(item => (Key: Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(item.Key)), item.Value))
            .Where(item => !excludesTemporary || !item.Key.Split('/').Any(part => part.EndsWith(".tmp", StringComparison.Ordinal)))
            .ToDictionary(item => item.Key, item => item.Value);
        Dictionary<string, ExpectedObject> expected = [];
        foreach ((string key, RawEntry entry) in entries)
        {
            if (entry.IsFile)
                expected[key] = new ExpectedObject(Convert.ToHexString(File.ReadAllBytes(Path.Join(mirror, key))), Metadata(entry));
            else if (entry.IsLink)
                expected[key] = new ExpectedObject(Convert.ToHexString(Encoding.Latin1.GetBytes(entry.Content)), Metadata(entry));
            else if (HasMarker(key, entries, markers))
                expected[key + "/"] = new ExpectedObject("", Metadata(entry));
        }

        return expected;
    }

    /// <summary>Metadata as one text, its names in order.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, string>> metadata) =>
        string.Join(' ', metadata.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => $"{item.Key}={item.Value}"));

    private static bool HasMarker(string key, Dictionary<string, RawEntry> entries, S3DirectoryMarkers markers) => markers switch
    {
        S3DirectoryMarkers.All => true,
        S3DirectoryMarkers.None => false,
        _ => !entries.Keys.Any(other => other.StartsWith(key + "/", StringComparison.Ordinal)),
    };

    private static string Metadata(RawEntry entry)
    {
        decimal seconds = entry.Modified / 1_000_000_000m;
        List<KeyValuePair<string, string>> metadata =
        [
            new("file-permissions", "0" + Convert.ToString(entry.Mode, 8)),
            new("file-owner", entry.Owner.ToString(CultureInfo.InvariantCulture)),
            new("file-group", entry.Group.ToString(CultureInfo.InvariantCulture)),
            new("file-mtime", entry.Modified.ToString(CultureInfo.InvariantCulture) + "ns"),
            new("mtime", seconds.ToString("0.000000000", CultureInfo.InvariantCulture)),
        ];
        if (entry is { IsFile: true, Links: > 1 })
            metadata.Add(new("file-link-group", entry.Inode.ToString("x", CultureInfo.InvariantCulture)));
        return Text(metadata);
    }
}
