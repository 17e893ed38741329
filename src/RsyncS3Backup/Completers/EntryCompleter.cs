using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Recovery;

namespace RsyncS3Backup.Completers;

/// <summary>Completes paths of a backup's entries, as the mirror of the job has them that the command names. Nothing is asked of S3.</summary>
public sealed class EntryCompleter : IArgumentCompleter
{
    private const int MostEntries = 1000;

    /// <summary>The entries whose path starts with what was typed; folders end in a slash.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        int leaf = typed.LastIndexOf('/') + 1;
        if (CompletedJob.Of(fakeBoundParameters)?.Options.Rsync.LocalDestination is not { } mirror)
            return [];
        try
        {
            DirectoryInfo folder = new(Path.Combine(mirror, ItemFilter.Clean(typed[..leaf])));
            return
            [
                .. folder.EnumerateFileSystemInfos()
                    .Where(entry => entry.Name.StartsWith(typed[leaf..], StringComparison.OrdinalIgnoreCase)
                        && !(leaf == 0 && entry.Name == RsyncS3Backup.Mirror.MirrorMarker.FileName))
                    .Take(MostEntries)
                    .OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase)
                    .Select(entry => Result(typed[..leaf], entry)),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A mirror that is not mounted has nothing to offer.
            return [];
        }
    }

    private static CompletionResult Result(string parent, FileSystemInfo entry)
    {
        bool isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
        string path = parent + WildcardPattern.Escape(entry.Name) + (isFolder ? "/" : "");
        bool isBare = path.All(character => char.IsLetterOrDigit(character) || character is '/' or '.' or '-' or '_');
        return new CompletionResult(
            isBare ? path : $"'{CodeGeneration.EscapeSingleQuotedStringContent(path)}'", entry.Name,
            isFolder ? CompletionResultType.ProviderContainer : CompletionResultType.ProviderItem, path);
    }
}

/// <summary>The job of a command that is being completed.</summary>
internal static class CompletedJob
{
    /// <summary>The job that stands in the command; null when none does, or it cannot be read.</summary>
    internal static BackupConfiguration? Of(IDictionary parameters)
    {
        string? Given(string name) => parameters[name] is { } value
            ? (value is object[] { Length: > 0 } several ? several[0] : value)?.ToString()
            : null;

        if (Given("Name") is { } name && !Input.JobReference.IsPath(name))
            return JobList.Read().Jobs.FirstOrDefault(job => job.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Configuration;
        try
        {
            string? path = Given("Name") ?? Given("ConfigPath");
            return path is null ? null : Configuration.ConfigurationReader.ReadFile(ConfigurationPathCompleter.Resolved(path)).Configuration;
        }
        catch (RuntimeException)
        {
            return null;
        }
    }
}
