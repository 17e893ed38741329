using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Testing;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using Xunit;
using static RsyncS3Backup.BackupCopy;
using static RsyncS3Backup.BackupDifferenceKind;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Which copy is said to be good, from what mirror, catalog, listing and change journal say; a repair does what is said here.</summary>
public sealed class EntryVerdictTests
{
    private const string Key = "folder/a.txt";

    private static readonly FileAttributesSnapshot Sent = new()
    {
        Size = 10,
        ModifiedNanoseconds = 1_000,
        ChangedNanoseconds = 2_000,
        Mode = 0x81A4,
        UserId = 7,
        GroupId = 8,
        Inode = 9,
        LinkCount = 1,
    };

    private static readonly CatalogEntry Row = new()
    {
        RelativeKey = Key,
        Size = 10,
        ModifiedNanoseconds = 1_000,
        ChangedNanoseconds = 2_000,
        Mode = 0x81A4,
        UserId = 7,
        GroupId = 8,
        ETag = "e",
        StorageClass = "STANDARD",
    };

    private static readonly StoredObject Object = new(Key, 10, "e");

    /// <summary>What stage 1 did to the file since the last stage 2.</summary>
    public enum StageOne
    {
        Untouched,
        Changed,
        Unknown,
    }

    [Theory]
    [InlineData(StageOne.Untouched, MissingInMirror, S3)]
    [InlineData(StageOne.Changed, NotYetSent, Local)]
    [InlineData(StageOne.Unknown, NotYetSent, Local)]
    public void What_the_mirror_has_no_more_is_lost_only_when_no_stage_1_can_have_deleted_it(
        StageOne stageOne, BackupDifferenceKind kind, BackupCopy good) =>
        AssertVerdict(kind, good, new CopyPair(null, Row, Object), stageOne);

    [Theory]
    [InlineData(true, MissingInMirror)]
    [InlineData(false, null)]
    public void An_object_that_the_job_did_not_send_is_never_copied_into_the_mirror(bool deletes, BackupDifferenceKind? kind)
    {
        AssertVerdict(kind, null, new CopyPair(null, null, Object), StageOne.Untouched, deletes: deletes);
        AssertVerdict(kind, null, new CopyPair(null, Row with { Mode = 0 }, Object), StageOne.Untouched, deletes: deletes);
    }

    [Theory]
    [InlineData(true, MissingInMirror)]
    [InlineData(false, null)]
    public void A_file_that_was_deleted_long_ago_does_not_come_back_by_a_repair(bool deletes, BackupDifferenceKind? kind) =>
        AssertVerdict(kind, null, new CopyPair(null, Row with { IsLeftover = true }, Object), StageOne.Untouched, deletes: deletes);

    [Fact]
    public void What_could_not_be_read_or_is_excluded_is_no_difference()
    {
        TestFacts protectedFacts = Facts(StageOne.Untouched);
        protectedFacts.CouldNotRead(new MirrorEntry("folder/", "/m/folder", MirrorEntryKind.Unreadable, default));
        Assert.Equal(EntryVerdict.Same, EntryVerdict.Of(new CopyPair(null, Row, Object), protectedFacts));
        TestFacts excluding = Facts(StageOne.Untouched, isExcluded: true);
        Assert.Equal(EntryVerdict.Same, EntryVerdict.Of(new CopyPair(null, Row, Object), excluding));
    }

    [Theory]
    [InlineData("e", true, MissingInS3)]
    [InlineData("", true, NotYetSent)]
    [InlineData("", false, MissingInS3)]
    [InlineData(null, true, NotYetSent)]
    [InlineData(null, false, MissingInS3)]
    public void What_S3_does_not_have_was_there_or_was_never_sent(string? confirmed, bool isCatalogComplete, BackupDifferenceKind kind) =>
        AssertVerdict(
            kind, Local, new CopyPair(Entry(Sent), confirmed is null ? null : Row with { ETag = confirmed }, null), StageOne.Untouched,
            isCatalogComplete: isCatalogComplete);

    [Theory]
    [InlineData(StageOne.Untouched, MissingInMirror)]
    [InlineData(StageOne.Changed, null)]
    [InlineData(StageOne.Unknown, null)]
    public void What_both_copies_lost_is_told_when_nobody_deleted_it(StageOne stageOne, BackupDifferenceKind? kind) =>
        AssertVerdict(kind, null, new CopyPair(null, Row, null), stageOne);

