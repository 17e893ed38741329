using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Commands;

/// <summary>
/// Takes a time that begins with the year (<c>2026-11-01</c>, <c>2026-11-01T02:00Z</c>) for the same in every culture: PowerShell reads it in the
/// session's calendar, in which 2026 is a year of the 15th century (th-TH) or of the 27th (fa-IR). Everything else is left to PowerShell.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed partial class TimeTransformationAttribute : ArgumentTransformationAttribute
{
    /// <summary>True for a time that belongs to no zone, which becomes a <see cref="DateTime"/>.</summary>
    public bool IsWallTime { get; init; }

    /// <summary>A text that begins with the year as a time; all else as it is.</summary>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is not string text || !YearFirst().IsMatch(text))
            return inputData;
        CultureInfo invariant = CultureInfo.InvariantCulture;
        if (IsWallTime)
            return DateTime.TryParse(text, invariant, DateTimeStyles.AllowWhiteSpaces, out DateTime wall) ? wall : inputData;
        return DateTimeOffset.TryParse(text, invariant, DateTimeStyles.AssumeLocal | DateTimeStyles.AllowWhiteSpaces, out DateTimeOffset time)
            ? time
            : inputData;
    }

    [GeneratedRegex(@"^\s*[0-9]{4}[-/.][0-9]", RegexOptions.CultureInvariant)]
    private static partial Regex YearFirst();
}
