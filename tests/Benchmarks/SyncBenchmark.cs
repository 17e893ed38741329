using System.Globalization;

namespace Benchmarks;

/// <summary>Stage 2 against its peers: the same folder, the same server, one after the other.</summary>
internal static class SyncBenchmark
{
    public static void RunSmallFiles(Workplace workplace, Peer[] peers, int files)
    {
        string folder = workplace.SmallFiles(files);
        Measure($"{files:N0} files of 4 KiB, first upload", peers, folder, "small-{0}/");
        Measure("the same, no change", peers, folder, "small-{0}/");
        const int every = 100;
        int changed = Workplace.Change(folder, every);
        Measure($"the same, {changed} changed", peers, folder, "small-{0}/");
    }

    public static void RunLargeFile(Workplace workplace, Peer[] peers, int mebibytes)
    {
        string folder = workplace.LargeFile(mebibytes);
        Measure($"one file of {mebibytes:N0} MiB, first upload", peers, folder, "large-{0}/");
        Measure("the same, no change", peers, folder, "large-{0}/");
    }

    private static void Measure(string title, Peer[] peers, string folder, string prefixFormat)
    {
        Console.WriteLine($"{Environment.NewLine}{title}");
        double ours = 0;
        foreach (Peer peer in peers)
        {
            string prefix = string.Format(CultureInfo.InvariantCulture, prefixFormat, Array.IndexOf(peers, peer));
            double seconds = peer.Sync(folder, prefix);
            if (peer.IsOurs)
                ours = seconds;
            string ratio = peer.IsOurs ? "" : string.Create(CultureInfo.InvariantCulture, $"   {seconds / ours,6:0.0} × ours");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    {peer.Name,-14}{seconds,8:0.00} s{ratio}"));
        }
    }
}
