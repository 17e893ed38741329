using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>
/// Fits what rsync is asked for to what the mirror's drive can keep: what cannot be kept would be copied, or would fail, again in every run. Pure.
/// </summary>
internal static class DriveArguments
{
    /// <summary>The arguments for a drive that keeps everything.</summary>
    public static IReadOnlyList<string> Usual { get; } = [.. Of(new FileSystemTraits())];

    /// <summary>A job's options as a drive can keep them.</summary>
    public static RsyncOptions Fit(RsyncOptions options, FileSystemTraits traits) => options with
    {
        // Without times only contents tell what is different.
        Checksum = options.Checksum || traits.TimeStep == 0,
        DriveArguments = [.. Of(traits)],
    };

    private static IEnumerable<string> Of(FileSystemTraits traits)
    {
        yield return "--modify-window=" + Window(traits.TimeStep).ToString(CultureInfo.InvariantCulture);
        if (traits.TimeStep == 0)
            yield return "--no-times";
    }

    /// <summary>
    /// How far two times may be from one another and still be the same, as rsync wants it. Source: rsync(1), <c>--modify-window</c>, and
    /// util1.c, same_time: -1 compares nanoseconds, 0 whole seconds, and more is a number of seconds, without what is below one.
    /// </summary>
    private static int Window(long step)
    {
        const long second = 1_000_000_000;
        // A step of 100 ns is the system's own on Windows, where no source has a finer one.
        long exact = OperatingSystem.IsWindows() ? 100 : 1;
        return step <= exact ? -1 : step <= second ? 0 : 1;
    }
}
