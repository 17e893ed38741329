using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore.Pacing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

public sealed class BandwidthLimitTests
{
    private const int Second = 1_000_000;

    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void Over_a_minute_no_more_than_the_limit_and_one_burst_is_sent(int senders)
    {
        BandwidthLimit limit = new(Second, clock);
        TimeSpan[] freeAt = new TimeSpan[senders];
        long sent = 0;
        for (TimeSpan now = TimeSpan.Zero; now < TimeSpan.FromSeconds(60); now += TimeSpan.FromMilliseconds(1))
        {
            for (int sender = 0; sender < senders; sender++)
            {
                if (freeAt[sender] > now)
                    continue;
                freeAt[sender] = now + limit.Take(limit.Slice);
                sent += limit.Slice;
            }

            clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        long waiting = (long)senders * limit.Slice;
        Assert.InRange(sent, 59L * Second, (60L * Second) + (Second / 4) + waiting);
    }

    [Fact]
    public void A_pause_is_not_made_up_for_by_a_burst()
    {
        BandwidthLimit limit = new(Second, clock);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.Zero, limit.Take(Second / 4));
        Assert.Equal(TimeSpan.FromSeconds(0.5), limit.Take(Second / 2));
    }

    [Fact]
    public void Who_asks_later_waits_longer()
    {
        BandwidthLimit limit = new(Second, clock);
        limit.Take(Second / 4);

        Assert.Equal(
            [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)],
            new[] { limit.Take(Second), limit.Take(Second), limit.Take(Second) });
    }

    [Fact]
    public async Task A_wait_ends_when_its_time_has_come()
    {
        BandwidthLimit limit = new(Second, clock);
        limit.Take(Second / 4);
        Task waiting = limit.WaitAsync(Second, default).AsTask();
        clock.Advance(TimeSpan.FromSeconds(0.99));
        Assert.False(waiting.IsCompleted);

        clock.Advance(TimeSpan.FromSeconds(0.02));

        await waiting;
    }

    [Fact]
    public async Task A_wait_of_less_than_a_timer_can_tell_is_one_all_the_same()
    {
        BandwidthLimit limit = new(Second, clock);
        limit.Take(Second / 4);
        Task waiting = limit.WaitAsync(Second / 5000, default).AsTask();
        Assert.False(waiting.IsCompleted);

        clock.Advance(TimeSpan.FromMilliseconds(1));

        await waiting;
    }

    [Fact]
    public void Those_who_share_a_limit_keep_to_it_together_and_each_to_its_own()
    {
        BandwidthLimit all = new(Second, clock);
        BandwidthLimit slow = new(Second / 10, clock, all);
        BandwidthLimit fast = new(Second * 10L, clock, all);
        slow.Take(Second / 40);
        fast.Take(Second / 4 - Second / 40);

        Assert.Equal(TimeSpan.FromSeconds(1), slow.Take(Second / 10));
        Assert.Equal(TimeSpan.FromSeconds(1), fast.Take(Second * 9 / 10));
        Assert.Equal(TimeSpan.FromSeconds(2), all.Take(Second));
        Assert.Equal(all.Slice, fast.Slice);
    }

    [Fact]
    public void What_waits_goes_on_by_a_new_rate_and_no_rate_lets_it_go_at_once()
    {
        long? rate = 1000;
        BandwidthLimit limit = new(() => rate, clock);
        Assert.Equal(TimeSpan.FromSeconds(100), limit.Take(100_250));

        rate = 1_000_000;
        Assert.Equal(TimeSpan.FromSeconds(0.1), limit.Take(0));
        rate = null;
        Assert.Equal(TimeSpan.Zero, limit.Take(Second));
        Assert.Equal(64 * 1024, limit.Slice);
        rate = 500;
        Assert.Equal(TimeSpan.FromSeconds(1), limit.Take(500));
    }

    [Fact]
    public async Task Whoever_waits_looks_at_the_rate_each_second_and_is_heard()
    {
        InstantClock instant = new();
        int looks = 0;
        int heard = 0;
        BandwidthLimit limit = new(() => ++looks < 6 ? 1000 : null, instant);

        await limit.WaitAsync(Second, default, () => heard++);

        Assert.NotEmpty(instant.Waits);
        Assert.All(instant.Waits, wait => Assert.Equal(TimeSpan.FromSeconds(1), wait));
        Assert.Equal(instant.Waits.Count, heard);
    }

    [Theory]
    [InlineData(1, 1024)]
    [InlineData(100_000, 5_000)]
    [InlineData(1_000_000_000, 65_536)]
    public void Slices_are_small_enough_for_requests_to_take_turns(long bytesPerSecond, int expected) =>
        Assert.Equal(expected, new BandwidthLimit(bytesPerSecond, clock).Slice);
}
