using System.Globalization;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Journal;
using RsyncS3Backup.Sync.Planning;

namespace Benchmarks;

/// <summary>
/// Stage 2 against its peers: the same folder, the same server, one after the other. Ours is shown in a fresh process, where most of a short
/// run is the just-in-time compiler's, and warm, as the best of later runs in one process; both are the stage's own time. The peers' is that of
/// their whole process, and so is the last column.
/// </summary>
internal sealed class SyncBenchmark(ServerProcess server, Workplace workplace, Peer[] peers)
{
    private const int WarmRounds = 4;
    private const int ChangedEvery = 100;

    public void RunSmallFiles(int files)
    {
        string source = workplace.SmallFiles(files);
        Stage2 job = new(server, workplace, "small", source, Path.Combine(workplace.Root, "small-mirror"));
        job.RunStage1();
        Stage2[] uploads = [.. Enumerable.Range(0, 3).Select(number => new Stage2(server, workplace, $"upload-{number}", source, job.Mirror))];

        Title($"{files:N0} files of 4 KiB, first upload");
        Header();
        Round first = job.Run(1)[0];
        // Other prefixes in one process: with one configuration each, a first upload each.
        Show("ours", first, job.RunWith(uploads), limit: 3);
        MeasurePeers(source, "small-{0}/", first.Seconds);

        Title("the same, no change");
        Header();
        Round unchanged = Show("ours, catalog", job.Run(1)[0], job.Run(WarmRounds), limit: 0.25);
        Show("ours, journal", job.RunBoth(1)[0], job.RunBoth(WarmRounds), limit: 0.05);
        MeasurePeers(source, "small-{0}/", unchanged.Seconds);

        string change = $$"""
            $number = 0
            $paths = [IO.Directory]::GetFiles('{{source}}', '*.bin', 'AllDirectories')
            [array]::Sort($paths, [StringComparer]::Ordinal)
            foreach ($path in $paths) {
                if ($number++ % {{ChangedEvery}} -eq 0) { [IO.File]::WriteAllBytes($path, [Security.Cryptography.RandomNumberGenerator]::GetBytes(4096)) }
            }
            """;
        Title($"the same, {files / ChangedEvery} changed");
        Header();
        Round changed = Show("ours, journal", job.RunBoth(1, change)[0], job.RunBoth(WarmRounds, change), limit: 0.4);
        string changeMirror = change.Replace(source, job.Mirror, StringComparison.Ordinal);
        Show("ours, catalog", job.Run(1, changeMirror)[0], job.Run(WarmRounds, changeMirror), limit: 0.4);
        MeasurePeers(source, "small-{0}/", changed.Seconds);
    }

    /// <summary>Runs that find nothing to do in many files. The catalog is filled without a bucket that holds as many objects.</summary>
    public void RunManyFiles(int files)
    {
        string source = workplace.Files("many", files);
        Stage2 job = new(server, workplace, "many", source, Path.Combine(workplace.Root, "many-mirror"));
        job.RunStage1();
        double idle = job.IdlePeakMiB();
        Fill(job);
        Title($"{files:N0} small files, no change");
        Header();
        Round fresh = job.Run(1)[0];
        Show("ours, catalog", fresh, job.Run(WarmRounds), limit: files <= 100_000 ? 0.6 : null);
        Show("ours, journal", job.RunBoth(1)[0], job.RunBoth(WarmRounds), limit: 0.05);
        Console.WriteLine(Line($"    memory by catalog: {fresh.PeakMiB - idle:+0;-0} MiB over an idle engine of {idle:0} MiB (limit 150)"));
    }

