using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RsyncS3Backup.Schedulers.Windows;

/// <summary>The XML of a task of Windows, version 1.4 of its schema (MS-TSCH 2.5). Pure.</summary>
internal static partial class TaskXml
{
    /// <summary>More triggers a task cannot have (MS-TSCH 2.5.3).</summary>
    public const int MostTriggers = 48;

    /// <summary>The longest path of a program that a task starts (MS-TSCH 2.5.8.1, pathType).</summary>
    public const int LongestCommand = 260;

    private const string LocalSystem = "S-1-5-18";

    private static readonly XNamespace Schema = "http://schemas.microsoft.com/windows/2004/02/mit/task";

    /// <summary>The arguments of a task's program.</summary>
    /// <param name="registration">What is registered.</param>
    /// <param name="isCheck">Whether it only reads the job and says that it is ready.</param>
    // Who may write the launcher was looked at; a machine where scripts may not run, or not those from another one, is to make backups too. What
    // a group policy says counts for more than this.
    public static IReadOnlyList<string> Arguments(ScheduleRegistration registration, bool isCheck = false) =>
        [.. Policy, .. registration.Arguments(delaysItself: true, isCheck)];

    private static string[] Policy => ["-ExecutionPolicy", "Bypass"];

    /// <summary>Why the Task Scheduler cannot have it, and what to do; null when it can.</summary>
    public static (string Reason, string WayOut)? Obstacle(ScheduleRegistration registration)
    {
        if (!Arguments(registration).Append(registration.Program).Append(registration.JobName).All(XmlText.IsPossible))
            return ("its command or its name holds a character that XML cannot hold.", "Rename the job, or the file or folder that has it.");
        // There is no way to write a percent sign that is none (not tried on Windows).
        if (Arguments(registration).Append(registration.Program).FirstOrDefault(word => VariableName().IsMatch(word)) is { } word)
        {
            return ($"'{word}' holds {VariableName().Match(word).Value}, for which the Task Scheduler puts the value of a variable.",
                "Rename the job, or the file or folder that has it.");
        }

        if (registration.Program.Length > LongestCommand)
        {
            return (string.Create(
                CultureInfo.InvariantCulture, $"the path of PowerShell has {registration.Program.Length} characters, and a task takes {LongestCommand}."),
                "Install PowerShell in a folder with a shorter path.");
        }

        return registration.Trigger.DayOf(BackupScheduler.TaskScheduler) is null && registration.Trigger.Interval is null && registration.Trigger.Minutes.Count + (registration.Drive is null ? 0 : 1) > MostTriggers
            ? (string.Create(
                CultureInfo.InvariantCulture,
                $"its expression has {registration.Trigger.Minutes.Count} minutes of the hour, and a task has at most {MostTriggers} triggers."),
                "Choose minutes at equal distances, such as */5.")
            : null;
    }

    /// <summary>The task.</summary>
    /// <param name="registration">What is registered.</param>
    /// <param name="user">The user that a user's task runs as, by its SID: a name need not be known where the account is of the cloud.</param>
    public static string Task(ScheduleRegistration registration, string user)
    {
        bool isSystem = registration.Scope == BackupScheduleScope.System;
        XElement task = new(
            Schema + "Task",
            new XAttribute("version", "1.4"),
            Element(
                "RegistrationInfo",
                Element("URI", TaskName(registration)),
                Element("Description", NativeNames.OneLine($"Starts backup '{registration.JobName}' when it is due.")),
                Element("Documentation", registration.ToJson())),
            Element("Triggers", [.. Triggers(registration), .. registration.Drive is null ? [] : new[] { DriveTrigger() }]),
            Element(
                "Principals",
                new XElement(
                    Schema + "Principal",
                    new XAttribute("id", "Author"),
                    Element("UserId", isSystem ? LocalSystem : user),
                    // Whether the user is logged in or not, without a stored password. A service's account has no kind of logon.
                    isSystem ? null : Element("LogonType", "S4U"),
                    Element("RunLevel", isSystem ? "HighestAvailable" : "LeastPrivilege"))),
            Element(
                "Settings",
                Element("MultipleInstancesPolicy", "IgnoreNew"),
                // The defaults of these five keep a laptop's backup from running, or kill it after three days.
                Element("DisallowStartIfOnBatteries", "false"),
                Element("StopIfGoingOnBatteries", "false"),
                Element("AllowHardTerminate", "true"),
                Element("StartWhenAvailable", registration.CatchUp ? "true" : "false"),
                Element("RunOnlyIfNetworkAvailable", "false"),
                Element("IdleSettings", Element("StopOnIdleEnd", "false"), Element("RestartOnIdle", "false")),
                Element("AllowStartOnDemand", "true"),
                Element("Enabled", registration.IsEnabled ? "true" : "false"),
                Element("Hidden", "false"),
                Element("RunOnlyIfIdle", "false"),
                Element("WakeToRun", "false"),
                Element("ExecutionTimeLimit", "PT0S"),
                Element("Priority", "7")),
            new XElement(
                Schema + "Actions",
                new XAttribute("Context", "Author"),
                Element(
                    "Exec",
                    Element("Command", registration.Program),
                    Element("Arguments", Line(Arguments(registration))))));
        return $"""<?xml version="1.0" encoding="UTF-16"?>{"\r\n"}{task.ToString().ReplaceLineEndings("\r\n")}{"\r\n"}""";
    }

