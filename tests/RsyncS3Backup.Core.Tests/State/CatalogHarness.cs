using System.Diagnostics;
using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>A catalog's file in a folder of its own.</summary>
public abstract class CatalogHarness : IDisposable
{
    protected static readonly DateTimeOffset RunTime = new(2026, 3, 1, 2, 0, 0, TimeSpan.Zero);

    protected TemporaryFolder Folder { get; } = new();

    internal string CatalogPath => Path.Combine(Folder.Path, "catalog.db");

    internal static CatalogIdentity Identity { get; } = new("https://s3.example.com", "bucket", "rsync/photos/", "/mirror");

    internal static IComparer<byte[]> ByteOrder { get; } = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    internal Catalog Open(CatalogIdentity? identity = null) => Catalog.Open(CatalogPath, identity ?? Identity);

    internal static CatalogEntry Entry(string key, int number = 1) => new()
    {
        RelativeKey = key,
        Size = number,
        ModifiedNanoseconds = 1_700_000_000_123_456_789 + number,
        ChangedNanoseconds = 1_700_000_001_123_456_789 + number,
        Mode = 0x81A4,
        UserId = 1000,
        GroupId = 1000,
        ETag = $"{number:x32}",
        Crc32 = Convert.ToBase64String(BitConverter.GetBytes(number)),
        StorageClass = "STANDARD_IA",
        ConfirmedTime = RunTime.AddSeconds(number),
    };

    /// <summary>A catalog that a complete reconcile filled.</summary>
    internal void Fill(int count, CatalogIdentity? identity = null) => Fill(Enumerable.Range(0, count).Select(i => Entry(Key(i), i)), identity);

    internal void Fill(IEnumerable<CatalogEntry> entries, CatalogIdentity? identity = null)
    {
        using Catalog catalog = Open(identity);
        catalog.BeginRun(isReconcile: true, RunTime);
        foreach (CatalogEntry entry in entries)
            catalog.Put(entry);
        catalog.EndRun(isComplete: true);
        if (catalog.Failure is not null)
            throw new InvalidOperationException(catalog.Failure);
    }

    internal static string Key(int number) => $"photos/{number / 100:d4}/{number:d6}.jpg";

    internal static IEnumerable<CatalogEntry> InOrder(IEnumerable<CatalogEntry> entries) =>
        entries.OrderBy(entry => Encoding.UTF8.GetBytes(entry.RelativeKey), ByteOrder);

    /// <summary>The file and its companions, copied by another process: closing a descriptor of ours would drop SQLite's locks.</summary>
    internal string CopyFiles(string name)
    {
        string target = Path.Combine(Folder.Path, name);
        Directory.CreateDirectory(target);
        foreach (string file in Directory.GetFiles(Folder.Path, "catalog.db*"))
            Run("cp", file, target);
        return Path.Combine(target, "catalog.db");
    }

    internal static int Run(string tool, params string[] arguments)
    {
        ProcessStartInfo start = new(tool) { RedirectStandardError = true };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }
}