    public void RunLargeFile(int mebibytes)
    {
        string source = workplace.LargeFile(mebibytes);
        Stage2 job = new(server, workplace, "large", source, Path.Combine(workplace.Root, "large-mirror"));
        job.RunStage1();
        Title($"one file of {mebibytes:N0} MiB, first upload");
        Header();
        Round first = Show("ours", job.Run(1)[0], [], limit: 4.5);
        MeasurePeers(source, "large-{0}/", first.Seconds);
        Title("the same, no change");
        Header();
        Round unchanged = Show("ours, catalog", job.Run(1)[0], job.Run(WarmRounds), limit: null);
        Show("ours, journal", job.RunBoth(1)[0], job.RunBoth(WarmRounds), limit: 0.05);
        MeasurePeers(source, "large-{0}/", unchanged.Seconds);
    }

    /// <summary>Records every entry of the mirror as sent.</summary>
    private void Fill(Stage2 job)
    {
        Environment.SetEnvironmentVariable(StateFolder.EnvironmentVariable, Path.Combine(workplace.Root, "state"));
        string mirror = ChangeJournalFolder.Mirror(job.Mirror);
        CatalogIdentity identity = new(server.Endpoint, ServerProcess.Bucket, job.Name + "/", $"{mirror}\n{MirrorMarker.Read(job.Mirror)!.Id}");
        using Catalog catalog = Catalog.Open(Path.Combine(StateFolder.ForJob(job.Name).Path, "catalog.db"), identity);
        catalog.BeginRun(isReconcile: true, DateTimeOffset.Now);
        foreach (MirrorEntry entry in new MirrorWalker(job.Mirror, new StageReport(context: null)).Walk(CancellationToken.None))
        {
            FileAttributesSnapshot attributes = entry.Attributes;
            catalog.Put(new CatalogEntry
            {
                RelativeKey = entry.RelativeKey,
                Size = entry.ContentLength,
                ModifiedNanoseconds = attributes.ModifiedNanoseconds,
                ChangedNanoseconds = attributes.ChangedNanoseconds,
                Mode = attributes.Mode,
                UserId = attributes.UserId,
                GroupId = attributes.GroupId,
                LinkGroup = EntryDecision.LinkGroup(attributes),
                ETag = "d41d8cd98f00b204e9800998ecf8427e",
                Crc32 = "AAAAAA==",
                StorageClass = "STANDARD",
                ConfirmedTime = DateTimeOffset.UtcNow,
            });
        }

        catalog.EndRun(isComplete: true);
    }

    private void MeasurePeers(string folder, string prefixFormat, double ours)
    {
        foreach (Peer peer in peers)
        {
            string prefix = string.Format(CultureInfo.InvariantCulture, prefixFormat, peer.Name.Split(' ')[0]);
            server.TakeRequests();
            double seconds = peer.Sync(folder, prefix);
            Console.WriteLine(Line($"    {peer.Name,-16}{"",52}{seconds,8:0.00} s   {seconds / ours,6:0.0} × ours, {server.TakeRequests()}"));
        }
    }

    private static void Title(string text) => Console.WriteLine($"{Environment.NewLine}{text}");

    private static void Header() =>
        Console.WriteLine("                     fresh      warm   processor: fresh    warm  server   process  requests");

    private static Round Show(string name, Round fresh, Round[] rounds, double? limit)
    {
        Round[] warm = [.. rounds.Skip(1)];
        string over = limit is { } most && (warm.Length > 0 ? warm.Min(round => round.Seconds) : fresh.Seconds) > most
            ? Line($"  over {most} s") : "";
        string warmSeconds = warm.Length > 0 ? Line($"{warm.Min(round => round.Seconds),8:0.000} s") : "";
        string warmProcessor = warm.Length > 0 ? Line($"{warm.Min(round => round.Processor),6:0.00} s") : "";
        Console.WriteLine(Line(
            $"    {name,-14}{fresh.Seconds,8:0.000} s{warmSeconds,10}{fresh.Processor,16:0.00} s{warmProcessor,8}{fresh.ServerProcessor,6:0.00} s{fresh.ProcessSeconds,8:0.00} s  {fresh.Requests} ({fresh.Puts} PUT), by {fresh.Mode}{over}"));
        return fresh;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
