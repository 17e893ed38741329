using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync.Remote;

/// <summary>Asks rsync for the root of a source on another machine before anything is changed: what a look at the folder is for a local one.</summary>
internal sealed class RemoteCheck : IRsyncOutputHandler, IRsyncErrorHandler
{
    private static readonly string[] ConnectionArguments = ["--address", "--contimeout", "--ipv4", "--ipv6", "--sockopts", "--timeout"];

    private readonly RunContext context;

    private RemoteCheck(RunContext context) => this.context = context;

    /// <summary>Demands that the source can be reached, and that it is a folder that can be listed.</summary>
    /// <exception cref="BackupException">It cannot, or is none.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static async Task DemandAsync(
        RsyncProgram program, RsyncOptions options, RsyncLeg leg, RunContext context, TimeSpan grace, CancellationToken cancellationToken)
    {
        RemoteCheck check = new(context);
        RsyncErrorOutput errors = new(check);
        int code = await RsyncProcess.RunAsync(
            program.Path, Arguments(program, options, leg.Remote!), new RsyncOutputParser(check), errors, journal: null, grace, cancellationToken)
            .ConfigureAwait(false);
        if (RsyncExitCodes.Find(code).Status != BackupStatus.Failed)
            return;
        throw new BackupException(RemoteFailures.Find(leg.Source, leg.Remote!, code, errors.LastWords, isRootOnly: true)
            ?? RsyncErrors.Ended(code, errors.LastWords, leg.Source));
    }

    /// <summary>rsync's arguments: list the root and nothing in it.</summary>
    internal static IReadOnlyList<string> Arguments(RsyncProgram program, RsyncOptions options, RemoteSource remote) =>
    [
        "--list-only", "--dirs", "--exclude=*", .. remote.Arguments(program),
        .. OfConnection(options, remote), "--8-bit-output", "--no-human-readable", "--", remote.Argument(),
    ];

    /// <summary>Those of the job's extra arguments that are about the connection.</summary>
    internal static IEnumerable<string> OfConnection(RsyncOptions options, RemoteSource remote) =>
        RsyncCommandLine.ExtraArguments(options, remote).Where(argument => ConnectionArguments.Contains(argument.Split('=')[0]));

    /// <inheritdoc/>
    public void Text(ReadOnlySpan<byte> line)
    {
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

    // What is said of the root becomes the run's error, and is no entry that failed.

    /// <inheritdoc/>
    public void ItemFailed(BackupError error) => Said(error.Message);

    /// <inheritdoc/>
    public void Blocked(BackupError error) => Said(error.Message);

    /// <inheritdoc/>
    public void Vanished(string line) => Said(line);

    /// <inheritdoc/>
    public void Said(string line) => context.LogWarning("rsync said: " + line);
}
