using System.Globalization;
using System.Text;

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

    public static BackupError Malformed(string? path, string reason, int line, int column)
    {
        string message = string.Create(
            CultureInfo.InvariantCulture, $"{Subject(path)} is not JSON at line {line}, column {column}: {reason}");
        return Make(ErrorIds.ConfigurationMalformed, BackupErrorCategory.InvalidData, path, message, "Correct the file at that place.");
    }

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
