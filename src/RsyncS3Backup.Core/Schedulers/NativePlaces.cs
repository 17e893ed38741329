namespace RsyncS3Backup.Schedulers;

/// <summary>Where schedulers keep what is registered, and what their programs are called. Tests have places of their own.</summary>
internal sealed record NativePlaces
{
    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>The units of a user's manager.</summary>
    public string UserUnits { get; init; } = Path.Combine(XdgFolder("XDG_CONFIG_HOME", ".config"), "systemd", "user");

    /// <summary>Where a user's manager notes when persistent timers elapsed last.</summary>
    public string UserTimerStamps { get; init; } = Path.Combine(XdgFolder("XDG_DATA_HOME", ".local/share"), "systemd", "timers");

    /// <summary>The machine's units.</summary>
    public string SystemUnits { get; init; } = "/etc/systemd/system";

    /// <summary>Where the machine's manager notes when persistent timers elapsed last.</summary>
    public string SystemTimerStamps { get; init; } = "/var/lib/systemd/timers";

    /// <summary>The machine's crontabs.</summary>
    public string CronFolder { get; init; } = "/etc/cron.d";

    /// <summary>A user's agents.</summary>
    public string Agents { get; init; } = Path.Combine(Home, "Library", "LaunchAgents");

    /// <summary>The machine's daemons.</summary>
    public string Daemons { get; init; } = "/Library/LaunchDaemons";

    /// <summary>The program that reads and installs crontabs.</summary>
    public string Crontab { get; init; } = "crontab";

    /// <summary>What a running cron is called: those of Debian and macOS, of Fedora and dcron, fcron, and that of BusyBox.</summary>
    public IReadOnlyList<string> CronPrograms { get; init; } = ["cron", "crond", "fcron", "busybox"];

    /// <summary>The program that tells systemd what to do.</summary>
    public string Systemctl { get; init; } = "systemctl";

    /// <summary>The program that tells whether a user's manager outlives the session.</summary>
    public string Loginctl { get; init; } = "loginctl";

    /// <summary>The program that tells launchd what to do.</summary>
    public string Launchctl { get; init; } = "launchctl";

    /// <summary>The program that tells the Task Scheduler what to do.</summary>
    public string Schtasks { get; init; } = "schtasks.exe";

    // The XDG specification says that a relative path there is invalid and must be ignored.
    private static string XdgFolder(string variable, string otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } path && Path.IsPathRooted(path) ? path : Path.Combine(Home, otherwise);
}