    [Theory]
    [InlineData(10, 1_000, 2_000, StageOne.Untouched, null, null)]
    [InlineData(10, 1_001, 2_001, StageOne.Changed, NotYetSent, Local)]
    [InlineData(10, 1_001, 2_001, StageOne.Unknown, NotYetSent, Local)]
    [InlineData(10, 1_001, 2_001, StageOne.Untouched, ChangedOutside, S3)]
    [InlineData(10, 999, 2_001, StageOne.Untouched, ChangedOutside, S3)]
    [InlineData(11, 1_001, 2_001, StageOne.Changed, NotYetSent, Local)]
    [InlineData(11, 1_001, 2_001, StageOne.Untouched, ChangedOutside, S3)]
    [InlineData(11, 1_000, 2_000, StageOne.Changed, MirrorCorrupted, S3)]
    [InlineData(11, 1_000, 2_001, StageOne.Untouched, MirrorCorrupted, S3)]
    [InlineData(11, 1_000, 2_001, StageOne.Changed, NotYetSent, Local)]
    [InlineData(11, 1_000, 2_001, StageOne.Unknown, ContentDiffers, null)]
    public void A_file_and_its_own_object_differ(
        long size, long modified, long changed, StageOne stageOne, BackupDifferenceKind? kind, BackupCopy? good) =>
        AssertVerdict(
            kind, good,
            new CopyPair(Entry(Sent with { Size = size, ModifiedNanoseconds = modified, ChangedNanoseconds = changed }), Row, Object), stageOne);

    [Fact]
    public void What_both_copies_lost_and_the_job_did_not_send_or_let_go_long_ago_is_no_difference()
    {
        AssertVerdict(null, null, new CopyPair(null, Row with { Mode = 0 }, null), StageOne.Untouched);
        AssertVerdict(null, null, new CopyPair(null, Row with { IsLeftover = true }, null), StageOne.Untouched);
    }

    [Fact]
    public void A_bucket_that_is_tested_alone_is_asked_for_its_content()
    {
        TestFacts alone = new(() => StageOneChanges.Of([]))
        {
            HasMirror = false,
            IsCatalogComplete = true,
            DeletesFromS3 = true,
            IsExcluded = _ => false,
        };

        Assert.True(EntryVerdict.Of(new CopyPair(null, Row, Object), alone).NeedsContent);
    }

    [Fact]
    public void What_the_mirror_lost_is_told_also_by_a_job_that_deletes_nothing_from_S3() =>
        AssertVerdict(MissingInMirror, S3, new CopyPair(null, Row, Object), StageOne.Untouched, deletes: false);

    [Fact]
    public void The_marker_of_a_folder_goes_when_there_is_something_in_the_folder() =>
        AssertVerdict(
            NotYetSent, Local, new CopyPair(null, Row with { RelativeKey = "folder/" }, Object with { RelativeKey = "folder/" }), StageOne.Untouched);

    [Fact]
    public void A_row_that_does_not_know_the_time_of_the_file_asks_for_its_content() =>
        Assert.True(EntryVerdict.Of(
            new CopyPair(Entry(Sent), Row with { ModifiedNanoseconds = long.MinValue }, Object), Facts(StageOne.Untouched)).NeedsContent);

    [Theory]
    // Zero is no change time.
    [InlineData(0, ContentDiffers, null)]
    [InlineData(1, S3Corrupted, Local)]
    public void Without_a_change_time_it_is_not_known_whether_the_file_is_as_it_was_sent(long changed, BackupDifferenceKind kind, BackupCopy? good) =>
        AssertVerdict(
            kind, good,
            new CopyPair(
                Entry(Sent with { ChangedNanoseconds = changed }), Row with { ChangedNanoseconds = changed }, Object with { Size = 20, ETag = "another" }),
            StageOne.Untouched);

    [Theory]
    [InlineData(0, NotYetSent, Local)]
    [InlineData(1, MirrorCorrupted, S3)]
    public void Bit_rot_is_told_by_a_change_time_that_is_known(long changed, BackupDifferenceKind kind, BackupCopy good)
    {
        EntryVerdict verdict = EntryVerdict.OfOtherContent(Entry(Sent with { ChangedNanoseconds = changed }), (1_000, changed), Facts(StageOne.Changed));
        Assert.Equal(((BackupDifferenceKind?)kind, (BackupCopy?)good), (verdict.Kind, verdict.Good));
    }

    [Fact]
    public void An_object_of_another_size_is_another_one_whatever_its_tag() =>
        AssertVerdict(S3Corrupted, Local, new CopyPair(Entry(Sent), Row, Object with { Size = 20 }), StageOne.Changed);

    [Fact]
    public void Another_kind_of_entry_was_not_sent_yet() =>
        AssertVerdict(NotYetSent, Local, new CopyPair(Entry(Sent with { Mode = 0xA1FF }), Row, Object), StageOne.Untouched);

