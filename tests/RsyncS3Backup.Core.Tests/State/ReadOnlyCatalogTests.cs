using RsyncS3Backup.State.Catalogs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.State;

/// <summary>A catalog that is only looked at.</summary>
public sealed class ReadOnlyCatalogTests : CatalogHarness
{
    [Fact]
    public void A_closed_catalog_is_read_without_changing_a_byte_of_its_folder()
    {
        Fill(2_500);
        Dictionary<string, byte[]> before = Bytes(Folder.Path);

        Assert.Equal(2_500, ReadAll(CatalogPath));

        Assert.Equal(Hex(before), Hex(Bytes(Folder.Path)));
    }

    [SkippableFact]
    public void What_a_log_still_has_is_read_too_while_another_writes_and_after_it_died()
    {
        Skip.If(OperatingSystem.IsWindows(), "copies open files with cp");
        Fill(100);
        using Catalog writer = Open();
        writer.BeginRun(isReconcile: false, RunTime);
        writer.Put(Entry(Key(100), 100));
        writer.Flush();
        // As a process that was killed leaves them: nobody has these open.
        string left = CopyFiles("left");
        Dictionary<string, byte[]> before = Bytes(Path.GetDirectoryName(left)!);
        Assert.True(before[left + "-wal"].Length > 0);

        Assert.Equal(101, ReadAll(CatalogPath));
        using (ReadOnlyCatalog catalog = ReadOnlyCatalog.Open(left, Identity))
            Assert.Equal((101, CatalogDoubt.RunDied), (catalog.Read().Count(), catalog.Doubt));
        Assert.Equal(Hex(before), Hex(Bytes(Path.GetDirectoryName(left)!)));
    }

    [Fact]
    public void What_is_recorded_is_dropped()
    {
        Fill(10);
        Dictionary<string, byte[]> before = Bytes(Folder.Path);
        using (ReadOnlyCatalog catalog = ReadOnlyCatalog.Open(CatalogPath, Identity))
        {
            catalog.BeginRun(isReconcile: true, DateTimeOffset.UtcNow);
            catalog.Put(Entry(Key(11)));
            catalog.Remove(Key(1));
            catalog.Contradict("no");
            catalog.Uploads.Remember(new UnfinishedUpload("a", "id", 1, 1, 1, 1, 1, RunTime));
            Assert.Empty(catalog.Uploads.All());
            catalog.EndRun(isComplete: true, new MirrorSummary(true, 1, 1, ""));
            Assert.Equal(10, catalog.Read().Count());
        }

        Assert.Equal(Hex(before), Hex(Bytes(Folder.Path)));
    }

    [Fact]
    public void Where_there_is_none_none_is_made()
    {
        using ReadOnlyCatalog catalog = ReadOnlyCatalog.Open(CatalogPath, Identity);

        Assert.Equal((CatalogDoubt.Missing, 0), (catalog.Doubt, catalog.Count));
        Assert.Empty(catalog.Read());
        Assert.False(File.Exists(CatalogPath));
    }

    [Fact]
    public void One_that_is_damaged_is_empty_and_left_as_it_is()
    {
        byte[] rubbish = new byte[4096];
        new Random(1).NextBytes(rubbish);
        File.WriteAllBytes(CatalogPath, rubbish);

        using (ReadOnlyCatalog catalog = ReadOnlyCatalog.Open(CatalogPath, Identity))
        {
            Assert.Equal((CatalogDoubt.Damaged, 0), (catalog.Doubt, catalog.Count));
            Assert.Empty(catalog.Read());
        }

        Assert.Equal(rubbish, File.ReadAllBytes(CatalogPath));
    }

    private static int ReadAll(string path)
    {
        using ReadOnlyCatalog catalog = ReadOnlyCatalog.Open(path, Identity);
        Assert.NotNull(catalog.Find(Key(1)));
        return catalog.Read().Count();
    }

    private static Dictionary<string, byte[]> Bytes(string folder) =>
        Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).ToDictionary(path => path, File.ReadAllBytes);

    private static IEnumerable<(string, string)> Hex(Dictionary<string, byte[]> files) =>
        files.Select(file => (Path.GetFileName(file.Key), Convert.ToHexString(file.Value)));
}
