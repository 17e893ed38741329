using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RsyncS3Backup.Completers;

/// <summary>Completes folders and JSON files.</summary>
public sealed class ConfigurationPathCompleter : IArgumentCompleter
{
    // A completer has no session state of its own; a script block has that of the session it is called in, with its $PWD and its drives.
    private static readonly ScriptBlock Resolve =
        ScriptBlock.Create("$ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($args[0])");

    /// <summary>The folders and JSON files whose path starts with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        int leaf = typed.AsSpan().LastIndexOfAny('/', '\\') + 1;
        string parent = typed[..leaf];
        try
        {
            string folder = Resolved(parent.Length == 0 ? "." : parent);
            return [.. Entries(folder)
                .Where(entry => entry.Name.StartsWith(typed[leaf..], StringComparison.OrdinalIgnoreCase))
                .Select(entry => Result(parent + entry.Name, entry))];
        }
        catch (Exception exception) when (exception is RuntimeException or IOException or UnauthorizedAccessException)
        {
            // Nothing to offer for a folder that is not there.
            return [];
        }
    }

    /// <summary>A path as the session that completes means it.</summary>
    internal static string Resolved(string path) => Resolve.InvokeReturnAsIs(path) is { } resolved ? resolved.ToString()! : path;

    private static IEnumerable<FileSystemInfo> Entries(string folder) => new DirectoryInfo(folder).EnumerateFileSystemInfos()
        .Where(entry => entry is DirectoryInfo || entry.Extension.Equals(".json", StringComparison.OrdinalIgnoreCase))
        .OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase);

    private static CompletionResult Result(string path, FileSystemInfo entry)
    {
        bool isBare = path.All(character => char.IsLetterOrDigit(character) || character is '/' or '\\' or '.' or '-' or '_' or ':' or '~');
        string text = isBare ? path : $"'{CodeGeneration.EscapeSingleQuotedStringContent(path)}'";
        CompletionResultType type = entry is DirectoryInfo ? CompletionResultType.ProviderContainer : CompletionResultType.ProviderItem;
        return new CompletionResult(text, entry.Name, type, entry.FullName);
    }
}
