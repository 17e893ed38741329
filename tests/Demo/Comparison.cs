using System.Globalization;
using System.Text;
using S3Server;

namespace Demo;

/// <summary>The source against the mirror, the bucket and what was restored, byte by byte, without any code of the module.</summary>
internal sealed class Comparison
{
    private const string Prefix = "rsync/photos/";
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly List<string> differences = [];
    private int files;
    private int links;
    private int emptyFolders;
    private long bytes;

    private Comparison()
    {
    }

    public bool IsEqual => differences.Count == 0 && files > 0;

    public static Comparison Of(DemoFolder folder, S3Store store, string bucket)
    {
        Comparison comparison = new();
        HashSet<string> extra = [.. store.Keys(bucket)];
        comparison.Compare(new DirectoryInfo(folder.Source), "", [folder.Mirror, folder.Restored], key =>
        {
            extra.Remove(key);
            return store.Find(bucket, key) is null ? null : store.GetBytes(bucket, key);
        });
        comparison.differences.AddRange(extra.Select(key => $"only in the bucket: {key}"));
        if (store.UnfinishedUploads(bucket).Count > 0)
            comparison.differences.Add("an unfinished multipart upload is left in the bucket");
        return comparison;
    }

    public override string ToString()
    {
        StringBuilder text = new();
        foreach (string difference in differences)
            text.AppendLine(CultureInfo.InvariantCulture, $"    DIFFERENT: {difference}");
        text.Append(CultureInfo.InvariantCulture, $"    {files} files ({bytes:N0} bytes), {links} link and {emptyFolders} empty folder: ");
        text.Append(IsEqual ? "source, mirror, bucket and restored folder are equal, byte by byte." : "source, mirror, bucket and restored folder DIFFER.");
        return text.ToString();
    }

    private void Compare(DirectoryInfo source, string relative, string[] copies, Func<string, byte[]?> stored)
    {
        FileSystemInfo[] entries = [.. source.EnumerateFileSystemInfos("*", Everything)
            .Where(entry => entry.Name is not (".DS_Store" or "Thumbs.db"))];
        if (entries.Length == 0 && relative.Length > 0)
        {
            emptyFolders++;
            Require(relative, copies, Directory.Exists, stored(Prefix + relative) is { Length: 0 });
        }

        foreach (FileSystemInfo entry in entries)
        {
            string name = relative + entry.Name;
            if (entry.LinkTarget is { } target)
            {
                links++;
                Require(
                    name,
                    copies,
                    copy => new FileInfo(copy).LinkTarget == target,
                    stored(Prefix + name) is { } bytesOfLink && Encoding.UTF8.GetString(bytesOfLink) == target);
            }
            else if (entry is DirectoryInfo inner)
            {
                Compare(inner, name + "/", copies, stored);
            }
            else
            {
                files++;
                byte[] content = File.ReadAllBytes(entry.FullName);
                bytes += content.Length;
                Require(
                    name,
                    copies,
                    copy => File.Exists(copy) && content.AsSpan().SequenceEqual(File.ReadAllBytes(copy)),
                    stored(Prefix + name) is { } inBucket && content.AsSpan().SequenceEqual(inBucket));
            }
        }
    }

    private void Require(string name, string[] copies, Func<string, bool> isEqual, bool bucketIsEqual)
    {
        differences.AddRange(copies.Select(copy => Path.Combine(copy, name)).Where(copy => !isEqual(copy)).Select(copy => $"on the disk: {copy}"));
        if (!bucketIsEqual)
            differences.Add($"in the bucket: {name}");
    }
}