    /// <summary>The task's name, with its folder: the root, because an empty folder of our own would stay behind.</summary>
    public static string TaskName(ScheduleRegistration registration) => "\\" + registration.EntryName;

    /// <summary>What a task was made from; null when it is not one of this module's.</summary>
    public static ScheduleRegistration? Registration(string xml) =>
        Parse(xml)?.Element(Schema + "RegistrationInfo")?.Element(Schema + "Documentation")?.Value is { } text
            ? ScheduleRegistration.FromJson(text)
            : null;

    /// <summary>What a task that Windows gave back has that it should not have, in words; null when all is well.</summary>
    /// <remarks>Windows adds elements and orders them anew, so texts cannot be compared.</remarks>
    /// <param name="xml">What Windows gave back.</param>
    /// <param name="registration">What it should be.</param>
    /// <param name="takesEarlier">True to take a task as an earlier version registered it: it starts the job, where scripts may run.</param>
    public static string? Difference(string xml, ScheduleRegistration registration, bool takesEarlier = false)
    {
        if (Parse(xml) is not { } found || Registration(xml) is not { } stored)
            return "it is not a task of this module";
        if (stored.ToJson() != registration.ToJson())
            return "it was registered from something else";
        XElement wanted = Parse(Task(registration, "user"))!;
        string[] paths =
        [
            "Actions/Exec/Command", "Actions/Exec/Arguments", "Settings/ExecutionTimeLimit", "Settings/DisallowStartIfOnBatteries",
            "Settings/StopIfGoingOnBatteries", "Settings/StartWhenAvailable", "Settings/Enabled", "Triggers/EventTrigger/Subscription",
        ];
        foreach (string path in paths)
        {
            string actual = ValueAt(found, path) ?? Default(path);
            string should = ValueAt(wanted, path) ?? Default(path);
            // Earlier versions registered it without the policy.
            bool isAsEarlier = takesEarlier && path == "Actions/Exec/Arguments" && IsPrinted(should, $"{Line(Policy)} {actual}");
            if (!IsPrinted(should, actual) && !isAsEarlier)
                return $"its {path} is '{actual}', not '{should}'";
        }

        string[] starts = Starts(found);
        return starts.SequenceEqual(Starts(wanted)) ? null : $"its triggers start at {string.Join(", ", starts)}";
    }

