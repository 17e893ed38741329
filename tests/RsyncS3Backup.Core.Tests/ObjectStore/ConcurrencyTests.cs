using FsCheck.Xunit;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

public sealed class ConcurrencyTests
{
    /// <summary>A store that answers so many requests a second, each after a while, and asks to slow down above another rate.</summary>
    private sealed record Store(double RequestsPerSecond, double Latency, double SlowDownAbove = double.PositiveInfinity)
    {
        public double RateAt(int requests) => Math.Min(requests / Latency, RequestsPerSecond);

        public bool IsThrottled(int requests) => requests / Latency > SlowDownAbove;

        /// <summary>The fewest requests at a time that get the full rate.</summary>
        public double Enough => Math.Min(RequestsPerSecond, SlowDownAbove) * Latency;
    }

    [Fact]
    public void The_rate_of_sending_counts_all_requests_together_and_no_time_without_any()
    {
        ManualClock clock = new();
        SendRate rate = new(clock);
        Assert.Null(rate.BytesPerSecond);
        rate.Begin();
        rate.Begin();
        clock.Advance(TimeSpan.FromSeconds(1));
        rate.End(1000);
        clock.Advance(TimeSpan.FromSeconds(1));
        rate.End(2000);
        Assert.Equal(1500, rate.BytesPerSecond);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1500, rate.BytesPerSecond);
        rate.Begin();
        clock.Advance(TimeSpan.FromSeconds(1));
        // One that failed took its time and brought nothing.
        rate.End(0);
        Assert.Equal(1000, rate.BytesPerSecond);
    }

    [Theory]
    [InlineData(3500, 0.030)]
    [InlineData(2000, 0.020)]
    [InlineData(1000, 0.005)]
    [InlineData(5500, 0.020)]
    public void The_limit_rises_until_more_requests_do_not_get_more_done(double requestsPerSecond, double latency)
    {
        Store store = new(requestsPerSecond, latency);
        ConcurrencyController controller = new(initial: 16, maximum: 1024);

        List<int> limits = Simulate(controller, store, samples: 400);

        Assert.InRange(limits.TakeLast(300).Average(), store.Enough * 0.85, Math.Max(24, store.Enough * 1.8));
        Assert.InRange(limits.TakeLast(300).Average(limit => store.RateAt(limit)), store.RequestsPerSecond * 0.9, store.RequestsPerSecond);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(40)]
    public void The_limit_never_passes_its_maximum(int maximum)
    {
        List<int> limits = Simulate(new ConcurrencyController(16, maximum), new Store(1_000_000, 0.1), samples: 300);

        Assert.Equal(maximum, limits.Max());
        Assert.Equal(maximum, limits[^1]);
    }

    [Fact]
    public void A_store_that_asks_to_slow_down_is_asked_less_at_once()
    {
        ConcurrencyController controller = new(64, 256);

        controller.Observe(new ConcurrencySample(1000, TimeSpan.FromSeconds(1), IsSaturated: true, IsThrottled: true));

        Assert.Equal(32, controller.Limit);
    }

    [Theory]
    [InlineData(3200, 0.040, 128)]
    [InlineData(1600, 0.040, 64)]
    public void The_first_climb_takes_three_stretches(double requestsPerSecond, double latency, int enough)
    {
        ConcurrencyController controller = new(initial: 16, maximum: 128);

        List<int> limits = Simulate(controller, new Store(requestsPerSecond, latency), samples: 12);

        Assert.InRange(limits[3], enough, 2 * enough);
        Assert.False(controller.IsStarting);
        Assert.InRange(limits[^1], enough, enough * 3 / 2);
    }

    [Fact]
    public async Task The_limiter_doubles_in_a_second_and_knows_what_did_best()
    {
        ManualClock clock = new();
        Traffic traffic = new(clock);
        TransferLimiter limiter = new(traffic, maximum: 128, clock);
        Assert.Null(limiter.Best);
        for (int sample = 0; sample < 5; sample++)
            await AnswerAsync(limiter, traffic, clock);

        Assert.Equal(128, limiter.Limit);
        Assert.Equal(128, limiter.Best);
    }

    [Theory]
    [InlineData(null, 16)]
    [InlineData(20, 16)]
    [InlineData(100, 50)]
    [InlineData(1000, 128)]
    public void The_limiter_starts_with_half_of_what_did_best_before(int? known, int expected) =>
        Assert.Equal(expected, new TransferLimiter(new Traffic(TimeProvider.System), 128, TimeProvider.System, known).Limit);

    [Fact]
    public void After_throttling_the_rate_comes_back_and_throttling_stays_rare()
    {
        Store store = new(100_000, 0.050, SlowDownAbove: 1000);
        ConcurrencyController controller = new(16, 512);

        List<int> limits = Simulate(controller, store, samples: 2000);

        List<int> settled = limits.Skip(200).ToList();
        Assert.InRange(settled.Average(), store.Enough * 0.6, store.Enough);
        Assert.InRange(settled.Count(store.IsThrottled), 1, settled.Count / 20);
    }

    [Fact]
    public void With_too_little_to_do_the_limit_stays_as_it_is()
    {
        ConcurrencyController controller = new(16, 512);

        for (int i = 0; i < 50; i++)
            controller.Observe(new ConcurrencySample(i * 1000, TimeSpan.FromSeconds(1), IsSaturated: false, IsThrottled: false));

        Assert.Equal(16, controller.Limit);
    }

    [Property(MaxTest = 300)]
    public bool Whatever_happens_the_limit_is_between_one_and_the_maximum((byte Work, bool Saturated, bool Throttled)[] samples, byte maximum)
    {
        ConcurrencyController controller = new(16, maximum + 1);
        foreach ((byte work, bool saturated, bool throttled) in samples)
        {
            controller.Observe(new ConcurrencySample(work, TimeSpan.FromSeconds(1), saturated, throttled));
            if (controller.Limit < 1 || controller.Limit > maximum + 1)
                return false;
        }

        return true;
    }

    [Fact]
    public async Task No_more_requests_are_under_way_than_there_are_slots()
    {
        TransferSlots slots = new(2);
        TransferSlots.Slot first = await slots.EnterAsync(TransferLane.Objects, default);
        await slots.EnterAsync(TransferLane.Parts, default);
        Task<TransferSlots.Slot> third = slots.EnterAsync(TransferLane.Objects, default).AsTask();
        Assert.False(third.IsCompleted);

        first.Dispose();

        (await third).Dispose();
    }

    [Theory]
    [InlineData(TransferLane.Parts, TransferLane.Objects)]
    [InlineData(TransferLane.Objects, TransferLane.Parts)]
    public async Task A_thousand_waiting_requests_of_one_lane_do_not_starve_the_other(object many, object one)
    {
        TransferSlots slots = new(4);
        Queue<TransferSlots.Slot> held = new();
        for (int i = 0; i < 4; i++)
            held.Enqueue(await slots.EnterAsync((TransferLane)many, default));
        Task<TransferSlots.Slot>[] crowd = [.. Enumerable.Range(0, 1000).Select(_ => slots.EnterAsync((TransferLane)many, default).AsTask())];
        Task<TransferSlots.Slot> late = slots.EnterAsync((TransferLane)one, default).AsTask();

        held.Dequeue().Dispose();

        await late;
        Assert.DoesNotContain(crowd, waiting => waiting.IsCompleted);
    }

    [Fact]
    public async Task With_one_slot_the_lanes_take_turns()
    {
        TransferSlots slots = new(1);
        TransferSlots.Slot current = await slots.EnterAsync(TransferLane.Objects, default);
        List<string> order = [];
        Task[] waiting =
        [
            Run(TransferLane.Objects), Run(TransferLane.Objects), Run(TransferLane.Objects),
            Run(TransferLane.Parts), Run(TransferLane.Parts), Run(TransferLane.Parts),
        ];

        current.Dispose();
        await Task.WhenAll(waiting);

        Assert.Equal(["Parts", "Objects", "Parts", "Objects", "Parts", "Objects"], order);

        async Task Run(TransferLane lane)
        {
            using TransferSlots.Slot slot = await slots.EnterAsync(lane, default);
            order.Add(lane.ToString());
        }
    }

    [Fact]
    public async Task A_lane_alone_may_use_every_slot()
    {
        TransferSlots slots = new(8);

        for (int i = 0; i < 8; i++)
            await slots.EnterAsync(TransferLane.Parts, default);

        Assert.True(slots.TakeSaturation());
    }

    [Fact]
    public async Task A_wait_for_a_slot_that_is_cancelled_takes_none()
    {
        TransferSlots slots = new(1);
        TransferSlots.Slot first = await slots.EnterAsync(TransferLane.Objects, default);
        using CancellationTokenSource stop = new();
        Task<TransferSlots.Slot> cancelled = slots.EnterAsync(TransferLane.Objects, stop.Token).AsTask();
        Task<TransferSlots.Slot> next = slots.EnterAsync(TransferLane.Objects, default).AsTask();

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        first.Dispose();

        (await next).Dispose();
    }

    [Fact]
    public async Task A_higher_limit_lets_waiting_requests_go()
    {
        TransferSlots slots = new(1);
        await slots.EnterAsync(TransferLane.Objects, default);
        Task<TransferSlots.Slot> waiting = slots.EnterAsync(TransferLane.Objects, default).AsTask();

        slots.Limit = 2;

        (await waiting).Dispose();
    }

    [Fact]
    public async Task The_limiter_learns_from_throttling_that_the_traffic_shows()
    {
        ManualClock clock = new();
        Traffic traffic = new(clock);
        TransferLimiter limiter = new(traffic, maximum: 64, clock);
        int before = limiter.Limit;
        traffic.Answered(isThrottling: true);
        clock.Advance(TimeSpan.FromSeconds(1));

        (await limiter.EnterAsync(TransferLane.Objects, default)).Dispose();

        Assert.Equal(before / 2, limiter.Limit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task The_limiter_keeps_to_a_throttle_limit(int throttleLimit)
    {
        TransferLimiter limiter = new(new Traffic(TimeProvider.System), throttleLimit, TimeProvider.System);
        for (int i = 0; i < throttleLimit; i++)
            await limiter.EnterAsync(TransferLane.Objects, default);

        Assert.False(limiter.EnterAsync(TransferLane.Parts, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task Small_items_are_worked_on_while_every_worker_for_large_ones_is_busy()
    {
        TaskCompletionSource largeMayEnd = new();
        TaskCompletionSource smallDone = new();
        TransferLanes<int> lanes = new(
            itemsAhead: 10, smallWorkers: 2, largeWorkers: 1, isLarge: item => item >= 100,
            async (item, _) =>
            {
                if (item >= 100)
                    await largeMayEnd.Task;
                else if (item == 5)
                    smallDone.SetResult();
                return null;
            });

        Task run = lanes.RunAsync(Feeding(100, 101, 102, 1, 2, 3, 4, 5), default);
        await smallDone.Task;
        largeMayEnd.SetResult();

        await run;
    }

    [Fact]
    public async Task What_a_worker_says_ends_everything_stops_the_others_and_whoever_feeds_them()
    {
        BackupError error = new()
        {
            Id = "Test",
            Category = BackupErrorCategory.ConnectionError,
            Message = "Down.",
            RecommendedAction = "Wait.",
            ExitCode = BackupExitCode.Stage2Failed,
        };
        TransferLanes<int> lanes = new(
            itemsAhead: 1, smallWorkers: 1, largeWorkers: 1, isLarge: item => item >= 100,
            async (item, stop) =>
            {
                if (item == 1)
                    return error;
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return null;
            });

        BackupException thrown = await Assert.ThrowsAsync<BackupException>(
            () => lanes.RunAsync(Feeding(100, 1, 101, 102, 103, 104), default));

        Assert.Same(error, thrown.Error);
    }

    [Fact]
    public async Task What_goes_wrong_where_items_are_found_stops_the_workers()
    {
        TaskCompletionSource begun = new();
        TransferLanes<int> lanes = new(
            itemsAhead: 1, smallWorkers: 1, largeWorkers: 1, isLarge: _ => false,
            async (_, stop) =>
            {
                begun.SetResult();
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return null;
            });

        await Assert.ThrowsAsync<InvalidDataException>(() => lanes.RunAsync(
            async (add, token) =>
            {
                await add(1, token);
                await begun.Task;
                throw new InvalidDataException();
            },
            default));
    }

    private static Func<Func<int, CancellationToken, ValueTask>, CancellationToken, Task> Feeding(params int[] items) => async (add, token) =>
    {
        foreach (int item in items)
            await add(item, token);
    };

    /// <summary>A quarter of a second in which each slot was used at 40 ms a request.</summary>
    private static async Task AnswerAsync(TransferLimiter limiter, Traffic traffic, ManualClock clock)
    {
        List<TransferSlots.Slot> all = [];
        for (int slot = 0; slot < limiter.Limit; slot++)
            all.Add(await limiter.EnterAsync(TransferLane.Objects, default));
        for (int answer = 0; answer < 6 * limiter.Limit; answer++)
            traffic.Answered(isThrottling: false);
        clock.Advance(TimeSpan.FromMilliseconds(250));
        foreach (TransferSlots.Slot slot in all)
            slot.Dispose();
        (await limiter.EnterAsync(TransferLane.Objects, default)).Dispose();
    }

    private static List<int> Simulate(ConcurrencyController controller, Store store, int samples)
    {
        List<int> limits = [];
        for (int i = 0; i < samples; i++)
        {
            int limit = controller.Limit;
            limits.Add(limit);
            controller.Observe(new ConcurrencySample(store.RateAt(limit), TimeSpan.FromSeconds(1), IsSaturated: true, store.IsThrottled(limit)));
        }

        return limits;
    }
}
