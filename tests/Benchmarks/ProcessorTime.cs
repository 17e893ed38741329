using System.Globalization;

namespace Benchmarks;

/// <summary>What the kernel counted, which other work on the machine hardly changes. Linux only.</summary>
internal static class ProcessorTime
{
    // Clock ticks a second, as /proc counts them: 100 on every Linux that .NET runs on (proc(5), sysconf(_SC_CLK_TCK)).
    private const double Ticks = 100;

    /// <summary>Seconds, user and system, of this process's children that have ended, and of theirs (cutime and cstime in proc(5)).</summary>
    public static double OfChildren()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / Ticks;
    }
}

/// <summary>What one run took.</summary>
/// <param name="Seconds">By the clock on the wall.</param>
/// <param name="RsyncProcessor">Processor seconds of rsync's processes.</param>
/// <param name="OwnProcessor">Processor seconds of the process that started them.</param>
/// <param name="PeakMiB">The most memory that this process has held.</param>
internal readonly record struct Measurement(double Seconds, double RsyncProcessor, double OwnProcessor, double PeakMiB)
{
    public double Processor => RsyncProcessor + OwnProcessor;
}
