using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Recovery;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Random trees through both stages, and back from each copy.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class RestoreModelTests : RestoreHarness
{
    private static readonly int Rounds = TestEffort.Times(3);

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Either_copy_restores_to_the_same_tree_and_a_second_time_nothing_is_fetched(int seed)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Random random = new(seed);
        ModelTree source = new(random, Source);
        // Without deletion the bucket has more than the mirror, and what comes back is the mirror all the same.
        Options = Options with { DirectoryMarkers = S3DirectoryMarkers.All, DeleteFromS3 = seed % 2 == 0 };
        for (int round = 0; round < Rounds; round++)
        {
            source.Change();
            await MirrorAsync();
            Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
            Dictionary<string, RawEntry> expected = ReadTree(Mirror);
            if (expected.Count == 0)
                continue;
            foreach (BackupCopy copy in (BackupCopy[])[BackupCopy.Local, BackupCopy.S3])
            {
                string where = $"seed {seed}, round {round}, {copy}";
                RestoreRequest request = Restore(copy) with { Destination = Files[$"restored-{round}-{copy}"], PreserveSpecialBits = true };

                RestoreResult first = await RestoreWellAsync(request);
                AssertSameTree(where, expected, ReadTree(request.Destination));
                RestoreResult second = await RestoreWellAsync(request);

                AssertSameTree(where + ", again", expected, ReadTree(request.Destination));
                Assert.Equal((expected.Count, 0, 0L), ((int)first.Restored, (int)first.Unchanged, second.Restored));
                // Whether a link leads elsewhere only its content tells.
                Assert.Equal(copy == BackupCopy.Local ? 0 : expected.Values.Count(entry => entry.IsLink), second.Requests.Get);
            }
        }
    }

    [SkippableFact]
    public async Task Each_of_several_past_times_restores_to_what_the_mirror_was_then()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Server.Store.SetVersioning(BucketName, "Enabled");
        ModelTree source = new(new Random(7), Source);
        Options = Options with { DirectoryMarkers = S3DirectoryMarkers.All };
        List<(DateTimeOffset Time, Dictionary<string, RawEntry> Tree)> past = [];
        for (int round = 0; round < Rounds; round++)
        {
            source.Change();
            await MirrorAsync();
            Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
            past.Add((DateTimeOffset.UtcNow, ReadTree(Mirror)));
        }

        for (int round = 0; round < Rounds; round++)
        {
            RestoreRequest request = Restore() with { AsOf = past[round].Time, Destination = Files[$"past-{round}"], PreserveSpecialBits = true };

            await RestoreWellAsync(request);

            AssertSameTree($"round {round}", past[round].Tree, ReadTree(request.Destination));
        }
    }
}
