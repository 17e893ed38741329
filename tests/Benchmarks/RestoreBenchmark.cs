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
        Compare($"{files:N0} files of 4 KiB", server, small, workplace, peers, idle);
        Stage2 large = Upload(server, workplace, "restore-large", workplace.LargeFile(largeMiB));
        Compare($"one file of {largeMiB:N0} MiB", server, large, workplace, peers, idle);
    }

    private static Stage2 Upload(ServerProcess server, Workplace workplace, string name, string source)
    {
        Stage2 job = new(server, workplace, name, source, Path.Combine(workplace.Root, name + "-mirror"));
        job.RunStage1();
        job.Run(1);
        return job;
    }

    private static void Compare(string what, ServerProcess server, Stage2 job, Workplace workplace, Peer[] peers, double idle)
    {
        Console.WriteLine($"{Environment.NewLine}{what}, restored from S3");
        string target = Path.Combine(workplace.Root, job.Name + "-restored");
        // What came before is not to be waited for: ours flushes the whole file system at its end.
        Flush(workplace.Root);
        server.TakeRequests();
        (double seconds, double peak) = job.Restore(target);
        Show($"ours              {seconds,8:0.00} s   {peak - idle:+0;-0} MiB over an idle engine, {server.TakeRequests()}");
        (double again, _) = job.Restore(target);
        Show($"ours, again       {again,8:0.00} s   nothing to fetch, {server.TakeRequests()}");
        Directory.Delete(target, recursive: true);
        foreach (Peer peer in peers)
        {
            Flush(workplace.Root);
            double theirs = peer.Fetch(job.Name + "/", target);
            long started = Stopwatch.GetTimestamp();
            Flush(target);
            double onDisk = theirs + Stopwatch.GetElapsedTime(started).TotalSeconds;
            Show($"{peer.Name,-16}  {theirs,8:0.00} s   {theirs / seconds:0.0} × ours; on the disk {onDisk:0.00} s, {onDisk / seconds:0.0} × ours; {server.TakeRequests()}");
            Directory.Delete(target, recursive: true);
        }
    }

    private static void Flush(string folder)
    {
        using Process sync = Process.Start("sync", ["-f", folder]);
        sync.WaitForExit();
    }

    private static void Show(FormattableString line) => Console.WriteLine("    " + line.ToString(CultureInfo.InvariantCulture));
}
