namespace Mutations;

/// <summary>Mutants that change nothing that can be seen, each with its reason.</summary>
/// <remarks>
/// By their texts and not by their lines, so that an edit elsewhere keeps them. A block of the list, after which comes an empty line:
/// <code>
/// Rsync/DeletionJudgement.cs Of
/// - refused &lt; 0
/// + refused &lt;= 0
/// The reason.
/// </code>
/// </remarks>
internal sealed class Equivalents
{
    private readonly Dictionary<(string File, string Member, string Original, string Mutated), bool> entries = [];

    /// <summary>Reads the list.</summary>
    /// <exception cref="FormatException">A block is not like that.</exception>
    public static Equivalents Parse(string text)
    {
        Equivalents list = new();
        foreach (string block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] lines = [.. block.Split('\n').Where(line => !line.StartsWith('#'))];
            if (lines.Length == 0)
                continue;
            if (lines is not [var place, var original, var mutated, _, ..] || place.Split(' ') is not [var file, var member]
                || !original.StartsWith('-') || !mutated.StartsWith('+'))
                throw new FormatException($"This is no mutant with a reason:\n{block}");
            list.entries[(file, member, original[1..].Trim(), mutated[1..].Trim())] = false;
        }

        return list;
    }

    /// <summary>True when the mutant is in the list.</summary>
    public bool Has(Mutant mutant)
    {
        var key = (mutant.File, mutant.Member, mutant.Original, mutant.Mutated);
        if (!entries.ContainsKey(key))
            return false;
        entries[key] = true;
        return true;
    }

    /// <summary>What is in the list and was not asked for in any of the files: no such mutant survives.</summary>
    public IEnumerable<string> Unused(IReadOnlyCollection<string> files) =>
        entries.Where(entry => !entry.Value && files.Contains(entry.Key.File))
            .Select(entry => $"{entry.Key.File} {entry.Key.Member}: {entry.Key.Original} → {entry.Key.Mutated}");
}
