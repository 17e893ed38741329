using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

public sealed class EntryDecisionTests
{
    private static readonly FileAttributesSnapshot Sent = new()
    {
        Size = 10,
        ModifiedNanoseconds = 1_000_000_001,
        ChangedNanoseconds = 2_000_000_002,
        Mode = 0x81A4,
        UserId = 7,
        GroupId = 8,
        Inode = 99,
        LinkCount = 1,
    };

    private static readonly CatalogEntry Row = new()
    {
        RelativeKey = "a",
        Size = 10,
        ModifiedNanoseconds = 1_000_000_001,
        ChangedNanoseconds = 2_000_000_002,
        Mode = 0x81A4,
        UserId = 7,
        GroupId = 8,
        ETag = "e",
        StorageClass = "STANDARD",
    };

    public static TheoryData<string, long, long, long, uint, uint, uint, string> Cases => new()
    {
        { "nothing", 10, 1_000_000_001, 2_000_000_002, 0x81A4, 7, 1, "Keep" },
        { "the size", 11, 1_000_000_001, 2_000_000_002, 0x81A4, 7, 1, "Update" },
        { "the time by a nanosecond", 10, 1_000_000_002, 2_000_000_002, 0x81A4, 7, 1, "Compare" },
        { "the time to an older one", 10, 1, 2_000_000_002, 0x81A4, 7, 1, "Compare" },
        { "only the change time", 10, 1_000_000_001, 2_000_000_003, 0x81A4, 7, 1, "Compare" },
        { "the mode, as far as one can see", 10, 1_000_000_001, 2_000_000_002, 0x81ED, 7, 1, "Metadata" },
        { "the owner", 10, 1_000_000_001, 2_000_000_002, 0x81A4, 0, 1, "Metadata" },
        { "the number of names", 10, 1_000_000_001, 2_000_000_002, 0x81A4, 7, 2, "Metadata" },
        { "the type", 10, 1_000_000_001, 2_000_000_002, 0xA1FF, 7, 1, "Update" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_differs_decides(string what, long size, long modified, long changed, uint mode, uint user, uint names, string expected)
    {
        FileAttributesSnapshot now = Sent with
        {
            Size = size,
            ModifiedNanoseconds = modified,
            ChangedNanoseconds = changed,
            Mode = mode,
            UserId = user,
            LinkCount = names,
        };

        SyncActionKind decided = EntryDecision.Decide(Entry(now), Row);

        Assert.True(expected == decided.ToString(), $"{what} differs, and that is a {decided}");
    }

    [Theory]
    [InlineData("STANDARD", "STANDARD", false, "Keep", false)]
    [InlineData("STANDARD", "DEEP_ARCHIVE", false, "Keep", true)]
    // What an archive keeps from being changed waits, and is changed once the object is out of it.
    [InlineData("DEEP_ARCHIVE", "DEEP_ARCHIVE", true, "Keep", false)]
    [InlineData("STANDARD", "GLACIER", true, "Keep", true)]
    [InlineData("DEEP_ARCHIVE", "STANDARD", true, "Metadata", true)]
    [InlineData("STANDARD", "STANDARD", true, "Metadata", false)]
    public void A_listing_tells_where_the_object_is_now(string recorded, string listed, bool isPending, string expected, bool isMoved)
    {
        CatalogEntry row = Row with { StorageClass = recorded, HasPendingAttributes = isPending };
        StoredObject remote = new("a", 10, "e") { StorageClass = listed };

        SyncAction action = EntryDecision.Decide(Entry(Sent), row, remote);

        Assert.Equal((expected, isMoved, listed), (action.Kind.ToString(), action.IsMoved, action.Row!.StorageClass));
        // What else is to be done about it is done.
        MirrorEntry touched = Entry(Sent with { ChangedNanoseconds = 3 });
        Assert.Equal(SyncActionKind.Compare, EntryDecision.Decide(touched, row, remote).Kind);
    }

    [Fact]
    public void Of_an_object_that_nobody_recorded_nothing_moved()
    {
        StoredObject remote = new("a", 10, "e") { StorageClass = "GLACIER" };

        Assert.False(EntryDecision.Decide(Entry(Sent), null, remote).IsMoved);
        Assert.False(EntryDecision.Decide(Entry(Sent), Row with { ETag = "other" }, remote).IsMoved);
        Assert.False(EntryDecision.Decide(Entry(Sent), Row, null).IsMoved);
    }

    [Fact]
    public void An_empty_file_needs_no_reading() =>
        Assert.Equal(
            SyncActionKind.Metadata,
            EntryDecision.Decide(Entry(Sent with { Size = 0, ModifiedNanoseconds = 5, ChangedNanoseconds = 6 }), Row with { Size = 0 }));

    [Fact]
    public void A_folder_s_own_size_is_none_of_its_marker_s_business() =>
        Assert.Equal(
            SyncActionKind.Keep,
            EntryDecision.Decide(
                new MirrorEntry("a/", "/m/a", MirrorEntryKind.Folder, Sent with { Size = 4096, Mode = 0x41ED, LinkCount = 2, ChangedNanoseconds = 9 }),
                Row with { Size = 0, Mode = 0x41ED }));

    [Fact]
    public void What_could_not_be_read_is_protected_whatever_is_known_of_it()
    {
        MirrorEntry unreadable = new("a", "/m/a", MirrorEntryKind.Unreadable, default);

        Assert.Equal(SyncActionKind.Protect, EntryDecision.Decide(unreadable, Row));
        Assert.Equal(SyncActionKind.Protect, EntryDecision.Decide(unreadable, null));
        Assert.Equal(SyncActionKind.Protect, EntryDecision.Decide(unreadable, Row, new StoredObject("a", 10, "e")).Kind);
    }

    [Fact]
    public void Another_group_is_new_metadata() =>
        Assert.Equal(SyncActionKind.Metadata, EntryDecision.Decide(Entry(Sent with { GroupId = 9 }), Row));

    [Theory]
    [InlineData(true, "e", SyncActionKind.Keep, false)]
    [InlineData(true, "another", SyncActionKind.Examine, true)]
    // A row that does not know what the object was made from says nothing of it.
    [InlineData(false, "e", SyncActionKind.Examine, false)]
    internal void A_row_counts_when_it_is_about_the_object_and_knows_what_it_was_made_from(bool isOurs, string tag, SyncActionKind kind, bool isRefuted)
    {
        SyncAction action = EntryDecision.Decide(Entry(Sent), isOurs ? Row : Row with { Mode = 0 }, new StoredObject("a", 10, tag));

        Assert.Equal((kind, isRefuted), (action.Kind, action.IsRowRefuted));
    }

    private static MirrorEntry Entry(FileAttributesSnapshot attributes) =>
        new("a", "/m/a", attributes.IsSymbolicLink ? MirrorEntryKind.SymbolicLink : MirrorEntryKind.File, attributes);
}
