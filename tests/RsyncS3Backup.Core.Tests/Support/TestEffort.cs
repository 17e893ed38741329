using System.Globalization;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>
/// How long random tests go on. Enough to notice what is broken at each change; a night can do more, with a factor in an environment variable.
/// </summary>
internal static class TestEffort
{
    private const string Variable = "RSYNCS3_TEST_EFFORT";

    private static readonly int Factor =
        int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int factor)
            ? Math.Max(1, factor) : 1;

    /// <summary>So many rounds, or seeds, and more when more is asked for.</summary>
    public static int Times(int count) => count * Factor;
}