    [Theory]
    // An empty file with another time has the content that was sent.
    [InlineData(0, NotYetSent, Local)]
    [InlineData(1, ChangedOutside, S3)]
    public void A_file_with_another_time_has_other_content_unless_it_is_empty(long size, BackupDifferenceKind kind, BackupCopy good) =>
        AssertVerdict(
            kind, good,
            new CopyPair(Entry(Sent with { Size = size, ModifiedNanoseconds = 5 }), Row with { Size = size }, Object with { Size = size }),
            StageOne.Untouched);

    [Fact]
    public void The_reason_says_what_differs()
    {
        Assert.StartsWith("The file has another size", Reason(11, 1_000), StringComparison.Ordinal);
        Assert.StartsWith("Something other than stage 1", Reason(11, 1_001), StringComparison.Ordinal);

        static string Reason(long size, long modified) => EntryVerdict.Of(
            new CopyPair(Entry(Sent with { Size = size, ModifiedNanoseconds = modified }), Row, Object), Facts(StageOne.Untouched)).Reason;
    }

    [Fact]
    public void A_folder_that_could_not_be_read_protects_what_is_beneath_it_and_a_file_nothing()
    {
        TestFacts facts = Facts(StageOne.Untouched);

        Assert.False(facts.IsProtected(Key));
        facts.CouldNotRead(new MirrorEntry("folder/a", "/m/folder/a", MirrorEntryKind.Unreadable, default));
        Assert.False(facts.IsProtected(Key));
        facts.CouldNotRead(new MirrorEntry("folder/", "/m/folder", MirrorEntryKind.Unreadable, default));
        Assert.Equal([true, false], new[] { Key, "folder.txt" }.Select(facts.IsProtected));
    }

    [Fact]
    public void Of_a_file_with_several_names_it_is_not_known_who_changed_it() =>
        AssertVerdict(
            NotYetSent, Local, new CopyPair(Entry(Sent with { ModifiedNanoseconds = 5, LinkCount = 2 }), Row, Object), StageOne.Untouched);

    [Theory]
    [InlineData(2_000, MetadataDiffers, null)]
    [InlineData(2_001, NotYetSent, Local)]
    public void Attributes_differ(long changed, BackupDifferenceKind kind, BackupCopy? good) =>
        AssertVerdict(
            kind, good, new CopyPair(Entry(Sent with { UserId = 0, ChangedNanoseconds = changed }), Row, Object), StageOne.Changed);

    [Theory]
    [InlineData(10, 1_000, 2_000, 20, S3Corrupted, Local)]
    [InlineData(10, 1_000, 2_001, 20, ContentDiffers, null)]
    [InlineData(10, 1_001, 2_000, 20, ContentDiffers, null)]
    [InlineData(11, 1_000, 2_000, 20, ContentDiffers, null)]
    [InlineData(11, 1_001, 2_001, 20, ContentDiffers, null)]
    public void S3_is_blamed_for_another_object_only_when_the_file_is_as_it_was_sent(
        long size, long modified, long changed, long remote, BackupDifferenceKind kind, BackupCopy? good) =>
        AssertVerdict(
            kind, good,
            new CopyPair(
                Entry(Sent with { Size = size, ModifiedNanoseconds = modified, ChangedNanoseconds = changed }), Row,
                Object with { Size = remote, ETag = "another" }),
            StageOne.Changed);

    [Fact]
    public void Only_the_content_tells_of_an_object_of_the_same_size_that_somebody_stored_again_or_that_has_no_row()
    {
        Assert.True(EntryVerdict.Of(new CopyPair(Entry(Sent), Row, Object with { ETag = "another" }), Facts(StageOne.Untouched)).NeedsContent);
        Assert.True(EntryVerdict.Of(new CopyPair(Entry(Sent), null, Object), Facts(StageOne.Untouched)).NeedsContent);
    }

    [Theory]
    [InlineData(1_000, 2_000, StageOne.Changed, MirrorCorrupted, S3)]
    [InlineData(1_000, 2_001, StageOne.Untouched, MirrorCorrupted, S3)]
    [InlineData(1_000, 2_001, StageOne.Changed, NotYetSent, Local)]
    [InlineData(1_000, 2_001, StageOne.Unknown, ContentDiffers, null)]
    [InlineData(999, 2_000, StageOne.Changed, NotYetSent, Local)]
    [InlineData(999, 2_000, StageOne.Untouched, ChangedOutside, S3)]
    public void Contents_differ(long modified, long changed, StageOne stageOne, BackupDifferenceKind kind, BackupCopy? good)
    {
        EntryVerdict verdict = EntryVerdict.OfOtherContent(Entry(Sent), (modified, changed), Facts(stageOne));
        Assert.Equal(((BackupDifferenceKind?)kind, good), (verdict.Kind, verdict.Good));
    }

