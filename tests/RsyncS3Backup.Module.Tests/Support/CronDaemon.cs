using System.Diagnostics;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>
/// A real cron that sees crontabs of its own: it runs in a mount namespace where an empty folder lies over the machine's crontabs, which
/// therefore neither it nor the tests can touch.
/// </summary>
/// <remarks>
/// cron reads its folders again when their time is another one, in whole seconds (load_database in Debian's database.c). So they are old when it
/// starts: a crontab that is written in the second of its first look would never be seen.
/// </remarks>
internal sealed class CronDaemon : IDisposable
{
    private const string Inside = """
        set -e
        mount -t tmpfs -o mode=1730 tmpfs /var/spool/cron/crontabs
        chgrp crontab /var/spool/cron/crontabs
        mount -t tmpfs tmpfs /etc/cron.d
        mount --bind /dev/null /etc/crontab
        mount -t tmpfs tmpfs /run
        touch -d '1 hour ago' /var/spool/cron/crontabs /etc/cron.d
        echo ready
        exec /usr/sbin/cron -f
        """;

    private readonly Process? process;

    /// <summary>Starts it.</summary>
    public CronDaemon()
    {
        WhyNot = !OperatingSystem.IsLinux() || !File.Exists("/usr/sbin/cron") || !Directory.Exists("/var/spool/cron/crontabs")
            ? "there is no cron here (Debian: package cron)"
            : !Environment.IsPrivilegedProcess ? "only root can give cron crontabs of its own" : null;
        if (WhyNot is not null)
            return;
        ProcessStartInfo start = new("unshare", ["--mount", "--propagation", "private", "sh", "-c", Inside])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        process = Process.Start(start)!;
        if (process.StandardOutput.ReadLine() != "ready")
            WhyNot = "no mount namespace can be made here: " + process.StandardError.ReadToEnd().Trim();
    }

    /// <summary>Why there is none; null when there is one.</summary>
    public string? WhyNot { get; }

    /// <summary>The crontab program that works on this cron's crontabs, as a shell's command.</summary>
    public string Crontab => $"nsenter --target {process!.Id} --mount /usr/bin/crontab";

    public void Dispose()
    {
        if (process is null)
            return;
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }
}
