using System.Globalization;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>
/// Random trees, real rsync, real requests: after each run the bucket is the mirror, whichever way the run found the differences, and every
/// run makes just the requests that the differences need. RSYNCS3_TEST_EFFORT=n tries n times as many seeds.
/// </summary>
[Trait("Category", "Slow")]
public sealed class SyncModelTests : SyncHarness
{
    private const int Rounds = 12;

    public static TheoryData<int> Seeds
    {
        get
        {
            TheoryData<int> seeds = [];
            for (int seed = 1; seed <= TestEffort.Times(4); seed++)
                seeds.Add(seed);
            return seeds;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Seeds))]
    public async Task After_every_run_in_any_mode_the_bucket_and_the_catalog_are_what_the_mirror_is(int seed)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "looks at files with Linux's system calls");
        Random random = new(seed);
        ModelTree source = new(random, Source);
        Dictionary<string, ExpectedObject> bucket = [];
        S3SyncOptions? before = null;
        bool tampered = false;
        bool mayAsk = false;
        if (seed % 2 == 0)
            source.MakeLongPath(1024 - Prefix.Length);
        for (int round = 0; round < Rounds; round++)
        {
            source.Change();
            // Without checksums rsync takes a file of the same size and time for unchanged. So does a stage 2 that has lost its catalog.
            bool isLost = random.Next(6) == 0;
            Rsync = Rsync with { Checksum = !isLost && random.Next(2) == 0 };
            await MirrorAsync();
            Options = Options with
            {
                SyncMode = (S3SyncMode)random.Next(4),
                DeleteFromS3 = random.Next(5) > 0,
                DirectoryMarkers = random.Next(6) == 0 ? (S3DirectoryMarkers)random.Next(3) : Options.DirectoryMarkers,
                ExcludePatterns = random.Next(5) == 0 ? (Options.ExcludePatterns.Count == 0 ? ["*.tmp"] : []) : Options.ExcludePatterns,
            };
            if (isLost)
                before = LoseCatalog(random);

            // Nobody but stage 1 should change a mirror; when somebody does, a walk sees it.
            bool isEdited = Options.SyncMode is S3SyncMode.Catalog or S3SyncMode.Reconcile && before is not null && random.Next(3) == 0;
            if (isEdited)
                new ModelTree(random, Mirror).EditSecretly();
            bool isTampered = Options.SyncMode == S3SyncMode.Reconcile && random.Next(2) == 0;
            mayAsk |= isLost || isTampered;
            if (isTampered)
                Tamper(random, bucket);

            Dictionary<string, ExpectedObject> mirror =
                ExpectedBucket.Of(Mirror, Options.DirectoryMarkers, excludesTemporary: Options.ExcludePatterns.Count > 0);
            // A row may have been wrong about what a copy was to be made from; then that copy is an upload, and the next run compares again.
            bool wasTampered = tampered;
            tampered = isTampered;
            long changes = mirror.Count(item => bucket.GetValueOrDefault(item.Key) != item.Value);
            long uploads = mirror.Count(item => bucket.GetValueOrDefault(item.Key)?.Content != item.Value.Content);
            S3SyncMode expectedMode = ExpectedMode(before);
            // What a second writer put there: no run deletes it, and a lost catalog changes nothing about that.
            HashSet<string> foreign = [.. bucket.Where(item => item.Value.Metadata.Length == 0 && !mirror.ContainsKey(item.Key)).Select(item => item.Key)];
            bucket = bucket.Where(item => foreign.Contains(item.Key) || !(Options.DeleteFromS3 || IsSomethingElse(item.Key)))
                .Where(item => !mirror.ContainsKey(item.Key)).Concat(mirror).ToDictionary();
            string where = $"seed {seed}, round {round}, {Options.SyncMode}, delete {Options.DeleteFromS3}, {Options.DirectoryMarkers}, excludes {Options.ExcludePatterns.Count}";

            // With one of two all content is copied that S3 has, with the other only what has several names.
            bool copies = seed % 2 == 1;
            S3SyncStageResult result = await SyncAsync(copies ? Request with { SmallestCopy = 1 } : Request);

            where += $", ran by {result.SyncMode}: {result.SyncModeReason} {result.Requests}";
            Assert.True(result.Error is null && (foreign.Count > 0 || result.Status == BackupStatus.Succeeded), $"{where}: {result.Error?.Message} {string.Join(' ', result.FailedItems.Select(item => item.Message))} {string.Join(' ', result.Warnings)}");
            AssertBucket(where, bucket);
            AssertCatalog(where, isWhole: Options.DeleteFromS3);
            Assert.True(expectedMode == result.SyncMode || (wasTampered && result.SyncMode == S3SyncMode.Reconcile), where);
            Assert.True(mirror.Count == result.Total, $"{where}: {mirror.Count} entries, {result.Total} counted");
            // The marker that says whose the prefix is.
            long marked = round == 0 ? 1 : 0;
            // A copy from what is written over meanwhile is refused, and made good by an upload.
            if (!isTampered && copies)
                Assert.True(changes + marked <= result.Requests.Put + result.Requests.Copy
                    && result.Requests.Copy <= changes + result.Updated, $"{where}: {changes} changes");
            else if (!isTampered)
                Assert.True(changes + marked == result.Requests.Put + result.Requests.Copy, $"{where}: {changes} changes");
            Assert.True(uploads + marked >= result.Requests.Put || isTampered, $"{where}: {uploads} uploads");
            // What a lost or refuted row says nothing of is looked at once before it is deleted.
            if (result.SyncMode != S3SyncMode.Reconcile)
                Assert.True(result.Requests.List == 0 && (mayAsk || result.Requests.Head == 0), where);
            before = Options;
        }
    }

    /// <summary>True for a key whose place in the mirror a folder has, or that is beneath the place of a file or a link.</summary>
    private bool IsSomethingElse(string key)
    {
        Dictionary<string, RawEntry> tree = RawFileSystem.ReadTree(MirrorTrees.Latin1(Mirror));
        string path = MirrorTrees.Latin1(key.TrimEnd('/'));
        if (tree.GetValueOrDefault(path) is { } entry)
            return entry.IsFolder != key.EndsWith('/') && !IsExcluded(path);
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (tree.GetValueOrDefault(path[..slash]) is { } above)
                return !above.IsFolder && !IsExcluded(path[..slash]);
        }

        return false;

        bool IsExcluded(string at) =>
            Options.ExcludePatterns.Count > 0 && at.Split('/').Any(name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private S3SyncMode ExpectedMode(S3SyncOptions? before)
    {
        if (before is null || Options.SyncMode == S3SyncMode.Reconcile)
            return S3SyncMode.Reconcile;
        bool hasSameSettings = before.DeleteFromS3 == Options.DeleteFromS3 && before.DirectoryMarkers == Options.DirectoryMarkers
            && before.ExcludePatterns.SequenceEqual(Options.ExcludePatterns);
        return Options.SyncMode == S3SyncMode.Catalog || !hasSameSettings ? S3SyncMode.Catalog : S3SyncMode.Journal;
    }

    private S3SyncOptions? LoseCatalog(Random random)
    {
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(CatalogPath)!, "catalog.db*"))
        {
            if (random.Next(2) == 0)
                File.Delete(file);
            else
                File.WriteAllBytes(file, []);
        }

        return null;
    }

    /// <summary>A second writer.</summary>
    private void Tamper(Random random, Dictionary<string, ExpectedObject> bucket)
    {
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            List<string> keys = [.. bucket.Keys.Order(StringComparer.Ordinal)];
            string key = keys.Count == 0 || random.Next(4) == 0 ? $"stray {count}" : keys[random.Next(keys.Count)];
            if (random.Next(3) == 0)
            {
                bucket.Remove(key);
                Server.Store.Delete(BucketName, Prefix + key);
                continue;
            }

            byte[] content = new byte[random.Next(2) == 0 && bucket.TryGetValue(key, out ExpectedObject? stored) ? stored.Content.Length / 2 : 5];
            random.NextBytes(content);
            // The same bytes without our metadata look the same in a listing.
            if (content.Length == 0)
                continue;
            Server.Store.Put(BucketName, Prefix + key, content);
            bucket[key] = new ExpectedObject(Convert.ToHexString(content), "");
        }
    }
}
