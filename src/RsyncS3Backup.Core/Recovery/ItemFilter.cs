using System.Text;
using System.Text.RegularExpressions;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// Which entries of a copy are meant by paths: each is an entry and, when that is a folder, everything beneath it. With wildcards, <c>*</c>
/// and <c>?</c> stop at a slash, <c>**</c> does not, <c>[a-z]</c> is a set, and a backtick takes the next character as it is, as PowerShell's
/// does. A path that is there exactly as it is written is meant too, so that names with brackets need no backtick; who writes or deletes asks
/// <see cref="WhatIsThereAloneAsync"/>, which then means it alone. Pure.
/// </summary>
internal sealed class ItemFilter
{
    private readonly Pattern[] patterns;

    private ItemFilter(IEnumerable<Pattern> patterns) => this.patterns = [.. patterns];

    /// <summary>True for a path that may mean several entries.</summary>
    public static bool HasWildcards(string path) => path.AsSpan().ContainsAny("*?[`");

    /// <summary>True when nothing is left out.</summary>
    public bool IsAll => patterns.Length == 0 || patterns.Any(pattern => pattern.IsAll);

    /// <summary>Paths that may hold wildcards, and paths as they are; none of both: everything.</summary>
    public static ItemFilter Parse(IEnumerable<string> paths, IEnumerable<string>? literalPaths = null) => new(
        paths.Select(path => new Pattern(Clean(path), isLiteral: false))
            .Concat((literalPaths ?? []).Select(path => new Pattern(Clean(path), isLiteral: true))));

    /// <summary>Paths as they are.</summary>
    public static ItemFilter Literal(IEnumerable<string> paths) => new(paths.Select(path => new Pattern(Clean(path), isLiteral: true)));

    /// <summary>
    /// Paths that may hold wildcards, of which one that is there exactly as it is written means that entry alone: <c>photos [2024]</c> is not
    /// <c>photos 2</c> too where there is a folder of that name.
    /// </summary>
    /// <param name="paths">Paths that may hold wildcards.</param>
    /// <param name="literalPaths">Paths as they are. None of both: everything.</param>
    /// <param name="isThere">Whether the copy has anything that a filter means; asked for paths with wildcards only.</param>
    public static async Task<ItemFilter> WhatIsThereAloneAsync(
        IReadOnlyList<string> paths, IReadOnlyList<string> literalPaths, Func<ItemFilter, Task<bool>> isThere)
    {
        List<Pattern> patterns = [.. literalPaths.Select(path => new Pattern(Clean(path), isLiteral: true))];
        foreach (string path in paths)
        {
            bool isLiteral = !HasWildcards(path) || await isThere(Literal([path])).ConfigureAwait(false);
            patterns.Add(new Pattern(Clean(path), isLiteral));
        }

        return new ItemFilter(patterns);
    }

    /// <summary>True for an entry that is meant.</summary>
    /// <param name="relativeKey">The path below the root with <c>/</c> between parts; a slash at its end makes no difference.</param>
    public bool Matches(string relativeKey)
    {
        if (patterns.Length == 0)
            return true;
        string path = relativeKey.EndsWith('/') ? relativeKey[..^1] : relativeKey;
        return patterns.Any(pattern => pattern.Matches(path));
    }

    /// <summary>True for a folder beneath which something may be meant.</summary>
    /// <param name="relativeKey">The folder's path below the root; a slash at its end makes no difference.</param>
    public bool MayHold(string relativeKey)
    {
        if (patterns.Length == 0)
            return true;
        string folder = relativeKey.EndsWith('/') ? relativeKey[..^1] : relativeKey;
        return patterns.Any(pattern => pattern.MayHold(folder));
    }

    /// <summary>
    /// What has to be listed to see everything that is meant, and little else. In key order, and no key is in two of them, so that listings
    /// one after the other are in key order too.
    /// </summary>
    public IReadOnlyList<KeyRange> Ranges()
    {
        if (IsAll)
            return [KeyRange.Everything];
        List<KeyRange> sorted = [.. patterns.SelectMany(pattern => pattern.Ranges()).Distinct()];
        sorted.Sort((left, right) => KeyOrder.Compare(left.Start, right.Start) is var order and not 0
            ? order
            : left.IsOneKey.CompareTo(right.IsOneKey));
        List<KeyRange> apart = [];
        foreach (KeyRange range in sorted)
        {
            if (!apart.Exists(earlier => !earlier.IsOneKey && range.Start.StartsWith(earlier.Start, StringComparison.Ordinal)))
                apart.Add(range);
        }

        return apart;
    }

