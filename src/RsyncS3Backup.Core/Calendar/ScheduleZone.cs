using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace RsyncS3Backup.Calendar;

/// <summary>A time zone under IANA's name, whichever name it was found by.</summary>
internal sealed partial class ScheduleZone
{
    // No offset from UTC was or is larger (tz database: -15:13:42 to +15:13:42, before 1900).
    private static readonly TimeSpan LargestOffset = TimeSpan.FromHours(16);

    // No two changes of a zone's offset are nearer to each other and undo each other.
    private static readonly TimeSpan Step = TimeSpan.FromHours(2);

    private static readonly string[] NoZones = ["localtime", "posixrules", "Factory"];

    private readonly TimeZoneInfo zone;

    private ScheduleZone(TimeZoneInfo zone, string name, string? ianaName)
    {
        this.zone = zone;
        Name = name;
        IanaName = ianaName;
    }

    /// <summary>The machine's own zone, as .NET knows it now.</summary>
    public static ScheduleZone Local => Of(TimeZoneInfo.Local);

    /// <summary>IANA's name where there is one, else the system's.</summary>
    public string Name { get; }

    /// <summary>IANA's name, e.g. <c>America/New_York</c>; null when the machine's own zone has none.</summary>
    public string? IanaName { get; }

    /// <summary>The zone of a name.</summary>
    /// <param name="name">IANA's name or Windows', in any case; null for the machine's zone.</param>
    /// <exception cref="BackupException">This machine knows no such zone (<c>TimeZoneUnknown</c>).</exception>
    public static ScheduleZone Find(string? name)
    {
        if (name is null)
            return Local;
        return TryFind(name, out ScheduleZone? zone, out string? problem)
            ? zone
            : throw new BackupException(ScheduleErrors.TimeZoneUnknown(name, problem));
    }

    /// <summary>The zone of a name.</summary>
    /// <param name="name">IANA's name or Windows', in any case.</param>
    /// <param name="zone">What was found.</param>
    /// <param name="problem">What is wrong, in a sentence that quotes <paramref name="name"/> and the name that is nearest to it.</param>
    public static bool TryFind(string name, [NotNullWhen(true)] out ScheduleZone? zone, [NotNullWhen(false)] out string? problem)
    {
        problem = null;
        if (IsName(name) && (Lookup(name) ?? InAnotherCase(name)) is { } found)
        {
            zone = Of(found);
            return true;
        }

        zone = null;
        string suggestion = ConfigurationText.DidYouMean(name, KnownNames());
        problem = $"{ConfigurationText.Quote(name)} is not a time zone that this machine knows.{suggestion}{WithoutIcu()}";
        return false;
    }

    /// <summary>A zone that .NET has given.</summary>
    public static ScheduleZone Of(TimeZoneInfo zone)
    {
        if (!zone.HasIanaId)
        {
            return TimeZoneInfo.TryConvertWindowsIdToIanaId(zone.Id, out string? converted)
                ? new ScheduleZone(zone, converted, converted)
                : new ScheduleZone(zone, zone.Id, null);
        }

        // .NET calls the machine's zone so where /etc/localtime is a copy that equals no file of the zone folder.
        return new ScheduleZone(zone, zone.Id, IsName(zone.Id) && zone.Id != "Local" ? zone.Id : null);
    }

    /// <summary>IANA's names of the zones that this machine knows.</summary>
    public static IEnumerable<string> KnownNames() =>
        TimeZoneInfo.GetSystemTimeZones().Select(known => Of(known).IanaName).OfType<string>().Distinct().Order(StringComparer.Ordinal);

    /// <summary>The offset from UTC at an instant.</summary>
    public TimeSpan OffsetAt(DateTime utc) => zone.GetUtcOffset(utc);

    /// <summary>An instant as the zone's clocks show it.</summary>
    public DateTimeOffset At(DateTime utc)
    {
        TimeSpan offset = OffsetAt(utc);
        return new DateTimeOffset(utc.Ticks, TimeSpan.Zero).ToOffset(offset);
    }

    /// <summary>The first change of the offset after one instant and not after another (UTC); null when there is none.</summary>
    public DateTime? FirstChange(DateTime after, DateTime until)
    {
        (DateTime before, TimeSpan offset) = (after, OffsetAt(after));
        while (before < until)
        {
            DateTime next = until - before > Step ? before + Step : until;
            if (OffsetAt(next) != offset)
                return Bisect(before, next, offset);
            before = next;
        }

        return null;
    }

    /// <summary>The latest that the zone's clocks have shown up to an instant: more than they show then in an hour that comes twice.</summary>
    public DateTime LatestShown(DateTime utc)
    {
        DateTime latest = Wall(utc, OffsetAt(utc));
        DateTime from = Earlier(utc, LargestOffset * 2);
        while (FirstChange(from, utc) is { } change)
        {
            // The change's own minute belongs to what comes after it.
            DateTime before = Wall(change, OffsetAt(from)).AddTicks(-1);
            if (before > latest)
                latest = before;
            from = change;
        }

        return latest;
    }

