namespace RsyncS3Backup.Mirror;

/// <summary>
/// rsync's wildcards over bytes: <c>*</c> and <c>?</c> stop at a slash, <c>**</c> does not, <c>[a-z]</c>, <c>[!a]</c> and <c>[[:digit:]]</c>
/// are sets, a backslash takes the next byte as it is. Results and order of tries are those of rsync's wildmatch.c.
/// </summary>
internal static class Wildcards
{
    private enum Result
    {
        Match,
        NoMatch,

        /// <summary>The text ended first: a shorter rest of it cannot match either.</summary>
        TextEnded,

        /// <summary>A single star met a slash: only a double star before it can help.</summary>
        MetSlash,
    }

    /// <summary>True when the pattern matches the whole text.</summary>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text) => Match(pattern, text) == Result.Match;

    /// <summary>True when the pattern matches the whole text, or what follows one of its slashes.</summary>
    public static bool MatchesAfterAnySlash(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        Result result = Match(pattern, text);
        while (result is not (Result.Match or Result.TextEnded))
        {
            int slash = text.IndexOf((byte)'/');
            if (slash < 0)
                return false;
            text = text[(slash + 1)..];
            result = Match(pattern, text);
        }

        return result == Result.Match;
    }

    private static Result Match(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        int at = 0;
        for (int i = 0; i < pattern.Length; i++, at++)
        {
            if (pattern[i] == '*')
                return MatchStar(pattern[i..], text[at..]);
            if (at >= text.Length)
                return Result.TextEnded;
            switch (pattern[i])
            {
                case (byte)'?':
                    if (text[at] == '/')
                        return Result.NoMatch;
                    break;
                case (byte)'[':
                    if (!Set.TryRead(pattern, ref i, text[at], out bool isIn))
                        return Result.TextEnded;
                    if (!isIn || text[at] == '/')
                        return Result.NoMatch;
                    break;
                case (byte)'\\':
                    i++;
                    if (i >= pattern.Length || pattern[i] != text[at])
                        return Result.NoMatch;
                    break;
                default:
                    if (pattern[i] != text[at])
                        return Result.NoMatch;
                    break;
            }
        }

        return at == text.Length ? Result.Match : Result.NoMatch;
    }

    private static Result MatchStar(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> rest = pattern.TrimStart((byte)'*');
        bool crossesSlashes = pattern.Length - rest.Length > 1;
        if (rest.IsEmpty)
            return crossesSlashes || !text.Contains((byte)'/') ? Result.Match : Result.NoMatch;
        for (; !text.IsEmpty; text = text[1..])
        {
            Result result = Match(rest, text);
            if (result != Result.NoMatch)
            {
                if (!crossesSlashes || result != Result.MetSlash)
                    return result;
            }
            else if (!crossesSlashes && text[0] == '/')
            {
                return Result.MetSlash;
            }
        }

        return Result.TextEnded;
    }

    private static class Set
    {
        /// <summary>Reads a set; <paramref name="i"/> stands on its first bracket before, on its last one afterwards.</summary>
        /// <returns>False for a set without end.</returns>
        public static bool TryRead(ReadOnlySpan<byte> pattern, ref int i, byte value, out bool isIn)
        {
            isIn = false;
            i++;
            bool isNegated = i < pattern.Length && pattern[i] is (byte)'!' or (byte)'^';
            if (isNegated)
                i++;
            bool found = false;
            byte previous = 0;
            do
            {
                if (i >= pattern.Length)
                    return false;
                byte current = pattern[i];
                if (current == '\\')
                {
                    if (++i >= pattern.Length)
                        return false;
                    current = pattern[i];
                    found |= value == current;
                }
                else if (current == '-' && previous != 0 && i + 1 < pattern.Length && pattern[i + 1] != ']')
                {
                    current = pattern[++i];
                    if (current == '\\')
                    {
                        if (++i >= pattern.Length)
                            return false;
                        current = pattern[i];
                    }

                    found |= value >= previous && value <= current;
                    current = 0;
                }
                else if (current == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':')
                {
                    int end = pattern[(i + 2)..].IndexOf((byte)']');
                    if (end < 0)
                        return false;
                    ReadOnlySpan<byte> name = pattern.Slice(i + 2, end);
                    if (name.IsEmpty || name[^1] != ':')
                    {
                        found |= value == '[';
                    }
                    else
                    {
                        if (IsOfClass(System.Text.Encoding.ASCII.GetString(name[..^1]), (char)value) is not { } isOfClass)
                            return false;
                        found |= isOfClass;
                        i += 2 + end;
                        current = 0;
                    }
                }
                else
                {
                    found |= value == current;
                }

                previous = current;
                i++;
            }
            while (i >= pattern.Length || pattern[i] != ']');

            isIn = found != isNegated;
            return true;
        }

        private static bool? IsOfClass(string name, char value) => name switch
        {
            "alnum" => char.IsAsciiLetterOrDigit(value),
            "alpha" => char.IsAsciiLetter(value),
            "blank" => value is ' ' or '\t',
            "cntrl" => value is < ' ' or '\x7F',
            "digit" => char.IsAsciiDigit(value),
            "graph" => value is > ' ' and < '\x7F',
            "lower" => char.IsAsciiLetterLower(value),
            "print" => value is >= ' ' and < '\x7F',
            "punct" => char.IsAscii(value) && (char.IsPunctuation(value) || char.IsSymbol(value)),
            "space" => value is ' ' or (>= '\t' and <= '\r'),
            "upper" => char.IsAsciiLetterUpper(value),
            "xdigit" => char.IsAsciiHexDigit(value),
            _ => null,
        };
    }
}
