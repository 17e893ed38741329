using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RsyncS3Backup.Completers;

/// <summary>Completes the names of jobs, and files where what was typed is a path, which a name may be.</summary>
public abstract class NameCompleter : IArgumentCompleter
{
    private readonly Names names;

    private protected NameCompleter(Func<IEnumerable<string>> read) => names = new Names(read);

    /// <summary>The names, or the folders and JSON files, that start with what was typed.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        IArgumentCompleter completer = (wordToComplete ?? "").AsSpan().ContainsAny('/', '\\') ? new ConfigurationPathCompleter() : names;
        return completer.CompleteArgument(commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters);
    }

    private sealed class Names(Func<IEnumerable<string>> read) : WordCompleter
    {
        private protected override IEnumerable<string> Words() => read();
    }
}
