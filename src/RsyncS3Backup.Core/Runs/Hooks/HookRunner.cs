using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Hooks;

/// <summary>Runs the hooks of a job. No shell is between us and them.</summary>
internal sealed class HookRunner(BackupConfiguration configuration, RunContext context, KnownSecrets secrets)
{
    /// <summary>The prefix of the variables that a hook finds in its environment.</summary>
    public const string VariablePrefix = "RSYNCS3BACKUP_";

    private const int LongestLine = 300;

    /// <summary>Runs one hook; null when the job has none.</summary>
    public async Task<BackupHookResult?> RunAsync(BackupHook hook, RunReport report, CancellationToken cancellationToken)
    {
        if (Command(hook) is not { } command)
            return null;
        BackupHookResult result = new()
        {
            Hook = hook,
            Command = command.ToString(),
            Status = BackupStatus.Succeeded,
            StartTime = DateTimeOffset.Now,
        };
        string name = ConfigurationKeys.NameOf(hook);
        long started = Stopwatch.GetTimestamp();
        HookOutput output = new();
        HookOutput errors = new();
        context.Verbose($"Hook '{name}' starts: {command}");
        try
        {
            HookStart start = Start(command, Variables(hook, report));
            int? exitCode = await HookProcess.RunAsync(start, RunReportJson.ToUtf8(report), output, errors, command.Timeout, cancellationToken)
                .ConfigureAwait(false);
            result = result with { ExitCode = exitCode };
            if (exitCode is null)
                result = Failed(HookErrors.TimedOut(hook, result.Command, command.Timeout));
            else if (exitCode != 0)
                result = Failed(HookErrors.Failed(hook, result.Command, exitCode.Value, LastLine(output, errors)));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            result = result with { Status = BackupStatus.Cancelled };
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            result = Failed(HookErrors.CannotStart(hook, result.Command, exception.GetBaseException().Message));
        }

        result = result with { Duration = Stopwatch.GetElapsedTime(started) };
        Tell(name, result, output);
        return result;

        BackupHookResult Failed(BackupError error) => result with { Status = BackupStatus.Failed, Error = error };
    }

    private HookCommand? Command(BackupHook hook) => hook switch
    {
        BackupHook.Before => configuration.Hooks?.Before,
        BackupHook.AfterSuccess => configuration.Hooks?.AfterSuccess,
        BackupHook.AfterFailure => configuration.Hooks?.AfterFailure,
        _ => configuration.Hooks?.Finally,
    };

    private void Tell(string name, BackupHookResult result, HookOutput output)
    {
        string printed = secrets.Hide(output.Text());
        if (printed.Length > 0)
            context.Verbose($"Hook '{name}' printed:\n{printed}");
        string took = HumanText.Duration(result.Duration);
        if (result.Status == BackupStatus.Succeeded)
            context.Verbose($"Hook '{name}' ended after {took}.");
        else if (result.Status == BackupStatus.Cancelled)
            context.Warning($"The hook '{name}' ({result.Command}) was stopped after {took}, because the run was.");
        else if (result.Hook == BackupHook.Before)
            context.LogError(result.Error!);
        else
            context.Warning(result.Error!.Message);
    }

    private HookStart Start(HookCommand command, Dictionary<string, string?> variables)
    {
        string? folder = configuration.Path is { } path ? Path.GetDirectoryName(path) : null;
        if (folder is null || !Directory.Exists(folder))
            folder = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home ? home : Path.GetTempPath();
        if (command.Script is { } script)
        {
            if (!File.Exists(script))
                throw new FileNotFoundException("there is no such file.");
            return script.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase)
                ? new HookStart(PowerShell(), ["-NoProfile", "-NonInteractive", "-File", script], folder, variables)
                : new HookStart(script, [], folder, variables);
        }

        string program = ProgramFinder.Find(command.Command[0]) ?? throw new FileNotFoundException(
            command.Command[0].Contains('/', StringComparison.Ordinal) ? "there is no such file." : "there is no program of that name on the PATH.");
        return new HookStart(program, [.. command.Command.Skip(1)], folder, variables);
    }

    /// <summary>The pwsh that we run in, else the one on the PATH.</summary>
    private static string PowerShell()
    {
        const string name = "pwsh";
        if (Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own).Equals(name, StringComparison.OrdinalIgnoreCase))
            return own;
        return ProgramFinder.Find(name) ?? throw new FileNotFoundException("a .ps1 needs 'pwsh', and there is none on the PATH.");
    }

    private Dictionary<string, string?> Variables(BackupHook hook, RunReport report) => new(StringComparer.Ordinal)
    {
        [VariablePrefix + "HOOK"] = ConfigurationKeys.NameOf(hook),
        [VariablePrefix + "JOB"] = report.Name,
        [VariablePrefix + "RUN_ID"] = report.RunId,
        [VariablePrefix + "CONFIG_PATH"] = configuration.Path,
        [VariablePrefix + "LOG_PATH"] = report.LogPath,
        // Null takes away what a hook inherits that runs a job itself.
        [VariablePrefix + "STATUS"] = report.Status?.ToString(),
        [VariablePrefix + "EXIT_CODE"] = report.ExitCode is { } code ? ((int)code).ToString(CultureInfo.InvariantCulture) : null,
        [VariablePrefix + "ERROR_ID"] = report.Error?.Id,
        // A hook runs in the configuration's folder, where a relative entry would be a folder that nobody meant.
        ["PATH"] = ProgramFinder.SafePath,
    };

    // The two come by pipes of their own, and which of them said its last line later nobody knows.
    private string LastLine(HookOutput output, HookOutput errors)
    {
        string text = secrets.Hide(errors.Text() is { Length: > 0 } said ? said : output.Text());
        string line = new([.. text[(text.LastIndexOf('\n') + 1)..].Trim().Where(character => !char.IsControl(character))]);
        return RunSummary.Shorten(ShownText.OneLine(line), LongestLine);
    }
}
