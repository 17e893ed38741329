using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Text;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup;

/// <summary>
/// The texts of the module's views, called by RsyncS3Backup.format.ps1xml. It reads properties by name, so that results that came back from a
/// job or another machine look the same.
/// </summary>
public static class ViewText
{
    private const int DayLength = 10;
    private const string Minutes = "yyyy-MM-dd HH:mm";
    private const string Reset = "\u001b[0m";
    private static readonly string[] PartNames = ["Stage1", "Stage2", "Test", "Repair"];

    // One text for all screens: results are compared, searched and sent to others.
    private static CultureInfo Invariant => CultureInfo.InvariantCulture;

    /// <summary>What others named, for a terminal; empty for nothing.</summary>
    public static string Plain(object? value) => ShownText.Of(value?.ToString() ?? "");

    /// <summary>
    /// Whether a status is coloured: on a terminal that shows colours, unless <c>$PSStyle</c> asks for plain text or PowerShell writes to a file
    /// or a pipe of the system.
    /// </summary>
    public static bool Colors(PSHost host, object? style) =>
        Value(PSObject.AsPSObject(host.UI), "SupportsVirtualTerminal") is true
        && !(host.Name == "ConsoleHost" && Console.IsOutputRedirected)
        && !(style is not null && Text(PSObject.AsPSObject(style), "OutputRendering") == "PlainText");

    /// <summary>
    /// A status for a column of 9: a success with warnings is a success, and <see cref="Problem"/> says how many warnings there are.
    /// </summary>
    public static string TableStatus(PSObject item, bool color) => Short(Text(item, "Status"), color);

    private static string Short(string status, bool color) => Coloured(status, color, status switch
    {
        "" => "Running",
        nameof(BackupJobStatus.NeverRan) => "Never ran",
        nameof(BackupStatus.SucceededWithWarnings) => nameof(BackupStatus.Succeeded),
        _ => status,
    });

    /// <summary>
    /// Why a row is as it is, in few words: the error's id, the reason of a skip, how much failed, how many warnings there are; empty where all is
    /// well.
    /// </summary>
    public static string Problem(PSObject item)
    {
        List<string> parts = [];
        if (Value(item, "IsInterrupted") is true)
            parts.Add("interrupted");
        PSObject[] places = [item, .. Parts(item)];
        string status = Text(item, "Status");
        if (ErrorId(item) is { Length: > 0 } id)
            parts.Add(id);
        else if (status == nameof(BackupStatus.Skipped) && places.Select(Reason).FirstOrDefault(reason => reason.Length > 0) is { } skipped)
            parts.Add(Plain(skipped));
        else if (status == nameof(BackupStatus.Paused) && places.Select(PauseOf).FirstOrDefault(reason => reason.Length > 0) is { } paused)
            parts.Add(Plain(paused));
        if (places.Sum(place => Number(place, "Failed")) is > 0 and var failed)
            parts.Add(string.Create(Invariant, $"!{failed} failed"));
        int warnings = AllWarnings(item).Count() + List(item, "Hooks").Concat(List(item, "Notifications")).Count(HasFailed);
        if (warnings > 0)
            parts.Add(warnings == 1 ? "!1 warning" : string.Create(Invariant, $"!{warnings} warnings"));
        else if (parts.Count == 0 && status == nameof(BackupStatus.SucceededWithWarnings))
            parts.Add("!warnings");
        return string.Join(", ", parts);
    }

    /// <summary>The warnings of a result and of its stages, each in a line; empty where there are none.</summary>
    public static string Warnings(PSObject item) => string.Join(Environment.NewLine, AllWarnings(item));

    private static IEnumerable<string> AllWarnings(PSObject item) =>
        Parts(item).Prepend(item).SelectMany(place => List(place, "Warnings")).Select(warning => Plain(warning));

    private static IEnumerable<PSObject> Parts(PSObject item) =>
        PartNames.Select(name => Item(item, name)).OfType<PSObject>();

    private static string Reason(PSObject stage) => Text(stage, "SkippedReason");

    private static string PauseOf(PSObject stage) => Text(stage, "PausedReason");

