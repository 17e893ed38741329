using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>An entry that takes the place of others in S3, and a day's bytes that do not suffice for it.</summary>
public sealed class PausedPlaceTests : SyncHarness
{
    private const int MiB = 1024 * 1024;

    private readonly ManualClock clock = new();

    private S3SyncRequest Limited => Request with
    {
        Options = Options with { MaxUpload = MiB },
        Clock = clock,
        Timezone = "Etc/UTC",
    };

    [Fact]
    public async Task A_file_whose_place_a_folder_takes_stays_as_long_as_the_folder_waits()
    {
        Write("place", "a file");
        WriteRandom((400, "a"));
        await MirrorAsync();
        await SyncAsync(Limited);
        File.Delete(Path.Combine(Source, "place"));
        WriteRandom((400, "place/inner"), (300, "place/second"));
        await MirrorAsync();

        // Either of the two would fit into what is left of the day, and not both.
        S3SyncStageResult paused = await SyncAsync(Limited);

        Assert.Equal((BackupStatus.Paused, 0L), (paused.Status, paused.Deleted));
        Assert.Equal(["a", "place"], ReadBucket().Keys.Order(StringComparer.Ordinal));

        clock.Advance(TimeSpan.FromDays(1));
        S3SyncStageResult last = await SyncAsync(Limited);
        Assert.Equal(BackupStatus.Succeeded, last.Status);
        AssertMirrored("after the last");
    }

    [Fact]
    public async Task What_no_day_has_room_for_comes_over_several_days()
    {
        Write("place", "a file");
        await RunAsync();
        File.Delete(Path.Combine(Source, "place"));
        WriteRandom((600, "a"), (700, "place/inner"), (700, "place/second"));
        await MirrorAsync();

        for (int day = 0; day < 2; day++)
        {
            Assert.Equal(BackupStatus.Paused, (await SyncAsync(Limited)).Status);
            clock.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync(Limited)).Status);
        AssertMirrored("after the last");
    }

    private void WriteRandom(params (int KiB, string Name)[] files)
    {
        foreach ((int size, string name) in files)
        {
            string path = Path.Combine(Source, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(size * 1024));
        }
    }
}