    /// <summary>
    /// The first instant at which the zone's clocks show a time or, where they skip it, a later one; with the times that are skipped there.
    /// </summary>
    public (DateTime Utc, SkippedTimes? Skipped) FirstAt(DateTime wall)
    {
        DateTime asUtc = DateTime.SpecifyKind(wall, DateTimeKind.Utc);
        DateTime start = Earlier(asUtc, LargestOffset);
        DateTime end = Later(asUtc, LargestOffset);
        TimeSpan offset = OffsetAt(start);
        while (FirstChange(start, end) is { } change)
        {
            if (wall < Wall(change, offset))
                break;
            TimeSpan next = OffsetAt(change);
            if (wall < Wall(change, next))
                return (change, new SkippedTimes(Wall(change, offset), Wall(change, next)));
            (start, offset) = (change, next);
        }

        return (DateTime.SpecifyKind(wall - offset, DateTimeKind.Utc), null);
    }

    /// <summary>True when the clocks show a time again after the instant at which they show it first.</summary>
    public bool ComesAgain(DateTime wall, DateTime first)
    {
        DateTime start = first;
        DateTime end = Later(first, LargestOffset * 2);
        while (FirstChange(start, end) is { } change)
        {
            if (Wall(change, OffsetAt(change)) <= wall)
                return true;
            start = change;
        }

        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>What the clocks show.</summary>
    internal static DateTime Wall(DateTime utc, TimeSpan offset) => DateTime.SpecifyKind(utc + offset, DateTimeKind.Unspecified);

    private static DateTime Earlier(DateTime utc, TimeSpan by) => utc - DateTime.MinValue > by ? utc - by : DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc);

    private static DateTime Later(DateTime utc, TimeSpan by) => DateTime.MaxValue - utc > by ? utc + by : DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);

    // On Unix .NET looks for a file of that name; a path out of the zone folder must not be followed. Some files there are no zones of
    // IANA's: copies under posix/, clocks with leap seconds under right/, and names that mean another zone on another machine.
    private static bool IsName(string name) => ZoneName().IsMatch(name) && !name.Contains("..", StringComparison.Ordinal)
        && !name.StartsWith("posix/", StringComparison.OrdinalIgnoreCase) && !name.StartsWith("right/", StringComparison.OrdinalIgnoreCase)
        && !NoZones.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static TimeZoneInfo? Lookup(string name)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? found))
            return null;
        return !found.HasIanaId && TimeZoneInfo.TryConvertWindowsIdToIanaId(found.Id, out string? iana)
            && TimeZoneInfo.TryFindSystemTimeZoneById(iana, out TimeZoneInfo? underItsName)
            ? underItsName
            : found;
    }

    // Windows has them from ICU, which it has since its version 1903, and Server since 2022; before, .NET knows no name of IANA's.
    private static string WithoutIcu() => OperatingSystem.IsWindows() && !TimeZoneInfo.TryConvertIanaIdToWindowsId("Europe/Berlin", out _)
        ? " This Windows has no ICU, so it knows its own names only, such as 'W. Europe Standard Time'."
        : "";

    // IANA's names are files on Linux, where case counts, as it does in ICU's table of Windows' names; on Windows it does not.
    private static TimeZoneInfo? InAnotherCase(string name) =>
        TimeZoneInfo.GetSystemTimeZones().SelectMany(NamesOf).FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Lookup(found)
            : null;

    private static IEnumerable<string> NamesOf(TimeZoneInfo known) =>
        TimeZoneInfo.TryConvertIanaIdToWindowsId(known.Id, out string? windows) ? [known.Id, windows] : [known.Id];

    private DateTime Bisect(DateTime before, DateTime changed, TimeSpan offset)
    {
        // Offsets change at whole seconds.
        long low = before.Ticks / TimeSpan.TicksPerSecond;
        long high = (changed.Ticks + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        while (high - low > 1)
        {
            long middle = low + ((high - low) / 2);
            if (OffsetAt(new DateTime(middle * TimeSpan.TicksPerSecond, DateTimeKind.Utc)) == offset)
                low = middle;
            else
                high = middle;
        }

        return new DateTime(high * TimeSpan.TicksPerSecond, DateTimeKind.Utc);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_+\-/ .()]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ZoneName();
}

/// <summary>Wall clock times that a zone skips.</summary>
/// <param name="From">The first that is skipped; what the clocks would have shown next.</param>
/// <param name="To">What they show instead.</param>
internal readonly record struct SkippedTimes(DateTime From, DateTime To);
