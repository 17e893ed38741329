using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace RsyncS3Backup.Observation;

/// <summary>
/// The system's own log: the journal of systemd by its native protocol, which keeps fields apart, or else syslog. Told of a run's start and
/// end, its warnings and its errors. Thread-safe, and never stops a run: what cannot be sent is not sent.
/// </summary>
internal sealed class SystemLog : IDisposable
{
    /// <summary>What the entries are found by: <c>journalctl -t rsyncs3backup</c>.</summary>
    public const string Identifier = "rsyncs3backup";

    // Datagrams are limited, to about 200 KiB on Linux and to 8 KiB by many a syslog; the run's log has the whole text.
    private const int LongestMessage = 4000;

    // Of a run with a million failures the system's log needs no million lines.
    private const int MostEntries = BackupLimits.ReportedItems;

    private const int SendMilliseconds = 1000;

    private readonly object gate = new();
    private readonly string jobName;
    private readonly string runId;
    private Socket? socket;
    private SystemLogPlace? place;
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
        foreach (SystemLogPlace candidate in places ?? SystemLogPlace.OfThisSystem)
        {
            Socket? opening = null;
            try
            {
                opening = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendMilliseconds };
                opening.Connect(new UnixDomainSocketEndPoint(candidate.Path));
                (log.socket, log.place, log.Failure) = (opening, candidate, null);
                return log;
            }
            catch (Exception exception) when (exception is SocketException or PlatformNotSupportedException or ArgumentException)
            {
                opening?.Dispose();
                log.Failure ??= $"{candidate.Path}: {exception.Message}";
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

    /// <summary>Closes the socket.</summary>
    public void Dispose() => socket?.Dispose();

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
        if (place is null)
            return;
        string text = message.Length > LongestMessage ? message[..LongestMessage] + "…" : message;
        byte[] datagram = place.IsJournal
            ? Journal(priority, text, [("EVENT", kind), ("JOB", jobName), ("RUN", runId), .. fields])
            : Syslog(priority, text, DateTime.Now);
        lock (gate)
        {
            try
            {
                socket?.Send(datagram);
            }
            catch (SocketException exception)
            {
                Failure = $"{place.Path}: {exception.Message}";
                socket?.Dispose();
                socket = null;
            }
        }
    }

    /// <summary>https://systemd.io/JOURNAL_NATIVE_PROTOCOL/: a line a field, or its length and its bytes when it holds a line break.</summary>
    private static byte[] Journal(int priority, string message, IEnumerable<(string Name, string? Value)> fields)
    {
        using MemoryStream datagram = new();
        byte[] length = new byte[sizeof(ulong)];
        IEnumerable<(string Name, string? Value)> own = fields.Select(field => ("RSYNCS3BACKUP_" + field.Name, field.Value));
        string level = priority.ToString(CultureInfo.InvariantCulture);
        foreach ((string name, string? value) in own.Prepend(("MESSAGE", message)).Prepend(("SYSLOG_IDENTIFIER", Identifier)).Prepend(("PRIORITY", level)))
        {
            if (value is null)
                continue;
            byte[] content = Encoding.UTF8.GetBytes(value);
            bool hasLines = value.Contains('\n', StringComparison.Ordinal);
            datagram.Write(Encoding.ASCII.GetBytes(name + (hasLines ? "\n" : "=")));
            if (hasLines)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
                datagram.Write(length);
            }

            datagram.Write(content);
            datagram.WriteByte((byte)'\n');
        }

        return datagram.ToArray();
    }

    /// <summary>As syslog(3) writes to a local socket: RFC 3164 without the host. The facility is that of user programs.</summary>
    private static byte[] Syslog(int priority, string message, DateTime now)
    {
        const int facility = 1;
        string text = ShownText.OneLine(message);
        string day = now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"<{(facility * 8) + priority}>{now:MMM} {day} {now:HH:mm:ss} {Identifier}[{Environment.ProcessId}]: {text}"));
    }
}

/// <summary>A socket that a system's log is told by.</summary>
/// <param name="Path">The socket.</param>
/// <param name="IsJournal">True for systemd's own protocol, false for syslog's.</param>
internal sealed record SystemLogPlace(string Path, bool IsJournal)
{
    /// <summary>Where this system has them, best first. On macOS syslog's socket leads to the unified log (not tested there).</summary>
    public static IReadOnlyList<SystemLogPlace> OfThisSystem { get; } =
        OperatingSystem.IsLinux() ? [new("/run/systemd/journal/socket", true), new("/dev/log", false)]
        : OperatingSystem.IsMacOS() ? [new("/var/run/syslog", false)]
        : [];
}
