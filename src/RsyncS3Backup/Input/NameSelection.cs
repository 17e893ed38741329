using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>Which of several things a name or a wildcard means.</summary>
internal static class NameSelection
{
    /// <summary>
    /// Those of the name: in this case, else in another one, else those that it matches as a wildcard. A name may hold what looks like a
    /// wildcard, and means itself alone then; so does what <see cref="WildcardPattern.Escape(string)"/> makes of it, also where nothing has it.
    /// </summary>
    /// <param name="all">What there is.</param>
    /// <param name="nameOf">Its names.</param>
    /// <param name="name">The name or wildcard.</param>
    internal static IReadOnlyList<T> Matches<T>(IReadOnlyCollection<T> all, Func<T, string> nameOf, string name)
    {
        bool isPattern = WildcardPattern.ContainsWildcardCharacters(name);
        string[] literals = isPattern ? [name] : [name, Shown(name)];
        foreach (string literal in literals)
        {
            foreach (StringComparison comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
            {
                T[] exact = [.. all.Where(item => nameOf(item).Equals(literal, comparison))];
                if (exact.Length > 0)
                    return exact;
            }
        }

        WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        return isPattern ? [.. all.Where(item => pattern.IsMatch(nameOf(item)))] : [];
    }

    /// <summary>Those of some names, in the order of what there is; all without a name.</summary>
    /// <param name="all">What there is.</param>
    /// <param name="nameOf">Its names.</param>
    /// <param name="names">Names, with or without wildcards; none: all.</param>
    /// <param name="missing">Told of each plain name that nothing has.</param>
    internal static IReadOnlyList<T> Choose<T>(
        IReadOnlyList<T> all, Func<T, string> nameOf, IReadOnlyCollection<string> names, Action<string> missing)
    {
        if (names.Count == 0)
            return all;
        HashSet<T> chosen = [];
        foreach (string name in names)
        {
            IReadOnlyList<T> matches = Matches(all, nameOf, name);
            chosen.UnionWith(matches);
            if (matches.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                missing(Shown(name));
        }

        return [.. all.Where(chosen.Contains)];
    }

    /// <summary>The name as a message calls it: without the escapes that only kept it from being a wildcard.</summary>
    internal static string Shown(string name) => WildcardPattern.ContainsWildcardCharacters(name) ? name : WildcardPattern.Unescape(name);
}
