using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Jobs;

public sealed class SharedBandwidthTests : SyncHarness
{
    private const int PerSecond = 1_000_000_000;
    private const int Burst = PerSecond / 4;

    // Its clock stands still, so what was taken stays taken.
    private readonly BandwidthLimit shared = new(PerSecond, new ManualClock());

    [Theory]
    [InlineData(null)]
    [InlineData(PerSecond)]
    public async Task What_a_job_sends_counts_for_all_whether_it_has_a_limit_of_its_own_or_not(int? own)
    {
        const int size = 300_000;
        Write("a", new string('a', size / 2));
        Write("b", new string('b', size / 2));

        await RunJobAsync("first", own);

        Assert.InRange(Taken(), size - 100, size * 2);
    }

    [Fact]
    public async Task Two_jobs_share_one_limit()
    {
        Write("a", new string('a', 100_000));

        await Task.WhenAll(RunJobAsync("first", null), RunJobAsync("second", null));

        Assert.InRange(Taken(), 199_900, 400_000);
    }

    // Waits are whole ticks, 100 bytes each. With the clock at rest one says how far beyond the burst the bytes reach.
    private long Taken() => (long)(shared.Take(Burst).TotalSeconds * PerSecond);

    private async Task RunJobAsync(string name, int? own)
    {
        BackupConfiguration configuration = new()
        {
            Name = JobName + name,
            Sources = [new BackupSource { Path = Source }],
            Options = new BackupOptions
            {
                Rsync = Rsync with { LocalDestination = Files["mirror-" + name], SyncToS3 = Options with { S3Prefix = name + "/", BandwidthLimit = own } },
            },
            Destination = Destination,
        };
        BackupRunOptions options = new() { Credentials = new S3Credentials(Server.AccessKey, Server.SecretKey), SharedBandwidth = shared };

        BackupResult result = await BackupRunner.RunAsync(configuration, options, new RecordingObserver(), CancellationToken.None);

        Assert.Equal(BackupStatus.Succeeded, result.Status);
    }
}
