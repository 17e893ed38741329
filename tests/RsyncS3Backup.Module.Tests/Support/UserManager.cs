using System.Diagnostics;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>A real systemd for a user, with folders of its own, that the tests start and end; this machine's own is left alone.</summary>
internal sealed class UserManager : IDisposable
{
    // systemd says by this folder that it runs the machine (sd_booted(3)); its user's manager starts only where it is.
    private const string Booted = "/run/systemd/system";

    private static readonly string[] Places = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];

    private readonly Process? process;
    private readonly bool madeBooted;

    /// <summary>Starts it, in the environment of this process.</summary>
    public UserManager()
    {
        string? program = Places.FirstOrDefault(File.Exists);
        if (program is null)
        {
            WhyNot = "there is no systemd here (Debian: package systemd)";
            return;
        }

        if (!Directory.Exists(Booted))
        {
            if (!Environment.IsPrivilegedProcess)
            {
                WhyNot = "systemd does not run this machine, and only root can start its user's manager then";
                return;
            }

            Directory.CreateDirectory(Booted);
            madeBooted = true;
        }

        ProcessStartInfo start = new(program, ["--user"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        // Of a session of this machine, where there is one.
        start.Environment.Remove("DBUS_SESSION_BUS_ADDRESS");
        process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        for (long began = Environment.TickCount64; !Answers(); Thread.Sleep(100))
        {
            if (!process.HasExited && Environment.TickCount64 - began < 60_000)
                continue;
            WhyNot = "the user's manager of systemd does not start here";
            return;
        }
    }

    /// <summary>Why there is none; null when there is one.</summary>
    public string? WhyNot { get; }

    public void Dispose()
    {
        if (process is not null)
        {
            // SIGRTMIN+4 and SIGTERM let it stop what it has started; it has a few seconds for that.
            if (!process.HasExited)
                Run("systemctl", "--user", "exit");
            if (!process.WaitForExit(10_000))
                process.Kill(entireProcessTree: true);
            process.Dispose();
        }

        if (madeBooted && Directory.Exists(Booted))
            Directory.Delete(Booted);
    }

    private static bool Answers() => Run("systemctl", "--user", "show", "--property=Version") == 0;

    private static int Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        process.WaitForExit();
        return process.ExitCode;
    }
}
