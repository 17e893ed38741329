using System.Text;
using CliWrap;
using CliWrap.Buffered;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Schedulers;

/// <summary>Runs the programs by which schedulers are told what to do.</summary>
internal static class NativeProgram
{
    /// <summary>How long a program may take.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    // Bytes as they are: a crontab may be in any encoding.
    private static readonly Encoding Bytes = Encoding.Latin1;

    // Messages in English, which some of them are known by.
    private static Dictionary<string, string?> Environment => new()
    {
        ["LC_ALL"] = "C",
        ["SYSTEMD_COLORS"] = "0",
        ["SYSTEMD_PAGER"] = "",
        ["PATH"] = ProgramFinder.SafePath,
    };

    /// <summary>Runs a program of the system to its end.</summary>
    /// <returns>Null when there is no such program.</returns>
    /// <exception cref="BackupException">It does not end.</exception>
    public static async Task<ProgramAnswer?> RunAsync(
        string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken, string? input = null)
    {
        if (ProgramFinder.FindOfSystem(program) is not { } path)
            return null;
        Command command = Cli.Wrap(path)
            .WithArguments(arguments)
            .WithWorkingDirectory(ProgramFinder.SafeFolder)
            .WithEnvironmentVariables(Environment);
        if (input is not null)
            command = command.WithStandardInputPipe(PipeSource.FromBytes(Bytes.GetBytes(input)));
        try
        {
            return await RunAsync(command, program, arguments, cancellationToken).ConfigureAwait(false)
                ?? throw new BackupException(NativeScheduleErrors.ProgramHangs(program, arguments, Patience));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Starts a program as a scheduler does, and waits for its end.</summary>
    /// <returns>Null when it did not end in time; then it is gone, with all that it started.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public static async Task<ProgramAnswer?> RunAsync(ScheduledStart start, CancellationToken cancellationToken)
    {
        // Null takes away what is this session's.
        Dictionary<string, string?> environment = System.Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .ToDictionary(name => name, _ => (string?)null);
        foreach ((string name, string value) in start.Environment)
            environment[name] = value;
        Command command = Cli.Wrap(start.Program)
            .WithArguments(start.Arguments)
            .WithWorkingDirectory(start.Folder)
            .WithEnvironmentVariables(environment);
        return await RunAsync(command, start.Program, start.Arguments, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ProgramAnswer?> RunAsync(
        Command command, string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            BufferedCommandResult result = await command.WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(Bytes, limit.Token).ConfigureAwait(false);
            return new ProgramAnswer(program, arguments, result.ExitCode, result.StandardOutput, result.StandardError.Trim());
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}

/// <summary>What a program said.</summary>
/// <param name="Program">The program.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">Its output; each character is one byte.</param>
/// <param name="Error">Its error output.</param>
internal sealed record ProgramAnswer(string Program, IReadOnlyList<string> Arguments, int ExitCode, string Output, string Error)
{
    /// <summary>Whether it succeeded.</summary>
    public bool IsGood => ExitCode == 0;

    /// <summary>The output as text.</summary>
    public string Text => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Output));

    /// <summary>What to show of a failure.</summary>
    public string Complaint => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Error.Length > 0 ? Error : Output.Trim())) is { Length: > 0 } text
        ? text
        : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"it ended with code {ExitCode}");

    /// <summary>This answer, when it succeeded.</summary>
    /// <exception cref="BackupException">It did not.</exception>
    public ProgramAnswer Required(string jobName) =>
        IsGood ? this : throw new BackupException(NativeScheduleErrors.Refused(jobName, Program, Arguments, Complaint));
}
