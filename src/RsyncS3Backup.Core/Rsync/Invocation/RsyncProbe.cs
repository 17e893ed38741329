using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>Finds rsync and asks it once what it is.</summary>
internal static partial class RsyncProbe
{
    private static readonly ConcurrentDictionary<(string Path, DateTime Changed, long Length), RsyncProgram> Known = new();

    /// <summary>The oldest rsync that will do: the first with a negative <c>--modify-window</c> (NEWS for 3.1.3).</summary>
    public static Version Oldest { get; } = new(3, 1, 3);

    /// <summary>Finds the program and what it can do; the answer is kept for as long as the file stays the same.</summary>
    /// <param name="rsyncPath">The program; null: the first <c>rsync</c> on the PATH.</param>
    /// <param name="cancellationToken">Stops the question.</param>
    /// <exception cref="BackupException">There is none, it is too old, or it is something else.</exception>
    public static async Task<RsyncProgram> FindAsync(string? rsyncPath, CancellationToken cancellationToken)
    {
        string path = Locate(rsyncPath) ?? throw new BackupException(RsyncErrors.RsyncNotFound(rsyncPath));
        // The program behind a link, because a package manager that swaps the link's target leaves the link's own time alone.
        FileInfo file = new(path);
        file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
        (string, DateTime, long) key = (path, file.LastWriteTimeUtc, file.Length);
        if (Known.TryGetValue(key, out RsyncProgram? program))
            return program;

        string text = await AskAsync(path, cancellationToken).ConfigureAwait(false);
        program = Parse(path, text);
        Known.TryAdd(key, program);
        return program;
    }

    /// <summary>Reads what <c>rsync --version</c> prints.</summary>
    /// <exception cref="BackupException">It is too old, or something else.</exception>
    internal static RsyncProgram Parse(string path, string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries);
        Match match = VersionLine().Match(lines[0]);
        if (!match.Success || text.Contains("openrsync", StringComparison.OrdinalIgnoreCase))
            throw new BackupException(RsyncErrors.RsyncNotSupported(path, Shorten(lines[0])));
        RsyncProgram program = new(
            path, Version.Parse(match.Groups["numbers"].ValueSpan), match.Groups["version"].Value, Capabilities(lines))
        {
            PathStyle = OperatingSystem.IsWindows() ? RsyncPaths.StyleOf(path) : RsyncPathStyle.Native,
        };
        return program.Version >= Oldest ? program : throw new BackupException(RsyncErrors.RsyncTooOld(program));
    }

    /// <summary>The program's path; null when there is none.</summary>
    internal static string? Locate(string? rsyncPath) => ProgramFinder.Find(rsyncPath ?? "rsync");

    private static async Task<string> AskAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            BufferedCommandResult answer = await Cli.Wrap(path)
                .WithArguments(["--version"])
                .WithWorkingDirectory(ProgramFinder.SafeFolder)
                .WithEnvironmentVariables(RsyncEnvironment.Changes(path))
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(cancellationToken)
                .ConfigureAwait(false);
            return answer.StandardOutput.Length > 0 ? answer.StandardOutput : answer.StandardError;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new BackupException(RsyncErrors.CannotStart(path, exception.Message), exception);
        }
    }

    private static HashSet<string> Capabilities(string[] lines)
    {
        IEnumerable<string> listed = lines
            .SkipWhile(line => !line.StartsWith("Capabilities:", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => line.Length > 0 && !line.EndsWith(':'));
        return listed
            .SelectMany(line => line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(name => !name.StartsWith("no ", StringComparison.Ordinal))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    private static string Shorten(string line) => line.Length <= 80 ? line : line[..80] + "…";

    [GeneratedRegex(@"^rsync\s+version\s+v?(?<version>(?<numbers>\d+\.\d+(\.\d+)?)\S*)")]
    private static partial Regex VersionLine();
}
