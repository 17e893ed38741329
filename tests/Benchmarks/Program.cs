using System.Globalization;
using Benchmarks;

// What a run costs beside its peers, on this machine, in this minute: read the ratios, not the seconds.
//   dotnet run --project tests/Benchmarks -c Release -- [--files 20000] [--large-mib 2048]
// [--only import,history,report,small,many,large,list,ramp,moved,stage1,restore,test] [--history-runs 10000] [--report-runs 10000]
// [--many-files 100000] [--moved-files 100] [--moved-mib 512] [--moved-every 64] [--peers all|none]
// [--list-objects 200000] [--list-rounds 5] [--ramp-objects 10000] [--ramp-rounds 5]
// [--stage1-files 200000] [--stage1-changes 20000] [--stage1-rounds 5]
// The module runs in the real PowerShell engine, each measurement in a process of its own, against the loopback S3 server in another
// process; `aws s3 sync`, rclone and s5cmd are measured too where they are installed, with their requests. Stage 1 is measured beside rsync alone, with the same
// options. A million files are worth a look (--only many --many-files 1000000) and take minutes. Nothing here fails a build.
if (args is ["--engine", var script])
    return Engine.Run(script);

int files = Option("--files", 20_000);
int manyFiles = Option("--many-files", 100_000);
int largeMiB = Option("--large-mib", 2_048);
int stage1Files = Option("--stage1-files", 200_000);
int stage1Changes = Option("--stage1-changes", 20_000);
int stage1Rounds = Option("--stage1-rounds", 5);
bool hasPeers = Text("--peers", "all") != "none";
string[] only = Text("--only", "import,history,report,small,many,large,list,ramp,moved,stage1,restore,test").Split(',');

using Workplace workplace = Workplace.Create();
await using ServerProcess server = await ServerProcess.StartAsync();
Peer[] peers = hasPeers ? Peer.Installed(server) : [];
Console.WriteLine($"Peers: {string.Join(", ", peers.Select(peer => peer.Name))}");

if (only.Contains("import"))
    ImportBenchmark.Run();
if (only.Contains("history"))
    HistoryBenchmark.Run(workplace, Option("--history-runs", 10_000));
if (only.Contains("report"))
    ReportBenchmark.Run(workplace, Option("--report-runs", 10_000));
SyncBenchmark sync = new(server, workplace, peers);
if (only.Contains("small"))
    sync.RunSmallFiles(files);
if (only.Contains("many"))
    sync.RunManyFiles(manyFiles);
if (only.Contains("large"))
    sync.RunLargeFile(largeMiB);
if (only.Contains("list"))
    await ListBenchmark.RunAsync(server, workplace, Option("--list-objects", 200_000), Option("--list-rounds", 5));
if (only.Contains("ramp"))
    await RampBenchmark.RunAsync(server, Option("--ramp-objects", 10_000), Option("--ramp-rounds", 5));
if (only.Contains("moved"))
{
    // What is copied has to be kept.
    await using ServerProcess keeping = await ServerProcess.StartAsync(Path.Combine(workplace.Root, "moved-contents"));
    await using SlowLine line = SlowLine.To(new Uri(keeping.Endpoint).Port);
    ServerProcess far = keeping.Through(line);
    Peer[] deleting = hasPeers ? Peer.ThatDelete(far) : [];
    MoveBenchmark.Run(
        far, line, workplace, deleting, Option("--moved-files", 100), Option("--moved-mib", 512), Option("--moved-every", 64));
}

if (only.Contains("restore"))
{
    await using ServerProcess keeping = await ServerProcess.StartAsync(Path.Combine(workplace.Root, "contents"));
    RestoreBenchmark.Run(keeping, workplace, hasPeers ? Peer.Installed(keeping) : [], files, largeMiB);
}

if (only.Contains("test"))
    TestBenchmark.Run(server, workplace, files, manyFiles, largeMiB);

if (only.Contains("stage1"))
    Stage1Benchmark.Run(workplace, stage1Files, stage1Changes, stage1Rounds);
return 0;

int Option(string name, int fallback) => int.Parse(Text(name, fallback.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

string Text(string name, string fallback)
{
    int index = Array.IndexOf(args, name);
    return index >= 0 && index + 1 < args.Length ? args[index + 1] : fallback;
}
