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
/// Drives that take turns in one place, while people edit, delete, exclude and lose things, runs fail and drives are cloned. After every run: nothing
/// older went over what is newer, nothing outside of the sources' folders changed, and after a good one the bucket is what the sources are.
/// RSYNCS3_TEST_EFFORT=n tries n times as many seeds.
/// </summary>
[Collection(FakeRsync.Collection)]
[Trait("Category", "Slow")]
public sealed class RotatingDrivesTests : IAsyncLifetime
{
    private const string Bucket = "jobs";
    private const string Prefix = "p/";
    private const string Vanishing = "v.txt";
    private const int Steps = 60;

    // Plays the real rsync, and on request one that a file vanishes from, or that cannot read one.
    private const string Rsync =
        """
        #!/bin/bash
        case " $* " in *" --version "*) exec rsync "$@";; esac
        own="$(dirname "$0")"; source="${@: -2:1}"
        if [ -e "$own/vanish" ]; then
          rsync "--filter=protect /v.txt" --exclude=/v.txt "$@"; code=$?
          [ $code = 0 ] || [ $code = 25 ] || exit $code
          printf 'file has vanished: "%sv.txt"\n' "$source" >&2
          [ $code = 25 ] && exit 25; exit 24
        elif [ -e "$own/fail" ]; then
          rsync "--filter=protect /a*" "--exclude=/a*" "$@"
          printf 'rsync: [sender] send_files failed to open "%sa1.txt": Permission denied (13)\n' "$source" >&2
          exit 23
        fi
        exec rsync "$@"
        """;

