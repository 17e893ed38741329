using System.ComponentModel;
using System.Diagnostics;
using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Runs;

/// <summary>Keeps the machine from going to sleep until it is disposed (<c>keepAwake</c>). A run never fails because of it.</summary>
/// <remarks>
/// systemd-inhibit(1) and caffeinate(8) hold their lock while a program runs. That program is cat on a pipe of ours, which ends with this process
/// also when it is killed. On Windows the wish belongs to a thread (SetThreadExecutionState), and ends with it.
/// </remarks>
internal sealed class KeepAwake : IDisposable
{
    // As sd_login(3) tells whether there is a logind.
    private const string Logind = "/run/systemd/seats";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Process process;
    private readonly RunContext context;

    private KeepAwake(Process process, RunContext context)
    {
        this.process = process;
        this.context = context;
    }

    /// <summary>The process that holds the lock.</summary>
    internal int ProcessId => process.Id;

    /// <summary>Begins; null where the machine has no means of it.</summary>
    public static IDisposable? Begin(RunContext context)
    {
        if (OperatingSystem.IsWindows())
            return new AwakeThread();
        bool hasLogind = OperatingSystem.IsLinux() && Directory.Exists(Logind);
        if (Command(OperatingSystem.IsMacOS(), hasLogind, ProgramFinder.FindOfSystem) is { } command)
            return TryStart(command, context);
        context.Verbose("keepAwake: nothing on this machine can keep it from going to sleep.");
        return null;
    }

    /// <summary>What to start, the program first. Pure.</summary>
    /// <param name="isMac">Whether this is macOS.</param>
    /// <param name="hasLogind">Whether systemd-logind runs.</param>
    /// <param name="find">A program's absolute path by its name; null: there is none.</param>
    /// <returns>Null when there is nothing to start.</returns>
    internal static IReadOnlyList<string>? Command(bool isMac, bool hasLogind, Func<string, string?> find)
    {
        if (find("cat") is not { } cat)
            return null;
        if (isMac)
            return find("caffeinate") is { } caffeinate ? [caffeinate, "-i", cat] : null;
        return hasLogind && find("systemd-inhibit") is { } inhibit
            ? [inhibit, "--what=sleep:idle", "--mode=block", "--who=RsyncS3Backup", "--why=A backup is running", cat]
            : null;
    }

    /// <summary>Starts what holds the lock; null when that cannot be started.</summary>
    internal static KeepAwake? TryStart(IReadOnlyList<string> command, RunContext context)
    {
        ProcessStartInfo start = new(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = ProgramFinder.SafeFolder,
        };
        // None of them needs anything of a session, which may hold secrets.
        start.Environment.Clear();
        start.Environment["PATH"] = ProgramFinder.SafePath;
        start.Environment["LC_ALL"] = "C";
        try
        {
            return new KeepAwake(Process.Start(start)!, context);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            context.Verbose($"keepAwake: '{command[0]}' cannot be started, so the machine may go to sleep: {exception.Message}");
            return null;
        }
    }

    /// <summary>The machine may go to sleep again.</summary>
    public void Dispose()
    {
        using (process)
        {
            try
            {
                if (process.HasExited)
                    context.Verbose($"keepAwake: the machine could go to sleep: '{process.StartInfo.FileName}' ended with code {process.ExitCode}.");
                process.StandardInput.Close();
                if (!process.WaitForExit(Patience))
                    process.Kill(entireProcessTree: true);
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException or Win32Exception or AggregateException)
            {
                // It has ended meanwhile, or has lost its pipe and ends by itself.
            }
        }
    }

    private sealed class AwakeThread : IDisposable
    {
        private readonly ManualResetEventSlim ended = new();
        private readonly Thread thread;

        public AwakeThread()
        {
            thread = new Thread(Hold) { IsBackground = true, Name = "Keeps the machine awake" };
            thread.Start();
        }

        public void Dispose()
        {
            ended.Set();
            thread.Join();
            ended.Dispose();
        }

        private void Hold()
        {
            if (OperatingSystem.IsWindows())
                WindowsCalls.KeepAwakeByThread();
            ended.Wait();
        }
    }
}
