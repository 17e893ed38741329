using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Ownership;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Ownership;

/// <summary>What a job sent, and what only lies under its prefix.</summary>
public sealed class ForeignObjectsTests
{
    private static readonly DateTimeOffset Since = MemoryRun.Now;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_has_a_row_is_what_the_row_says(bool isForeign)
    {
        // Whatever else is known.
        ForeignObjects doubtful = new(isNewOwner: true, CatalogDoubt.None, Since);
        ForeignObjects sure = new(isNewOwner: false, CatalogDoubt.Missing, Since);
        CatalogEntry row = MemoryRun.Row("a") with { IsForeign = isForeign };

        Assert.Equal((isForeign, isForeign), (doubtful.Include(row, Stored(-9)), sure.Include(row, Stored(9))));
    }

    [Fact]
    public void What_is_not_there_is_nobodys() => Assert.False(new ForeignObjects(true, CatalogDoubt.None, Since).Include(null, null));

    [Theory]
    // Whether the prefix was nobody's; what is wrong with the catalog; when S3 stored it, in seconds since the mirror was made.
    [InlineData(true, CatalogDoubt.Missing, 9, true)]
    // A catalog that knows all has no row of it.
    [InlineData(false, CatalogDoubt.None, 9, true)]
    [InlineData(false, CatalogDoubt.Contradicted, 9, true)]
    // A catalog that was lost tells nothing; the time does.
    [InlineData(false, CatalogDoubt.Missing, 9, false)]
    [InlineData(false, CatalogDoubt.Missing, 0, false)]
    [InlineData(false, CatalogDoubt.Missing, -1, true)]
    [InlineData(false, CatalogDoubt.Missing, null, false)]
    [InlineData(false, CatalogDoubt.Damaged, 9, false)]
    [InlineData(false, CatalogDoubt.Damaged, -1, true)]
    [InlineData(false, CatalogDoubt.RunDied, 9, false)]
    [InlineData(false, CatalogDoubt.RunDied, -1, true)]
    [InlineData(false, CatalogDoubt.OtherDestination, 9, false)]
    [InlineData(false, CatalogDoubt.OtherDestination, -1, true)]
    public void What_has_no_row_is_told_by_the_catalogs_state_and_by_its_time(bool isNewOwner, object doubt, int? stored, bool isForeign) =>
        Assert.Equal(isForeign, new ForeignObjects(isNewOwner, (CatalogDoubt)doubt, Since).Include(null, Stored(stored)));

    private static StoredObject Stored(int? seconds) =>
        new("a", 1, "tag") { LastModified = seconds is { } after ? Since.AddSeconds(after) : null };
}
