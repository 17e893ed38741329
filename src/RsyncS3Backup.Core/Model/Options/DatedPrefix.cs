using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RsyncS3Backup;

/// <summary>
/// An <c>s3Prefix</c> with date tokens, read backwards: which prefixes it has given, and for which time each.
/// </summary>
internal sealed class DatedPrefix
{
    private const string Units = "yMdHms";

    // Together they tell apart what tokens of one letter may confuse: {yyyy}{M}{d} is 2026111 for two days.
    private static readonly DateTime[] Samples =
        [new(2026, 11, 25, 23, 59, 58), new(2026, 1, 11, 1, 11, 1), new(2026, 11, 1, 11, 1, 11), new(2031, 10, 2, 0, 0, 0)];

    private readonly string pattern;
    private readonly string format;

    /// <param name="s3Prefix">The prefix with its tokens; it is valid.</param>
    public DatedPrefix(string s3Prefix)
    {
        string named = KeyPrefix.WithHost(s3Prefix);
        pattern = named.EndsWith('/') ? named : named + "/";
        StringBuilder letters = new();
        foreach ((string text, bool isToken) in Parts(pattern))
            letters.Append(isToken ? text : string.Concat(text.Select(character => $"\\{character}")));
        format = letters.ToString();
        Segments = [.. pattern[..^1].Split('/').Select(segment => new DatedSegment(segment))];
    }

    /// <summary>What all prefixes start with: what stands before the first token, which may end within a folder's name.</summary>
    public string Start => pattern[..pattern.IndexOf('{', StringComparison.Ordinal)];

    /// <summary>The parts between slashes.</summary>
    public IReadOnlyList<DatedSegment> Segments { get; }

    /// <summary>
    /// True when each prefix stands for one stretch of time that never comes again, such as a day of a year; false for tokens like
    /// <c>{ddd}</c>, which take turns.
    /// </summary>
    public static bool NamesTimes(string? s3Prefix)
    {
        if (!KeyPrefix.HasDateTokens(s3Prefix) || KeyPrefix.TryExpand(s3Prefix!, DateTimeOffset.UnixEpoch, out _) is not null)
            return false;
        string tokens = string.Concat(Parts(KeyPrefix.WithHost(s3Prefix!)).Where(part => part.IsToken).Select(part => part.Text));
        int units = Units.TakeWhile(unit => tokens.Contains(unit, StringComparison.Ordinal)).Count();
        bool hasGap = Units[units..].Any(unit => tokens.Contains(unit, StringComparison.Ordinal));
        DatedPrefix dated = new(s3Prefix!);
        return units > 0 && !hasGap && Samples.All(sample =>
            dated.TryParse(dated.Expand(sample), out DateTime time) && time == Truncate(sample, units));
    }

    /// <summary>The time that a prefix stands for, in the job's time zone; false when the tokens do not give such a prefix.</summary>
    public bool TryParse(string keyPrefix, out DateTime time) =>
        DateTime.TryParseExact(keyPrefix, format, CultureInfo.InvariantCulture, DateTimeStyles.NoCurrentDateDefault, out time)
        && Expand(time) == keyPrefix;

    /// <summary>The beginning of what the tokens say of a time: of its day, for one.</summary>
    public DateTime Truncate(DateTime time) => TryParse(Expand(time), out DateTime start) ? start : time;

    private string Expand(DateTime time)
    {
        KeyPrefix.TryExpand(pattern, new DateTimeOffset(time, TimeSpan.Zero), out string expanded);
        return expanded;
    }

    /// <summary>Literal text and tokens, without their braces, in turn.</summary>
    internal static IEnumerable<(string Text, bool IsToken)> Parts(string pattern)
    {
        int position = 0;
        while (position < pattern.Length)
        {
            int open = pattern.IndexOf('{', position);
            if (open != position)
                yield return (pattern[position..(open < 0 ? pattern.Length : open)], false);
            if (open < 0)
                yield break;
            int close = pattern.IndexOf('}', open);
            yield return (pattern[(open + 1)..close], true);
            position = close + 1;
        }
    }

    private static DateTime Truncate(DateTime time, int units) => new(
        time.Year, units > 1 ? time.Month : 1, units > 2 ? time.Day : 1, units > 3 ? time.Hour : 0, units > 4 ? time.Minute : 0,
        units > 5 ? time.Second : 0);
}

/// <summary>One part of a dated prefix between slashes.</summary>
internal sealed class DatedSegment
{
    private readonly Regex? shape;

    /// <param name="text">The part, with its tokens.</param>
    public DatedSegment(string text)
    {
        Text = text;
        int open = text.IndexOf('{', StringComparison.Ordinal);
        Start = open < 0 ? text : text[..open];
        if (open >= 0)
        {
            // Names of months and days have letters.
            IEnumerable<string> parts = DatedPrefix.Parts(text).Select(part => part.IsToken ? "[0-9A-Za-z._-]+" : Regex.Escape(part.Text));
            shape = new Regex($"^{string.Concat(parts)}\\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
    }

    /// <summary>The part as it is written.</summary>
    public string Text { get; }

    /// <summary>What is before its first token.</summary>
    public string Start { get; }

    /// <summary>False when it is the same every day.</summary>
    public bool HasTokens => shape is not null;

    /// <summary>False for a name that its tokens cannot have given.</summary>
    public bool MayBe(string name) => shape?.IsMatch(name) ?? name == Text;
}