    private readonly TemporaryFolder files = new();
    private readonly string job = $"turns-{Guid.NewGuid():N}";
    private readonly List<string> story = [];
    private readonly List<string> sources = ["one", "two"];
    private readonly List<string> excluded = [];
    private readonly HashSet<string> hidden = [];
    private readonly Dictionary<string, int> sent = [];
    private readonly List<RsyncStageResult> former = [];
    private readonly HashSet<int> newest = [];
    private LoopbackS3Server server = null!;
    private SmallDrive? shelf;
    private SmallDrive? plugged;
    private int? drive;
    private Random random = null!;
    private int written;
    private int good;

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, TestEffort.Times(4)));

    public async Task InitializeAsync()
    {
        server = await LoopbackS3Server.StartAsync(new S3ServerOptions { MaxKeys = 7 });
        server.Store.CreateBucket(Bucket);
    }

    public async Task DisposeAsync()
    {
        plugged?.Dispose();
        shelf?.Dispose();
        await server.DisposeAsync();
        if (Directory.Exists(StateFolder.PathFor(job)))
            Directory.Delete(StateFolder.PathFor(job), recursive: true);
        files.Dispose();
    }

    [SkippableTheory]
    [MemberData(nameof(Seeds))]
    public async Task The_bucket_is_what_the_sources_are_whichever_drive_is_there(int seed)
    {
        await StartWithTwoAsync(seed);
        for (int step = 0; step < Steps; step++)
            await StepAsync();

        Demand(good > 8 && newest.Count > 1, $"only {good} runs were good, on {newest.Count} drives");
    }

    [SkippableFact]
    public async Task Stage_2_sends_no_drive_but_that_of_its_own_stage_1()
    {
        random = new Random(0);
        MakePlaces();
        RsyncStageResult first = (await RunAsync())!;
        Assert.Equal("MirrorOutdated", (await SendAsync(null)).Error?.Id);
        Plug(1);
        await RunAsync(isNew: true);

        Assert.Equal("MirrorOutdated", (await SendAsync(first)).Error?.Id);
        Plug(0);
        Assert.Equal("MirrorOutdated", (await SendAsync(first)).Error?.Id);
        Assert.NotNull(await RunAsync());
        Assert.Equal(3, good);
    }

    [SkippableFact]
    public async Task A_drive_joins_only_when_it_is_asked_for_and_is_mounted_and_it_keeps_the_catalog()
    {
        random = new Random(0);
        MakePlaces();
        await RunAsync();
        Plug(1);
        await RunAsync();
        Assert.Equal("DestinationNotMounted", lastError);
        Plug(null);
        await RunAsync(isNew: true);
        Assert.Equal("DestinationNotMounted", lastError);
        Assert.False(Directory.Exists(files["place/mirror"]));
        Plug(1);

        await RunAsync(isNew: true);

        Assert.Equal((null, S3SyncMode.Catalog), (lastError, lastMode));
        Plug(0);
        await RunAsync();
        Assert.Equal((null, S3SyncMode.Catalog), (lastError, lastMode));
    }

    [SkippableFact]
    public async Task What_one_drive_was_found_to_have_by_its_contents_comes_back_older_from_no_other()
    {
        await StartWithTwoAsync();
        const string path = "one/a1.txt";
        WriteHidden(path);
        Plug(0);
        await RunAsync(isChecksum: true);
        Assert.Equal(written, ReadBucket()[path]);
        Plug(1);

        await RunAsync();

        Assert.Equal((null, written), (lastError, ReadBucket()[path]));
        Assert.Equal(File.ReadAllText(files[path]), File.ReadAllText(files[$"place/mirror/{path}"]));
    }

    [SkippableFact]
    public async Task A_file_that_keeps_its_size_and_time_is_not_sent_again_from_a_drive_that_missed_the_edit()
    {
        random = new Random(0);
        MakePlaces();
        await RunAsync();
        const string path = "one/a1.txt";
        WriteHidden(path);
        Plug(1);
        await RunAsync(isNew: true);
        Assert.Equal(written, ReadBucket()[path]);
        Plug(0);

        await RunAsync();

        Assert.Equal((null, written), (lastError, ReadBucket()[path]));
    }

    [SkippableFact]
    public async Task A_drive_on_which_rsync_deletes_nothing_has_no_turn()
    {
        await StartWithTwoAsync();
        File.Delete(files["one/a1.txt"]);
        // Deeper than a path may be long: rsync leaves it out, and then deletes nothing.
        Shell("cd \"$1\" && for i in $(seq 45); do mkdir $(printf 'd%.0s' $(seq 100)) && cd d*; done && echo x >deep", files["one"]);
        try
        {
            BackupResult result = await BackupRunner.RunAsync(Configuration(false, null), Options(), new RecordingObserver(), CancellationToken.None);

            Assert.Equal("MirrorNotWhole", result.Stage1.Error?.Id);
            Assert.Contains(result.Stage1.Warnings, warning => warning.StartsWith("Not all that the sources no longer have was deleted", StringComparison.Ordinal));
            Assert.Equal(BackupStatus.Skipped, result.Stage2.Status);
        }
        finally
        {
            Shell("rm -rf \"$1\"/d* \"$2\"/d*", files["one"], files["place/mirror/one"]);
        }
    }

    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_job_never_goes_back_to_one_drive(bool isNew, bool isStateLost)
    {
        await StartWithTwoAsync();
        Plug(0);
        drives = 1;
        if (isStateLost)
            Directory.Delete(StateFolder.PathFor(job), recursive: true);
        Dictionary<string, int> before = ReadBucket();

        await RunAsync(isNew);

        Assert.Equal("DestinationChanged", lastError);
        Assert.Equal(before, ReadBucket());
        drives = 4;
        await RunAsync();
        Assert.Null(lastError);
    }

    [SkippableFact]
    public async Task A_drive_whose_first_sending_did_not_end_takes_over_nothing_of_others_at_the_next()
    {
        random = new Random(0);
        MakePlaces();
        await RunAsync();
        server.Store.Put(Bucket, Prefix + "one/theirs.txt", Text(++written));
        Plug(1);
        Write("one/a1.txt");
        BackupRunOptions options = Options() with { AllowNewDestination = true };
        BackupRunOptions wrong = options with { Credentials = new S3Credentials(server.AccessKey, "wrong") };
        RecordingObserver observer = new();
        Assert.Equal(BackupStatus.Failed, (await BackupRunner.RunAsync(Configuration(false, null), wrong, observer, CancellationToken.None)).Stage2.Status);

        BackupResult result = await BackupRunner.RunAsync(Configuration(false, null), options, observer, CancellationToken.None);

        Assert.Null(result.Error);
        Assert.Contains("one/theirs.txt", ReadBucket().Keys);
    }

    private static void Shell(string script, params string[] arguments)
    {
        using System.Diagnostics.Process shell = System.Diagnostics.Process.Start("bash", ["-c", script, "bash", .. arguments]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private int drives = 4;
    private string? lastError;
    private S3SyncMode? lastMode;

    private async Task StartWithTwoAsync(int seed = 0)
    {
        random = new Random(seed);
        MakePlaces();
        await RunAsync();
        Plug(1);
        await RunAsync(isNew: true);
    }

    private void MakePlaces()
    {
        string rsync = files.File("bin/rsync", Rsync);
        File.SetUnixFileMode(rsync, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        shelf = SmallDrive.Mount(files.Folder("shelf"), "8m");
        for (int i = 0; i < 4; i++)
            files.Folder($"shelf/{i}");
        files.Folder("place");
        foreach (string source in new[] { "one", "two", "three" })
        {
            Write($"{source}/a1.txt");
            Write($"{source}/{Vanishing}");
            Write($"{source}/sub/b.txt");
        }

        server.Store.Put(Bucket, Prefix + "theirs/x.txt", Text(++written));
        server.Store.Put(Bucket, Prefix + "three", Text(++written));
        Remember();
        Plug(0);
    }

    private void Plug(int? which)
    {
        plugged?.Dispose();
        plugged = which is null ? null : SmallDrive.MountAgain(files[$"shelf/{which}"], files["place"]);
        drive = which;
        story.Add($"drive {which?.ToString(CultureInfo.InvariantCulture) ?? "none"} is there");
    }

    private async Task StepAsync()
    {
        string source = OneOf<string>(["one", "two", "three"]);
        string path = $"{source}/{OneOf<string>(["a1", "a2", "v", "sub/b", "sub/c", "x1", "d"])}.txt";
        switch (random.Next(24))
        {
            case < 5:
                Write(path);
                break;
            case 5 when File.Exists(files[path]):
                WriteHidden(path);
                break;
            case 6 or 7 when File.Exists(files[path]) && Directory.GetFiles(files[source]).Length > 1:
                File.Delete(files[path]);
                hidden.Remove(path);
                story.Add($"delete {path}");
                break;
            case 8 when File.Exists(files[path]):
                File.SetUnixFileMode(files[path], random.Next(2) == 0 ? UnixFileMode.UserRead : UnixFileMode.UserRead | UnixFileMode.UserWrite);
                story.Add($"chmod {path}");
                break;
            case 9:
                Toggle(excluded, OneOf<string>(["x*", "sub"]));
                break;
            case 10:
                Toggle(sources, "three");
                break;
            case 11:
                string foreign = files.File($"shelf/{random.Next(2)}/mirror/theirs/{OneOf<string>(["x", "y"])}.txt", "0000000");
                story.Add($"somebody puts {foreign}");
                break;
            case 12:
                Lose(OneOf<string>(["drives.json", "mirror.json", "catalog.db", "left-out.json", ""]));
                break;
            case 13:
                Clone(random.Next(2), 2);
                break;
            case 14 or 15 or 16:
                Plug(OneOf<int?>([0, 1, 2, 3, null]));
                break;
            case 17 when former.Count > 0:
                await SendAsync(OneOf<RsyncStageResult>([.. former]));
                break;
            case 18:
                await SendAsync(null);
                break;
            default:
                Plug(OneOf<int?>([0, 1, 1, 0, drive]));
                if (await RunAsync() is null && lastError is "DestinationChanged" or "DestinationNotMounted")
                    await RunAsync(isNew: true);
                break;
        }
    }

    private void Write(string path)
    {
        files.File(path, Encoding.ASCII.GetString(Text(++written)));
        File.SetLastWriteTimeUtc(files[path], DateTime.UnixEpoch.AddSeconds(1_700_000_000 + written));
        hidden.Remove(path);
        story.Add($"write {path} {written}");
    }

    // Neither size nor time tells.
    private void WriteHidden(string path)
    {
        DateTime time = File.GetLastWriteTimeUtc(files[path]);
        Write(path);
        File.SetLastWriteTimeUtc(files[path], time);
        hidden.Add(path);
        story.Add($"hide {path}");
    }

    private void Toggle(List<string> list, string item)
    {
        if (!list.Remove(item))
            list.Add(item);
        story.Add($"toggle {item}");
    }

    private void Lose(string file)
    {
        string folder = StateFolder.PathFor(job);
        if (file.Length == 0 && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        foreach (string path in file.Length > 0 && Directory.Exists(folder) ? Directory.GetFiles(folder, file + "*") : [])
            File.Delete(path);
        story.Add($"lose '{file}'");
    }

    private void Clone(int from, int to)
    {
        Plug(null);
        Directory.Delete(files[$"shelf/{to}"], recursive: true);
        using System.Diagnostics.Process copy = System.Diagnostics.Process.Start("cp", ["-a", files[$"shelf/{from}"], files[$"shelf/{to}"]]);
        copy.WaitForExit();
        story.Add($"{to} is a clone of {from}");
        if (random.Next(2) == 0)
            Plug(to);
    }

    private async Task<RsyncStageResult?> RunAsync(bool isNew = false, bool isChecksum = false)
    {
        int trouble = random.Next(story.Count > 40 ? 10 : 1_000_000);
        foreach ((string name, int number) in new[] { ("vanish", 1), ("fail", 2) })
        {
            File.Delete(files["bin/" + name]);
            if (trouble == number)
                files.File("bin/" + name, "");
        }

        isChecksum |= story.Count > 40 && random.Next(6) == 0;
        BackupConfiguration configuration = Configuration(isChecksum, maxUpload: trouble == 3 ? 8 : null);
        BackupRunOptions options = Options() with { AllowNewDestination = isNew };
        if (trouble == 4)
            options = options with { Credentials = new S3Credentials(server.AccessKey, "wrong") };
        Dictionary<string, int> before = ReadBucket();

        BackupResult result = await BackupRunner.RunAsync(configuration, options, new RecordingObserver(), CancellationToken.None);

        lastError = (result.Stage1.Error ?? result.Stage2.Error)?.Id;
        lastMode = result.Stage2.SyncMode;
        story.Add($"run on {drive}{(isNew ? " new" : "")}{(isChecksum ? " checksum" : "")} trouble {trouble}: {result.Status} {lastError} {lastMode}");
        Compare(before, trouble == 1);
        if (result.Status is not (BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings))
            return null;
        good++;
        newest.Add(drive!.Value);
        former.Add(result.Stage1);
        if (isChecksum)
            hidden.Clear();
        DemandSame(before, trouble == 1);
        return result.Stage1;
    }

    private async Task<S3SyncStageResult> SendAsync(RsyncStageResult? stage1)
    {
        Dictionary<string, int> before = ReadBucket();
        S3SyncStageResult result = await BackupRunner.RunStage2Async(
            Configuration(isChecksum: false, maxUpload: null), stage1, Options(), new RecordingObserver(), CancellationToken.None);
        story.Add($"stage 2 alone on {drive}: {result.Status} {result.Error?.Id}");
        Compare(before, isVanishing: false);
        return result;
    }

    // Nothing older goes over what is newer, nothing outside is touched, and nothing goes that the sources have.
    private void Compare(Dictionary<string, int> before, bool isVanishing)
    {
        Dictionary<string, int> after = ReadBucket();
        foreach (string key in before.Keys.Union(after.Keys).Where(key => !key.EndsWith('/') && key != MirrorMarker.FileName))
        {
            (int? was, int? now) = (Value(before, key), Value(after, key));
            if (was == now)
                continue;
            Demand(sources.Exists(source => key.StartsWith(source + "/", StringComparison.Ordinal)), $"touched {key}, which is in no source");
            Demand(!(isVanishing && key.EndsWith("/" + Vanishing, StringComparison.Ordinal)), $"touched {key}, which was not looked at");
            Demand(now is not null || !File.Exists(files[key]) || IsExcluded(key), $"deleted {key}");
            Demand(now is null || now >= sent.GetValueOrDefault(key), $"sent {key} {now} after {sent.GetValueOrDefault(key)}");
        }

        Remember();
    }

    private void DemandSame(Dictionary<string, int> before, bool isVanishing)
    {
        Dictionary<string, int> now = ReadBucket();
        foreach (string source in sources)
        {
            string[] there = [.. Directory.GetFiles(files[source], "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(files.Path, path)).Where(path => !IsExcluded(path))];
            IEnumerable<string> stored = now.Keys.Where(key => key.StartsWith(source + "/", StringComparison.Ordinal) && !key.EndsWith('/'));
            foreach (string key in there.Union(stored).Where(key => !hidden.Contains(key)))
            {
                int? right = isVanishing && key.EndsWith("/" + Vanishing, StringComparison.Ordinal) ? Value(before, key)
                    : there.Contains(key) ? int.Parse(File.ReadAllText(files[key]), CultureInfo.InvariantCulture)
                    : null;
                Demand(Value(now, key) == right, $"{key} is {Value(now, key)} in the bucket and {right} in the source");
            }
        }
    }

    private bool IsExcluded(string key) =>
        key.Split('/').Any(part => (excluded.Contains("x*") && part.StartsWith('x')) || (excluded.Contains("sub") && part == "sub"));

    private void Remember()
    {
        foreach ((string key, int value) in ReadBucket())
            sent[key] = Math.Max(value, sent.GetValueOrDefault(key));
    }

    private Dictionary<string, int> ReadBucket() => server.Store.Keys(Bucket).Where(key => key.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
        key => key[Prefix.Length..],
        key => int.TryParse(Encoding.UTF8.GetString(server.Store.GetBytes(Bucket, key)), CultureInfo.InvariantCulture, out int number) ? number : -1);

    private BackupConfiguration Configuration(bool isChecksum, long? maxUpload) => new()
    {
        Name = job,
        Sources = [.. sources.Select(source => new BackupSource { Path = files[source] })],
        Options = new BackupOptions
        {
            Rsync = new RsyncOptions
            {
                LocalDestination = files["place/mirror"],
                DeleteExtraneous = true,
                DeleteExcluded = true,
                ExcludePatterns = excluded,
                Checksum = isChecksum,
                Drives = drives,
                RsyncPath = files["bin/rsync"],
                SyncToS3 = new S3SyncOptions { S3Prefix = Prefix, DeleteFromS3 = true, MaxUpload = maxUpload },
            },
        },
        Destination = new S3Destination { Bucket = Bucket, Region = server.Region, EndpointUrl = server.Endpoint.ToString() },
    };

    private BackupRunOptions Options() => new() { Credentials = new S3Credentials(server.AccessKey, server.SecretKey), IsAttended = true };

    private void Demand(bool isGood, string what) =>
        Assert.True(isGood, $"{what}{Environment.NewLine}{string.Join(Environment.NewLine, story)}");

    private static int? Value(Dictionary<string, int> values, string key) => values.TryGetValue(key, out int value) ? value : null;

    private static byte[] Text(int number) => Encoding.ASCII.GetBytes(number.ToString("D7", CultureInfo.InvariantCulture));

    private T OneOf<T>(ReadOnlySpan<T> items) => items[random.Next(items.Length)];
}
