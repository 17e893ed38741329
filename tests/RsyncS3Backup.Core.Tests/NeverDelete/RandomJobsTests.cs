using System.Globalization;
using System.Text;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>
/// Random jobs on shared sources, with mirrors and prefixes that may lie in one another, whose drives come and go while people delete, edit and
/// lose things. After every run: no file disappeared from a copy unless somebody deleted it from the source, and nothing of anybody else's
/// changed. RSYNCS3_TEST_EFFORT=n tries n times as many seeds.
/// </summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class RandomJobsTests : IAsyncLifetime
{
    private const string Bucket = "jobs";
    private const string Theirs = "nobody";
    private const int Steps = 45;
    private const int SeedsOfAnyEffort = 3;

    private static readonly string[] Prefixes = ["p/", "p/a/", "p/b/", "p/a/x/", "q/", ""];

    private readonly TemporaryFolder files = new();
    private readonly Dictionary<string, SmallDrive> mounted = [];
    private readonly List<SmallDrive> drives = [];
    private readonly List<Job> jobs = [];
    private readonly HashSet<string> deletedByUser = [];
    private readonly Dictionary<string, string> senders = [];
    private readonly List<string> story = [];
    private LoopbackS3Server server = null!;
    private Random random = null!;
    private int written;
    private long legitimateDeletions;
    private long succeeded;

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, TestEffort.Times(SeedsOfAnyEffort)));

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { MaxKeys = 7 });
        server.Store.CreateBucket(Bucket);
    }

    public async Task DisposeAsync()
    {
        foreach (SmallDrive drive in mounted.Values.Concat(drives))
            drive.Dispose();
        await server.DisposeAsync();
        foreach (Job job in jobs.Where(job => Directory.Exists(StateFolder.PathFor(job.Name))))
            Directory.Delete(StateFolder.PathFor(job.Name), recursive: true);
        files.Dispose();
    }

    [SkippableTheory]
    [MemberData(nameof(Seeds))]
    public async Task No_file_disappears_from_a_copy_that_nobody_deleted_from_a_source(int seed)
    {
        random = new Random(seed);
        MakeSources();
        MakeJobs();

        for (int step = 0; step < Steps; step++)
            await StepAsync();

        // With more seeds there are some whose jobs may never run, or never delete.
        Demand(seed > SeedsOfAnyEffort || (succeeded > 0 && legitimateDeletions > 0), $"{succeeded} runs succeeded and deleted {legitimateDeletions} files");
    }

    // "plain" is a folder, "nas" a drive within another folder, "usb" a drive of its own with a file beneath it that shows when it is away.
    private void MakeSources()
    {
        files.File("usb/README", "The drive belongs here.");
        files.Folder("home/nas");
        files.Folder("plain");
        foreach (string place in new[] { "home/nas", "usb" })
        {
            string drive = files.Folder("drives/" + place.Replace('/', '-'));
            drives.Add(SmallDrive.Mount(drive, "4m"));
            mounted[place] = SmallDrive.MountAgain(drive, files[place]);
        }

        for (int i = 0; i < 20; i++)
            WriteSomewhere();
    }

    private void MakeJobs()
    {
        string[] sources = ["plain", "home", "usb"];
        for (int i = 0; i < 3; i++)
        {
            string name = $"random-{i}-{Guid.NewGuid():N}";
            string mirror = i > 0 && random.Next(3) == 0 ? $"{jobs[i - 1].Mirror}/inner{i}" : $"mirror{i}";
            random.Shuffle(sources);
            Job job = new(name, [.. sources.Take(random.Next(1, 3))], mirror, Prefixes[random.Next(Prefixes.Length)]);
            jobs.Add(job);
            story.Add($"{name}: {string.Join('+', job.Sources)} to {mirror} to '{job.Prefix}'");
        }
    }

    private async Task StepAsync()
    {
        switch (random.Next(16))
        {
            case 0 or 1:
                WriteSomewhere();
                break;
            case 2 or 3:
                DeleteSomething();
                break;
            case 4:
                string place = mounted.Count > 0 && random.Next(2) == 0 ? mounted.Keys.First() : "home/nas";
                ComeOrGo(place);
                break;
            case 5:
                ComeOrGo("usb");
                break;
            case 6:
                LoseCatalog(OneOf(jobs));
                break;
            case 7:
                DamageMirror(OneOf(jobs));
                break;
            case 8:
                string key = $"{OneOf(jobs).Prefix}theirs {written++}";
                server.Store.Put(Bucket, key, "somebody else's"u8);
                senders[key] = Theirs;
                story.Add($"somebody puts {key}");
                break;
            default:
                await RunAsync(OneOf(jobs));
                break;
        }
    }

    private void WriteSomewhere()
    {
        string[] places = [.. new[] { "plain", "plain/sub", "home", "home/nas", "usb" }.Where(IsAt)];
        string path = $"{OneOf(places)}/{random.Next(12)}.txt";
        files.File(path, $"content {written++}");
        deletedByUser.Remove(path);
        story.Add($"write {path}");
    }

    private void DeleteSomething()
    {
        string[] there = [.. new[] { "plain", "home", "usb" }.SelectMany(root => Directory.EnumerateFiles(files[root], "*.txt", SearchOption.AllDirectories))];
        if (there.Length == 0)
            return;
        // Now and then all of a folder at once.
        string one = OneOf(there);
        string[] gone = random.Next(6) == 0 ? Directory.GetFiles(Path.GetDirectoryName(one)!, "*.txt") : [one];
        foreach (string path in gone)
        {
            File.Delete(path);
            deletedByUser.Add(Relative(path));
            story.Add($"delete {Relative(path)}");
        }
    }

    private bool IsAt(string place) => place is not ("home/nas" or "usb") || mounted.ContainsKey(place);

    private void ComeOrGo(string place)
    {
        if (mounted.Remove(place, out SmallDrive? drive))
            drive.Dispose();
        else
            mounted[place] = SmallDrive.MountAgain(files["drives/" + place.Replace('/', '-')], files[place]);
        story.Add($"{place} {(drive is null ? "comes back" : "goes away")}");
    }

    private void LoseCatalog(Job job)
    {
        foreach (string file in Directory.Exists(StateFolder.PathFor(job.Name)) ? Directory.GetFiles(StateFolder.PathFor(job.Name), "catalog.db*") : [])
            File.Delete(file);
        story.Add($"{job.Name} loses its catalog");
    }

    private void DamageMirror(Job job)
    {
        string[] there = Directory.Exists(files[job.Mirror]) ? Directory.GetFiles(files[job.Mirror], "*.txt", SearchOption.AllDirectories) : [];
        foreach (string path in there.OrderBy(_ => random.Next()).Take(random.Next(3)))
        {
            if (random.Next(2) == 0)
                File.Delete(path);
            else
                File.WriteAllText(path, $"edited in the mirror {written++}");
            story.Add($"somebody touches {Relative(path)}");
        }
    }

    private async Task RunAsync(Job job)
    {
        Dictionary<string, string> mirrors = ReadMirrors();
        Dictionary<string, string> bucket = ReadBucket();
        BackupConfiguration configuration = Configuration(job);
        BackupRunOptions options = new() { Credentials = new S3Credentials(server.AccessKey, server.SecretKey), IsAttended = true };
        bool isAlone = random.Next(4) == 0;
        BackupError? error = isAlone
            ? (await BackupRunner.RunStage2Async(configuration, null, options, new RecordingObserver(), CancellationToken.None)).Error
            : (await BackupRunner.RunAsync(configuration, options, new RecordingObserver(), CancellationToken.None)).Error;
        succeeded += error is null ? 1 : 0;
        story.Add($"{job.Name} runs{(isAlone ? " stage 2" : "")} {configuration.Options.Rsync.SyncToS3.SyncMode}: {error?.Id ?? "good"}");

        CompareMirrors(job, mirrors, ReadMirrors());
        CompareBucket(job, bucket, ReadBucket());
    }

    private BackupConfiguration Configuration(Job job) => new()
    {
        Name = job.Name,
        Sources = [.. job.Sources.Select(source => new BackupSource { Path = files[source] })],
        Options = new BackupOptions
        {
            Rsync = new RsyncOptions
            {
                LocalDestination = files[job.Mirror],
                DeleteExtraneous = true,
                SyncToS3 = new S3SyncOptions { S3Prefix = job.Prefix, DeleteFromS3 = true, SyncMode = (S3SyncMode)random.Next(4) },
            },
        },
        Destination = new S3Destination { Bucket = Bucket, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
    };

    private void CompareMirrors(Job job, Dictionary<string, string> before, Dictionary<string, string> after)
    {
        foreach ((string path, string content) in before.Where(file => after.GetValueOrDefault(file.Key) != file.Value))
        {
            Job owner = jobs.Where(other => path.StartsWith(other.Mirror + "/", StringComparison.Ordinal)).MaxBy(other => other.Mirror.Length)!;
            Demand(owner == job, $"changed {path}, of {owner.Name}");
            if (after.ContainsKey(path))
                continue;
            Demand(IsDeletedByUser(job, path[(job.Mirror.Length + 1)..]), $"deleted {path}");
            legitimateDeletions++;
        }
    }

    private void CompareBucket(Job job, Dictionary<string, string> before, Dictionary<string, string> after)
    {
        foreach ((string key, string content) in before.Where(item => after.GetValueOrDefault(item.Key) != item.Value))
        {
            Demand(senders.GetValueOrDefault(key) == job.Name, $"changed {key}, of {senders.GetValueOrDefault(key)}");
            if (after.ContainsKey(key))
                continue;
            Demand(IsDeletedByUser(job, key[job.Prefix.Length..]), $"deleted {key}");
            legitimateDeletions++;
        }

        foreach (string key in after.Keys.Where(key => !before.ContainsKey(key)))
        {
            Demand(key.StartsWith(job.Prefix, StringComparison.Ordinal), $"sent {key}");
            senders[key] = job.Name;
        }
    }

    private bool IsDeletedByUser(Job job, string path) =>
        deletedByUser.Contains(job.Sources is [var only] ? $"{only}/{path}" : path)
        // A folder's marker goes when there is something in the folder, or when that is gone.
        || path.EndsWith('/');

    private void Demand(bool isGood, string what) =>
        Assert.True(isGood, $"{what}{Environment.NewLine}{string.Join(Environment.NewLine, story)}");

    private Dictionary<string, string> ReadMirrors() => jobs.Select(job => job.Mirror).Where(mirror => Directory.Exists(files[mirror]))
        .SelectMany(mirror => Directory.EnumerateFiles(files[mirror], "*", SearchOption.AllDirectories))
        .Where(path => Path.GetFileName(path) != MirrorExclusions.LockFile).Distinct().ToDictionary(Relative, File.ReadAllText);

    private Dictionary<string, string> ReadBucket() =>
        server.Store.Keys(Bucket).ToDictionary(key => key, key => Encoding.UTF8.GetString(server.Store.GetBytes(Bucket, key)));

    private string Relative(string path) => Path.GetRelativePath(files.Path, path);

    private T OneOf<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private sealed record Job(string Name, IReadOnlyList<string> Sources, string Mirror, string Prefix);
}
