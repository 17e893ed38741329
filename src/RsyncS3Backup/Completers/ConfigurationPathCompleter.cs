using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RsyncS3Backup.Completers;

/// <summary>Completes folders and JSON files.</summary>
public sealed class ConfigurationPathCompleter : IArgumentCompleter
{
    /// <summary>What the engine offers for any path, without the files that are no JSON.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionCompleters.CompleteFilename(wordToComplete).Where(IsFolderOrJson);

    private static bool IsFolderOrJson(CompletionResult result) =>
        result.ResultType == CompletionResultType.ProviderContainer
        || result.ListItemText.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
}
