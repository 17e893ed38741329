using System.Buffers;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.Calendar;

namespace RsyncS3Backup.Schedulers;

/// <summary>What is registered for one job. Each scheduler writes it, as one line of JSON, beside what it makes of it.</summary>
internal sealed record ScheduleRegistration
{
    private const string GuardShell = "/bin/sh";
    private const string GuardScript = "Start-WhenDue.sh";

    /// <summary>The job's name.</summary>
    public required string JobName { get; init; }

    /// <summary>What is started.</summary>
    public BackupScheduleTask Task { get; init; }

    /// <summary>The job's configuration file; null when it is found by the job's name.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>An expression that overrides the configuration's; null: the configuration's.</summary>
    public string? CronExpression { get; init; }

    /// <summary>A zone that overrides the configuration's; null: the configuration's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Whether times that were missed are made good.</summary>
    public bool CatchUp { get; init; } = true;

    /// <summary>The most by which a start is put off at random.</summary>
    public TimeSpan RandomDelay { get; init; }

    /// <summary>Whose scheduler it is.</summary>
    public BackupScheduleScope Scope { get; init; }

    /// <summary>When the job is started to ask whether it is due.</summary>
    public required NativeTrigger Trigger { get; init; }

    /// <summary>The PowerShell that is started, absolute.</summary>
    public required string Program { get; init; }

    /// <summary>The module's launcher script, absolute.</summary>
    public required string Launcher { get; init; }

    /// <summary>Variables of the environment that the job needs, which the launcher sets; none is secret.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Variables that <see cref="Program"/> needs before it can start, which the scheduler sets; none is
    /// secret.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ShellEnvironment { get; init; } = [];

    /// <summary>
    /// The file that says until when nothing is due (<see cref="State.QuietTime"/>), which a shell reads first; null: every start is one of
    /// <see cref="Program"/>.
    /// </summary>
    public string? QuietFile { get; init; }

    /// <summary>The drive whose coming starts a check as well: where it is mounted, or the mirror on it; null: none does.</summary>
    public string? Drive { get; init; }

    /// <summary>The words before those of the command that compare the clock with <see cref="QuietFile"/>; none without one.</summary>
    public IReadOnlyList<string> Guard => QuietFile is null ? [] : [GuardShell, Path.Combine(Path.GetDirectoryName(Launcher)!, GuardScript), QuietFile];

    /// <summary>
    /// Whether the check of the launcher also says what the job finds when the scheduler starts it: credentials, and the secrets of notifications.
    /// Never registered.
    /// </summary>
    public bool ChecksReadiness { get; init; }

    /// <summary>Whether the scheduler starts it.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The name of the unit, block, agent or task: letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; differs for every job.</summary>
    public string EntryName => NativeNames.EntryName(JobName, Task);

    /// <summary>The arguments of <see cref="Program"/>.</summary>
    /// <param name="delaysItself">Whether the launcher puts the start off, because the scheduler cannot.</param>
    /// <param name="isCheck">Whether the launcher reads the job and says that it is ready, and does nothing else.</param>
    /// <param name="isByDrive">Whether the drive starts it. Where one command is for every start, each of them looks for it.</param>
    public IReadOnlyList<string> Arguments(bool delaysItself, bool isCheck = false, bool isByDrive = false)
    {
        List<string> arguments = ["-NoProfile", "-NonInteractive", "-File", Launcher];
        if (isCheck)
            arguments.Add("-Check");
        if (isCheck && ChecksReadiness)
            arguments.Add("-Readiness");
        if (Task != BackupScheduleTask.Backup)
            arguments.AddRange(["-Task", Task.ToString()]);
        // PowerShell takes a value that begins with a hyphen for a parameter, unless it is joined to its own.
        if (ConfigPath is null && JobName.StartsWith('-'))
            arguments.Add($"-Name:{JobName}");
        else if (ConfigPath is null)
            arguments.AddRange(["-Name", JobName]);
        else
            arguments.AddRange(["-ConfigPath", ConfigPath]);
        if (CronExpression is not null)
            arguments.AddRange(["-CronExpression", CronExpression]);
        if (TimeZone is not null)
            arguments.AddRange(["-TimeZone", TimeZone]);
        if (!CatchUp)
            arguments.Add("-NoCatchUp");
        if (Drive is not null && (delaysItself || isByDrive))
            arguments.Add("-OnDrive");
        if (delaysItself && RandomDelay > TimeSpan.Zero)
            arguments.AddRange(["-RandomDelay", Seconds(RandomDelay)]);
        // A start that the scheduler itself puts off is not too late.
        if (!delaysItself && RandomDelay > TimeSpan.Zero && !CatchUp)
            arguments.AddRange(["-Tolerance", Seconds(DueDecision.DefaultTolerance + RandomDelay)]);
        if (Scope == BackupScheduleScope.System)
            arguments.AddRange(["-Scope", nameof(BackupScheduleScope.System)]);
        // The same way on every system: what follows the parameters is NAME=value.
        arguments.AddRange(Environment.Select(variable => $"{variable.Key}={variable.Value}"));
        return arguments;
    }

