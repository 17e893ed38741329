using System.Globalization;
using System.Text;

namespace RsyncS3Backup.Schedulers.Cron;

/// <summary>
/// The text of crontabs. Pure. A character is a byte (Latin-1): what is not ours may be in any encoding, and stays as it is.
/// </summary>
internal static class CrontabText
{
    // entry.c and misc.c of cron: a longer command is "too long" there, and so is a longer line.
    private const int LongestCommand = 998;

    // get_list of cron reads a field into 100 bytes, and ignores the entry of a longer one without a word (seen with Debian's).
    private const int LongestField = 90;

    private const string Begin = "# RsyncS3Backup begin ";
    private const string End = "# RsyncS3Backup end ";
    private const string Off = "# off: ";

    /// <summary>The words of the command. <c>env</c> sets variables by any shell that a crontab may name in SHELL.</summary>
    public static IReadOnlyList<string> Words(ScheduleRegistration registration, bool isCheck = false)
    {
        List<string> words = [registration.Program, .. registration.Arguments(delaysItself: true, isCheck)];
        if (registration.ShellEnvironment.Count > 0)
        {
            words.InsertRange(
                0, ["/usr/bin/env", .. registration.ShellEnvironment.Select(variable => $"{variable.Key}={variable.Value}")]);
        }

        return words;
    }

    /// <summary>The command as cron gives it to its shell, when it is tried.</summary>
    public static string CheckCommand(ScheduleRegistration registration) => ShellCommand(Words(registration, isCheck: true));

    /// <summary>The command as a crontab has it: for a POSIX shell, in quotes, percent signs escaped.</summary>
    public static string Command(ScheduleRegistration registration)
    {
        string guarded = Line([.. registration.Guard, .. Words(registration)]);
        // Better one that starts too often than none.
        return guarded.Length <= LongestCommand ? guarded : Line(Words(registration));
    }

