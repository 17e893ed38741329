using System.Buffers;
using CliWrap;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>Runs one rsync and waits for its end, whatever happens.</summary>
internal static class RsyncProcess
{
    /// <summary>How long rsync may take to put partial files away after it was asked to stop.</summary>
    public static TimeSpan DefaultGrace { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Runs rsync.</summary>
    /// <param name="program">The program's path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="output">Reads its standard output.</param>
    /// <param name="errors">Reads its standard error.</param>
    /// <param name="journal">The change journal's file, which rsync holds open as long as it lives; null: none.</param>
    /// <param name="grace">How long it may take to stop after SIGINT; then it and its children are killed.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="OperationCanceledException">It was stopped, and is gone.</exception>
    /// <exception cref="BackupException">It could not be started.</exception>
    public static async Task<int> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        RsyncOutputParser output,
        RsyncErrorOutput errors,
        SafeFileHandle? journal,
        TimeSpan grace,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource kill = new();
        using CancellationTokenRegistration registration = cancellationToken.Register(() => kill.CancelAfter(grace));
        Exception? failure = null;

        // rsync's two helper processes hold its standard error open, so the end of both streams is also the end of all three processes.
        (string bound, IReadOnlyList<string> boundArguments) = RsyncLifetime.Bind(program, arguments);
        Command command = (CygwinCommandLine.IsFor(bound)
                ? Cli.Wrap(bound).WithArguments(CygwinCommandLine.Write(boundArguments))
                : Cli.Wrap(bound).WithArguments(boundArguments))
            .WithEnvironmentVariables(RsyncEnvironment.Changes(program))
            .WithWorkingDirectory(ProgramFinder.SafeFolder)
            .WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(PipeTarget.Create((stream, token) => PumpAsync(stream, output.Feed, Fail, token)))
            .WithStandardErrorPipe(PipeTarget.Create((stream, token) => PumpAsync(stream, errors.Feed, Fail, token)));
        try
        {
            (CommandTask<CommandResult> execution, CancellationTokenRegistration interruption) =
                await RsyncLifetime.StartAsync(() => Start(command, kill.Token, cancellationToken), journal).ConfigureAwait(false);
            CommandResult result;
            using (interruption)
                result = await execution.ConfigureAwait(false);
            // Elsewhere CliWrap throws; what was asked to stop by us it takes for one that ended by itself.
            if (OperatingSystem.IsWindows())
                cancellationToken.ThrowIfCancellationRequested();
            output.Complete();
            errors.Complete();
            return result.ExitCode;
        }
        catch (OperationCanceledException) when (failure is not null)
        {
            throw new InvalidOperationException("Reading what rsync prints failed.", failure);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or FileNotFoundException)
        {
            throw new BackupException(RsyncErrors.CannotStart(program, exception.Message), exception);
        }

        void Fail(Exception exception)
        {
            failure ??= exception;
            kill.Cancel();
        }
    }

    private static (CommandTask<CommandResult> Running, CancellationTokenRegistration Interruption) Start(
        Command command, CancellationToken kill, CancellationToken stop)
    {
        if (!OperatingSystem.IsWindows())
            return (command.ExecuteAsync(kill, stop), default);
        if (!WindowsChild.CanBeInterrupted)
        {
            // CliWrap asks it by a helper program of its own, which needs .NET Framework. Where that cannot run, rsync is killed after its grace.
            CommandTask<CommandResult> started = command.ExecuteAsync(kill, stop);
            WindowsChild.Bind(started.ProcessId);
            return (started, default);
        }

        CommandTask<CommandResult> running = command.ExecuteAsync(WindowsChild.MakeInterruptible, null, kill, CancellationToken.None);
        WindowsChild.Bind(running.ProcessId);
        return (running, stop.Register(() =>
        {
            if (OperatingSystem.IsWindows())
                WindowsChild.Interrupt(running.ProcessId);
        }));
    }

    private delegate void Feed(ReadOnlySpan<byte> chunk);

    private static async Task PumpAsync(Stream stream, Feed feed, Action<Exception> fail, CancellationToken cancellationToken)
    {
        // The thread that starts every rsync reads none.
        await Task.Yield();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                feed(buffer.AsSpan(0, count));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            fail(exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