    /// <summary>A path in the form of a relative key, without a slash at either end.</summary>
    public static string Clean(string path)
    {
        string slashes = OperatingSystem.IsWindows() ? path.Replace('\\', '/') : path;
        IEnumerable<string> parts = slashes.Split('/').Where(part => part is not ("" or "."));
        return string.Join('/', parts);
    }

    private sealed class Pattern
    {
        private static readonly char[] Special = ['*', '?', '[', '`'];

        private readonly string text;
        private readonly Regex? whole;
        private readonly Regex?[] parts = [];
        private readonly bool isLiteral;

        public Pattern(string text, bool isLiteral)
        {
            this.text = text;
            this.isLiteral = isLiteral;
            if (isLiteral || text.IndexOfAny(Special) < 0)
                return;
            whole = Compile(text, andBeneath: true);
            // Beneath "**" anything may be.
            parts = [.. text.Split('/').Select(part => part.Contains("**", StringComparison.Ordinal) ? null : Compile(part, andBeneath: false))];
        }

        public bool IsAll => text.Length == 0 || (!isLiteral && text is ("**" or "*"));

        public bool Matches(string path) => IsAll || IsAtOrBeneath(path, text) || whole?.IsMatch(path) == true;

        public bool MayHold(string folder)
        {
            if (IsAll || folder.Length == 0 || IsAtOrBeneath(folder, text) || IsAtOrBeneath(text, folder))
                return true;
            if (whole is null)
                return false;
            string[] names = folder.Split('/');
            for (int i = 0; i < names.Length && i < parts.Length; i++)
            {
                if (parts[i] is not { } part)
                    return true;
                if (!part.IsMatch(names[i]))
                    return false;
            }

            return true;
        }

        public IEnumerable<KeyRange> Ranges()
        {
            if (whole is null)
                return [new KeyRange(text, IsOneKey: true), new KeyRange(text + "/", IsOneKey: false)];
            return [new KeyRange(text[..text.IndexOfAny(Special)], IsOneKey: false)];
        }

        private static bool IsAtOrBeneath(string path, string folder) =>
            path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/');

        private static Regex Compile(string pattern, bool andBeneath)
        {
            StringBuilder regex = new("^");
            for (int i = 0; i < pattern.Length; i++)
            {
                switch (pattern[i])
                {
                    case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                        while (i + 1 < pattern.Length && pattern[i + 1] == '*')
                            i++;
                        // "a/**/b" is "a/b" too.
                        bool isWholePart = i + 1 < pattern.Length && pattern[i + 1] == '/' && (regex.Length == 1 || regex[^1] == '/');
                        regex.Append(isWholePart ? "(?:.*/)?" : ".*");
                        i += isWholePart ? 1 : 0;
                        break;
                    case '*':
                        regex.Append("[^/]*");
                        break;
                    case '?':
                        regex.Append("(?:[\uD800-\uDBFF][\uDC00-\uDFFF]|[^/])");
                        break;
                    case '[' when SetEnd(pattern, i) is var end and > 0:
                        regex.Append('[').Append(Set(pattern[(i + 1)..end])).Append(']');
                        i = end;
                        break;
                    case '`' when i + 1 < pattern.Length:
                        regex.Append(Regex.Escape(pattern[++i].ToString()));
                        break;
                    default:
                        regex.Append(Regex.Escape(pattern[i].ToString()));
                        break;
                }
            }

            regex.Append(andBeneath ? @"(?:/.*)?\z" : @"\z");
            // Without backtracking no pattern takes longer than its text is long.
            return new Regex(regex.ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
        }

        // A set ends within its part of the path.
        private static int SetEnd(string pattern, int start)
        {
            int end = pattern.IndexOf(']', start + 1);
            bool isSet = end > start + 1 && pattern.IndexOf('/', start, end - start) < 0;
            return isSet ? end : -1;
        }

        // Ranges keep their meaning, and nothing else of a regular expression's set has one.
        private static string Set(string characters)
        {
            StringBuilder set = new();
            for (int i = 0; i < characters.Length; i++)
            {
                bool isRange = characters[i] == '-' && i > 0 && i < characters.Length - 1 && characters[i + 1] > characters[i - 1];
                set.Append(isRange ? "-" : $@"\u{(int)characters[i]:X4}");
            }

            return set.ToString();
        }
    }
}