    private static string ShellCommand(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    private static string Line(IEnumerable<string> words)
    {
        StringBuilder text = new();
        // cron(5): a percent sign is a newline unless there is a backslash before it, whatever the shell's quotes say; and do_command.c takes
        // a backslash together with what follows it. So no backslash may be left open before the one that we add.
        bool isOpen = false;
        foreach (char c in ShellCommand(words))
        {
            if (c == '%')
            {
                text.Append(isOpen ? "''\\%" : "\\%");
                isOpen = false;
            }
            else
            {
                text.Append(c);
                isOpen = !isOpen && c == '\\';
            }
        }

        return Bytes(text.ToString());
    }

    /// <summary>Why cron cannot have the command; null when it can.</summary>
    public static string? Obstacle(ScheduleRegistration registration)
    {
        if (registration.Words().Any(word => word.Any(c => c is '\n' or '\r' or '\0')))
            return "its command holds a line break, which ends a crontab's entry.";
        int length = Command(registration).Length;
        return length > LongestCommand
            ? string.Create(CultureInfo.InvariantCulture, $"its command has {length} bytes, and cron takes {LongestCommand}.")
            : null;
    }

    /// <summary>The five fields of the times.</summary>
    public static string Times(ScheduleRegistration registration) =>
        $"{MinuteField(registration.Trigger.Minutes)} * * * *";

    /// <summary>Minutes as a crontab's field that no cron finds too long; every minute where there is no other way, which starts too often only.</summary>
    /// <param name="minutes">0 to 59, ascending.</param>
    public static string MinuteField(IReadOnlyList<int> minutes)
    {
        string shortest = ((string[])[Ranges(minutes), Steps(minutes)]).MinBy(field => field.Length)!;
        return minutes.Count == 60 || shortest.Length > LongestField ? "*" : shortest;
    }

    /// <summary>A file for /etc/cron.d.</summary>
    public static string File(ScheduleRegistration registration) =>
        $"""
        {Begin}{registration.EntryName}: {registration.ToJson()}
        # Written by Register-BackupSchedule, which replaces it.
        {(registration.IsEnabled ? "" : Off)}{Times(registration)} root {Command(registration)}
        {End}{registration.EntryName}

        """;

    /// <summary>The crontab with the job's block in it: where the old block was, or at the end.</summary>
    /// <param name="crontab">What is there; null when there is none.</param>
    /// <param name="registration">What is registered.</param>
    public static string With(string? crontab, ScheduleRegistration registration)
    {
        string text = crontab ?? "";
        if (Find(text).FirstOrDefault(block => block.Name == registration.EntryName) is { } old)
            return text[..old.Start] + Block(registration, old.Before) + text[old.End..];
        string before = crontab is null ? "none" : text.Length > 0 && text[^1] != '\n' ? "open" : "whole";
        return text + (before == "open" ? "\n" : "") + Block(registration, before);
    }

    /// <summary>The crontab without a block, as it was before; null: without a crontab, as it was before.</summary>
    public static string? Without(string crontab, string name)
    {
        if (Find(crontab).FirstOrDefault(block => block.Name == name) is not { } old)
            return crontab;
        string head = crontab[..old.Start];
        string tail = crontab[old.End..];
        // The line break that the block needed and its crontab had not.
        if (old.Before == "open" && tail.Length == 0 && head.EndsWith('\n'))
            head = head[..^1];
        string rest = head + tail;
        // Blocks that came later stay, so that the last to go finds out that there was no crontab.
        if (old.Before is "none" or "open" && Find(rest).FirstOrDefault(block => block.Start == old.Start) is { Before: "whole" } next)
            return rest[..next.Start] + rest[next.Start..next.End].Replace($" {next.Name} whole: ", $" {next.Name} {old.Before}: ", StringComparison.Ordinal) + rest[next.End..];
        return rest.Length == 0 && old.Before == "none" ? null : rest;
    }

    /// <summary>This module's blocks in a crontab.</summary>
    public static IReadOnlyList<CrontabBlock> Find(string crontab)
    {
        List<CrontabBlock> blocks = [];
        int position = 0;
        while (position < crontab.Length)
        {
            int next = NextLine(crontab, position);
            if (Head(crontab[position..next]) is { } head && EndOf(crontab, next, head.Name) is { } end)
            {
                blocks.Add(new CrontabBlock(head.Name, position, end, head.Before, head.Registration, crontab[position..end]));
                next = end;
            }

            position = next;
        }

        return blocks;
    }

    /// <summary>What a file in /etc/cron.d was made from; null when that cannot be read.</summary>
    public static ScheduleRegistration? Registration(string file) => Head(file.Split('\n')[0])?.Registration;

    /// <summary>A job's block.</summary>
    public static string Block(ScheduleRegistration registration, string before) =>
        $"""
        {Begin}{registration.EntryName} {before}: {registration.ToJson()}
        {(registration.IsEnabled ? "" : Off)}{Times(registration)} {Command(registration)}
        {End}{registration.EntryName}

        """;

    private static (string Name, string Before, ScheduleRegistration? Registration)? Head(string line)
    {
        if (!line.StartsWith(Begin, StringComparison.Ordinal) || line.IndexOf(": ", StringComparison.Ordinal) is not (> 0 and var colon))
            return null;
        string[] words = line[Begin.Length..colon].Split(' ');
        return (words[0], words.Length > 1 ? words[1] : "whole", ScheduleRegistration.FromJson(line[(colon + 2)..]));
    }

    private static int? EndOf(string crontab, int position, string name)
    {
        while (position < crontab.Length)
        {
            int next = NextLine(crontab, position);
            string line = crontab[position..next].TrimEnd('\n');
            if (line == End + name)
                return next;
            // The end of this block is gone; what follows is somebody else's.
            if (line.StartsWith(Begin, StringComparison.Ordinal))
                return null;
            position = next;
        }

        return null;
    }

    private static int NextLine(string text, int position) =>
        text.IndexOf('\n', position) is >= 0 and var end ? end + 1 : text.Length;

    private static string Ranges(IReadOnlyList<int> minutes)
    {
        List<(int First, int Last)> ranges = [];
        foreach (int minute in minutes)
        {
            if (ranges.Count > 0 && ranges[^1].Last == minute - 1)
                ranges[^1] = (ranges[^1].First, minute);
            else
                ranges.Add((minute, minute));
        }

        return string.Join(',', ranges.Select(range => range.First == range.Last ? Text(range.First) : $"{Text(range.First)}-{Text(range.Last)}"));
    }

    // The coarsest steps of which all minutes are made.
    private static string Steps(IReadOnlyList<int> minutes)
    {
        int step = ((int[])[2, 3, 4, 5, 6, 10, 12, 15, 20, 30])
            .FirstOrDefault(step => minutes.All(minute => minutes.Contains((minute + step) % 60)), 60);
        return step == 60
            ? Ranges(minutes)
            : string.Join(',', minutes.Where(minute => minute < step).Select(first => first == 0 ? $"*/{Text(step)}" : $"{Text(first)}-59/{Text(step)}"));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Quote(string argument) => $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}

/// <summary>A block of this module in a crontab.</summary>
/// <param name="Name">The entry's name.</param>
/// <param name="Start">Where it starts.</param>
/// <param name="End">Where what follows it starts.</param>
/// <param name="Before">What the crontab was without it: <c>none</c>, <c>open</c> (no line break at its end) or <c>whole</c>.</param>
/// <param name="Registration">What it was made from; null when that cannot be read.</param>
/// <param name="Text">All of it.</param>
internal sealed record CrontabBlock(string Name, int Start, int End, string Before, ScheduleRegistration? Registration, string Text);
