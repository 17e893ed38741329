using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Where a system keeps neither permissions nor owners as numbers, as Windows does not, the rest is compared.</summary>
public sealed class WithoutPermissionsTests : IDisposable, IEntrySender
{
    private readonly MemoryRun run = new();
    private int uploads;

    public void Dispose() => run.Dispose();

    Task<UploadedObject?> IEntrySender.UploadAsync(MirrorEntry entry, EarlierParts? earlier, CancellationToken cancellationToken)
    {
        uploads++;
        return Task.FromResult<UploadedObject?>(null);
    }

    [Theory]
    [InlineData("file", 0x8000, "text/plain", "STANDARD", null)]
    [InlineData("archived", 0x8000, "text/plain", "DEEP_ARCHIVE", null)]
    [InlineData("link", 0xA000, "inode/symlink", "STANDARD", null)]
    [InlineData("folder/", 0x4000, "application/x-directory", "GLACIER", null)]
    // What another system, or another tool, recorded.
    [InlineData("from Linux", 0x8000, "text/plain", "STANDARD", "0100640")]
    [InlineData("from another tool", 0x8000, "text/plain", "DEEP_ARCHIVE", "644")]
    public async Task After_a_lost_catalog_nothing_is_copied_and_nothing_uploaded(string key, int type, string contentType, string storageClass, string? mode)
    {
        MirrorEntry entry = Entry(key, (uint)type);
        Store(entry, contentType, storageClass, mode);

        await CarryOutAsync(entry);

        Assert.Equal(0, uploads);
        Assert.Equal(["HEAD p/" + key], run.Store.Asked);
        Assert.Equal(1, run.Counters.Unchanged);
        Assert.Equal(SyncActionKind.Keep, EntryDecision.Decide(entry, run.Catalog.Find(key)));
    }

    [Fact]
    public async Task A_link_is_no_file_of_the_same_size_and_time()
    {
        string path = run.Files.File("a", "12345");
        MirrorEntry entry = new("a", path, MirrorEntryKind.File, FileAttributesReader.Read(path) with { LacksPermissions = true });
        Store(entry, "inode/symlink", "STANDARD", mode: null);

        await CarryOutAsync(entry);

        Assert.Equal(1, uploads);
    }

    [Fact]
    public void What_is_written_has_neither_mode_nor_owner() =>
        Assert.Equal(["file-mtime", "mtime"], ObjectMetadata.For(Entry("a", 0x8000).Attributes).Select(pair => pair.Key));

    private static MirrorEntry Entry(string key, uint type) => new(
        key,
        "/nowhere/" + key,
        type == FileAttributesSnapshot.RegularType ? MirrorEntryKind.File
        : type == FileAttributesSnapshot.LinkType ? MirrorEntryKind.SymbolicLink
        : MirrorEntryKind.Folder,
        new FileAttributesSnapshot
        {
            Size = type == FileAttributesSnapshot.FolderType ? 0 : 5,
            ModifiedNanoseconds = 1_700_000_000_123_456_700,
            Mode = type,
            LacksPermissions = true,
            LinkCount = 1,
        });

    private void Store(MirrorEntry entry, string contentType, string storageClass, string? mode)
    {
        Dictionary<string, string> metadata = ObjectMetadata.For(entry.Attributes).ToDictionary();
        if (mode is not null)
            (metadata["file-permissions"], metadata["file-owner"], metadata["file-group"]) = (mode, "1000", "1000");
        run.Store.Put(MemoryRun.Prefix + entry.RelativeKey, new byte[entry.ContentLength], about => about with
        {
            Metadata = metadata,
            ContentType = contentType,
            StorageClass = storageClass,
        });
    }

    private Task CarryOutAsync(MirrorEntry entry)
    {
        SyncWorker worker = new(
            run.Scope, this, new TransferLimiter(run.Store.Traffic, 4, TimeProvider.System), run.Catalog, snapshot: null);
        StoredObject listed = new(entry.RelativeKey, entry.ContentLength, "tag");
        return worker.CarryOutAsync(EntryDecision.Decide(entry, null, listed), place: null, CancellationToken.None);
    }
}
