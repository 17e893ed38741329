using System.Globalization;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State.Journal;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Random trees against the real rsync: the mirror is the source, and the journal is the difference.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class ChangeJournalTreeTests
{
    private const int Lanes = 2;

    [SkippableTheory]
    [InlineData(1, 5, 15)]
    [InlineData(1, 0, 6)]
    [InlineData(3, 0, 3)]
    public async Task The_mirror_becomes_the_source_and_the_journal_is_their_difference(int sources, int treesInEach, int runs)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "makes sockets with mknod, as root on Linux");
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(() => RunLaneAsync((runs * 10) + lane, sources, treesInEach, runs))));
    }

    private static async Task RunLaneAsync(int seed, int sourceCount, int treesInEach, int runs)
    {
        using TemporaryFolder files = new();
        Random random = new(seed);
        string job = string.Create(CultureInfo.InvariantCulture, $"trees-{seed}");
        string mirror = files["mirror"];
        // Several sources go to folders of their own names: one folder of the mirror each.
        string[] names = [.. Enumerable.Range(0, sourceCount).Select(number => sourceCount == 1 ? "source" : $"s {number}é")];
        string[] roots = [.. names.Select(name => files.Folder("all/" + name))];
        RsyncStageRequest request = new()
        {
            Sources = [.. roots.Select(root => new BackupSource { Path = root })],
            Options = new RsyncOptions
            {
                LocalDestination = mirror,
                DeleteExtraneous = true,
                HardLinks = true,
                MaxDelete = DeleteLimit.Unlimited,
            },
            AllowEmptySource = true,
        };
        // Several trees a run, because starting rsync takes most of the time.
        string[] trees = treesInEach == 0
            ? roots
            : [.. roots.SelectMany(root => Enumerable.Range(0, treesInEach).Select(number => Directory.CreateDirectory($"{root}/{number}").FullName))];
        string sourceRoot = sourceCount == 1 ? roots[0] : files["all"];
        for (int run = 0; run < TestEffort.Times(runs); run++)
        {
            foreach (string tree in trees)
                new RawTree(random, MirrorTrees.Latin1(tree)).Change();
            Dictionary<string, RawEntry> before = MirrorTrees.Read(mirror, sourceCount);
            Dictionary<string, RawEntry> source = MirrorTrees.Read(sourceRoot, sourceCount);

            using RunContext context = RunContext.Start(job, SilentObserver.Instance);
            RsyncStageResult result = await RsyncStage.RunAsync(request, context, CancellationToken.None);

            string where = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, run {run}");
            Assert.True(result.Status == BackupStatus.Succeeded, $"{where}: {result.Error} {string.Join(" / ", result.FailedItems)}");
            Dictionary<string, RawEntry> after = MirrorTrees.Read(mirror, sourceCount);
            MirrorTrees.AssertSame(where, source, after);
            string[] problems = [.. ExpectedChanges.Problems(before, source, [.. result.GetChanges()])];
            Assert.True(problems.Length == 0, $"{where}: {string.Join(Environment.NewLine, problems)}");
            PendingChanges pending = PendingChanges.Open(job, mirror);
            Assert.False(pending.RequiresWalk, where);
            Assert.Equal(result.GetChanges(), pending.Enumerate());
            pending.MarkCarriedOut();
        }
    }
}
