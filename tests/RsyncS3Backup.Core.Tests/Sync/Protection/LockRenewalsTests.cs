using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Protection;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Protection;

/// <summary>When a lock is renewed, and to what.</summary>
public sealed class LockRenewalsTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(30, 30, 15)]
    [InlineData(30, 10, -5)]
    [InlineData(1, 1, 0.5)]
    [InlineData(7, 100, 96.5)]
    public void It_is_due_when_less_than_half_of_the_days_is_left(int days, int left, double dueIn) => Assert.Equal(
        Now.AddDays(dueIn), LockRenewals.DueTime(Row() with { Retention = Held(ObjectLockMode.Governance, left) }, Lock(ObjectLockMode.Governance, days)));

    [Fact]
    public void What_is_not_known_to_be_locked_is_due_at_once() =>
        Assert.Equal(DateTimeOffset.MinValue, LockRenewals.DueTime(Row(), Lock(ObjectLockMode.Governance, 30)));

    [Fact]
    public void What_the_mirror_has_no_more_is_locked_as_long_as_the_bucket_shows_it()
    {
        CatalogEntry leftover = Row() with { IsLeftover = true, GoneTime = Now };

        Assert.Equal(DateTimeOffset.MinValue, LockRenewals.DueTime(leftover, Lock(ObjectLockMode.Governance, 30)));
    }

    [Fact]
    public void What_others_put_there_and_what_S3_may_not_have_is_not_locked()
    {
        Assert.Null(LockRenewals.DueTime(Row() with { IsForeign = true }, Lock(ObjectLockMode.Governance, 30)));
        Assert.Null(LockRenewals.DueTime(CatalogEntry.Uncertain("a"), Lock(ObjectLockMode.Governance, 30)));
    }

    [Theory]
    // What it has (days left, mode), what the job says, and what it gets.
    [InlineData(null, null, ObjectLockMode.Compliance, ObjectLockMode.Compliance, 30)]
    [InlineData(10, ObjectLockMode.Governance, ObjectLockMode.Governance, ObjectLockMode.Governance, 30)]
    [InlineData(10, ObjectLockMode.Governance, ObjectLockMode.Compliance, ObjectLockMode.Governance, 30)]
    [InlineData(10, ObjectLockMode.Compliance, ObjectLockMode.Governance, ObjectLockMode.Compliance, 30)]
    [InlineData(50, ObjectLockMode.Compliance, ObjectLockMode.Governance, ObjectLockMode.Compliance, 50)]
    [InlineData(0, ObjectLockMode.Governance, ObjectLockMode.Compliance, ObjectLockMode.Compliance, 30)]
    [InlineData(-1, ObjectLockMode.Compliance, ObjectLockMode.Governance, ObjectLockMode.Governance, 30)]
    public void It_gets_no_weaker_and_keeps_its_mode_while_it_lasts(
        int? left, ObjectLockMode? held, ObjectLockMode wanted, ObjectLockMode mode, int days)
    {
        CatalogEntry row = Row() with { Retention = left is { } known ? Held(held!.Value, known) : null };

        Assert.Equal(new ObjectRetention(mode, Now.AddDays(days)), LockRenewals.Renewed(row, Lock(wanted, 30), Now));
    }

    [Fact]
    public void A_lock_ends_at_a_whole_second() => Assert.Equal(
        Now.AddDays(1), ObjectRetention.From(Lock(ObjectLockMode.Governance, 1), Now.AddMilliseconds(999)).Until);

    private static ObjectRetention Held(ObjectLockMode mode, int daysLeft) => new(mode, Now.AddDays(daysLeft));

    private static ObjectLockOptions Lock(ObjectLockMode mode, int days) => new() { Mode = mode, Days = days };

    private static CatalogEntry Row() => CatalogEntry.Uncertain("a") with { ETag = "0123456789abcdef0123456789abcdef", Mode = 33188, StorageClass = "STANDARD" };
}
