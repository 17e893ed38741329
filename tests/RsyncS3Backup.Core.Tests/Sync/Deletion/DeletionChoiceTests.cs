using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Deletion;
using RsyncS3Backup.Sync.Planning;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Deletion;

/// <summary>What becomes of an object that the mirror does not have.</summary>
public sealed class DeletionChoiceTests
{
    private static readonly S3SyncRequest Request = new() { MirrorPath = "/m", Destination = new S3Destination { Bucket = "b" }, Options = new S3SyncOptions() };

    [Theory]
    [InlineData(MirrorPlace.Free, DeletionChoice.AtTheEnd)]
    [InlineData(MirrorPlace.IsFolder, DeletionChoice.AtOnce)]
    [InlineData(MirrorPlace.InFile, DeletionChoice.BeforeItsSuccessor)]
    public void It_goes_when_it_is_in_nothings_way_any_more(object place, object choice)
    {
        MirrorPlace found = (MirrorPlace)place;

        Assert.Equal(choice, DeletionChoices.Of(Request, found, isForeign: false));
        // What stage 1 could not copy may be in the source, and nobody deletes what he never sent.
        Assert.Equal(DeletionChoice.Stays, DeletionChoices.Of(Request with { IsPartial = true }, found, isForeign: false));
        Assert.Equal(DeletionChoice.Stays, DeletionChoices.Of(Request, found, isForeign: true));
        Assert.Equal(choice, DeletionChoices.Of(Request with { AllowNewDestination = true }, found, isForeign: true));
        Assert.Equal(DeletionChoice.Stays, DeletionChoices.Of(Request with { AllowNewDestination = true, IsPartial = true }, found, isForeign: true));
    }

    [Theory]
    // What the catalog says of it; whether the user takes all there is; whether it is known to be the job's.
    [InlineData("ours", false, true)]
    [InlineData("refuted", false, false)]
    [InlineData("uncertain", false, false)]
    [InlineData("nothing", false, false)]
    [InlineData("refuted", true, true)]
    [InlineData("nothing", true, true)]
    public void S3_is_asked_about_what_no_row_is_sure_of(string row, bool takesAll, bool isKnown) =>
        Assert.Equal(isKnown, DeletionChoices.IsKnown(Request with { AllowNewDestination = takesAll }, Action(row)));

    [Theory]
    [InlineData(false, false, false, true)]
    [InlineData(false, false, true, true)]
    [InlineData(true, false, false, false)]
    [InlineData(true, true, true, false)]
    [InlineData(true, false, true, true)]
    [InlineData(true, true, false, true)]
    public void Its_row_says_that_the_mirror_has_not_got_it_and_whose_it_is(bool isLeftover, bool wasForeign, bool isForeign, bool isNew)
    {
        CatalogEntry row = MemoryRun.Row("a") with { IsLeftover = isLeftover, IsForeign = wasForeign };

        CatalogEntry? noted = DeletionChoices.Row(MemoryRun.Gone(row), isForeign);

        Assert.Equal(isNew ? row with { IsLeftover = true, IsForeign = isForeign } : null, noted);
    }

    [Theory]
    [InlineData("refuted", true)]
    [InlineData("nothing", false)]
    public void What_has_no_row_or_a_wrong_one_gets_one_of_what_the_listing_shows(string row, bool isForeign)
    {
        CatalogEntry noted = DeletionChoices.Row(Action(row), isForeign)!;

        Assert.Equal(
            ("a", 9, "tag", "GLACIER", true, isForeign, false),
            (noted.RelativeKey, noted.Size, noted.ETag, noted.StorageClass, noted.IsLeftover, noted.IsForeign, noted.IsOurs));
    }

    [Fact]
    public void What_is_neither_listed_nor_known_gets_none() =>
        Assert.Null(DeletionChoices.Row(Action("refuted") with { Remote = null }, isForeign: false));

    private static SyncAction Action(string row) => new(
        SyncActionKind.Delete,
        null,
        row switch
        {
            "ours" or "refuted" => MemoryRun.Row("a"),
            "uncertain" => CatalogEntry.Uncertain("a"),
            _ => null,
        },
        new StoredObject("a", 9, "tag") { StorageClass = "GLACIER" })
    {
        IsRowRefuted = row == "refuted",
    };
}
