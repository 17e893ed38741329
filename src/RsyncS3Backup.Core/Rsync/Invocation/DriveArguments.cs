using System.Globalization;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>
/// Fits what rsync is asked for to what the mirror's drive can keep: what cannot be kept would be copied, or would fail, again in every run. Pure.
/// </summary>
internal static class DriveArguments
{
    /// <summary>The arguments for a drive that keeps everything.</summary>
    public static IReadOnlyList<string> Usual { get; } = [.. Of(new RsyncOptions { LocalDestination = "" }, new FileSystemTraits())];

    /// <summary>A job's options as a drive can keep them.</summary>
    public static RsyncOptions Fit(RsyncOptions options, FileSystemTraits traits) => options with
    {
        // Without times only contents tell what is different.
        Checksum = options.Checksum || traits.TimeStep == 0,
        HardLinks = options.HardLinks && traits.HasHardLinks,
        Acls = options.Acls && traits.KeepsPermissions,
        ExtendedAttributes = options.ExtendedAttributes && traits.HasExtendedAttributes,
        DriveArguments = [.. Of(options, traits)],
    };

    /// <summary>What of the sources a drive does not keep, as parts of a sentence.</summary>
    public static IEnumerable<string> Losses(RsyncOptions options, FileSystemTraits traits)
    {
        if (traits.TimeStep == 0)
            yield return "modification times (so every file is read and compared in each run)";
        if (!traits.KeepsOwners && options.Ownership == MirrorOwnership.Auto)
            yield return "owners and groups";
        if (!traits.KeepsPermissions)
            yield return "permissions";
        if (!traits.HasHardLinks && options.HardLinks)
            yield return "hard links (each name is a file of its own)";
        if (!traits.KeepsPermissions && options.Acls)
            yield return "access control lists";
        if (!traits.HasExtendedAttributes && options.ExtendedAttributes)
            yield return "extended attributes";
        if (LacksLinks(options, traits))
            yield return "symbolic links";
        if (LacksSpecialFiles(options, traits))
            yield return "pipes, sockets and devices";
    }

    /// <summary>True when rsync is told to pass over links or special files because of the drive.</summary>
    public static bool LacksEntries(RsyncOptions options, FileSystemTraits traits) =>
        LacksLinks(options, traits) || LacksSpecialFiles(options, traits);

    private static IEnumerable<string> Of(RsyncOptions options, FileSystemTraits traits)
    {
        yield return "--modify-window=" + Window(traits.TimeStep).ToString(CultureInfo.InvariantCulture);
        if (traits.TimeStep == 0)
            yield return "--no-times";
        if (!traits.KeepsPermissions)
            yield return "--no-perms";
        if (options.Ownership == MirrorOwnership.Ignore || (options.Ownership == MirrorOwnership.Auto && !traits.KeepsOwners))
        {
            yield return "--no-owner";
            yield return "--no-group";
        }

        if (LacksLinks(options, traits))
            yield return "--no-links";
        if (LacksSpecialFiles(options, traits))
        {
            yield return "--no-specials";
            yield return "--no-devices";
        }

        if (traits.LargestFile is { } largest)
        {
            yield return "--max-size=" + largest.ToString(CultureInfo.InvariantCulture);
            // Names what is passed over because of it.
            yield return "--info=skip1";
        }
    }

    // With fake-super, links are files, on Linux: there no attribute of a user can be on a link.
    private static bool LacksLinks(RsyncOptions options, FileSystemTraits traits) =>
        !traits.HasSymbolicLinks && (options.Ownership != MirrorOwnership.FakeSuper || !OperatingSystem.IsLinux());

    private static bool LacksSpecialFiles(RsyncOptions options, FileSystemTraits traits) =>
        !traits.HasSpecialFiles && options.Ownership != MirrorOwnership.FakeSuper;

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