    [Fact]
    public void Contents_differ_and_nobody_knows_what_was_sent()
    {
        EntryVerdict verdict = EntryVerdict.OfOtherContent(Entry(Sent), null, Facts(StageOne.Untouched));
        Assert.Equal((ContentDiffers, (BackupCopy?)null), (verdict.Kind, verdict.Good));
    }

    [Theory]
    [InlineData(10, 1_000, S3)]
    [InlineData(10, 1_001, null)]
    [InlineData(11, 1_000, null)]
    public void Of_a_file_that_the_drive_cannot_read_S3_is_good_when_it_has_this_version(long size, long modified, BackupCopy? good)
    {
        EntryVerdict verdict = EntryVerdict.OfUnreadable(Entry(Sent), (size, modified), "fault");
        Assert.Equal((MirrorCorrupted, good), (verdict.Kind, verdict.Good));
        Assert.Null(EntryVerdict.OfUnreadable(Entry(Sent), null, "fault").Good);
    }

    [Theory]
    [InlineData("folder/a.txt", true)]
    [InlineData("folder/b.txt", false)]
    [InlineData("gone/in/it.txt", true)]
    [InlineData("gone", true)]
    [InlineData("gone/", true)]
    [InlineData("gone.txt", false)]
    [InlineData("was folder/x", true)]
    [InlineData("touched/x", false)]
    [InlineData("touched/", true)]
    [InlineData("g/x", true)]
    [InlineData("linked", true)]
    [InlineData("link", true)]
    public void Stage_1_changed_an_entry_and_all_beneath_a_folder_that_it_took_away_or_replaced(string key, bool changed)
    {
        StageOneChanges changes = StageOneChanges.Of(
        [
            Change(BackupChangeKind.Updated, BackupEntryType.File, "folder/a.txt"),
            Change(BackupChangeKind.Deleted, BackupEntryType.Folder, "gone/"),
            Change(BackupChangeKind.Created, BackupEntryType.SymbolicLink, "was folder"),
            Change(BackupChangeKind.Metadata, BackupEntryType.Folder, "touched/"),
            Change(BackupChangeKind.Deleted, BackupEntryType.Folder, "g/"),
            new(BackupChangeKind.HardLinked, BackupEntryType.File, 1, "link"u8.ToArray(), "linked"u8.ToArray()),
        ]);

        Assert.Equal(changed, changes.Contains(key));
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(false, true, MissingInMirror)]
    [InlineData(true, false, MissingInMirror)]
    public void What_waits_to_be_deleted_belongs_in_S3_until_then(bool isNoted, bool deletesLater, BackupDifferenceKind? kind)
    {
        CatalogEntry row = Row with { IsLeftover = true, GoneTime = isNoted ? DateTimeOffset.UnixEpoch : null };
        TestFacts facts = new(() => StageOneChanges.Of([]))
        {
            HasMirror = true,
            IsCatalogComplete = true,
            DeletesFromS3 = true,
            DeletesLater = deletesLater,
            IsExcluded = _ => false,
        };

        Assert.Equal(kind, EntryVerdict.Of(new CopyPair(null, row, Object), facts).Kind);
    }

    private static BackupChange Change(BackupChangeKind kind, BackupEntryType type, string path) =>
        new(kind, type, 1, System.Text.Encoding.UTF8.GetBytes(path), []);

    private static MirrorEntry Entry(FileAttributesSnapshot attributes) => new(Key, "/m/" + Key, MirrorEntryKind.File, attributes);

    private static TestFacts Facts(StageOne stageOne, bool deletes = true, bool isCatalogComplete = true, bool isExcluded = false)
    {
        BackupChange[] changes = stageOne == StageOne.Changed ? [Change(BackupChangeKind.Updated, BackupEntryType.File, Key)] : [];
        return new TestFacts(() => stageOne == StageOne.Unknown ? null : StageOneChanges.Of(changes))
        {
            HasMirror = true,
            IsCatalogComplete = isCatalogComplete,
            DeletesFromS3 = deletes,
            IsExcluded = _ => isExcluded,
        };
    }

    private static void AssertVerdict(
        BackupDifferenceKind? kind, BackupCopy? good, CopyPair pair, StageOne stageOne, bool deletes = true, bool isCatalogComplete = true)
    {
        EntryVerdict verdict = EntryVerdict.Of(pair, Facts(stageOne, deletes, isCatalogComplete));
        Assert.Equal((kind, good, false), (verdict.Kind, verdict.Good, verdict.NeedsContent));
    }
}
