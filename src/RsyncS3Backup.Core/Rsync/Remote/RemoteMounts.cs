using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>
/// Finds out which folders of a source on another machine are file systems of their own, as far as rsync can tell: told twice to stay on one
/// file system, it leaves out the folders where others are mounted (rsync(1), "--one-file-system").
/// </summary>
internal sealed partial class RemoteMounts : IRsyncOutputHandler, IRsyncErrorHandler
{
    private readonly HashSet<string> names = new(StringComparer.Ordinal);

    private RemoteMounts()
    {
    }

    /// <summary>
    /// Finds the source itself, as <c>""</c>, and its top folders. Deeper ones would take a walk through all of it.
    /// </summary>
    /// <returns>Their names; null where the other side does not tell, which is no reason to stop a run.</returns>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static Task<IReadOnlyList<string>?> FindAsync(
        RsyncProgram program, RsyncOptions options, RsyncLeg leg, RunContext context, TimeSpan grace, CancellationToken cancellationToken) =>
        FindAsync(leg, context, (folder, shown, entersOthers, found) => RsyncProcess.RunAsync(
            program.Path, Arguments(program, options, folder, shown, entersOthers), new RsyncOutputParser(found), new RsyncErrorOutput(found),
            journal: null, grace, cancellationToken));

    /// <summary>As above.</summary>
    /// <param name="leg">The source.</param>
    /// <param name="context">Hears where the other side does not tell.</param>
    /// <param name="run">Lists as <see cref="Arguments"/> says, tells each line, and gives rsync's exit code.</param>
    internal static async Task<IReadOnlyList<string>?> FindAsync(
        RsyncLeg leg, RunContext context, Func<RemoteSource, string, bool, RemoteMounts, Task<int>> run)
    {
        IReadOnlyList<string>? mounts = await FindAsync(leg.Remote!, ListAsync).ConfigureAwait(false);
        if (mounts is null)
            context.Verbose($"Which folders of {leg.Source} are file systems of their own, the other side does not tell.");
        return mounts;

        async Task<IReadOnlySet<string>?> ListAsync(RemoteSource folder, string shown, bool entersOthers)
        {
            RemoteMounts found = new();
            int code = await run(folder, shown, entersOthers, found).ConfigureAwait(false);
            // What could not be read may be there or not.
            return code is RsyncExitCodes.Done or RsyncExitCodes.Vanished ? found.names : null;
        }
    }

    /// <summary>As above. Pure but for what it is given.</summary>
    /// <param name="source">The source.</param>
    /// <param name="list">
    /// Gives the names in a folder that a pattern shows, and whether rsync enters other file systems for it; null where it cannot tell.
    /// </param>
    internal static async Task<IReadOnlyList<string>?> FindAsync(
        RemoteSource source, Func<RemoteSource, string, bool, Task<IReadOnlySet<string>?>> list)
    {
        // In this order: whoever looks into a folder has an automounter mount what belongs there.
        if (await list(source, "/*/", true).ConfigureAwait(false) is not { } all || await list(source, "/*/", false).ConfigureAwait(false) is not { } own)
            return null;
        List<string> mounts = [.. all.Where(name => !own.Contains(name)).Order(StringComparer.Ordinal)];
        if (source.Above() is var (above, itself)
            && await list(above, "/" + RsyncCommandLine.Literal(itself), false).ConfigureAwait(false) is { } beside && !beside.Contains(itself))
            mounts.Insert(0, "");
        return mounts;
    }

    /// <summary>rsync's arguments: list these entries of a folder, and nothing in them.</summary>
    internal static IReadOnlyList<string> Arguments(
        RsyncProgram program, RsyncOptions options, RemoteSource folder, string shown, bool entersOthers) =>
    [
        // Only a folder that rsync would enter counts for it as another file system's.
        "--list-only", "--recursive", .. entersOthers ? Array.Empty<string>() : ["--one-file-system", "--one-file-system"],
        "--include=" + shown, "--exclude=*", .. folder.Arguments(program), .. RemoteCheck.OfConnection(options, folder),
        "--8-bit-output", "--no-human-readable", "--", folder.Argument(),
    ];

    /// <summary>
    /// The name in a line of a listing; null where there is none, or one that rsync writes in other characters than it has. Pure.
    /// </summary>
    internal static string? NameIn(ReadOnlySpan<byte> line)
    {
        if (!Utf8.IsValid(line))
            return null;
        // Permissions, size, date and time: generator.c, list_file_entry.
        Match match = Line().Match(Encoding.UTF8.GetString(line));
        return match.Success && match.Groups["name"].Value is not "." and var name && !name.Contains(@"\#", StringComparison.Ordinal) ? name : null;
    }

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line)
    {
        if (NameIn(line) is { } name)
            names.Add(name);
    }

    /// <inheritdoc/>
    public void Item(in RsyncItem item)
    {
    }

    /// <inheritdoc/>
    public void Progress(in RsyncProgressLine line)
    {
    }

    /// <inheritdoc/>
    public void Malformed(ReadOnlySpan<byte> line)
    {
    }

    // The run itself meets what is wrong, and says it.

    /// <inheritdoc/>
    public void ItemFailed(BackupError error)
    {
    }

    /// <inheritdoc/>
    public void Blocked(BackupError error)
    {
    }

    /// <inheritdoc/>
    public void Vanished(string line)
    {
    }

    /// <inheritdoc/>
    public void Said(string line)
    {
    }

    [GeneratedRegex(
        @"^([a-km-z-]|(?<link>l))[rwxsStT-]{9}[.+@]? +\d+ \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?<name>.+?)(?(link) -> .*)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Line();
}
