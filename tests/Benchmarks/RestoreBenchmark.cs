using System.Diagnostics;
using System.Globalization;

namespace Benchmarks;

/// <summary>
/// Restores from S3 beside those who fetch too: the same objects, the same server, one after the other. Ours is a fresh process and the
/// restore's own time, with everything on the disk at its end; the peers' is that of their whole process, and since they do not wait for the
/// disk, how long <c>sync -f</c> takes after it is shown too.
/// </summary>
internal static class RestoreBenchmark
{
    public static void Run(ServerProcess server, Workplace workplace, Peer[] peers, int files, int largeMiB)
    {
        Stage2 small = Upload(server, workplace, "restore-small", workplace.Files("restore-files", files));
        double idle = small.IdlePeakMiB();
        Compare($"{files:N0} files of 4 KiB", rounds: 1, server, small, workplace, peers, idle);
        Stage2 large = Upload(server, workplace, "restore-large", workplace.LargeFile(largeMiB));
        // A virtual machine gets its memory from the host when it is first used: whoever comes first would pay for the others' page cache.
        Compare($"one file of {largeMiB:N0} MiB", rounds: 3, server, large, workplace, peers, idle);
    }

    private static Stage2 Upload(ServerProcess server, Workplace workplace, string name, string source)
    {
        Stage2 job = new(server, workplace, name, source, Path.Combine(workplace.Root, name + "-mirror"));
        job.RunStage1();
        job.Run(1);
        return job;
    }

    private static void Compare(
        string what, int rounds, ServerProcess server, Stage2 job, Workplace workplace, Peer[] peers, double idle)
    {
        Console.WriteLine($"{Environment.NewLine}{what}, restored from S3" + (rounds > 1 ? $", the best of {rounds} turns each" : ""));
        string target = Path.Combine(workplace.Root, job.Name + "-restored");
        Turn ours = Turn.None, again = Turn.None;
        Turn[] theirs = [.. peers.Select(_ => Turn.None)];
        double peak = 0;
        for (int round = 0; round < rounds; round++)
        {
            ours = ours.Best(Measure(Restore));
            again = again.Best(Measure(() => job.Restore(target).Seconds));
            Directory.Delete(target, recursive: true);
            for (int index = 0; index < peers.Length; index++)
            {
                theirs[index] = theirs[index].Best(Measure(() => peers[index].Fetch(job.Name + "/", target)));
                Directory.Delete(target, recursive: true);
            }
        }

        Show($"ours              {ours.Seconds,8:0.00} s   {peak - idle:+0;-0} MiB over an idle engine, {ours.Requests}");
        Show($"ours, again       {again.Seconds,8:0.00} s   nothing to fetch, {again.Requests}");
        foreach ((Peer peer, Turn turn) in peers.Zip(theirs))
        {
            Show($"{peer.Name,-16}  {turn.Seconds,8:0.00} s   {turn.Seconds / ours.Seconds:0.0} × ours; on the disk {turn.OnDisk:0.00} s, {turn.OnDisk / ours.Seconds:0.0} × ours; {turn.Requests}");
        }

        double Restore()
        {
            (double seconds, double most) = job.Restore(target);
            peak = Math.Max(peak, most);
            return seconds;
        }

        Turn Measure(Func<double> restore)
        {
            // What came before is not to be waited for: ours flushes the whole file system at its end.
            Flush(workplace.Root);
            server.TakeRequests();
            double seconds = restore();
            long started = Stopwatch.GetTimestamp();
            Flush(target);
            return new Turn(seconds, seconds + Stopwatch.GetElapsedTime(started).TotalSeconds, server.TakeRequests());
        }
    }

    private static void Flush(string folder)
    {
        using Process sync = Process.Start("sync", ["-f", folder]);
        sync.WaitForExit();
    }

    private static void Show(FormattableString line) => Console.WriteLine("    " + line.ToString(CultureInfo.InvariantCulture));

    /// <summary>One restore: its seconds, those until all is on the disk, and its requests.</summary>
    private sealed record Turn(double Seconds, double OnDisk, string Requests)
    {
        public static Turn None { get; } = new(double.MaxValue, double.MaxValue, "");

        public Turn Best(Turn other) => other.OnDisk < OnDisk ? other : this;
    }
}
