using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace RsyncS3Backup.Observation;

/// <summary>What a system's log is told.</summary>
/// <param name="Priority">As syslog(3) has it: 3 is an error, 4 a warning, 5 and 6 are information.</param>
/// <param name="Kind"><c>start</c>, <c>end</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Message">The text, also of several lines.</param>
/// <param name="Fields">What belongs to it; without a value: left out.</param>
internal sealed record SystemLogEntry(int Priority, string Kind, string Message, IReadOnlyList<(string Name, string? Value)> Fields);

/// <summary>An open log of a system. Not thread-safe.</summary>
internal interface ISystemLogSink : IDisposable
{
    /// <summary>What it is, as in a message.</summary>
    string Name { get; }

    /// <summary>Writes an entry.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    /// <exception cref="SocketException">The system refused, with its reason.</exception>
    void Send(SystemLogEntry entry);
}

/// <summary>Where a system's log is told.</summary>
/// <param name="Name">What it is, as in a message.</param>
/// <param name="Open">
/// Opens it; fails with an <see cref="IOException"/>, a <see cref="SocketException"/>, a <see cref="PlatformNotSupportedException"/> or an
/// <see cref="ArgumentException"/> where there is none.
/// </param>
internal sealed record SystemLogPlace(string Name, Func<ISystemLogSink> Open)
{
    /// <summary>Where this system has them, best first. On macOS syslog's socket leads to the unified log (not tested there).</summary>
    public static IReadOnlyList<SystemLogPlace> OfThisSystem { get; } =
        OperatingSystem.IsLinux() ? [Journal("/run/systemd/journal/socket"), Syslog("/dev/log")]
        : OperatingSystem.IsMacOS() ? [Syslog("/var/run/syslog")]
        : OperatingSystem.IsWindows() ? [new(WindowsEventLog.Shown, WindowsEventLog.Open)]
        : [];

    /// <summary>The socket of systemd's journal, by its own protocol.</summary>
    public static SystemLogPlace Journal(string path) => new(path, () => new SystemLogSocket(path, SystemLogSocket.ToJournal));

    /// <summary>The socket of syslog.</summary>
    public static SystemLogPlace Syslog(string path) => new(path, () => new SystemLogSocket(path, entry => SystemLogSocket.ToSyslog(entry, DateTime.Now)));
}

/// <summary>A log that takes a datagram an entry.</summary>
internal sealed class SystemLogSocket : ISystemLogSink
{
    private const int SendMilliseconds = 1000;

    private readonly Socket socket;
    private readonly Func<SystemLogEntry, byte[]> toDatagram;

    /// <summary>Opens it.</summary>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="ArgumentException">The path is longer than one of a socket can be.</exception>
    public SystemLogSocket(string path, Func<SystemLogEntry, byte[]> toDatagram)
    {
        (Name, this.toDatagram) = (path, toDatagram);
        socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Send(SystemLogEntry entry) => socket.Send(toDatagram(entry));

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    /// <summary>https://systemd.io/JOURNAL_NATIVE_PROTOCOL/: a line a field, or its length and its bytes when it holds a line break.</summary>
    public static byte[] ToJournal(SystemLogEntry entry)
    {
        using MemoryStream datagram = new();
        byte[] length = new byte[sizeof(ulong)];
        (string, string?)[] head =
        [
            ("PRIORITY", entry.Priority.ToString(CultureInfo.InvariantCulture)), ("SYSLOG_IDENTIFIER", SystemLog.Identifier), ("MESSAGE", entry.Message),
        ];
        foreach ((string name, string? value) in head.Concat(entry.Fields.Select(field => ("RSYNCS3BACKUP_" + field.Name, field.Value))))
        {
            if (value is null)
                continue;
            byte[] content = Encoding.UTF8.GetBytes(value);
            bool hasLines = value.Contains('\n', StringComparison.Ordinal);
            datagram.Write(Encoding.ASCII.GetBytes(name + (hasLines ? "\n" : "=")));
            if (hasLines)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)content.Length);
                datagram.Write(length);
            }

            datagram.Write(content);
            datagram.WriteByte((byte)'\n');
        }

        return datagram.ToArray();
    }

    /// <summary>As syslog(3) writes to a local socket: RFC 3164 without the host. The facility is that of user programs.</summary>
    public static byte[] ToSyslog(SystemLogEntry entry, DateTime now)
    {
        const int facility = 1;
        string text = ShownText.OneLine(entry.Message);
        string day = now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2);
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"<{(facility * 8) + entry.Priority}>{now:MMM} {day} {now:HH:mm:ss} {SystemLog.Identifier}[{Environment.ProcessId}]: {text}"));
    }
}
