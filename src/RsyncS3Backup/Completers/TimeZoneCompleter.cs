namespace RsyncS3Backup.Completers;

/// <summary>Completes IANA time zones, e.g. <c>America/New_York</c>.</summary>
public sealed class TimeZoneCompleter : WordCompleter
{
    private protected override IEnumerable<string> Words() =>
        TimeZoneInfo.GetSystemTimeZones().Select(IanaId).OfType<string>().Distinct().Order(StringComparer.Ordinal);

    private static string? IanaId(TimeZoneInfo zone) =>
        zone.HasIanaId ? zone.Id : TimeZoneInfo.TryConvertWindowsIdToIanaId(zone.Id, out string? iana) ? iana : null;
}
