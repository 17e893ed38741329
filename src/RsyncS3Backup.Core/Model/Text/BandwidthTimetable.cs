using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace RsyncS3Backup;

/// <summary>
/// A limit that depends on the time of the day, as people write it: <c>08:00 1MiB, 18:00 4MiB, 23:00 off</c>. Each time begins a limit that holds
/// until the next one; the last one holds over midnight, until the first.
/// </summary>
internal sealed class BandwidthTimetable
{
    /// <summary>What a time of no limit is called.</summary>
    public const string Off = "off";

    private readonly (TimeOnly From, long? BytesPerSecond)[] entries;

    private BandwidthTimetable((TimeOnly From, long? BytesPerSecond)[] entries) => this.entries = entries;

    /// <summary>Reads one.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="timetable">It; null where it is none.</param>
    /// <param name="problem">What is wrong, in a sentence; null where nothing is.</param>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out BandwidthTimetable? timetable, [NotNullWhen(false)] out string? problem)
    {
        timetable = null;
        List<(TimeOnly From, long? BytesPerSecond)> entries = [];
        foreach (string entry in text.Split(','))
        {
            problem = Read(entry.Trim(), entries);
            if (problem is not null)
                return false;
        }

        if (entries.Count == 1)
        {
            problem = $"{ConfigurationText.Quote(text)} has one time, and what begins then would hold all day: write the limit without a time.";
            return false;
        }

        problem = null;
        timetable = new BandwidthTimetable([.. entries]);
        return true;
    }

    /// <summary>True for a text that is meant as one.</summary>
    public static bool IsMeant(string text) => text.Contains(':', StringComparison.Ordinal);

    /// <summary>The bytes a second at a time of the day; null: as many as there are.</summary>
    public long? At(TimeOnly time)
    {
        int index = Array.FindLastIndex(entries, entry => entry.From <= time);
        return entries[index < 0 ? ^1 : index].BytesPerSecond;
    }

    private static string? Read(string entry, List<(TimeOnly From, long? BytesPerSecond)> entries)
    {
        string quoted = ConfigurationText.Quote(entry);
        int blank = entry.IndexOf(' ', StringComparison.Ordinal);
        if (blank < 0 || !TimeOnly.TryParseExact(entry[..blank], "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly from))
            return $"{quoted} does not begin with a time of the day and a blank.";
        string limit = entry[blank..].Trim();
        long bytes = 0;
        if (limit != Off && !BandwidthText.TryParse(limit, out bytes))
            return $"{ConfigurationText.Quote(limit)} in {quoted} is not a number of bytes a second, at least 1024.";
        if (entries.Count > 0 && from == entries[^1].From)
            return $"{quoted} begins at the same time as the entry before it.";
        if (entries.Count > 0 && from < entries[^1].From)
            return $"{quoted} begins before the entry that stands before it.";
        entries.Add((from, limit == Off ? null : bytes));
        return null;
    }
}
