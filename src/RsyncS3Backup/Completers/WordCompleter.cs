using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RsyncS3Backup.Completers;

/// <summary>Completes a parameter from a list of words.</summary>
public abstract class WordCompleter : IArgumentCompleter
{
    /// <summary>The words that start with what was typed come first, then those that have it at the start of a later part.</summary>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string typed = (wordToComplete ?? "").Trim('\'', '"');
        string[] words = [.. Words(parameterName)];
        IEnumerable<string> startsWith = words.Where(word => word.StartsWith(typed, StringComparison.OrdinalIgnoreCase));
        IEnumerable<string> partStartsWith = words.Where(word => PartStartsWith(word, typed));
        return startsWith.Concat(partStartsWith).Distinct(StringComparer.Ordinal).Select(Result);
    }

    /// <summary>The words, in the order in which they are offered.</summary>
    private protected abstract IEnumerable<string> Words();

    /// <summary>The words for one of several parameters.</summary>
    private protected virtual IEnumerable<string> Words(string parameterName) => Words();

    private static bool PartStartsWith(string word, string typed)
    {
        for (int position = 1; position <= word.Length - typed.Length; position++)
        {
            if (word[position - 1] is '/' or '_' or '-'
                && word.AsSpan(position).StartsWith(typed, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static CompletionResult Result(string word)
    {
        bool isBare = word.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '/' or '.' or '+');
        string text = isBare ? word : $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'";
        return new CompletionResult(text, word, CompletionResultType.ParameterValue, word);
    }
}
