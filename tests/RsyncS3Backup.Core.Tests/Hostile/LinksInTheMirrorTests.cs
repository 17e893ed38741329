using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery;
using RsyncS3Backup.Sync.Transfer;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>A user whose folder is in the mirror puts a link where his folder was, to files that only root may read.</summary>
public sealed class LinksInTheMirrorTests : RestoreHarness
{
    private const string Secret = "only root may read this";
    private const string Plain = "everybody may read this";
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(1);

    private string Own => Files[Path.Combine("mirror", "user")];

    private string Link => Files["link"];

    [SkippableFact]
    public async Task Stage_2_sends_nothing_that_a_link_swapped_in_leads_to()
    {
        Prepare();
        Assert.Equal(BackupStatus.Succeeded, (await SyncAsync()).Status);
        using (new Swap(Own, Link))
        {
            for (Stopwatch watch = Stopwatch.StartNew(); watch.Elapsed < LongEnough;)
            {
                File.SetLastWriteTimeUtc(Path.Combine(Files["mirror"], "other.txt"), DateTime.UtcNow);
                foreach (StoredObjectInfo stored in Server.Store.Objects(BucketName, Prefix + "user/").ToArray())
                    Server.Store.Delete(BucketName, stored.Key);
                await SyncAsync(Request with { Options = Options with { SyncMode = S3SyncMode.Reconcile } });
                AssertNoSecret();
            }
        }
    }

    [SkippableFact]
    public async Task A_restore_from_the_mirror_writes_nothing_that_a_link_swapped_in_leads_to()
    {
        Prepare();
        using (new Swap(Own, Link))
        {
            for (Stopwatch watch = Stopwatch.StartNew(); watch.Elapsed < LongEnough;)
            {
                await RestoreAsync(Restore(BackupCopy.Local) with { Overwrite = RestoreOverwrite.Always });
                // The link itself may come back as the link that it is.
                if (new FileInfo(Path.Combine(Target, "user")) is { LinkTarget: not null } link)
                {
                    link.Delete();
                    continue;
                }

                Assert.DoesNotContain(Restored().Where(path => path.EndsWith(".txt", StringComparison.Ordinal)),
                    path => File.ReadAllText(Path.Combine(Target, path)) == Secret);
            }
        }
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_walk_does_not_go_down_through_a_link(bool swapsTop)
    {
        Prepare();
        File.WriteAllText(Path.Combine(Files["secret"], "inner", "unknown.txt"), Secret);
        string swapped = swapsTop ? Own : Path.Combine(Own, "inner");
        if (!swapsTop)
        {
            File.Delete(Link);
            File.CreateSymbolicLink(Link, Path.Combine(Files["secret"], "inner"));
        }

        // When the names of the folder above are read, and its entries are still to be looked at.
        bool isDone = false;
        bool Wants(string key)
        {
            if (key == "user/inner/" && !isDone)
            {
                Swap.Once(swapped, Link);
                isDone = true;
            }

            return true;
        }

        MirrorWalker walker = new(Mirror, new StageReport(context: null), wants: Wants);
        string[] keys = [.. walker.Walk(CancellationToken.None).Select(entry => entry.RelativeKey)];

        Assert.True(isDone);
        Assert.DoesNotContain("user/inner/unknown.txt", keys);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_opened_is_what_the_walk_saw(bool isOneCall)
    {
        Prepare();
        MirrorEntry[] entries = Walk(isOneCall);
        MirrorEntry inFolder = entries.Single(entry => entry.RelativeKey == "user/inner/a.txt");
        using (SafeFileHandle same = MirrorFile.Open(inFolder))
            Assert.Equal(Plain.Length, RandomAccess.GetLength(same));

        Swap.Once(Own, Link);
        Assert.ThrowsAny<IOException>(() => MirrorFile.Open(inFolder));
        Swap.Once(Own, Link);

        string path = Path.Combine(Own, "inner", "a.txt");
        string other = Files.File("other", Plain);
        File.SetLastWriteTimeUtc(other, File.GetLastWriteTimeUtc(path));
        Swap.Once(path, other);
        Assert.Throws<FileNotFoundException>(() => MirrorFile.Open(inFolder));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_whose_time_was_set_back_is_not_the_one_that_was_seen(bool isOneCall)
    {
        Prepare();
        MirrorEntry entry = Walk(isOneCall).Single(found => found.RelativeKey == "user/b.txt");
        string path = Path.Combine(Own, "b.txt");
        DateTime time = File.GetLastWriteTimeUtc(path);
        File.WriteAllText(path, Secret);
        File.SetLastWriteTimeUtc(path, time);

        Assert.Null(MirrorFile.TryOpen(entry, entry.Attributes));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pipe_in_a_files_place_holds_nobody_up(bool isOneCall)
    {
        Prepare();
        MirrorEntry entry = Walk(isOneCall).Single(found => found.RelativeKey == "user/b.txt");
        Swap.Once(Path.Combine(Own, "b.txt"), Swap.Pipe(Files["pipe"]));

        Assert.Throws<BlockedException>(() => MirrorFile.Open(entry));
    }

    [SkippableFact]
    public void The_target_of_a_link_is_that_of_the_mirrors_own()
    {
        Prepare();
        File.CreateSymbolicLink(Path.Combine(Own, "inner", "l"), "mine");
        File.CreateSymbolicLink(Path.Combine(Files["secret"], "inner", "l"), "secret");
        MirrorEntry entry = Walk(isOneCall: true).Single(found => found.Kind == MirrorEntryKind.SymbolicLink);
        Swap.Once(Own, Link);

        Assert.ThrowsAny<IOException>(() => MirrorFile.LinkTarget(entry));
    }

    [SkippableFact]
    public void A_tree_of_more_folders_than_may_be_open_is_walked()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "swaps as Linux does");
        string path = Mirror;
        for (int depth = 0; depth < 200; depth++)
        {
            path = Path.Combine(path, "d");
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "z"), "");
        }

        Assert.Equal(200, new MirrorWalker(Mirror, new StageReport(context: null)).Walk(CancellationToken.None).Count());
    }

    private MirrorEntry[] Walk(bool isOneCall) =>
    [
        .. new MirrorWalker(Mirror, new StageReport(context: null)).Walk(CancellationToken.None)
            .Select(entry => entry with { Tree = new TreeReader(Mirror, isOneCall) }),
    ];

    // A file that has the same name, size and time, wherever the path leads.
    private void Prepare()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "swaps as Linux does");
        DateTime time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        foreach ((string top, string content) in new[] { (Path.Combine("mirror", "user"), Plain), ("secret", Secret) })
        {
            // Many, so that the moment is met for one of them.
            foreach (string name in Enumerable.Range(0, 100).Select(number => $"inner/{number}.txt").Append("inner/a.txt").Append("b.txt"))
                File.SetLastWriteTimeUtc(Files.File(Path.Combine(top, name), content), time);
        }

        Files.File(Path.Combine("mirror", "other.txt"));
        File.CreateSymbolicLink(Link, Files["secret"]);
    }

    private void AssertNoSecret() => Assert.DoesNotContain(
        Server.Store.Objects(BucketName, Prefix), item => System.Text.Encoding.UTF8.GetString(Server.Store.GetBytes(BucketName, item.Key)) == Secret);
}