    private static bool HasFailed(object told) => Text(PSObject.AsPSObject(told), "Status") == nameof(BackupStatus.Failed);

    private static string ErrorId(PSObject item) => Item(item, "Error") is { } error
        ? Text(error, "Id") is { Length: > 0 } id ? id : (error.ToString() ?? "").Split(':')[0]
        : "";

    private static IEnumerable<object> List(PSObject item, string property) =>
        Value(item, property) is System.Collections.IEnumerable values and not string ? values.Cast<object>() : [];

    /// <summary>A status; coloured for a terminal that shows colours.</summary>
    public static string Status(PSObject result, bool color) => Coloured(Text(result, "Status"), color);

    /// <summary>A status of a run in the history: also <c>Running</c> and <c>Failed (interrupted)</c>.</summary>
    public static string RunStatus(PSObject run, bool color)
    {
        string status = Text(run, "Status");
        if (status.Length == 0)
            return "Running";
        bool isInterrupted = Value(run, "IsInterrupted") is true;
        return Coloured(status, color) + (isInterrupted ? " (interrupted)" : "");
    }

    /// <summary>How a job fares, and whether it is overdue; coloured for a terminal that shows colours.</summary>
    public static string JobStatus(PSObject job, bool color) =>
        Coloured(Text(job, "Status"), color) + (IsOverdue(job) ? ", " + Overdue(color) : "");

    /// <summary>The same for a column of 9, in two lines where it is overdue.</summary>
    public static string JobTableStatus(PSObject job, bool color) => TableStatus(job, color) + (IsOverdue(job) ? "\n" + Overdue(color) : "");

    private static bool IsOverdue(PSObject job) => Value(job, "IsOverdue") is true;

    private static string Overdue(bool color) => Coloured(nameof(BackupStatus.Failed), color, "overdue");

    /// <summary>
    /// When the last good run started, how old it is and how old it may be, e.g. <c>2026-01-02 03:04, 3 d 2 h old (1 d 12 h allowed): overdue</c>.
    /// </summary>
    public static string LastSuccess(PSObject item)
    {
        string text = Time(item, "LastSuccess") is { Length: > 0 } time ? $"{time}, {Duration(Value(item, "Age"))} old" : "none on record";
        string allowed = Duration(Value(item, "MaxAge"));
        return text + (allowed.Length > 0 ? $" ({allowed} allowed)" : "") + (Value(item, "IsOverdue") is true ? ": overdue" : "");
    }

    /// <summary>A job's name, and which of its tests it is about.</summary>
    public static string NameOfTask(PSObject item)
    {
        string level = Text(item, "Level");
        bool isTests = Text(item, "Task") == nameof(BackupScheduleTask.Test);
        return Plain(Text(item, "Name")) + (level.Length > 0 ? $" ({level})" : isTests ? " (tests)" : "");
    }

    /// <summary>What a check found and, where it did not pass, what to do about it.</summary>
    public static string Readiness(PSObject check)
    {
        string advice = Text(check, "Recommendation");
        return Words(Plain(Text(check, "Detail"))) + (advice.Length > 0 ? Environment.NewLine + Words(Plain(advice)) : "");

        // What is left of 79 columns. A table of PowerShell breaks lines in the middle of words.
        static string Words(string text)
        {
            const int width = 57;
            System.Text.StringBuilder lines = new();
            int used = 0;
            foreach (string word in text.Split(' '))
            {
                bool isNewLine = used > 0 && used + 1 + word.Length > width;
                lines.Append(isNewLine ? Environment.NewLine : used > 0 ? " " : "").Append(word);
                used = isNewLine || used == 0 ? word.Length : used + 1 + word.Length;
            }

            return lines.ToString();
        }
    }

    /// <summary>Why a job of a report needs a look, in few words: an error's id, else the sentence; empty where all is well.</summary>
    public static string ReportProblem(PSObject row)
    {
        string reason = Text(row, "Reason");
        string first = reason.Split(": ")[0];
        // "S3AccessDenied: S3 denies …": the id says enough in a table.
        bool isId = first.Length < reason.Length && first.Length > 0 && first.All(char.IsAsciiLetterOrDigit);
        return isId ? first : Plain(reason);
    }

