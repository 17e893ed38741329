using System.Text;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// What of a mirror does not go to S3, in the patterns of rsync's <c>--exclude</c> and with their meaning: the first pattern that matches
/// decides, what is beneath an excluded folder is excluded, and wildcards match bytes of UTF-8. Pure. Source: "FILTER RULES" and "PATTERN
/// MATCHING RULES" in rsync(1).
/// </summary>
internal sealed class ExcludePatterns
{
    private readonly Rule[] rules;

    public ExcludePatterns(IEnumerable<string> patterns)
    {
        rules = [.. patterns.Select(pattern => new Rule(pattern))];
    }

    /// <summary>Excludes nothing.</summary>
    public static ExcludePatterns None { get; } = new([]);

    /// <summary>True when there is no pattern.</summary>
    public bool IsEmpty => rules.Length == 0;

    /// <summary>True for a file or folder that a pattern excludes, or that is beneath such a folder.</summary>
    /// <param name="relativeKey">The path below the mirror's root with <c>/</c> between parts; ends in <c>/</c> for a folder.</param>
    public bool IsExcluded(string relativeKey)
    {
        for (int slash = relativeKey.IndexOf('/', StringComparison.Ordinal);
            slash >= 0 && slash < relativeKey.Length - 1 && rules.Length > 0;
            slash = relativeKey.IndexOf('/', slash + 1))
        {
            if (IsExcludedItself(relativeKey[..(slash + 1)]))
                return true;
        }

        return IsExcludedItself(relativeKey);
    }

    /// <summary>As <see cref="IsExcluded"/>, for an entry whose folders are known not to be excluded.</summary>
    public bool IsExcludedItself(string relativeKey)
    {
        if (rules.Length == 0)
            return false;
        bool isFolder = relativeKey.EndsWith('/');
        byte[] name = Encoding.UTF8.GetBytes(isFolder ? relativeKey[..^1] : relativeKey);
        foreach (Rule rule in rules)
        {
            if (rule.Matches(name, isFolder))
                return !rule.IsInclude;
        }

        return false;
    }

    /// <summary>One pattern; the decisions are those of <c>add_rule</c> and <c>rule_matches</c> in rsync's exclude.c.</summary>
    private sealed class Rule
    {
        private readonly byte[] pattern;
        private readonly bool isAnchored;
        private readonly bool isFolderOnly;
        private readonly bool isWild;
        private readonly bool crossesSlashes;
        private readonly bool beginsWithTwoStars;
        private readonly bool endsWithThreeStars;
        private readonly int slashes;

        public Rule(string text)
        {
            IsInclude = text.StartsWith("+ ", StringComparison.Ordinal);
            if (IsInclude || text.StartsWith("- ", StringComparison.Ordinal))
                text = text[2..];
            isWild = text.AsSpan().ContainsAny('*', '[', '?');
            crossesSlashes = text.Contains("**", StringComparison.Ordinal);
            beginsWithTwoStars = text.StartsWith("**", StringComparison.Ordinal);
            endsWithThreeStars = text.EndsWith("***", StringComparison.Ordinal);
            isFolderOnly = text.Length > 1 && text.EndsWith('/');
            if (isFolderOnly)
                text = text[..^1];
            slashes = text.Count(character => character == '/');
            isAnchored = text.StartsWith('/');
            pattern = Encoding.UTF8.GetBytes(isAnchored ? text[1..] : text);
        }

        public bool IsInclude { get; }

        public bool Matches(ReadOnlySpan<byte> name, bool isFolder)
        {
            if (isFolderOnly && !isFolder)
                return false;
            bool isNameOnly = slashes == 0 && !crossesSlashes;
            if (isNameOnly)
                name = name[(name.LastIndexOf((byte)'/') + 1)..];
            if (!isWild)
                return isAnchored ? name.SequenceEqual(pattern) : IsEndOf(name);
            // A pattern that begins with "**/" also matches at the root, and one that ends in "/***" also the folder itself.
            byte[] text = [.. beginsWithTwoStars && !isNameOnly ? "/"u8 : [], .. name, .. isFolder && endsWithThreeStars ? "/"u8 : []];
            if (isAnchored || beginsWithTwoStars || isNameOnly)
                return Wildcards.Matches(pattern, text);
            return crossesSlashes
                ? Wildcards.MatchesAfterAnySlash(pattern, text)
                : Wildcards.Matches(pattern, LastParts(text, slashes + 1));
        }

        private bool IsEndOf(ReadOnlySpan<byte> name) =>
            name.EndsWith(pattern) && (name.Length == pattern.Length || name[name.Length - pattern.Length - 1] == '/');

        // Where there are fewer, an impossible text: no pattern with a slash in it matches one without.
        private static ReadOnlySpan<byte> LastParts(ReadOnlySpan<byte> text, int count)
        {
            for (int i = text.Length - 1; i >= 0; i--)
            {
                if (text[i] == '/' && --count == 0)
                    return text[(i + 1)..];
            }

            return count == 1 ? text : [];
        }
    }
}
