using System.Globalization;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.Rsync.Remote;

namespace RsyncS3Backup.Rsync.Invocation;

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
    /// <param name="outFormat">How items are printed: see <see cref="RsyncOutputParser.OutFormat"/>.</param>
    /// <param name="remote">The source, when it is on another machine; null: it is on this one.</param>
    /// <param name="otherMirrors">Mirrors of other jobs in the destination, by their paths below it: nothing there is written or deleted.</param>
    /// <param name="nameRules">Rules for names that the mirror's drive cannot hold.</param>
    public static IReadOnlyList<string> Build(
        RsyncProgram program,
        RsyncOptions options,
        string source,
        string destination,
        bool isMirrorRoot,
        RsyncPass pass,
        string outFormat,
        RemoteSource? remote = null,
        IReadOnlyList<string>? otherMirrors = null,
        IReadOnlyList<string>? nameRules = null)
    {
        List<string> arguments = ["--archive"];
        // With incremental recursion rsync 3.5.0 hangs for ever, or ends with code 2, when one name of a file with hard links cannot be
        // made because a folder with content is in its place, which a pass that deletes nothing leaves there.
        if (options.HardLinks)
            arguments.AddRange(["--hard-links", "--no-inc-recursive"]);
        // For a source on this machine the plain option would be about both sides (rsync(1), --fake-super).
        if (options.Ownership == MirrorOwnership.FakeSuper)
            arguments.Add(remote is null ? "--remote-option=--fake-super" : "--fake-super");
        if (options.Acls)
            arguments.Add("--acls");
        if (options.ExtendedAttributes)
            arguments.Add("--xattrs");
        if (options.NumericIds)
            arguments.Add("--numeric-ids");
        if (options.Sparse)
            arguments.Add("--sparse");
        // The pass that deletes comes after one that has compared everything.
        if (options.Checksum && (pass.IsPlan || (!pass.IsDryRun && pass.MaxDelete is null or 0)))
            arguments.Add("--checksum");
        // Times in nanoseconds, where the drive has them: the default compares whole seconds and misses an edit of equal size within one.
        arguments.AddRange(options.DriveArguments ?? DriveArguments.Usual);
        // rsync takes no two of them: in place, the part of an unfinished file stays in the file itself.
        arguments.Add(options.Inplace ? "--inplace" : "--partial-dir=" + PartialFolder);
        if (program.Version >= FirstWithFsync)
            arguments.Add("--fsync");
        if (pass.Deletes)
            arguments.Add("--delete-delay");
        if (pass.Deletes && options.DeleteExcluded)
            arguments.Add("--delete-excluded");
        if (pass.MaxDelete is { } maxDelete)
            arguments.Add("--max-delete=" + Math.Min(maxDelete, int.MaxValue).ToString(CultureInfo.InvariantCulture));
        if (pass.IsDryRun)
            arguments.Add("--dry-run");
        if (options.BandwidthLimit is { } bytes)
            arguments.Add("--bwlimit=" + ((bytes + 1023) / 1024).ToString(CultureInfo.InvariantCulture));
        // They come first, so that no pattern of the user's undoes them. Anchored, so that a user's own file of that name deeper
        // down is mirrored.
        List<string> kept = isMirrorRoot ? ["/" + MirrorMarker.FileName, "/" + MirrorExclusions.LockFile] : [];
        kept.AddRange((otherMirrors ?? []).Select(path => $"/{Literal(path)}/"));
        List<string> ownRules = [.. kept.Select(path => "--exclude=" + path), .. nameRules ?? []];
        // With --delete-excluded a pattern hides and does not protect any more (rsync(1), "FILTER RULES WHEN DELETING").
        if (pass.Deletes && options.DeleteExcluded)
            ownRules.AddRange(kept.Select(path => "--filter=protect " + path));
        if (pass.Deletes && isMirrorRoot)
            ownRules.AddRange(VolumeFolders.Names.Select(name => "--filter=protect /" + name));
        arguments.AddRange(ownRules);
        arguments.AddRange(options.IncludePatterns.Select(pattern => "--include=" + pattern));
        arguments.AddRange(options.ExcludePatterns.Select(pattern => "--exclude=" + pattern));
        // rsync reads a line of such a file as it reads the pattern of an --exclude (exclude.c, parse_filter_file).
        arguments.AddRange(options.PatternFiles.SelectMany(file =>
            options.PatternsOfFiles.TryGetValue(file, out IReadOnlyList<string>? patterns)
            ? patterns.Select(pattern => "--exclude=" + pattern)
            : ["--exclude-from=" + RsyncPaths.Translate(file, program.PathStyle)]));
        // A "!" in a file makes rsync forget all rules before it.
        if (options.PatternFiles.Count > 0)
            arguments.AddRange(ownRules);
        // What another machine says that a device or a program's owner is must not become one here. With fake-super it is only written down.
        // That of `ownership` is read again, by S3 and by a restore.
        if (remote is not null && !(options.ExtraArguments.Contains("--fake-super") && options.Ownership != MirrorOwnership.FakeSuper))
            arguments.AddRange(["--no-devices", "--chmod=u-s,g-s"]);
        if (remote is not null)
            arguments.AddRange(remote.Arguments(program));
        arguments.AddRange(ExtraArguments(options, remote));
        arguments.AddRange(["--8-bit-output", "--no-human-readable", "--stats"]);
        if (!pass.IsDryRun)
            arguments.Add("--info=progress2");
        string from = remote?.Argument() ?? Folder(program, source);
        arguments.AddRange(["--out-format=" + outFormat, "--", from, Folder(program, destination)]);
        return arguments;
    }

    /// <summary>The job's extra arguments, as far as a source takes them: only for a daemon rsync takes <c>--contimeout</c> (main.c, start_client).</summary>
    public static IEnumerable<string> ExtraArguments(RsyncOptions options, RemoteSource? remote) =>
        options.ExtraArguments.Where(argument =>
            remote is { IsSsh: false } || !argument.StartsWith("--contimeout", StringComparison.Ordinal));

    /// <summary>A path as a pattern that fits it alone.</summary>
    // Only in a pattern that has a wildcard does a backslash escape (rsync(1), "PATTERN MATCHING RULES").
    internal static string Literal(string path) =>
        path.AsSpan().ContainsAny('*', '?', '[') ? string.Concat(path.Select(c => c is '*' or '?' or '[' or '\\' ? $"\\{c}" : $"{c}")) : path;

    // With a trailing slash rsync copies the folder's contents; without one it would make a folder of that name in the destination.
    private static string Folder(RsyncProgram program, string path)
    {
        if (!Path.IsPathFullyQualified(path))
            throw new ArgumentException($"'{path}' is not absolute.", nameof(path));
        string folder = Path.EndsInDirectorySeparator(path) ? path : path + '/';
        return RsyncPaths.Translate(folder, program.PathStyle);
    }
}