    /// <summary>All words of the command, for a scheduler's limits of what a command may hold.</summary>
    public IEnumerable<string> Words() =>
        [.. Guard, .. ShellEnvironment.Select(variable => $"{variable.Key}={variable.Value}"), Program, .. Arguments(delaysItself: true)];

    /// <summary>Whole seconds, as text.</summary>
    public static string Seconds(TimeSpan span) => ((long)span.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>All of it as one line of ASCII.</summary>
    public string ToJson()
    {
        ArrayBufferWriter<byte> buffer = new();
        // The default encoder escapes all but ASCII, and quotes, angle brackets and ampersands: the line means the same in every file.
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("job", JobName);
            if (Task != BackupScheduleTask.Backup)
                json.WriteString("task", Task.ToString());
            if (ConfigPath is not null)
                json.WriteString("configPath", ConfigPath);
            if (CronExpression is not null)
                json.WriteString("cronExpression", CronExpression);
            if (TimeZone is not null)
                json.WriteString("timeZone", TimeZone);
            json.WriteBoolean("catchUp", CatchUp);
            json.WriteNumber("randomDelay", (long)RandomDelay.TotalSeconds);
            json.WriteString("scope", Scope.ToString());
            json.WriteBoolean("enabled", IsEnabled);
            json.WriteStartArray("minutes");
            foreach (int minute in Trigger.Minutes)
                json.WriteNumberValue(minute);
            json.WriteEndArray();
            json.WriteStartArray("calendar");
            foreach (string line in Trigger.Calendar)
                json.WriteStringValue(line);
            json.WriteEndArray();
            if (Trigger.Day is { } day)
            {
                json.WriteStartObject("day");
                json.WriteBoolean("utc", day.IsUtc);
                json.WriteStartArray("minutes");
                foreach (int minute in day.Minutes)
                    json.WriteNumberValue(minute);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteString("program", Program);
            json.WriteString("launcher", Launcher);
            Write("environment", Environment);
            if (ShellEnvironment.Count > 0)
                Write("shellEnvironment", ShellEnvironment);
            if (QuietFile is not null)
                json.WriteString("quietFile", QuietFile);
            if (Drive is not null)
                json.WriteString("drive", Drive);
            json.WriteEndObject();

            void Write(string property, IReadOnlyList<KeyValuePair<string, string>> variables)
            {
                json.WriteStartObject(property);
                foreach ((string name, string value) in variables)
                    json.WriteString(name, value);
                json.WriteEndObject();
            }
        }

        // Two hyphens would end a comment of XML.
        return Encoding.ASCII.GetString(buffer.WrittenSpan).Replace("--", "\\u002d\\u002d", StringComparison.Ordinal);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote; null when it is something else.</summary>
    public static ScheduleRegistration? FromJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            return new ScheduleRegistration
            {
                JobName = root.GetProperty("job").GetString()!,
                Task = Optional(root, "task") is { } task ? Enum.Parse<BackupScheduleTask>(task) : BackupScheduleTask.Backup,
                ConfigPath = Optional(root, "configPath"),
                CronExpression = Optional(root, "cronExpression"),
                TimeZone = Optional(root, "timeZone"),
                CatchUp = root.GetProperty("catchUp").GetBoolean(),
                RandomDelay = TimeSpan.FromSeconds(root.GetProperty("randomDelay").GetInt64()),
                Scope = Enum.Parse<BackupScheduleScope>(root.GetProperty("scope").GetString()!),
                IsEnabled = root.GetProperty("enabled").GetBoolean(),
                Trigger = new NativeTrigger
                {
                    Minutes = [.. root.GetProperty("minutes").EnumerateArray().Select(minute => minute.GetInt32())],
                    Calendar = [.. root.GetProperty("calendar").EnumerateArray().Select(line => line.GetString()!)],
                    Day = root.TryGetProperty("day", out JsonElement day)
                        ? new DayMoments(day.GetProperty("utc").GetBoolean(), [.. day.GetProperty("minutes").EnumerateArray().Select(minute => minute.GetInt32())])
                        : null,
                },
                Program = root.GetProperty("program").GetString()!,
                Launcher = root.GetProperty("launcher").GetString()!,
                Environment = Variables(root.GetProperty("environment")),
                ShellEnvironment = root.TryGetProperty("shellEnvironment", out JsonElement shell) ? Variables(shell) : [],
                QuietFile = Optional(root, "quietFile"),
                Drive = Optional(root, "drive"),
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException
            or FormatException or OverflowException)
        {
            return null;
        }
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Variables(JsonElement variables) =>
        [.. variables.EnumerateObject().Select(variable => KeyValuePair.Create(variable.Name, variable.Value.GetString()!))];

    private static string? Optional(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
