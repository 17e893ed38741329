using System.Globalization;

namespace RsyncS3Backup.Rsync;

/// <summary>Makes rsync's arguments. Pure.</summary>
internal static class RsyncCommandLine
{
    /// <summary>Where rsync keeps what it has of an unfinished file, in the file's own folder of the mirror. Never sent to S3.</summary>
    public const string PartialFolder = ".rsync-partial";

    private static readonly Version FirstWithFsync = new(3, 2, 4);

    /// <summary>The arguments of one pass over one source.</summary>
    /// <param name="program">The rsync that will get them.</param>
    /// <param name="options">The job's options.</param>
    /// <param name="source">The source folder, absolute.</param>
    /// <param name="destination">The folder of the mirror that gets the source's contents, absolute.</param>
    /// <param name="isMirrorRoot">True when the destination is the mirror's root and not a source's own folder in it.</param>
    /// <param name="pass">What the pass may delete.</param>
    public static IReadOnlyList<string> Build(
        RsyncProgram program, RsyncOptions options, string source, string destination, bool isMirrorRoot, RsyncPass pass)
    {
        List<string> arguments = ["--archive"];
        if (options.HardLinks)
            arguments.Add("--hard-links");
        // Times in nanoseconds: the default compares whole seconds and misses an edit of equal size within one (rsync(1), --modify-window).
        arguments.Add("--modify-window=-1");
        arguments.Add("--partial-dir=" + PartialFolder);
        if (program.Version >= FirstWithFsync)
            arguments.Add("--fsync");
        if (pass.Deletes)
            arguments.Add("--delete-delay");
        if (pass.MaxDelete is { } maxDelete)
            arguments.Add("--max-delete=" + Math.Min(maxDelete, int.MaxValue).ToString(CultureInfo.InvariantCulture));
        if (pass.IsDryRun)
            arguments.Add("--dry-run");
        if (isMirrorRoot)
        {
            // First, so that no pattern of the user's undoes it. Anchored, so that a user's own file of that name deeper down is mirrored.
            arguments.Add("--exclude=/" + MirrorMarker.FileName);
            if (pass.Deletes)
                arguments.AddRange(VolumeFolders.Names.Select(name => "--filter=protect /" + name));
        }

        arguments.AddRange(options.ExcludePatterns.Select(pattern => "--exclude=" + pattern));
        arguments.AddRange(["--8-bit-output", "--no-human-readable", "--stats"]);
        if (!pass.IsDryRun)
            arguments.Add("--info=progress2");
        arguments.AddRange(["--out-format=" + RsyncOutputParser.OutFormat, "--", Folder(source), Folder(destination)]);
        return arguments;
    }

    // With a trailing slash rsync copies the folder's contents; without one it would make a folder of that name in the destination.
    private static string Folder(string path)
    {
        if (!Path.IsPathFullyQualified(path))
            throw new ArgumentException($"'{path}' is not absolute.", nameof(path));
        return Path.EndsInDirectorySeparator(path) ? path : path + '/';
    }
}