    /// <summary>An argument as CommandLineToArgvW reads it.</summary>
    public static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.All(c => !char.IsWhiteSpace(c) && c != '"'))
            return argument;
        StringBuilder text = new("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            // Backslashes count only before a quotation mark, and there each of them twice.
            text.Append('\\', c == '"' ? backslashes + 1 : 0);
            text.Append(c);
            backslashes = c == '\\' ? backslashes + 1 : 0;
        }

        return text.Append('\\', backslashes).Append('"').ToString();
    }

    /// <summary>True for what schtasks may print of a text; the line of JSON has all of it.</summary>
    /// <remarks>
    /// It prints in the console's code page, which turns what is not ASCII into something else: into nothing, a question mark, the letter without its
    /// accent, or bytes of which some are ASCII themselves (the second byte of a character in code page 932 can be a backslash).
    /// </remarks>
    private static bool IsPrinted(string text, string printed)
    {
        // UTF-16 units to bytes of a code page, at most.
        const int longest = 4;
        StringBuilder pattern = new("^");
        for (int at = 0; at < text.Length;)
        {
            int end = at;
            while (end < text.Length && !char.IsAscii(text[end]))
                end++;
            if (end > at)
                pattern.Append(CultureInfo.InvariantCulture, $".{{0,{(end - at) * longest}}}");
            for (at = end; end < text.Length && char.IsAscii(text[end]); end++)
            {
            }

            pattern.Append(Regex.Escape(text[at..end]));
            at = end;
        }

        return Regex.IsMatch(printed, pattern.Append(@"\z").ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    private static string Line(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quote));

    private static IEnumerable<XElement> Triggers(ScheduleRegistration registration)
    {
        if (registration.Trigger.DayOf(BackupScheduler.TaskScheduler) is { } day)
        {
            // The check of every hour is at the full hours of UTC.
            return day.Minutes.Where(minute => !day.IsUtc || minute % 60 != 0).Select(minute => Daily(minute, day.IsUtc)).Prepend(Repeated(0, "PT1H"));
        }

        return registration.Trigger.Interval is { } interval
            ? [Repeated(registration.Trigger.Minutes[0], string.Create(CultureInfo.InvariantCulture, $"PT{interval}M"))]
            : registration.Trigger.Minutes.Select(minute => Repeated(minute, "PT1H"));
    }

    // Windows notes each drive that is connected there, without being told to (not tried). What is mounted then needs a moment.
    private static XElement DriveTrigger()
    {
        const string log = "Microsoft-Windows-Partition/Diagnostic";
        return Element(
            "EventTrigger",
            Element("Enabled", "true"),
            Element("Subscription", $"""<QueryList><Query Id="0" Path="{log}"><Select Path="{log}">*[System[EventID=1006]]</Select></Query></QueryList>"""),
            Element("Delay", "PT30S"));
    }

    private static XElement Daily(int minute, bool isUtc) => Element(
        "CalendarTrigger", Element("Enabled", "true"), Start(minute, isUtc), Element("ScheduleByDay", Element("DaysInterval", "1")));

    private static XElement Repeated(int minute, string interval) => Element(
        "CalendarTrigger",
        Element("Enabled", "true"),
        Start(minute, isUtc: true),
        Element("Repetition", Element("Interval", interval), Element("Duration", "P1D"), Element("StopAtDurationEnd", "false")),
        Element("ScheduleByDay", Element("DaysInterval", "1")));

    // With its Z it goes by UTC, where no hour is missing or comes twice; without, by the machine's clocks.
    private static XElement Start(int minute, bool isUtc) => Element(
        "StartBoundary", string.Create(CultureInfo.InvariantCulture, $"2020-01-01T{minute / 60:00}:{minute % 60:00}:00{(isUtc ? "Z" : "")}"));

    private static XElement Element(string name, params object?[] content) => new(Schema + name, content);

    private static string[] Starts(XElement task) =>
        [.. task.Descendants(Schema + "StartBoundary").Select(start => start.Value).Order(StringComparer.Ordinal)];

    private static string? ValueAt(XElement task, string path) =>
        path.Split('/').Aggregate((XElement?)task, (element, step) => element?.Element(Schema + step))?.Value;

    // Windows leaves out what has its default.
    private static string Default(string path) => path switch
    {
        "Settings/Enabled" or "Settings/DisallowStartIfOnBatteries" or "Settings/StopIfGoingOnBatteries" => "true",
        "Settings/StartWhenAvailable" => "false",
        "Settings/ExecutionTimeLimit" => "PT72H",
        _ => "",
    };

    private static XElement? Parse(string xml)
    {
        try
        {
            // The declaration says UTF-16, which a string no longer is.
            int start = xml.IndexOf("<Task", StringComparison.Ordinal);
            return start < 0 ? null : XElement.Parse(xml[start..]);
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }

    [GeneratedRegex("%[A-Za-z_][A-Za-z0-9_()]*%", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();
}
