using System.Runtime.InteropServices;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;

namespace RsyncS3Backup.Rsync;

/// <summary>What must be true before rsync starts. Every guard refuses before anything is changed.</summary>
internal static partial class RsyncGuards
{
    /// <summary>Checks a request and gives what rsync has to do, one leg a source.</summary>
    /// <exception cref="BackupException">A guard refused.</exception>
    public static IReadOnlyList<RsyncLeg> Check(RsyncStageRequest request)
    {
        string destination = FullFolder(request.Options.LocalDestination);
        IReadOnlyList<RsyncLeg> legs = Legs(request.Sources, destination);
        // Of what is on another machine only rsync can say more: see RemoteCheck, and what the run's first pass counts.
        RsyncLeg[] localLegs = [.. legs.Where(leg => leg.Remote is null)];
        foreach (RsyncLeg leg in localLegs)
            CheckSource(leg.Source);
        foreach (RsyncLeg leg in legs)
        {
            if (leg.Remote is { } remote)
                RemoteFiles.Demand(leg.Source, remote);
        }

        CheckDestination(destination, request.Options.RequireMountPoint);
        foreach (RsyncLeg leg in localLegs)
            CheckOverlap(leg.Source, destination);
        if (!request.AllowEmptySource)
        {
            foreach (RsyncLeg leg in localLegs)
                CheckNotEmptied(leg);
        }

        return legs;
    }

    /// <summary>What rsync would have to do, before any guard has looked.</summary>
    /// <exception cref="BackupException">The sources cannot be told apart.</exception>
    internal static IReadOnlyList<RsyncLeg> Foresee(RsyncStageRequest request) =>
        Legs(request.Sources, FullFolder(request.Options.LocalDestination));

    /// <summary>The part of <see cref="Check"/> that is about one source.</summary>
    /// <exception cref="BackupException">A guard refused.</exception>
    internal static void DemandSource(RsyncStageRequest request, RsyncLeg leg)
    {
        if (leg.Remote is { } remote)
        {
            RemoteFiles.Demand(leg.Source, remote);
            return;
        }

        CheckSource(leg.Source);
        CheckOverlap(leg.Source, FullFolder(request.Options.LocalDestination));
        if (!request.AllowEmptySource)
            CheckNotEmptied(leg);
    }

    /// <summary>The part of <see cref="Check"/> that is about the mirror alone.</summary>
    /// <exception cref="BackupException">A guard refused.</exception>
    internal static void DemandDestination(RsyncStageRequest request) =>
        CheckDestination(FullFolder(request.Options.LocalDestination), request.Options.RequireMountPoint);

    /// <summary>Demands of a drive that joins others that it is one: the folder beneath a drive that is away is on the system's own.</summary>
    /// <exception cref="BackupException">It is not: <c>DestinationNotMounted</c>.</exception>
    public static void DemandMounted(string destination)
    {
        if (IsOnRootFileSystem(RealPath.Of(FullFolder(destination))))
            throw new BackupException(MirrorErrors.DestinationNotMounted(destination, "no drive is mounted there that could take turns with the job's others"));
    }

    /// <summary>What the mirror's root holds that belongs to no source; none of it is touched.</summary>
    public static IReadOnlyList<string> Foreign(string destination, IReadOnlyList<RsyncLeg> legs)
    {
        if (legs is [{ Name: null }] || !Directory.Exists(destination))
            return [];
        string[] expected =
            [.. legs.Select(leg => leg.Name!), RsyncCommandLine.PartialFolder, MirrorMarker.FileName, MirrorExclusions.LockFile, .. VolumeFolders.Names];
        return [.. Directory.EnumerateFileSystemEntries(destination, "*", AllEntries)
            .Select(path => Path.GetFileName(path))
            .Where(name => !expected.Any(other => name.Equals(other, RealPath.Comparison)))
            .Order(StringComparer.Ordinal)];
    }

