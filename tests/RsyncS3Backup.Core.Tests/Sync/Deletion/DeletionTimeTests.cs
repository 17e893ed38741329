using RsyncS3Backup.Sync.Deletion;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Deletion;

public sealed class DeletionTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 2, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, 0, DeletionTime.Now)]
    [InlineData(null, 1, DeletionTime.Later)]
    [InlineData(0, 1, DeletionTime.Waits)]
    [InlineData(23, 24, DeletionTime.Waits)]
    [InlineData(24, 24, DeletionTime.Due)]
    [InlineData(25, 24, DeletionTime.Due)]
    // What was allowed once goes without being counted again, also when nothing is to wait any more.
    [InlineData(1, 0, DeletionTime.Due)]
    [InlineData(0, 0, DeletionTime.Due)]
    // Found gone by a clock that was ahead.
    [InlineData(-1, 24, DeletionTime.Later)]
    [InlineData(-1, 0, DeletionTime.Later)]
    public void It_goes_once_it_has_been_gone_for_long_enough(int? goneForHours, int deleteAfterHours, object expected)
    {
        DateTimeOffset? goneTime = goneForHours is { } hours ? Now.AddHours(-hours) : null;

        Assert.Equal(expected, DeletionTimes.Of(goneTime, TimeSpan.FromHours(deleteAfterHours), Now));
    }
}
