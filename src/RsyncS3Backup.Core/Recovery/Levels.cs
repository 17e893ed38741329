using System.Runtime.CompilerServices;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// What one path means without what is beneath it, as <c>Get-ChildItem</c> does: of a folder what is in it, of anything else itself, and with
/// wildcards what they match.
/// </summary>
internal sealed class Levels
{
    private readonly ItemFilter filter;
    private readonly string? literal;

    private Levels(string path, bool isLiteral)
    {
        filter = isLiteral ? ItemFilter.Literal([path]) : ItemFilter.Parse([path]);
        literal = filter.IsAll ? "" : !isLiteral && ItemFilter.HasWildcards(path) ? null : ItemFilter.Clean(path);
    }

    /// <summary>One for each path; for none of them the root.</summary>
    public static IEnumerable<Levels> Of(IReadOnlyList<string> paths, IReadOnlyList<string> literalPaths) => paths.Count + literalPaths.Count == 0
        ? [new Levels("", isLiteral: true)]
        : paths.Select(path => new Levels(path, isLiteral: false)).Concat(literalPaths.Select(path => new Levels(path, isLiteral: true)));

    /// <summary>What is meant.</summary>
    /// <param name="list">What is right in a folder, given with a slash at its end; empty for the root.</param>
    /// <param name="keyOf">The relative key of an entry; ends in a slash for a folder.</param>
    public IEnumerable<T> Walk<T>(Func<string, IEnumerable<T>> list, Func<T, string> keyOf)
    {
        if (literal is null)
            return Matching("", list, keyOf);
        if (literal.Length == 0)
            return list("");
        List<T> inner = [.. list(literal + "/")];
        // Most often a path is of a folder; then the folder that it is in need not be listed.
        return inner.Count > 0 ? inner : list(Parent(literal)).Where(entry => keyOf(entry).TrimEnd('/') == literal);
    }

    /// <summary>Likewise.</summary>
    public async IAsyncEnumerable<T> WalkAsync<T>(Func<string, IAsyncEnumerable<T>> list, Func<T, string> keyOf)
    {
        if (literal is { Length: > 0 })
        {
            bool isAny = false;
            await foreach (T item in list(literal + "/").ConfigureAwait(false))
            {
                isAny = true;
                yield return item;
            }

            if (isAny)
                yield break;
            await foreach (T item in list(Parent(literal)).ConfigureAwait(false))
            {
                if (keyOf(item).TrimEnd('/') == literal)
                    yield return item;
            }

            yield break;
        }

        await foreach (T item in (literal is null ? MatchingAsync("", list, keyOf) : list("")).ConfigureAwait(false))
            yield return item;
    }

    private static string Parent(string path) => path[..(path.LastIndexOf('/') + 1)];

    private IEnumerable<T> Matching<T>(string folder, Func<string, IEnumerable<T>> list, Func<T, string> keyOf)
    {
        foreach (T entry in list(folder))
        {
            string key = keyOf(entry);
            if (filter.Matches(key))
            {
                yield return entry;
            }
            else if (key.EndsWith('/') && filter.MayHold(key))
            {
                foreach (T inner in Matching(key, list, keyOf))
                    yield return inner;
            }
        }
    }

    private async IAsyncEnumerable<T> MatchingAsync<T>(
        string folder, Func<string, IAsyncEnumerable<T>> list, Func<T, string> keyOf, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (T item in list(folder).ConfigureAwait(false))
        {
            string key = keyOf(item);
            if (filter.Matches(key))
            {
                yield return item;
            }
            else if (key.EndsWith('/') && filter.MayHold(key))
            {
                await foreach (T inner in MatchingAsync(key, list, keyOf, cancellationToken).ConfigureAwait(false))
                    yield return inner;
            }
        }
    }
}
