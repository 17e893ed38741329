using System.Buffers;
using System.Globalization;
using System.Text;

namespace RsyncS3Backup;

/// <summary>
/// The start of every key of a job. <c>s3Prefix</c> may hold date tokens in braces, such as <c>{yyyy-MM-dd}</c>: .NET custom date
/// formats made of <c>y M d H m s</c> and <c>- _ .</c> only.
/// </summary>
public static class KeyPrefix
{
    private static readonly SearchValues<char> TokenLetters = SearchValues.Create("yMdHms");
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("yMdHms-_.");

    /// <summary>The prefix of one run: date tokens expanded, with a <c>/</c> at its end unless it is empty.</summary>
    /// <param name="s3Prefix">What the job says; null for <c>rsync/{jobName}/</c>; empty for the bucket's root.</param>
    /// <param name="jobName">The job's name; braces in it are kept as they are.</param>
    /// <param name="now">The instant whose date the tokens show.</param>
    /// <param name="timezone">The IANA zone in which that date is read; null for the machine's.</param>
    /// <exception cref="FormatException">The braces or a token in them are not valid.</exception>
    /// <exception cref="TimeZoneNotFoundException">The machine does not know the zone.</exception>
    public static string Resolve(string? s3Prefix, string jobName, DateTimeOffset now, string? timezone)
    {
        if (s3Prefix is null)
            return $"rsync/{jobName}/";
        string expanded = s3Prefix;
        if (HasDateTokens(s3Prefix))
        {
            TimeZoneInfo zone = timezone is null ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(timezone);
            if (TryExpand(s3Prefix, TimeZoneInfo.ConvertTime(now, zone), out expanded) is { } problem)
                throw new FormatException(problem);
        }

        return expanded.Length == 0 || expanded.EndsWith('/') ? expanded : expanded + "/";
    }

    /// <summary>True when the prefix differs from run to run.</summary>
    public static bool HasDateTokens(string? s3Prefix) => s3Prefix is not null && s3Prefix.AsSpan().ContainsAny('{', '}');

    /// <summary>Expands the tokens; returns what is wrong with them, or null.</summary>
    internal static string? TryExpand(string s3Prefix, DateTimeOffset at, out string expanded)
    {
        StringBuilder result = new();
        expanded = "";
        for (int position = 0; position < s3Prefix.Length; position++)
        {
            char character = s3Prefix[position];
            if (character == '}')
                return "A '}' closes no '{'.";
            if (character != '{')
            {
                result.Append(character);
                continue;
            }

            int end = s3Prefix.IndexOf('}', position + 1);
            if (end < 0)
                return "A '{' is not closed.";
            string token = s3Prefix[(position + 1)..end];
            if (!IsToken(token))
                return $"{ConfigurationText.Quote($"{{{token}}}")} is no date token.";
            // One letter alone is a standard format for .NET ({d} would print slashes); "%" makes it a custom one.
            result.Append(at.ToString(token.Length == 1 ? "%" + token : token, CultureInfo.InvariantCulture));
            position = end;
        }

        expanded = result.ToString();
        return null;
    }

    private static bool IsToken(string token) =>
        token.AsSpan().ContainsAny(TokenLetters) && !token.AsSpan().ContainsAnyExcept(TokenCharacters);
}
