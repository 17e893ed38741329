using System.Buffers;
using System.Globalization;
using System.Text;

namespace RsyncS3Backup;

/// <summary>
/// The start of every key of a job. <c>s3Prefix</c> may hold date tokens in braces, such as <c>{yyyy-MM-dd}</c>: .NET custom date
/// formats made of <c>y M d H m s</c> and <c>- _ .</c> only; and <c>{host}</c>, the name of the machine, so that one job file does for several.
/// </summary>
public static class KeyPrefix
{
    private const string HostToken = "{host}";

    private static readonly SearchValues<char> TokenLetters = SearchValues.Create("yMdHms");
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("yMdHms-_.");

    /// <summary>What <c>{host}</c> is on this machine: its name without its domain, in lower case, with nothing in it but letters, digits and <c>-</c>.</summary>
    public static string Host { get; } = HostOf(Environment.MachineName);

    /// <summary>The prefix of one run: tokens expanded, with a <c>/</c> at its end unless it is empty.</summary>
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
        if (s3Prefix.AsSpan().ContainsAny('{', '}'))
        {
            TimeZoneInfo zone = timezone is null ? TimeZoneInfo.Local : TimeZoneInfo.FindSystemTimeZoneById(timezone);
            if (TryExpand(s3Prefix, TimeZoneInfo.ConvertTime(now, zone), out expanded) is { } problem)
                throw new FormatException(problem);
        }

        return expanded.Length == 0 || expanded.EndsWith('/') ? expanded : expanded + "/";
    }

    /// <summary>True when the prefix differs from run to run.</summary>
    public static bool HasDateTokens(string? s3Prefix) => s3Prefix is not null && WithHost(s3Prefix).AsSpan().ContainsAny('{', '}');

    /// <summary>The prefix with this machine's name for <c>{host}</c>, and date tokens as they are.</summary>
    internal static string WithHost(string s3Prefix) => s3Prefix.Replace(HostToken, Host, StringComparison.Ordinal);

    /// <summary>A machine's name as it stands in a key.</summary>
    internal static string HostOf(string machineName)
    {
        string name = machineName.Split('.')[0].ToLowerInvariant();
        return name.Length == 0 ? "localhost" : string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-'));
    }

    /// <summary>Expands the tokens; returns what is wrong with them, or null.</summary>
    internal static string? TryExpand(string s3Prefix, DateTimeOffset at, out string expanded)
    {
        StringBuilder result = new();
        expanded = "";
        s3Prefix = WithHost(s3Prefix);
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
                return $"{ConfigurationText.Quote($"{{{token}}}")} is neither a date token nor '{HostToken}'.";
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
