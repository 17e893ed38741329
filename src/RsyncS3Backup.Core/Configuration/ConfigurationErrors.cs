using System.Globalization;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Configuration;

/// <summary>The errors of reading a configuration. All of them end a run before anything is touched.</summary>
internal static class ConfigurationErrors
{
    public static BackupError NotFound(string path) =>
        Make(ErrorIds.ConfigurationNotFound, BackupErrorCategory.ObjectNotFound, path,
            $"The configuration file '{path}' does not exist.",
            "Check the path, or make a file with New-BackupConfiguration.");

    public static BackupError Unreadable(string path, string reason) =>
        Make(ErrorIds.ConfigurationUnreadable, BackupErrorCategory.ReadError, path,
            $"The configuration file '{path}' cannot be read: {reason}",
            "Make it a file that the user who runs the backup may read.");

    /// <summary>Others could have written a file that a job takes values from.</summary>
    public static BackupError Unsafe(string path, string problem) =>
        Make(ErrorIds.JobFileUnsafe, BackupErrorCategory.PermissionDenied, path,
            $"The configuration file '{path}', which jobs take values from, is not used: {problem}",
            "Who writes it decides what is deleted and which programs run. Let it and its folder belong to you or to the administrator, and let nobody else "
            + $"write them ({FileSafety.HowToClose}).");

    public static BackupError Malformed(string? path, JsonException exception)
    {
        (int line, int column) = PlaceOf(exception);
        // The message ends in the place once more, counted from 0.
        int end = exception.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string reason = end < 0 ? exception.Message : exception.Message[..end];
        string message = string.Create(
            CultureInfo.InvariantCulture, $"{Subject(path)} is not JSON at line {line}, column {column}: {reason}");
        return Make(ErrorIds.ConfigurationMalformed, BackupErrorCategory.InvalidData, path, message, "Correct the file at that place.");
    }

    /// <summary>Where something is not JSON, line and column from 1.</summary>
    public static (int Line, int Column) PlaceOf(JsonException exception) =>
        ((int)(exception.LineNumber ?? 0) + 1, (int)(exception.BytePositionInLine ?? 0) + 1);

    public static BackupError Invalid(string? path, IReadOnlyList<ConfigurationProblem> problems)
    {
        StringBuilder message = new();
        string noun = problems.Count == 1 ? "problem" : "problems";
        message.Append(CultureInfo.InvariantCulture, $"{Subject(path)} has {problems.Count} {noun}:");
        int number = 0;
        foreach (ConfigurationProblem problem in problems)
        {
            message.Append("\n  ");
            // PowerShell shows a message as one paragraph, in which lines would run into one another.
            if (problems.Count > 1)
                message.Append(CultureInfo.InvariantCulture, $"({++number}) ");
            if (problem.Path != path)
                message.Append(CultureInfo.InvariantCulture, $"'{problem.Path}', ");
            if (problem.Line is { } line)
                message.Append(CultureInfo.InvariantCulture, $"line {line}, ");
            message.Append(problem);
        }

        return Make(ErrorIds.ConfigurationInvalid, BackupErrorCategory.InvalidData, path, message.ToString(),
            "Correct every line named; Get-Help about_RsyncS3Backup_Configuration describes all keys.");
    }

    private static string Subject(string? path) => path is null ? "The configuration" : $"The configuration file '{path}'";

    private static BackupError Make(
        string id, BackupErrorCategory category, string? target, string message, string action) =>
        BackupError.Make(
            id, category, message, action, target, BackupExitCode.BadConfiguration, hasLines: id == ErrorIds.ConfigurationInvalid);
}
