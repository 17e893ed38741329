using System.Globalization;
using System.Xml.Linq;

namespace RsyncS3Backup.Schedulers.Launchd;

/// <summary>The property list of an agent or a daemon of macOS. Pure.</summary>
internal static class LaunchdText
{
    private const string Mark = " RsyncS3Backup: ";

    /// <summary>The property list.</summary>
    public static string PropertyList(ScheduleRegistration registration)
    {
        XElement dictionary = new(
            "dict",
            Pair("Label", Text(registration.EntryName)),
            Pair("ProgramArguments", new XElement(
                "array", registration.Arguments(delaysItself: true).Prepend(registration.Program).Select(Text))),
            registration.ShellEnvironment.Count == 0 ? null : Pair("EnvironmentVariables", new XElement(
                "dict", registration.ShellEnvironment.Select(variable => Pair(variable.Key, Text(variable.Value))))),
            Pair("StartCalendarInterval", new XElement("array", Moments(registration.Trigger))),
            // What was missed while the machine was off is found at its start; what was missed asleep, launchd makes good itself.
            Pair("RunAtLoad", new XElement(registration.CatchUp ? "true" : "false")),
            // Any file system that is mounted; the check looks whether it is the one.
            registration.Drive is null ? null : Pair("StartOnMount", new XElement("true")),
            Pair("ProcessType", Text("Background")),
            Pair("LowPriorityIO", new XElement("true")),
            Pair("Nice", new XElement("integer", "10")),
            Pair("AbandonProcessGroup", new XElement("false")));
        if (!registration.IsEnabled)
            dictionary.Add(Pair("Disabled", new XElement("true")));
        XElement root = new("plist", new XAttribute("version", "1.0"), dictionary);
        return $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
            <!--{Mark}{registration.ToJson()} -->
            {root}

            """;
    }

    /// <summary>Why launchd cannot have the command; null when it can.</summary>
    public static string? Obstacle(ScheduleRegistration registration) =>
        registration.Words().All(XmlText.IsPossible)
            ? null
            : "its command holds a character that XML cannot hold.";

    /// <summary>What a property list was made from; null when it is not one of this module's.</summary>
    public static ScheduleRegistration? Registration(string text)
    {
        int start = text.IndexOf("<!--" + Mark, StringComparison.Ordinal);
        int end = start < 0 ? -1 : text.IndexOf(" -->", start, StringComparison.Ordinal);
        return end < 0 ? null : ScheduleRegistration.FromJson(text[(start + 4 + Mark.Length)..end]);
    }

    // No hour: at this minute of each (launchd.plist(5), "StartCalendarInterval").
    private static IEnumerable<XElement> Moments(NativeTrigger trigger) => trigger.DayOf(BackupScheduler.Launchd) is { } day
        ? day.Minutes.Where(minute => minute % 60 != 0).Select(minute => Moment(minute / 60, minute % 60)).Prepend(Moment(null, 0))
        : trigger.Minutes.Select(minute => Moment(null, minute));

    private static XElement Moment(int? hour, int minute) =>
        new("dict", hour is { } number ? Pair("Hour", Number(number)) : null, Pair("Minute", Number(minute)));

    private static XElement Number(int number) => new("integer", number.ToString(CultureInfo.InvariantCulture));

    private static object[] Pair(string key, XElement value) => [new XElement("key", key), value];

    private static XElement Text(string text) => new("string", text);
}