    /// <summary>A number of bytes that may not be known; empty then.</summary>
    public static string OptionalBytes(PSObject item, string property) => Value(item, property) is long or int ? Bytes(Number(item, property)) : "";

    /// <summary>What a paused run left to the next ones, and when all of it is in the bucket where that can be told.</summary>
    public static string Remaining(PSObject item)
    {
        string bytes = Bytes(Number(item, "RemainingBytes"));
        return Time(item, "ForecastEnd") is { Length: > DayLength } end ? $"{bytes}, in the bucket about {end[..DayLength]}" : bytes;
    }

    /// <summary>How much a job holds; empty when that is not known.</summary>
    public static string JobSize(PSObject job) => Value(job, "Bytes") is long bytes ? HumanText.Bytes(bytes) : "";

    /// <summary>
    /// The day of the last test of a job's copies, with a <c>!</c> when it failed or one of the job's tests is overdue; empty when there was none.
    /// </summary>
    public static string LastTest(PSObject job, bool color)
    {
        if (Time(job, "LastTest") is not { Length: > DayLength } time)
            return "";
        string status = Text(job, "LastTestStatus");
        bool isOfNote = status == nameof(BackupStatus.Failed) || Value(job, "IsTestOverdue") is true;
        string text = time[..DayLength] + (isOfNote ? "!" : "");
        return Coloured(status, color).Replace(status, text, StringComparison.Ordinal);
    }

    /// <summary>What a stage did, without what failed, in lines that are not longer than a column.</summary>
    public static string Cell(PSObject? stage, int width) => Broken(Changes(stage, tellsFailed: false), width);

    // PowerShell breaks a text anywhere, also within a number.
    private static string Broken(string text, int width)
    {
        if (text.Length <= width)
            return text;
        List<string> lines = [];
        foreach (string word in text.Split(' '))
        {
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= width)
                lines[^1] += " " + word;
            else
                lines.Add(word);
        }

