using System.Globalization;
using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.State.Journal;
using Xunit;
using Xunit.Abstractions;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>SIGKILL of our process and of rsync's, at any moment, with the real rsync.</summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class CrashTests(ITestOutputHelper log) : IDisposable
{
    private const int Trees = 6;
    private static readonly int Rounds = TestEffort.Times(2);
    private const int MostKillsInARound = 5;

    private readonly TemporaryFolder files = new();
    private readonly string job = "crash-" + Guid.NewGuid().ToString("N");

    private string Mirror => files["mirror"];

    public void Dispose() => files.Dispose();

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task After_any_kill_a_rerun_converges_and_the_journals_never_miss_a_change(int seed)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "makes sockets with mknod, as root on Linux");
        Random random = new(seed);
        string[] trees = [.. Enumerable.Range(0, Trees).Select(number => files.Folder($"source/{number}"))];
        string configuration = Configure(await TalkativeRsyncAsync());
        Dictionary<string, RawEntry> carriedOut = [];
        int lines = 100;
        int kills = 0;
        bool wasKilled = false;
        for (int round = 0; round < Rounds; round++)
        {
            foreach (string tree in trees)
                Change(random, tree);
            for (int attempt = random.Next(2, MostKillsInARound + 1); attempt > 0; attempt--)
            {
                int moment = random.Next(1, lines + 5);
                string where = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {round}, line {moment}");
                using StageProcess stage = StageProcess.Start(configuration);
                if (!await stage.WaitForLinesAsync(moment) || !Kill(random, stage))
                {
                    await stage.WaitAsync();
                    continue;
                }

                kills++;
                wasKilled = true;
                // Some stages 2 start while what is left of rsync is still alive, some after.
                if (random.Next(2) == 0)
                    await NobodyWritesAsync();
                carriedOut = Stage2(where, carriedOut, random.Next(4) == 0);
                await stage.WaitAsync();
            }

            string last = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, round {round}, at its end");
            using StageProcess rerun = StageProcess.Start(configuration);
            Assert.True(await rerun.WaitAsync() == 0, $"{last}: {rerun.Output}");
            lines = rerun.Lines;
            MirrorTrees.AssertSame(last, MirrorTrees.Read(MirrorTrees.Latin1(files["source"])), ReadMirror());
            bool mustBeKnown = !wasKilled;
            Assert.False(mustBeKnown && PendingChanges.Open(job, Mirror).RequiresWalk, $"{last}: unknown changes without a kill");
            if (random.Next(2) == 0)
            {
                carriedOut = Stage2(last, carriedOut, isCarriedOut: true);
                wasKilled = false;
            }
        }

        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kills} kills"));
        Assert.True(kills >= Rounds, $"only {kills} kills");
    }

    /// <summary>Checks what a stage 2 would be told, and lets it carry that out.</summary>
    /// <returns>The mirror as S3 has it now.</returns>
    private Dictionary<string, RawEntry> Stage2(string where, Dictionary<string, RawEntry> carriedOut, bool isCarriedOut)
    {
        // In this order: a journal that is still written is not pending yet, and will be when what happens now is in it or lost.
        ChangeJournalFolder folder = ChangeJournalFolder.ForJob(job);
        bool isWritten = Directory.GetFiles(folder.Path, "*.changes").Length > folder.PendingOf(Mirror).Count;
        PendingChanges pending = PendingChanges.Open(job, Mirror);
        Dictionary<string, RawEntry> now = ReadWhileChanging();
        if (!pending.RequiresWalk && !isWritten)
        {
            HashSet<string> named = [.. pending.Enumerate().Select(change => System.Text.Encoding.Latin1.GetString(change.GetPathBytes()))];
            string[] missed = [.. now.Keys.Union(carriedOut.Keys)
                .Where(path => now.GetValueOrDefault(path)?.Looks != carriedOut.GetValueOrDefault(path)?.Looks)
                .Where(path => !named.Contains(path) && !NamesAnother(path, now, named))];
            Assert.True(missed.Length == 0, $"{where}: the journals miss {string.Join(", ", missed)}");
        }

        if (!isCarriedOut)
            return carriedOut;
        pending.MarkCarriedOut();
        return now;
    }

    // rsync names one of a file's names when only its attributes changed.
    private static bool NamesAnother(string path, Dictionary<string, RawEntry> now, HashSet<string> named) =>
        now.TryGetValue(path, out RawEntry? entry) && entry.Links > 1
        && now.Any(other => other.Value.Inode == entry.Inode && named.Contains(other.Key));

    private Dictionary<string, RawEntry> ReadWhileChanging()
    {
        while (true)
        {
            try
            {
                return ReadMirror();
            }
            catch (IOException)
            {
                // An rsync that was left behind has just removed something.
            }
        }
    }

    // An rsync that is killed leaves its partial folder, which no backup has: it is kept for the next run, and never sent to S3.
    private Dictionary<string, RawEntry> ReadMirror() => MirrorTrees.Read(MirrorTrees.Latin1(Mirror))
        .Where(entry => !entry.Key.Split('/').Contains(RsyncCommandLine.PartialFolder))
        .ToDictionary();

    private async Task NobodyWritesAsync()
    {
        while (ChangeJournalFolder.IsBusy(job, Mirror))
            await Task.Yield();
    }

    /// <summary>SIGKILL of our process, or one or all of rsync's, or all of them.</summary>
    private static bool Kill(Random random, StageProcess stage)
    {
        int whom = random.Next(4);
        IReadOnlyList<int> children = stage.Children;
        if (whom is 0 or 1)
            stage.Kill();
        if (whom == 0)
            return true;
        if (whom == 2)
            return children.Count > 0 && StageProcess.Kill(children[random.Next(children.Count)]);
        return children.Count(StageProcess.Kill) + (whom == 1 ? 1 : 0) > 0;
    }

    private static void Change(Random random, string tree)
    {
        new RawTree(random, MirrorTrees.Latin1(tree)).Change();
        // Something that takes a few writes.
        byte[] content = new byte[random.Next(100_000, 400_000)];
        random.NextBytes(content);
        string large = Path.Combine(tree, $"large {random.Next(3)}");
        if (RawFileSystem.ReadTree(MirrorTrees.Latin1(tree)).ContainsKey(Path.GetFileName(large)))
            RawFileSystem.Remove(large);
        File.WriteAllBytes(large, content);
    }

    /// <summary>A real rsync that also says which entry it is at, so that there are moments to choose from.</summary>
    private async Task<string> TalkativeRsyncAsync()
    {
        string rsync = (await RsyncProbe.FindAsync(null, CancellationToken.None)).Path;
        string path = files.File("rsync", $"""
            #!/bin/sh
            [ "$1" = --version ] || set -- --debug=genr1,recv1,del1 "$@"
            exec '{rsync}' "$@"

            """);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private string Configure(string rsync) => files.File("job.json", JsonSerializer.Serialize(new
    {
        name = job,
        backupType = "rsync-to-s3",
        sources = new[] { new { path = files["source"] } },
        options = new
        {
            rsync = new
            {
                localDestination = Mirror,
                deleteExtraneous = true,
                hardLinks = true,
                maxDelete = "100%",
                rsyncPath = rsync,
                syncToS3 = new { enabled = true },
            },
        },
        destination = new { bucket = "none", region = "us-east-1" },
    }));
}
