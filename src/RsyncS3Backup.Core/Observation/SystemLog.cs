using System.Globalization;
using System.Net.Sockets;

namespace RsyncS3Backup.Observation;

/// <summary>
/// The system's own log: the journal of systemd, which keeps fields apart, or else syslog; the event log of Windows. Told of a run's start and end,
/// its warnings and its errors. Thread-safe, and never stops a run: what cannot be sent is not sent.
/// </summary>
internal sealed class SystemLog : IDisposable
{
    /// <summary>What the entries are found by: <c>journalctl -t rsyncs3backup</c>, or the source in the Event Viewer.</summary>
    public const string Identifier = "rsyncs3backup";

    // Datagrams are limited, to about 200 KiB on Linux and to 8 KiB by many a syslog; the run's log has the whole text.
    private const int LongestMessage = 4000;

    // Of a run with a million failures the system's log needs no million lines.
    private const int MostEntries = BackupLimits.ReportedItems;

    private readonly object gate = new();
    private readonly string jobName;
    private readonly string runId;
    private ISystemLogSink? sink;
    private int written;

    private SystemLog(string jobName, string runId) => (this.jobName, this.runId) = (jobName, runId);

    /// <summary>Why nothing arrives there, or not any more; null when all is well.</summary>
    public string? Failure { get; private set; }

    /// <summary>Opens the log of this machine.</summary>
    /// <param name="jobName">The job, which each entry names.</param>
    /// <param name="runId">The run, which each entry names.</param>
    /// <param name="places">Where to look for it, best first; null: where this system has it.</param>
    public static SystemLog Open(string jobName, string runId, IReadOnlyList<SystemLogPlace>? places = null)
    {
        SystemLog log = new(jobName, runId);
        foreach (SystemLogPlace place in places ?? SystemLogPlace.OfThisSystem)
        {
            try
            {
                log.sink = place.Open();
                log.Failure = null;
                return log;
            }
            catch (Exception exception) when (exception is IOException or SocketException or PlatformNotSupportedException or ArgumentException)
            {
                log.Failure ??= $"{place.Name}: {exception.Message}";
            }
        }

        log.Failure ??= "there is none that this module knows on this system.";
        return log;
    }

    /// <summary>The run begins.</summary>
    public void Begin() => Send(6, "start", $"Backup of job '{jobName}' begins (run {runId}).", []);

    /// <summary>The run has ended.</summary>
    public void End(BackupStatus status, BackupExitCode exitCode) => Send(
        status switch { BackupStatus.Failed => 3, BackupStatus.Cancelled or BackupStatus.SucceededWithWarnings => 4, _ => 5 },
        "end",
        $"Backup of job '{jobName}' ended: {status} (run {runId}).",
        [("STATUS", status.ToString()), ("EXIT_CODE", ((int)exitCode).ToString(CultureInfo.InvariantCulture))]);

    /// <summary>A warning of the run.</summary>
    public void Warning(string message) => SendLimited(4, "warning", message, []);

    /// <summary>An error of the run, or of one of its entries.</summary>
    public void Error(BackupError error) =>
        SendLimited(3, "error", $"{error}", [("ERROR", error.Id), ("TARGET", error.Target), ("ACTION", error.RecommendedAction)]);

    /// <summary>Closes it.</summary>
    public void Dispose() => sink?.Dispose();

    private void SendLimited(int priority, string kind, string message, IEnumerable<(string Name, string? Value)> fields)
    {
        int count = Interlocked.Increment(ref written);
        if (count <= MostEntries)
            Send(priority, kind, $"Job '{jobName}': {message}", fields);
        else if (count == MostEntries + 1)
            Send(priority, kind, $"Job '{jobName}': further warnings and errors are in the run's log only.", []);
    }

    private void Send(int priority, string kind, string message, IEnumerable<(string Name, string? Value)> fields)
    {
        string text = message.Length > LongestMessage ? message[..LongestMessage] + "…" : message;
        SystemLogEntry entry = new(priority, kind, text, [("EVENT", kind), ("JOB", jobName), ("RUN", runId), .. fields]);
        lock (gate)
        {
            try
            {
                sink?.Send(entry);
            }
            catch (Exception exception) when (exception is IOException or SocketException)
            {
                Failure = $"{sink!.Name}: {exception.Message}";
                sink.Dispose();
                sink = null;
            }
        }
    }
}
