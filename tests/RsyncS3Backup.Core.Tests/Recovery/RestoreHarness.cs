using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Recovery;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>A job whose both stages can run, and restores of it.</summary>
public abstract class RestoreHarness : SyncHarness
{
    private protected virtual string Target => Files["restored"];

    private protected RecordingObserver Observer { get; } = new();

    private protected BackupConfiguration Job => new()
    {
        Name = JobName,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Destination,
    };

    /// <summary>A restore of the job, in which everything can be changed.</summary>
    private protected RestoreRequest Restore(BackupCopy? from = BackupCopy.S3) => new()
    {
        Name = JobName,
        Configuration = Job,
        S3 = Request,
        From = from,
        Destination = Target,
        // What tests change at the destination is newer than what they backed up before. NeverDelete/NewerFileTests are about that.
        ReplaceNewer = true,
    };

    private protected async Task<RestoreResult> RestoreAsync(RestoreRequest request, CancellationToken cancellationToken = default) =>
        await BackupRestore.RunAsync(request, Observer, cancellationToken);

    /// <summary>A restore that must succeed without anything to say.</summary>
    private protected async Task<RestoreResult> RestoreWellAsync(RestoreRequest request)
    {
        RestoreResult result = await RestoreAsync(request);
        string said = string.Join(' ', result.FailedItems.Select(item => item.Message).Concat(result.Warnings).Prepend(result.Error?.ToString()));
        Assert.True(result.Status == BackupStatus.Succeeded, said);
        return result;
    }

    /// <summary>An object put into the bucket by somebody else, with any key.</summary>
    private protected void Put(string relativeKey, string content, params (string Name, string Value)[] metadata) =>
        Server.Store.Put(
            BucketName, Prefix + relativeKey, System.Text.Encoding.UTF8.GetBytes(content), metadata.ToDictionary(item => item.Name, item => item.Value));

    /// <summary>All files below the target, as paths with slashes.</summary>
    private protected IReadOnlyList<string> Restored() => !Directory.Exists(Target) ? [] :
        [.. Directory.EnumerateFileSystemEntries(Target, "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true })
            .Select(path => Path.GetRelativePath(Target, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>Two trees are the same in names, bytes and all metadata, and in which names are one file.</summary>
    internal static void AssertSameTree(string where, Dictionary<string, RawEntry> expected, Dictionary<string, RawEntry> found)
    {
        string[] different = [.. expected.Keys.Union(found.Keys).Order(StringComparer.Ordinal)
            .Where(path => Looks(expected.GetValueOrDefault(path)) != Looks(found.GetValueOrDefault(path)))
            .Select(path => $"'{path}': expected {expected.GetValueOrDefault(path)}, found {found.GetValueOrDefault(path)}")];
        Assert.True(different.Length == 0, $"{where}: {string.Join(Environment.NewLine, different)}");
        Assert.Equal(Groups(expected), Groups(found));
    }

    /// <summary>A tree without its root and without what the module keeps in a mirror.</summary>
    internal static Dictionary<string, RawEntry> ReadTree(string root)
    {
        Dictionary<string, RawEntry> entries = RawFileSystem.ReadTree(MirrorTrees.Latin1(root));
        entries.Remove("");
        entries.Remove(MirrorMarker.FileName);
        entries.Remove(MirrorExclusions.LockFile);
        return entries;
    }

    private static (uint, long, long, string, uint, uint)? Looks(RawEntry? entry) =>
        entry is null ? null : (entry.Mode, entry.Modified, entry.Size, entry.Content, entry.Owner, entry.Group);

    private static string Groups(Dictionary<string, RawEntry> entries) => string.Join(
        '\n', entries.Where(item => item.Value.IsFile).GroupBy(item => item.Value.Inode).Where(group => group.Count() > 1)
            .Select(group => string.Join(" = ", group.Select(item => item.Key).Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal));
}