    private static EnumerationOptions AllEntries => new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private static string FullFolder(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static List<RsyncLeg> Legs(IReadOnlyList<BackupSource> sources, string destination)
    {
        if (sources.Count == 0)
            throw new BackupException(RsyncErrors.NoSource());
        if (sources.Count == 1)
            return [Leg(sources[0], destination, null)];

        List<RsyncLeg> legs = [];
        foreach (BackupSource source in sources)
        {
            string path = Leg(source, destination, null).Source;
            string name = source.Name ?? ConfigurationPaths.LastPart(path);
            if (name is "" or "." or ".." or RsyncCommandLine.PartialFolder or MirrorMarker.FileName or MirrorExclusions.LockFile
                || name.AsSpan().ContainsAny('/', '\0')
                || name.AsSpan().Contains(Path.DirectorySeparatorChar))
                throw new BackupException(RsyncErrors.SourceNameInvalid(name, path));
            if (legs.Find(leg => name.Equals(leg.Name, RealPath.Comparison)) is { } other)
                throw new BackupException(RsyncErrors.SourceNameNotUnique(name, path, other.Source));
            legs.Add(Leg(source, Path.Combine(destination, name), name));
        }

        return legs;
    }

    private static RsyncLeg Leg(BackupSource source, string destination, string? name)
    {
        RemoteSource? remote = RemoteSource.Of(source);
        return new RsyncLeg(remote is null ? FullFolder(source.Path) : source.Path, destination, name)
        {
            Remote = remote,
            ExcludePatterns = source.ExcludePatterns,
        };
    }

    private static void CheckSource(string source)
    {
        if (File.Exists(source))
            throw new BackupException(RsyncErrors.SourceNotDirectory(source));
        if (!Directory.Exists(source))
            throw new BackupException(RsyncErrors.SourceMissing(source));
        try
        {
            if (RealPath.ForeignLink(source) is { } link)
                throw new BackupException(RsyncErrors.SourceIsForeignLink(source, link));
            _ = IsEmpty(source);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(RsyncErrors.SourceUnreadable(source, exception.Message), exception);
        }
    }

    private static void CheckDestination(string destination, bool requireMountPoint)
    {
        bool exists = Directory.Exists(destination);
        // A link that leads nowhere usually led to a drive.
        if (!exists && new FileInfo(destination).LinkTarget is { } target && !Path.Exists(RealPath.Of(destination)))
            throw new BackupException(MirrorErrors.DestinationNotMounted(destination, $"it is a link to '{target}', which does not exist"));
        if (File.Exists(destination))
            throw new BackupException(RsyncErrors.DestinationNotWritable(destination, "it is not a folder"));
        string parent = Path.GetDirectoryName(destination) ?? destination;
        if (!exists && !Directory.Exists(parent))
            throw new BackupException(MirrorErrors.DestinationNotMounted(destination, $"the folder above it, '{parent}', does not exist"));
        if (requireMountPoint && IsOnRootFileSystem(RealPath.Of(destination)))
        {
            throw new BackupException(MirrorErrors.DestinationNotMounted(
                destination, "requireMountPoint is set and it is on the same file system as the operating system"));
        }

        if (WhyNotWritable(exists ? destination : parent) is { } reason)
            throw new BackupException(RsyncErrors.DestinationNotWritable(destination, reason));
    }

    private static void CheckOverlap(string source, string destination)
    {
        string realSource = RealPath.Of(source);
        string realDestination = RealPath.Of(destination);
        string? how = realSource.Equals(realDestination, RealPath.Comparison) ? "they are the same folder"
            : RealPath.IsInside(realDestination, realSource) ? "the destination is inside the source"
            : RealPath.IsInside(realSource, realDestination) ? "the source is inside the destination"
            : MountedParts.Overlap(realSource, realDestination);
        if (how is not null)
            throw new BackupException(RsyncErrors.PathsOverlap(source, destination, how));
    }

    private static void CheckNotEmptied(RsyncLeg leg)
    {
        if (IsEmpty(leg.Source) && HoldsSomething(leg))
            throw new BackupException(RsyncErrors.SourceEmpty(leg.Source, leg.Destination));
    }

    /// <summary>True when a source's folder of the mirror has something in it that a run could delete.</summary>
    internal static bool HoldsSomething(RsyncLeg leg) => Directory.Exists(leg.Destination) && !HoldsNothing(leg.Destination);

    /// <summary>True for a folder of the mirror with nothing in it that a run could delete.</summary>
    internal static bool HoldsNothing(string folder) => Directory.EnumerateFileSystemEntries(folder, "*", AllEntries)
        .All(path => Path.GetFileName(path) is var name && (name is MirrorMarker.FileName or MirrorExclusions.LockFile || VolumeFolders.Names.Contains(name)));

    /// <summary>True for a folder with nothing in it.</summary>
    internal static bool IsEmpty(string folder) => !Directory.EnumerateFileSystemEntries(folder, "*", AllEntries).Any();

    /// <summary>True when no mounted file system other than the root's holds the path.</summary>
    private static bool IsOnRootFileSystem(string realPath)
    {
        if (OperatingSystem.IsWindows())
            return IsOnSystemVolume(realPath, WindowsCalls.VolumeOf(realPath), Path.GetPathRoot(Environment.SystemDirectory)!);
        const string systemRoot = "/";
        string mountPoint = DriveInfo.GetDrives()
            .Select(drive => drive.RootDirectory.FullName)
            .Where(root => RealPath.IsInside(realPath, Path.TrimEndingDirectorySeparator(root)))
            .MaxBy(root => root.Length) ?? systemRoot;
        return mountPoint.Equals(systemRoot, RealPath.Comparison);
    }

    /// <summary>True for a path on the volume of Windows itself; one on a share is on another machine. Pure.</summary>
    /// <param name="path">The path.</param>
    /// <param name="volume">Where its volume is mounted; null where the system does not say.</param>
    /// <param name="systemRoot">Where that of the system is, with a separator at its end.</param>
    internal static bool IsOnSystemVolume(string path, string? volume, string systemRoot) =>
        !WindowsPath.IsShare(path) && (volume ?? systemRoot).Equals(systemRoot, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Why a folder cannot be written; null when it can. Asked of the system instead of tried, because a file made for a try would change the
    /// folder's time, which rsync would then report as a change.
    /// </summary>
    internal static string? WhyNotWritable(string folder)
    {
        const int writeAndSearch = 2 | 1;
        if (OperatingSystem.IsWindows() || Access(folder, writeAndSearch) == 0)
            return null;
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Access(string path, int mode);
}
