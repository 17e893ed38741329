using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using CliWrap;
using RsyncS3Backup.Rsync.Invocation;

namespace RsyncS3Backup.Runs.Hooks;

/// <summary>Runs one program of a hook and comes back, whatever the program does.</summary>
internal static class HookProcess
{
    // A program that ended may have left a child behind that holds its output open, for hours if that is its purpose. So a read that begins after
    // its end, which a busy machine may come to late, waits no longer than this; and all of them together no longer than that.
    private static readonly TimeSpan AfterItsEnd = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AllAfterItsEnd = TimeSpan.FromSeconds(6);

    /// <summary>Runs it.</summary>
    /// <param name="start">What to start.</param>
    /// <param name="input">What it gets on its standard input; it need not read it.</param>
    /// <param name="output">Takes what it prints, to standard output and standard error.</param>
    /// <param name="errors">Takes what it prints to standard error alone.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Its exit code; null when it was killed because it took too long.</returns>
    /// <exception cref="OperationCanceledException">It was stopped by the token, and is gone with all that it started.</exception>
    /// <exception cref="Win32Exception">It could not be started.</exception>
    public static async Task<int?> RunAsync(
        HookStart start, byte[] input, HookOutput output, HookOutput errors, TimeSpan timeout, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenSource kill = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource ended = new();
        Command command = Cli.Wrap(start.Program)
            .WithArguments(start.Arguments)
            .WithEnvironmentVariables(start.Environment)
            .WithWorkingDirectory(start.Folder)
            .WithValidation(CommandResultValidation.None)
            // CliWrap stops writing when the program ends, and takes a closed pipe for no error.
            .WithStandardInputPipe(PipeSource.FromBytes(input))
            .WithStandardOutputPipe(PipeTarget.Create((stream, token) => PumpAsync(stream, [output], ended.Token, token)))
            .WithStandardErrorPipe(PipeTarget.Create((stream, token) => PumpAsync(stream, [output, errors], ended.Token, token)));
        // On the thread that starts every rsync: on another one the hook could inherit the change journal of another job's.
        CommandTask<CommandResult> running =
            await RsyncLifetime.StartAsync(() => command.ExecuteAsync(kill.Token), inherited: null).ConfigureAwait(false);
        // Longer ones than a timer takes are as good as none.
        kill.CancelAfter(timeout < TimeSpan.FromDays(40) ? timeout : TimeSpan.FromDays(40));
        Task tellsTheEnd = TellTheEndAsync(running.ProcessId, ended);
        try
        {
            return (await running.Task.ConfigureAwait(false)).ExitCode;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await tellsTheEnd.ConfigureAwait(false);
        }
    }

    private static async Task TellTheEndAsync(int processId, CancellationTokenSource ended)
    {
        try
        {
            using Process process = Process.GetProcessById(processId);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended already.
        }

        await ended.CancelAsync().ConfigureAwait(false);
    }

    private static async Task PumpAsync(Stream stream, HookOutput[] outputs, CancellationToken ended, CancellationToken killed)
    {
        await Task.Yield();
        Stopwatch? after = null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (int count = 1; count > 0 && !(after?.Elapsed > AllAfterItsEnd);)
            {
                using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(killed);
                using CancellationTokenRegistration end = ended.Register(() => stop.CancelAfter(AfterItsEnd));
                if (ended.IsCancellationRequested)
                    after ??= Stopwatch.StartNew();
                count = await stream.ReadAsync(buffer, stop.Token).ConfigureAwait(false);
                foreach (HookOutput output in outputs)
                    output.Add(buffer.AsSpan(0, count));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // What a child that was left behind prints is not kept.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>A program to start.</summary>
/// <param name="Program">Its absolute path.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Folder">Where it runs.</param>
/// <param name="Environment">Variables to set, and, with null, to take away.</param>
internal sealed record HookStart(
    string Program, IReadOnlyList<string> Arguments, string Folder, IReadOnlyDictionary<string, string?> Environment);
