using System.Diagnostics;
using System.Globalization;
using System.IO.Hashing;

namespace Benchmarks;

/// <summary>
/// Tests both copies by checksums beside a plain loop that reads the same files and takes the same checksum, CRC-32, as many files at a time as
/// there are processors: all that the test does more is the walk, the catalog and the listing.
/// </summary>
internal static class TestBenchmark
{
    private const int Rounds = 3;
    private const int BufferSize = 1024 * 1024;

    public static void Run(ServerProcess server, Workplace workplace, int files, int manyFiles, int largeMiB)
    {
        double idle = Compare($"{files:N0} files of 4 KiB", Upload(server, workplace, "test-small", workplace.Files("test-files", files)));
        Compare($"one file of {largeMiB:N0} MiB", Upload(server, workplace, "test-large", workplace.LargeFile(largeMiB)));
        Stage2 many = Upload(server, workplace, "test-many", workplace.Files("test-many-files", manyFiles));
        Show($"{manyFiles:N0} files: {many.Test("Checksums").PeakMiB - idle:+0;-0} MiB over an idle engine");
    }

    private static Stage2 Upload(ServerProcess server, Workplace workplace, string name, string source)
    {
        Stage2 job = new(server, workplace, name, source, Path.Combine(workplace.Root, name + "-mirror"));
        job.RunStage1();
        job.Run(1);
        return job;
    }

    private static double Compare(string what, Stage2 job)
    {
        Console.WriteLine($"{Environment.NewLine}{what}, both copies tested by checksums");
        double idle = job.IdlePeakMiB();
        // One after the other and the best of each: what else the machine does hits both alike.
        (double Seconds, double PeakMiB)[] ours = new (double, double)[Rounds];
        double[] plain = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            plain[round] = Hash(job.Mirror);
            ours[round] = job.Test("Checksums");
        }

        double best = ours.Min(item => item.Seconds);
        Show($"ours              {best,8:0.00} s   {ours.Max(item => item.PeakMiB) - idle:+0;-0} MiB over an idle engine");
        Show($"a plain CRC-32    {plain.Min(),8:0.00} s   ours is {best / plain.Min():0.00} ×");
        Show($"ours, quick       {job.Test("Quick").Seconds,8:0.00} s");
        return idle;
    }

    private static double Hash(string folder)
    {
        long started = Stopwatch.GetTimestamp();
        Parallel.ForEach(
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            () => new byte[BufferSize],
            (path, _, buffer) =>
            {
                using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
                Crc32 crc = new();
                for (int read; (read = file.Read(buffer)) > 0;)
                    crc.Append(buffer.AsSpan(0, read));
                crc.GetCurrentHashAsUInt32();
                return buffer;
            },
            _ => { });
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static void Show(FormattableString line) => Console.WriteLine("    " + line.ToString(CultureInfo.InvariantCulture));
}
