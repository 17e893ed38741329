using FsCheck.Xunit;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

public sealed class TransferTests
{
    private const long MiB = 1024 * 1024;
    private const long GiB = 1024 * MiB;

    [Theory]
    [InlineData(0, 8 * MiB)]
    [InlineData(8 * MiB, 8 * MiB)]
    [InlineData(78 * GiB, 8 * MiB)]
    [InlineData(80_000 * MiB, 8 * MiB)]
    [InlineData((80_000 * MiB) + 1, 9 * MiB)]
    [InlineData(5 * 1024 * GiB, 525 * MiB)]
    public void The_part_size_follows_from_the_size(long size, long expected) => Assert.Equal(expected, PartSize.For(size));

    [Property(MaxTest = 1000)]
    public bool Any_file_that_S3_takes_goes_in_at_most_10000_parts_of_at_most_5_GiB(ulong seed)
    {
        long size = (long)(seed % (ulong)PartSize.LargestObject) + 1;
        long partSize = PartSize.For(size);
        return PartSize.Count(size, partSize) is >= 1 and <= 10_000 && partSize is >= 5 * MiB and <= 5 * GiB;
    }

    [Theory]
    [InlineData(20 * MiB, 3, 8 * MiB)]
    [InlineData(20 * MiB, 4, 5 * MiB)]
    [InlineData(20 * MiB, 2, 10 * MiB)]
    [InlineData(20 * MiB, 1, 32 * MiB)]
    [InlineData(100 * MiB, 7, 15 * MiB)]
    public void Part_sizes_of_other_tools_are_tried_for_their_entity_tags(long size, int parts, long expected) =>
        Assert.Contains(expected, PartSize.Candidates(size, parts));

    [Fact]
    public void Every_candidate_part_size_gives_the_number_of_parts() =>
        Assert.All(PartSize.Candidates(123_456_789, 12), size => Assert.Equal(12, PartSize.Count(123_456_789, size)));

    [Theory]
    [InlineData(1595002920_000000000, "1595002920.000000000")]
    [InlineData(1595002920_000000001, "1595002920.000000001")]
    [InlineData(0, "0.000000000")]
    [InlineData(-1_500_000_000, "-1.500000000")]
    [InlineData(long.MinValue, "-9223372036.854775808")]
    public void Times_have_nine_decimals(long nanoseconds, string expected) => Assert.Equal(expected, ObjectMetadata.Seconds(nanoseconds));

    [Theory]
    [InlineData("", "AAAAAA==")]
    [InlineData("123456789", "y/Q5Jg==")]
    public void The_CRC32_is_the_one_S3_computes(string text, string expected)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(text);
        Assert.Equal(expected, new ObjectContent("key", bytes, bytes.Length).Crc32);
    }

    [Fact]
    public async Task A_budget_gives_what_it_has_and_makes_the_next_one_wait()
    {
        MemoryBudget budget = new(100);
        MemoryBudget.Lease first = await budget.AcquireAsync(60, default);
        Task<MemoryBudget.Lease> second = budget.AcquireAsync(60, default).AsTask();
        Assert.False(second.IsCompleted);

        first.Dispose();

        (await second).Dispose();
    }

    [Fact]
    public async Task A_small_request_does_not_pass_a_large_one_that_waits()
    {
        MemoryBudget budget = new(100);
        MemoryBudget.Lease first = await budget.AcquireAsync(60, default);
        Task<MemoryBudget.Lease> large = budget.AcquireAsync(100, default).AsTask();
        Task<MemoryBudget.Lease> small = budget.AcquireAsync(1, default).AsTask();
        Assert.False(small.IsCompleted);

        first.Dispose();
        MemoryBudget.Lease granted = await large;
        Assert.False(small.IsCompleted);
        granted.Dispose();

        (await small).Dispose();
    }

    [Fact]
    public async Task A_request_larger_than_the_budget_gets_all_of_it()
    {
        MemoryBudget budget = new(100);

        (await budget.AcquireAsync(1_000, default)).Dispose();

        (await budget.AcquireAsync(100, default)).Dispose();
    }

    [Fact]
    public async Task A_cancelled_wait_gives_nothing_away()
    {
        MemoryBudget budget = new(100);
        MemoryBudget.Lease first = await budget.AcquireAsync(100, default);
        using CancellationTokenSource stop = new();
        Task<MemoryBudget.Lease> cancelled = budget.AcquireAsync(100, stop.Token).AsTask();
        Task<MemoryBudget.Lease> next = budget.AcquireAsync(100, default).AsTask();

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        first.Dispose();

        (await next).Dispose();
    }

    [Fact]
    public void Deletes_come_back_from_the_spool_in_order_and_leave_no_file()
    {
        string jobName = $"spool-{Guid.NewGuid():N}";
        string folder = RsyncS3Backup.State.StateFolder.ForJob(jobName).Path;
        (string, long)[] expected = [.. Enumerable.Range(0, 2500).Select(i => ($"key {i} 😀\n", (long)i))];
        using (KeySpool spool = new("deletes", () => StateFolder.ForJob(jobName).Path))
        {
            foreach ((string key, long size) in expected)
                spool.Add(key, size);
            Assert.Equal((2500, expected.Sum(item => item.Item2)), (spool.Count, spool.Bytes));
            Assert.Equal(expected, spool.Batches(1000).SelectMany(batch => batch));
            Assert.Equal([1000, 1000, 500], spool.Batches(1000).Select(batch => batch.Count));
        }

        Assert.Empty(Directory.EnumerateFiles(folder));
    }
}
