using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Sources;

/// <summary>Look at the sources of this machine.</summary>
/// <param name="At">See <see cref="SourceLook.At"/>.</param>
/// <param name="AtTheEnd">See <see cref="SourceLook.WithAutomounted"/>.</param>
internal sealed record SourceEyes(Func<string, IEnumerable<string>, SourceFacts> At, Func<string, SourceFacts, SourceFacts> AtTheEnd)
{
    /// <summary>Those that look at what is there.</summary>
    public static SourceEyes Open => new(SourceLook.At, SourceLook.WithAutomounted);
}

/// <summary>Looks at what a source on this machine is.</summary>
internal static class SourceLook
{
    /// <summary>What a source is now.</summary>
    /// <param name="source">Its folder.</param>
    /// <param name="expected">Where in it file systems were mounted, by the paths below it.</param>
    public static SourceFacts At(string source, IEnumerable<string> expected)
    {
        string real = RealPath.Of(source);
        return Find(expected, () => Read(real), below => LookInto(Path.Join(real, below)));
    }

    /// <summary>Adds what an automounter has mounted while the source was read: the next run misses it when it cannot be mounted.</summary>
    /// <param name="source">The source's folder.</param>
    /// <param name="facts">What it was when the run began.</param>
    public static SourceFacts WithAutomounted(string source, SourceFacts facts)
    {
        string real = RealPath.Of(source);
        return With(facts, MountPoints.Automounted(real).Select(mount => KeyValuePair.Create(Below(real, mount.Path), mount.FileSystem)));
    }

    /// <summary>
    /// As <see cref="At"/>. An automounter unmounts what nobody looked into for a while; whoever looks into the folder again gets it back.
    /// Pure but for what it is given.
    /// </summary>
    /// <param name="expected">Where file systems were mounted.</param>
    /// <param name="read">Reads what is mounted.</param>
    /// <param name="lookInto">Looks into a folder below the source, whether it is there or not.</param>
    internal static SourceFacts Find(IEnumerable<string> expected, Func<SourceFacts> read, Action<string> lookInto)
    {
        SourceFacts facts = read();
        string[] missing = [.. expected.Where(below => !facts.Mounts.ContainsKey(below))];
        if (missing.Length == 0)
            return facts;
        foreach (string below in missing)
            lookInto(below);
        return read();
    }

    /// <summary>Adds mounts that are not known yet. Pure.</summary>
    internal static SourceFacts With(SourceFacts facts, IEnumerable<KeyValuePair<string, FileSystemIdentity>> mounts) =>
        facts with { Mounts = new Dictionary<string, FileSystemIdentity>([.. facts.Mounts, .. mounts.ExceptBy(facts.Mounts.Keys, mount => mount.Key)]) };

    /// <summary>The path of a mount below a source; empty for the source itself. Pure.</summary>
    internal static string Below(string real, string path) => path == real ? "" : Path.GetRelativePath(real, path);

    private static SourceFacts Read(string real) => new()
    {
        FileSystem = FileSystemIdentity.Of(real),
        MountPoint = MountPoints.Holding(real),
        Mounts = MountPoints.In(real).ToDictionary(mount => Below(real, mount.Path), mount => mount.FileSystem),
    };

    // To ask whether it exists mounts nothing (autofs(5)); to list it does.
    private static void LookInto(string folder)
    {
        try
        {
            using IEnumerator<string> entries = Directory.EnumerateFileSystemEntries(folder).GetEnumerator();
            entries.MoveNext();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then it stays what it is, and is told as that.
        }
    }
}