        return string.Join('\n', lines);
    }

    /// <summary>
    /// What a run of the history did with the mirror; of a test how thorough it was, of a repair that it is one.
    /// </summary>
    public static string RunMirror(PSObject run, int width) => Broken(
        IsTest(run) ? $"{Text(Item(run, "Test"), "Level")} test".TrimStart()
        : IsRepair(run) ? "repair"
        : Changes(Item(run, "Stage1"), tellsFailed: false), width);

    /// <summary>What a run of the history did with S3; of a test what it found, of a repair how much it repaired.</summary>
    public static string RunS3(PSObject run, int width) => Broken(
        IsTest(run) ? Found(Item(run, "Test"))
        : IsRepair(run) ? Repaired(Item(run, "Repair"))
        : Changes(Item(run, "Stage2"), tellsFailed: false), width);

    /// <summary>One line on a repair for a list: status, what was repaired where, and why it failed.</summary>
    public static string Repair(PSObject? repair, bool color)
    {
        if (repair is null)
            return "";
        string line = string.Create(Invariant,
            $"{Status(repair, color)}, {Number(repair, "Total")} entries: {Number(repair, "RepairedInMirror")} repaired in the mirror, "
            + $"{Number(repair, "RepairedInS3")} in S3, {Number(repair, "Skipped")} left, {Number(repair, "Failed")} failed");
        return Text(repair, "Error") is { Length: > 0 } error ? $"{line}{Environment.NewLine}{error}" : line;
    }

    private static string Repaired(PSObject? repair) => repair is null ? "" : string.Create(
        Invariant, $"{Number(repair, "RepairedInMirror") + Number(repair, "RepairedInS3")} repaired");

    /// <summary>What a test found in few characters: <c>intact</c>, <c>2 differ</c>, <c>3 unread</c>; empty when it came to no end.</summary>
    public static string Found(PSObject? test)
    {
        if (test is null)
            return "";
        long differences = Number(test, "Differences");
        long unread = Number(test, "Failed");
        return differences > 0 ? string.Create(Invariant, $"{differences} differ")
            : unread > 0 ? string.Create(Invariant, $"{unread} unread")
            : Text(test, "Status") is nameof(BackupStatus.Succeeded) or nameof(BackupStatus.SucceededWithWarnings) ? "intact"
            : "";
    }

    /// <summary>One line on a test for a list: level, status, what was looked at and found, and why it failed.</summary>
    public static string Test(PSObject? test, bool color)
    {
        if (test is null)
            return "";
        string read = TestRead(test);
        string line = string.Create(Invariant,
            $"{Text(test, "Level")}: {Status(test, color)}, {Number(test, "Total")} entries{(read.Length > 0 ? ", " : "")}{read}; differences: {Kinds(test)}");
        return Text(test, "Error") is { Length: > 0 } error ? $"{line}{Environment.NewLine}{error}" : line;
    }

    /// <summary>How much a test read, e.g. <c>12 read (1.2 GiB), 300 MiB downloaded</c>; empty when it read nothing.</summary>
    public static string TestRead(PSObject test)
    {
        List<string> parts = [];
        if (Number(test, "Checked") is > 0 and var read)
            parts.Add(string.Create(Invariant, $"{read} read ({Bytes(Number(test, "CheckedBytes"))})"));
        if (Number(test, "DownloadedBytes") is > 0 and var downloaded)
            parts.Add($"{Bytes(downloaded)} downloaded");
        return string.Join(", ", parts);
    }

    /// <summary>How thorough a test is, and which share of the files it took.</summary>
    public static string Sample(PSObject test) =>
        string.Create(Invariant, $"{Text(test, "Level")}, {Value(test, "SamplePercent")} % (seed {Value(test, "Seed")})");

    /// <summary>The differences of a test by kind.</summary>
    public static string Kinds(PSObject test)
    {
        if (Item(test, "DifferenceCounts") is not { } counts)
            return "none";
        string[] kinds =
        [
            .. Enum.GetNames<BackupDifferenceKind>().OrderBy(kind => kind == nameof(BackupDifferenceKind.NotYetSent))
                .Where(kind => Number(counts, kind) > 0).Select(kind => $"{Number(counts, kind).ToString(Invariant)} {kind}"),
        ];
        return kinds.Length > 0 ? string.Join(", ", kinds) : "none";
    }

    /// <summary>When something started, in the screen's time zone.</summary>
    public static string Started(PSObject run) => Time(run, "StartTime");

    /// <summary>A time to the minute, in the screen's time zone; empty for none.</summary>
    public static string Time(PSObject item, string property) => Instant(item, property)?.ToLocalTime().ToString(Minutes, Invariant) ?? "";

    /// <summary>A time to the minute in UTC; empty for none.</summary>
    public static string Utc(PSObject item, string property) => Instant(item, property)?.ToUniversalTime().ToString(Minutes, Invariant) ?? "";

    /// <summary>A time to the second and its offset, in the screen's time zone; empty for none.</summary>
    public static string Exact(PSObject item, string property) =>
        Instant(item, property)?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", Invariant) ?? "";

    /// <summary>A time to the second, in the screen's time zone; empty for none.</summary>
    public static string Seconds(PSObject item, string property) =>
        Instant(item, property)?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", Invariant) ?? "";

    /// <summary>How much a line of a log matters; coloured for a terminal that shows colours.</summary>
    public static string LogLevel(PSObject entry, bool color) => Text(entry, "Level") switch
    {
        nameof(BackupLogLevel.Warning) => Coloured(nameof(BackupStatus.SucceededWithWarnings), color, nameof(BackupLogLevel.Warning)),
        nameof(BackupLogLevel.Error) => Coloured(nameof(BackupStatus.Failed), color, nameof(BackupLogLevel.Error)),
        string level => level,
    };

    /// <summary>What a line of a log says, and the id of an error.</summary>
    public static string LogMessage(PSObject entry) =>
        (Text(entry, "ErrorId") is { Length: > 0 } id ? $"{id}: " : "") + Plain(Text(entry, "Message"));

    /// <summary>The first error's id, wherever in a run it was; null for none.</summary>
    public static string? FirstErrorId(PSObject item) => ErrorId(item) is { Length: > 0 } id ? id : null;

    /// <summary>A number of a stage; null where there is no stage.</summary>
    public static object? StageNumber(PSObject item, string stage, string property) =>
        Item(item, stage) is { } part ? part.Properties[property]?.Value : null;

    /// <summary>The sum of a number of both stages.</summary>
    public static long StageSum(PSObject item, string property) => Parts(item).Sum(part => Number(part, property));

    /// <summary>All requests of stage 2; null where there was none.</summary>
    public static long? StageRequests(PSObject item) => Item(item, "Stage2") is { } stage2 && Item(stage2, "Requests") is { } requests
        ? Number(requests, "Total")
        : null;

    /// <summary>All warnings in one line.</summary>
    public static string WarningLine(PSObject item) => string.Join("; ", AllWarnings(item));

    /// <summary>A duration in seconds; null for none.</summary>
    public static double? DurationSeconds(PSObject item) => Value(item, "Duration") is TimeSpan span ? Math.Round(span.TotalSeconds, 3) : null;

    /// <summary>The document that hooks and webhooks get of a run.</summary>
    public static string ToJson(PSObject item) => Encoding.UTF8.GetString(RunReportJson.ToUtf8(item.BaseObject switch
    {
        BackupResult result => RunReport.From(result, result.Stage1.Configuration?.Path),
        BackupRun run => RunReport.From(run),
        BackupTestResult test => RunReport.From(test, configurationPath: null),
        RsyncStageResult stage => RunReport.From(stage),
        S3SyncStageResult stage => RunReport.From(stage),
        object other => throw new ArgumentException($"{other.GetType().FullName} is not the result of a run.", nameof(item)),
    }));

    /// <summary>A time of no zone, as it is; empty for none.</summary>
    public static string WallTime(PSObject item, string property) =>
        Value(item, property) is DateTime time ? time.ToString("yyyy-MM-dd HH:mm:ss", Invariant) : "";

    private static DateTimeOffset? Instant(PSObject item, string property) => Value(item, property) switch
    {
        DateTimeOffset time => time,
        DateTime time => new DateTimeOffset(time.ToUniversalTime()),
        // A DateTimeOffset that was serialized is a bag of its properties.
        PSObject bag when Value(bag, "UtcDateTime") is DateTime utc => new DateTimeOffset(utc.Ticks, TimeSpan.Zero),
        _ => null,
    };

    /// <summary>Type and permissions of an entry of a copy; of one whose permissions are not known the type.</summary>
    public static string ItemMode(PSObject item) => Text(item, "UnixMode") is { Length: > 0 } mode ? mode : Text(item, "Kind") switch
    {
        nameof(BackupEntryType.Folder) => "d",
        nameof(BackupEntryType.SymbolicLink) => "l",
        _ => "-",
    };

    /// <summary>The size of an entry of a copy in bytes; nothing for a folder and a deletion.</summary>
    public static string ItemLength(PSObject item) =>
        Text(item, "Kind") == nameof(BackupEntryType.Folder) || Value(item, "IsDeleteMarker") is true ? "" : Text(item, "Length");

    /// <summary>The path of an entry of a copy, and what is special about its version.</summary>
    public static string ItemPath(PSObject item) =>
        Plain(Text(item, "Path")) + (Value(item, "IsDeleteMarker") is true ? " (deleted)" : Value(item, "IsLatest") is false ? " (earlier)" : "");

    /// <summary>How a registered schedule is; coloured for a terminal that shows colours.</summary>
    public static string State(PSObject schedule, bool color) => Coloured(Text(schedule, "State"), color);

    /// <summary>How a registered schedule is, for a column of 12.</summary>
    public static string TableState(PSObject schedule, bool color)
    {
        string state = Text(schedule, "State");
        string[] lines = state == nameof(BackupScheduleState.NeedsRegistration) ? ["Needs", "Registration"] : [state];
        return string.Join('\n', lines.Select(line => Coloured(state, color, line)));
    }

    /// <summary>How a job's last run ended, for a column of 9; empty when there was none.</summary>
    public static string TableLastResult(PSObject schedule, bool color) =>
        Text(schedule, "LastResult") is { Length: > 0 } result ? Short(result, color) : "";

    /// <summary>How a job's last run ended; coloured for a terminal that shows colours.</summary>
    public static string LastResult(PSObject schedule, bool color) => Coloured(Text(schedule, "LastResult"), color);

    /// <summary>A time with its own offset and weekday, e.g. <c>Sun 2026-03-08 03:00 -04:00</c>.</summary>
    public static string Moment(PSObject item, string property) => Value(item, property) switch
    {
        DateTimeOffset time => Moment(time),
        PSObject bag when Instant(item, property) is { } time && Value(bag, "Offset") is TimeSpan offset => Moment(time.ToOffset(offset)),
        _ => "",
    };

    private static string Moment(DateTimeOffset time) => time.ToString("ddd yyyy-MM-dd HH:mm zzz", Invariant);

    private static string Coloured(string text, bool color, string? shown = null)
    {
        string? start = text switch
        {
            _ when !color => null,
            nameof(BackupStatus.Succeeded) or nameof(BackupScheduleState.Active)
                or nameof(BackupReadinessStatus.Passed) => "\u001b[32m",
            nameof(BackupStatus.SucceededWithWarnings) or nameof(BackupStatus.Cancelled) or nameof(BackupStatus.Paused)
                or nameof(BackupScheduleState.NeedsRegistration) or nameof(BackupReadinessStatus.Warning) => "\u001b[33m",
            nameof(BackupStatus.Failed) or nameof(BackupScheduleState.Broken) or nameof(BackupJobStatus.Invalid) => "\u001b[31m",
            nameof(BackupStatus.Skipped) or nameof(BackupScheduleState.Disabled) => "\u001b[2m",
            _ => null,
        };
        shown ??= text;
        return start is null ? shown : start + shown + Reset;
    }

    /// <summary>
    /// What a stage did, e.g. <c>+3 ~1 -0</c>: created, changed (content or metadata), deleted, and <c>!2</c> failed; <c>skipped</c> for a stage
    /// that did not run.
    /// </summary>
    public static string Changes(PSObject? stage) => Changes(stage, tellsFailed: true);

    private static string Changes(PSObject? stage, bool tellsFailed)
    {
        if (stage is null)
            return "";
        string status = Text(stage, "Status");
        if (status == nameof(BackupStatus.Skipped))
            return "skipped";
        long created = Number(stage, "Created");
        long changed = Number(stage, "Updated") + Number(stage, "MetadataChanged");
        long deleted = Number(stage, "Deleted");
        long failed = Number(stage, "Failed");
        if (status == nameof(BackupStatus.Failed) && created + changed + deleted + failed == 0)
            return "failed";
        string text = string.Create(Invariant, $"+{created} ~{changed} -{deleted}");
        return failed == 0 || !tellsFailed ? text : string.Create(Invariant, $"{text} !{failed}");
    }

    /// <summary>One line on a stage for a list: status, changes, bytes, duration, and why it failed or was skipped.</summary>
    public static string Stage(PSObject? stage, bool color)
    {
        if (stage is null)
            return "";
        string status = Status(stage, color);
        string reason = Text(stage, "SkippedReason");
        if (reason.Length > 0)
            return $"{status}: {reason}";
        string done = $"{status}, {Changes(stage)}, {Bytes(Number(stage, "TransferredBytes"))} in {Duration(Value(stage, "Duration"))}";
        string why = Text(stage, "Error") is { Length: > 0 } error ? error : Plain(PauseOf(stage));
        return why.Length > 0 ? $"{done}{Environment.NewLine}{why}" : done;
    }

    /// <summary>One line on a stage of a plan for a list: how it would end, changes, bytes, and why it would fail or be skipped.</summary>
    public static string PlannedStage(PSObject? stage, bool color)
    {
        if (stage is null)
            return "";
        string status = Status(stage, color);
        if (Text(stage, "SkippedReason") is { Length: > 0 } reason)
            return $"{status}: {reason}";
        string copied = Number(stage, "CopiedBytes") is > 0 and long bytes ? $", {Bytes(bytes)} to copy inside S3" : "";
        string counts = $"{status}: {Counts(stage)}; {Bytes(Number(stage, "TransferredBytes"))} of {Bytes(Number(stage, "TotalBytes"))} to send{copied}";
        return Text(stage, "Error") is { Length: > 0 } error ? $"{counts}{Environment.NewLine}{error}" : counts;
    }

    /// <summary>The counts of a stage for a list.</summary>
    public static string Counts(PSObject stage) => string.Create(
        Invariant,
        $"{Number(stage, "Created")} created, {Number(stage, "Updated")} updated, {Number(stage, "MetadataChanged")} metadata, " +
        $"{Number(stage, "Deleted")} deleted, {Number(stage, "Unchanged")} unchanged, {Number(stage, "Failed")} failed");

    /// <summary>How stage 2 found what is different and why so, for a list; empty where it did not get so far.</summary>
    public static string SyncMode(PSObject stage) =>
        Text(stage, "SyncMode") is { Length: > 0 } mode ? $"{mode}: {Text(stage, "SyncModeReason")}" : "";

    /// <summary>What a listing would have cost, for a list; empty where there was one.</summary>
    public static string ListingSaved(PSObject stage) =>
        Text(stage, "SyncMode") is nameof(S3SyncMode.Journal) or nameof(S3SyncMode.Catalog) && Value(stage, "EstimatedListingCost") is decimal cost
            ? Money(cost, Text(stage, "Currency"), "0.0000")
            : "";

    /// <summary>What the requests of a stage cost; empty where there is no stage.</summary>
    public static string RequestCost(PSObject? stage) =>
        stage is not null && Value(stage, "EstimatedRequestCost") is decimal cost
            ? (cost is > 0 and < 0.0001m ? "<" : "") + Money(cost is > 0 and < 0.0001m ? 0.0001m : cost, Text(stage, "Currency"), cost == 0 ? "0.00" : "0.0000")
            : "";

    /// <summary>What a stage costs, its requests first.</summary>
    public static string RunCost(PSObject stage) =>
        string.Join("; ", new[] { $"{RequestCost(stage)} for requests", StageCost(stage) }.Where(part => part.Length > 0));

    /// <summary>What a stage costs beside its requests, and whose prices all of that is; empty where nothing was estimated.</summary>
    public static string StageCost(PSObject? stage)
    {
        if (stage is null || Text(stage, "PriceSource") is not { Length: > 0 } source)
            return "";
        List<string> parts = [];
        if (Value(stage, "EstimatedStorageChange") is decimal change and not 0)
            parts.Add($"{(change > 0 ? "+" : "")}{Money(stage, "EstimatedStorageChange")} a month for storage");
        if (Value(stage, "EstimatedEarlyDeletionCost") is decimal and > 0)
            parts.Add($"{Money(stage, "EstimatedEarlyDeletionCost")} for early deletion");
        if (Value(stage, "EstimatedRetrievalCost") is decimal and > 0)
            parts.Add($"{Money(stage, "EstimatedRetrievalCost")} for retrieval");
        parts.Add($"prices: {source}");
        return string.Join("; ", parts);
    }

    /// <summary>An amount of an object that has a currency, e.g. <c>$1.25</c> or <c>1.25 EUR</c>.</summary>
    public static string Money(PSObject item, string property) =>
        Value(item, property) is decimal amount ? Money(amount, Text(item, "Currency"), Cents) : "";

    /// <summary>What the restore of a job costs, from an archive by the cheapest tier.</summary>
    public static string RestoreCost(PSObject cost)
    {
        object? last = Value(cost, "Restore") is System.Collections.IEnumerable restores ? restores.Cast<object?>().LastOrDefault() : null;
        return last is null ? "" : Money(PSObject.AsPSObject(last), "TotalCost");
    }

    /// <summary>How much more or less a class costs than what is there, e.g. <c>$1.25 less</c>.</summary>
    public static string MoreOrLess(PSObject cost) => Value(cost, "Change") is decimal change
        ? $"{Money(Math.Abs(change), Text(cost, "Currency"), Cents)} {(change > 0 ? "more" : "less")}"
        : "";

    private const string Cents = "#,0.00";

    private static string Money(decimal amount, string currency, string format)
    {
        // What is less than a cent is said to be so: digits that nobody can count would be read as more.
        bool isBelowACent = amount != 0 && Math.Abs(amount) < 0.01m && format == Cents;
        string number = (isBelowACent ? 0.01m : Math.Abs(amount)).ToString(format, Invariant);
        string sign = (amount < 0 ? "-" : "") + (isBelowACent ? "<" : "");
        return currency is "" or "USD" ? $"{sign}${number}" : $"{sign}{number} {currency}";
    }

    /// <summary>Bytes and rate for a list, e.g. <c>12.3 MiB of 1.2 GiB (4.1 MiB/s)</c>.</summary>
    public static string Transferred(PSObject stage)
    {
        string rate = Value(stage, "BytesPerSecond") is double perSecond and > 0 ? $" ({HumanText.Rate(perSecond)})" : "";
        return $"{Bytes(Number(stage, "TransferredBytes"))} of {Bytes(Number(stage, "TotalBytes"))}{rate}";
    }

    /// <summary>What stage 2 copied inside S3, and how much did not have to be uploaded because of it.</summary>
    public static string Copied(PSObject stage) => Number(stage, "CopiedBytes") is > 0 and long bytes
        ? $"{Number(stage, "Copied")} ({Bytes(bytes)} not uploaded)"
        : $"{Number(stage, "Copied")}";

    /// <summary>A size.</summary>
    public static string Bytes(long bytes) => HumanText.Bytes(bytes);

    /// <summary>A duration; empty for what is none.</summary>
    public static string Duration(object? duration) =>
        (duration is PSObject wrapped ? wrapped.BaseObject : duration) is TimeSpan span ? HumanText.Duration(span) : "";

    /// <summary>The size of what stage 1 changed; empty for a folder and for what it deleted.</summary>
    public static string ChangeSize(PSObject change) =>
        Text(change, "Kind") == nameof(BackupChangeKind.Deleted) || Text(change, "EntryType") == nameof(BackupEntryType.Folder)
            ? ""
            : Bytes(Number(change, "Size"));

    /// <summary>The path of what stage 1 changed, and where a link points.</summary>
    public static string ChangePath(PSObject change) =>
        Plain(Text(change, "Path")) + (Text(change, "LinkTarget") is { Length: > 0 } target ? $" -> {Plain(target)}" : "");

    /// <summary>Who was told, and why that failed.</summary>
    public static string Target(PSObject notification) =>
        Plain(Text(notification, "Target")) + (ErrorId(notification) is { Length: > 0 } id ? $" ({id})" : "");

    /// <summary>A bucket and prefix as <c>s3://bucket/prefix</c>; empty without a bucket.</summary>
    public static string Address(object? bucket, object? prefix) => bucket is null ? "" : $"s3://{bucket}/{prefix}";

    private static bool IsRepair(PSObject run) => Text(run, "Kind") == nameof(BackupRunKind.Repair);

    private static bool IsTest(PSObject run) => Text(run, "Kind") == nameof(BackupRunKind.Test);

    private static PSObject? Item(PSObject item, string property) =>
        item.Properties[property]?.Value is { } value ? PSObject.AsPSObject(value) : null;

    private static object? Value(PSObject item, string property)
    {
        object? value = item.Properties[property]?.Value;
        return value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : value;
    }

    private static string Text(PSObject? item, string property)
    {
        if (item is null)
            return "";
        // Not the unwrapped value: an enum that was serialized is a number whose text is the enum's name.
        object? value = item.Properties[property]?.Value;
        if (value is PSObject { BaseObject: PSCustomObject } error && error.Properties["Id"]?.Value is { } id)
            return $"{id}: {error.Properties["Message"]?.Value}";
        return value?.ToString() ?? "";
    }

    private static long Number(PSObject item, string property) => Value(item, property) switch
    {
        long number => number,
        int number => number,
        _ => 0,
    };
}
