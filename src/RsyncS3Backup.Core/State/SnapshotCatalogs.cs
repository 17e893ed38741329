using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State;

/// <summary>
/// The catalogs of a job's dated snapshots: one file for the snapshot that is made, and those of earlier ones as long as the new one may copy
/// from them. Disposable as every catalog.
/// </summary>
internal sealed class SnapshotCatalogs
{
    // A first upload may take days, each with a snapshot that was not completed; from all of them can be copied. A few are enough.
    private const int MostEarlier = 4;
    private const string FolderName = "snapshots";
    private const string IndexFile = "index.json";
    private const string PrefixesName = "keyPrefixes";
    private const string Extension = ".db";

    private readonly string folder;
    private readonly bool isReadOnly;

    private SnapshotCatalogs(string folder, bool isReadOnly)
    {
        this.folder = folder;
        this.isReadOnly = isReadOnly;
    }

    /// <summary>Those of a job.</summary>
    /// <exception cref="IOException">The state folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder cannot be made.</exception>
    public static SnapshotCatalogs ForJob(string jobName) => new(StateFolder.ForJob(jobName).Folder(FolderName), isReadOnly: false);

    /// <summary>Those of a job to look at: nothing is made, kept or removed. There may be none.</summary>
    public static SnapshotCatalogs ToRead(string jobName) => new(Path.Combine(StateFolder.PathFor(jobName), FolderName), isReadOnly: true);

    /// <summary>The catalog's file of a snapshot, whether it is there or not.</summary>
    public string PathOf(string keyPrefix) => Path.Combine(folder, FileOf(keyPrefix));

    /// <summary>Likewise, in a state folder that need not be there.</summary>
    public static string PathIn(string stateFolder, string keyPrefix) => Path.Combine(stateFolder, FolderName, FileOf(keyPrefix));

    /// <summary>The snapshots that there are catalogs of, the newest first. None, where nothing of the kind can be read.</summary>
    public IReadOnlyList<string> KeyPrefixes()
    {
        try
        {
            using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, IndexFile)));
            return [.. index.RootElement.GetProperty(PrefixesName).EnumerateArray().Select(prefix => prefix.GetString() ?? "")];
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>Notes that a snapshot is made. The oldest of too many earlier ones goes.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Begin(string keyPrefix) => Keep([keyPrefix, .. KeyPrefixes().Where(other => other != keyPrefix).Take(MostEarlier)]);

    /// <summary>Keeps the catalogs of these snapshots only, the newest first. No other one may be open.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Keep(IReadOnlyList<string> keyPrefixes)
    {
        if (isReadOnly)
            return;
        StateFolder.Replace(Path.Combine(folder, IndexFile), json =>
        {
            json.WriteStartArray(PrefixesName);
            foreach (string keyPrefix in keyPrefixes)
                json.WriteStringValue(keyPrefix);
            json.WriteEndArray();
        });
        HashSet<string> kept = [.. keyPrefixes.Select(FileOf)];
        foreach (string path in Directory.EnumerateFiles(folder, $"*{Extension}*"))
        {
            string name = Path.GetFileName(path);
            // With its log. What was set aside is the user's.
            if (!SqliteFile.IsSetAside(name)
                && !kept.Contains(name[..(name.IndexOf(Extension, StringComparison.Ordinal) + Extension.Length)]))
                File.Delete(path);
        }
    }

    private static string FileOf(string keyPrefix) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(keyPrefix)))[..16].ToLowerInvariant() + Extension;
}
