using System.Globalization;

namespace Benchmarks;

/// <summary>Stage 1 against rsync alone with the same options, in turn, each with a mirror of its own.</summary>
internal sealed class Stage1Benchmark
{
    private const double LimitRatio = 1.05;
    private const double LimitSeconds = 0.3;
    private const double LimitMiB = 60;

    private readonly string ourMirror;
    private readonly string plainMirror;
    private readonly string state;
    private readonly PlainRsync rsync;
    private readonly double idleMiB;
    private readonly int rounds;

    private Stage1Benchmark(Workplace workplace, PlainRsync rsync, int rounds)
    {
        this.rsync = rsync;
        this.rounds = rounds;
        ourMirror = Path.Combine(workplace.Root, "mirror-ours");
        plainMirror = Path.Combine(workplace.Root, "mirror-plain");
        state = Path.Combine(workplace.Root, "state-stage1");
        idleMiB = Enumerable.Range(0, 3).Select(_ => Stage1.IdlePeakMiB()).Order().ElementAt(1);
    }

    public static void Run(Workplace workplace, int files, int changes, int rounds)
    {
        if (!OperatingSystem.IsLinux())
        {
            Console.WriteLine($"{Environment.NewLine}Stage 1 is measured on Linux only: processor times are read from /proc.");
            return;
        }

        PlainRsync rsync = PlainRsync.LikeStage1(workplace);
        Stage1Benchmark benchmark = new(workplace, rsync, rounds);
        Console.WriteLine($"{Environment.NewLine}Stage 1 against rsync {rsync}");
        Console.WriteLine(Line($"(limits over rsync: {LimitRatio:0.00} ×, {LimitSeconds} s, {LimitMiB} MiB over an idle engine of {benchmark.idleMiB:0} MiB)"));
        benchmark.MeasureNewFiles(workplace.Files("new", changes), changes);
        benchmark.MeasureChanges(workplace.Files("many", files), files, changes);
    }

    private void MeasureNewFiles(string source, int changes)
    {
        Measure($"{changes:N0} new files, empty mirror", source, Empty, Nothing);
        Empty();
    }

    private void MeasureChanges(string source, int files, int changes)
    {
        BringUpToDate();
        Measure($"{files:N0} files, no change", source, Nothing, Nothing);
        Measure($"{files:N0} files, {changes:N0} of them changed", source, () => Workplace.Change(source, Math.Max(1, files / changes)), Nothing);
        Measure($"{files:N0} files, {changes:N0} of them new", source, () => RemoveFromMirrors(changes), Nothing);
        Measure(
            $"{files:N0} files, {changes:N0} of them deleted (two passes of rsync, to count before the first deletion)",
            source,
            () => TakeAway(source, changes),
            () =>
            {
                PutBack(source);
                BringUpToDate();
            });

        void BringUpToDate()
        {
            Stage1.Run(source, ourMirror, state);
            rsync.Run(source, plainMirror);
        }
    }

    private void Measure(string title, string source, Action prepare, Action restore)
    {
        List<Measurement> ours = [];
        List<Measurement> plain = [];
        for (int round = 0; round < rounds; round++)
        {
            prepare();
            // Whoever comes second may find more in the system's caches.
            if (round % 2 == 0)
                ours.Add(Stage1.Run(source, ourMirror, state));
            plain.Add(rsync.Run(source, plainMirror));
            if (round % 2 != 0)
                ours.Add(Stage1.Run(source, ourMirror, state));
            restore();
        }

        Console.WriteLine($"{Environment.NewLine}{title}");
        Console.WriteLine("                  wall min   median   processor min   median   of it our process");
        Show("ours", ours);
        Show("rsync", plain);
        Compare("wall", [.. ours.Select(run => run.Seconds)], [.. plain.Select(run => run.Seconds)]);
        Compare("processor", [.. ours.Select(run => run.Processor)], [.. plain.Select(run => run.Processor)]);
        double memory = ours.Max(run => run.PeakMiB) - idleMiB;
        Console.WriteLine(Line($"    memory        {memory:+0;-0} MiB over an idle engine{(memory > LimitMiB ? ": over the limit" : "")}"));
    }

    private static void Show(string name, List<Measurement> runs)
    {
        double[] seconds = [.. runs.Select(run => run.Seconds)];
        double[] processor = [.. runs.Select(run => run.Processor)];
        double[] own = [.. runs.Select(run => run.OwnProcessor)];
        Console.WriteLine(Line(
            $"    {name,-12}{seconds.Min(),8:0.00} s{Median(seconds),7:0.00} s{processor.Min(),14:0.00} s{Median(processor),7:0.00} s{Median(own),14:0.00} s"));
    }

    private static void Compare(string what, double[] ours, double[] plain)
    {
        double ratio = ours.Min() / plain.Min();
        double difference = ours.Min() - plain.Min();
        double medianRatio = Median(ours) / Median(plain);
        double medianDifference = Median(ours) - Median(plain);
        string over = ratio > LimitRatio && difference > LimitSeconds ? ": over both limits"
            : ratio > LimitRatio ? ": over the ratio" : difference > LimitSeconds ? ": over the seconds" : "";
        Console.WriteLine(Line(
            $"    {what,-14}{ratio:0.00} ×, {difference:+0.00;-0.00} s by the minimum; {medianRatio:0.00} ×, {medianDifference:+0.00;-0.00} s by the median{over}"));
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Nothing()
    {
    }

    private void Empty()
    {
        foreach (string folder in new[] { ourMirror, plainMirror, state }.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
    }

    private void RemoveFromMirrors(int count)
    {
        foreach (string mirror in new[] { ourMirror, plainMirror })
        {
            foreach (string path in FirstFiles(mirror, count))
                File.Delete(path);
        }
    }

    private static void TakeAway(string source, int count)
    {
        string taken = source + "-taken";
        foreach (string path in FirstFiles(source, count))
        {
            string there = Path.Combine(taken, Path.GetRelativePath(source, path));
            Directory.CreateDirectory(Path.GetDirectoryName(there)!);
            File.Move(path, there);
        }
    }

    private static void PutBack(string source)
    {
        string taken = source + "-taken";
        foreach (string path in Directory.EnumerateFiles(taken, "*", SearchOption.AllDirectories))
            File.Move(path, Path.Combine(source, Path.GetRelativePath(taken, path)));
        Directory.Delete(taken, recursive: true);
    }

    private static List<string> FirstFiles(string folder, int count) =>
        [.. Directory.EnumerateFiles(folder, "*.bin", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(count)];
}
