using System.Globalization;
using System.Text;

namespace RsyncS3Backup.Schedulers.Systemd;

/// <summary>The text of a service and a timer of systemd. Pure.</summary>
internal static class SystemdText
{
    private const string Mark = "# RsyncS3Backup: ";

    /// <summary>The service that the timer starts.</summary>
    public static string Service(ScheduleRegistration registration) => Service(
        registration, $"Backup '{registration.JobName}' when it is due", [.. registration.Guard, registration.Program, .. registration.Arguments(delaysItself: false)]);

    /// <summary>The service that the drive's mount starts. A shell that waits for a time does not stand before it.</summary>
    public static string DriveService(ScheduleRegistration registration)
    {
        string mount = MountUnit(registration.Drive!);
        string service = Service(
            registration, $"Backup '{registration.JobName}' when its drive comes",
            [registration.Program, .. registration.Arguments(delaysItself: false, isByDrive: true)]);
        // Wanted by a mount that somebody else makes, it starts when that becomes active.
        return service.Replace("\n\n[Service]\n", $"\nAfter={mount}\n\n[Service]\n", StringComparison.Ordinal) + $"\n[Install]\nWantedBy={mount}\n";
    }

    /// <summary>The most characters of a unit's name (systemd.unit(5)).</summary>
    public const int LongestName = 255;

    /// <summary>The unit of what is mounted at a path (systemd.unit(5), "String Escaping for Inclusion in Unit Names").</summary>
    public static string MountUnit(string path)
    {
        StringBuilder name = new();
        foreach (byte b in Encoding.UTF8.GetBytes(string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries))))
        {
            char c = (char)b;
            if (c == '/')
                name.Append('-');
            else if (char.IsAsciiLetterOrDigit(c) || c is ':' or '_' || (c == '.' && name.Length > 0))
                name.Append(c);
            else
                name.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }

        return (name.Length == 0 ? "-" : name.ToString()) + ".mount";
    }

    private static string Service(ScheduleRegistration registration, string description, string[] words)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"""
            {Mark}{registration.ToJson()}
            # Written by Register-BackupSchedule, which replaces it; use a drop-in (systemctl edit) for changes of your own.
            [Unit]
            Description={Value(description)}

            """);
        // A user's manager does not know the machine's network-online.target (systemd.special(7), "units managed by the user service manager").
        if (registration.Scope == BackupScheduleScope.System)
            text.Append("Wants=network-online.target\nAfter=network-online.target\n");
        text.Append(CultureInfo.InvariantCulture, $"""

            [Service]
            Type=oneshot
            {Environment(registration)}UMask=0077
            ExecStart={CommandLine(words[0], words[1..])}
            TimeoutStartSec=infinity
            KillMode=mixed
            Nice=10
            IOSchedulingClass=best-effort
            IOSchedulingPriority=7

            """);
        // Of all that systemd offers, only what no backup can need. Left out: whatever mounts (a hook that mounts a drive would mount it for
        // itself alone), hides parts of / (they may be what is backed up), forbids set-user-ID files (rsync keeps them) or writable code
        // (.NET compiles). In a user's manager each of these implies NoNewPrivileges (systemd.exec(5)), and a user's job may need sudo.
        if (registration.Scope == BackupScheduleScope.System)
        {
            text.Append("""
                User=root
                NoNewPrivileges=yes
                LockPersonality=yes
                RestrictRealtime=yes
                SystemCallArchitectures=native

                """);
        }

        return text.ToString();
    }

    /// <summary>The timer.</summary>
    public static string Timer(ScheduleRegistration registration)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"""
            {Mark}{registration.ToJson()}
            [Unit]
            Description={Value($"Asks whether backup '{registration.JobName}' is due")}

            [Timer]
            {string.Join('\n', registration.Trigger.Calendar.Select(line => $"OnCalendar={line}"))}
            AccuracySec=1s
            Persistent={(registration.CatchUp ? "true" : "false")}

            """);
        if (registration.RandomDelay > TimeSpan.Zero)
            text.Append(CultureInfo.InvariantCulture, $"RandomizedDelaySec={ScheduleRegistration.Seconds(registration.RandomDelay)}s\n");
        return text.Append("\n[Install]\nWantedBy=timers.target\n").ToString();
    }

    /// <summary>What a unit was made from; null when it is not one of this module's.</summary>
    public static ScheduleRegistration? Registration(string text) =>
        text.StartsWith(Mark, StringComparison.Ordinal) ? ScheduleRegistration.FromJson(text[Mark.Length..].Split('\n')[0]) : null;

    /// <summary>A program and its arguments as ExecStart has them.</summary>
    public static string CommandLine(string program, IEnumerable<string> arguments) =>
        // Variables are not looked for in the program's path, so a dollar sign there stands for itself (systemd.service(5), "Command lines").
        string.Join(' ', arguments.Select(argument => Quote(argument.Replace("$", "$$", StringComparison.Ordinal))).Prepend(Quote(program)));

    // Before the program is started; each word in quotes (systemd.exec(5), "Environment").
    private static string Environment(ScheduleRegistration registration) => registration.ShellEnvironment.Count == 0
        ? ""
        : "Environment="
            + string.Join(' ', registration.ShellEnvironment.Select(variable => Quote($"{variable.Key}={variable.Value}")))
            + "\n";

    private static string Quote(string argument)
    {
        StringBuilder text = new("\"");
        foreach (char c in argument)
        {
            text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '%' => "%%",
                _ when char.IsControl(c) => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return text.Append('"').ToString();
    }

    // Specifiers are replaced, and a backslash at the end would join the next line.
    private static string Value(string text) =>
        NativeNames.OneLine(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal);
}
