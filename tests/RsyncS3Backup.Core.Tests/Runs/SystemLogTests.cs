using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>What the system's log hears of a run, at sockets of our own.</summary>
[Collection(FakeRsync.Collection)]
public sealed class SystemLogTests : LocalJob
{
    [Fact]
    public async Task The_journal_hears_of_start_and_end_with_fields()
    {
        using Socket journal = Listen("journal");
        Configuration = Configuration with { Log = new LogOptions { System = true } };

        BackupResult result = await RunAsync(new BackupRunOptions { Logging = new RunLogging { SystemPlaces = [SystemLogPlace.Journal(Files["journal"])] } });

        Dictionary<string, string>[] entries = [.. Receive(journal).Select(Fields)];
        Assert.Equal(["start", "end"], entries.Select(entry => entry["RSYNCS3BACKUP_EVENT"]));
        Assert.All(entries, entry => Assert.Equal(
            ("rsyncs3backup", Name, result.RunId), (entry["SYSLOG_IDENTIFIER"], entry["RSYNCS3BACKUP_JOB"], entry["RSYNCS3BACKUP_RUN"])));
        Assert.Equal(("5", "Succeeded", "0"), (entries[1]["PRIORITY"], entries[1]["RSYNCS3BACKUP_STATUS"], entries[1]["RSYNCS3BACKUP_EXIT_CODE"]));
    }

    [Fact]
    public async Task Syslog_hears_of_an_error_and_of_the_end_in_one_line_each()
    {
        using Socket syslog = Listen("log");
        Configuration = Configuration with { Sources = [new BackupSource { Path = Files["no-such-source"] }] };

        await RunAsync(To(SystemLogPlace.Journal(Files["no-such-journal"]), SystemLogPlace.Syslog(Files["log"])));

        string[] lines = [.. Receive(syslog).Select(Encoding.UTF8.GetString)];
        Assert.Equal(3, lines.Length);
        Assert.Matches($@"^<14>[A-Z][a-z]{{2}} [ 123][0-9] \d\d:\d\d:\d\d rsyncs3backup\[{Environment.ProcessId}\]: Backup of job '{Name}' begins ", lines[0]);
        Assert.StartsWith("<11>", lines[1], StringComparison.Ordinal);
        Assert.Contains("SourceMissing", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("<11>", lines[2], StringComparison.Ordinal);
        Assert.Contains("ended: Failed", lines[2], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.DoesNotContain('\n', line));
    }

    [Fact]
    public void A_message_of_several_lines_arrives_whole_in_the_journal_and_as_one_line_in_syslog()
    {
        using Socket journal = Listen("journal");
        using Socket syslog = Listen("log");
        using (SystemLog first = SystemLog.Open("job", "run", [SystemLogPlace.Journal(Files["journal"])]))
            first.Warning("one\ntwo=2");
        using (SystemLog second = SystemLog.Open("job", "run", [SystemLogPlace.Syslog(Files["log"])]))
            second.Warning("one\ntwo");

        Assert.Equal("Job 'job': one\ntwo=2", Fields(Assert.Single(Receive(journal)))["MESSAGE"]);
        Assert.EndsWith("Job 'job': one two", Encoding.UTF8.GetString(Assert.Single(Receive(syslog))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_with_many_failures_does_not_fill_the_system_log()
    {
        // As many as the system queues would do; this socket is read meanwhile.
        using Socket journal = Listen("journal");
        List<byte[]> received = [];
        using SystemLog log = SystemLog.Open("job", "run", [SystemLogPlace.Journal(Files["journal"])]);
        for (int number = 0; number < 300; number++)
        {
            log.Warning(new string('x', 100_000));
            received.AddRange(Receive(journal));
        }

        Assert.Null(log.Failure);
        Assert.Equal(BackupLimits.ReportedItems + 1, received.Count);
        Assert.Contains("further warnings", Fields(received[^1])["MESSAGE"], StringComparison.Ordinal);
        Assert.All(received, entry => Assert.True(entry.Length < 8192));
    }

    [Fact]
    public async Task A_system_log_that_is_not_there_is_a_line_in_the_runs_log_and_nothing_else()
    {
        BackupResult result = await RunAsync(To(SystemLogPlace.Journal(Files["nothing"])));

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Empty(Observer.Warnings);
        Assert.Single(File.ReadAllLines(result.LogPath!), line => line.Contains("system's log is not told", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_system_log_that_goes_away_during_a_run_is_one_line_too()
    {
        Socket journal = Listen("journal");
        Core.Tests.Support.RecordingObserver observer = new() { OnVerbose = _ => journal.Dispose() };

        BackupResult result = await BackupRunner.RunAsync(
            Configuration, To(SystemLogPlace.Journal(Files["journal"])), observer, CancellationToken.None);

        Assert.Equal(BackupStatus.Succeeded, result.Status);
        Assert.Single(File.ReadAllLines(result.LogPath!), line => line.Contains("system's log is not told", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_setting_the_system_log_hears_nothing()
    {
        using Socket journal = Listen("journal");

        await RunAsync(new BackupRunOptions { Logging = new RunLogging { SystemPlaces = [SystemLogPlace.Journal(Files["journal"])] } });

        Assert.Empty(Receive(journal));
    }

    [Fact]
    public void The_event_log_of_Windows_has_a_type_a_number_and_a_line_a_field()
    {
        SystemLogEntry error = new(3, "error", "It failed.", [("JOB", "photos"), ("TARGET", null), ("ERROR", "SourceMissing")]);

        Assert.Equal("It failed.\r\nJOB: photos\r\nERROR: SourceMissing", WindowsEventLog.TextOf(error));
        // EVENTLOG_ERROR_TYPE, _WARNING_TYPE and _INFORMATION_TYPE of winnt.h.
        Assert.Equal((1, 4u), WindowsEventLog.TypeOf(error));
        Assert.Equal((2, 3u), WindowsEventLog.TypeOf(error with { Priority = 4, Kind = "warning" }));
        Assert.Equal((4, 2u), WindowsEventLog.TypeOf(error with { Priority = 5, Kind = "end" }));
        Assert.Equal((4, 1u), WindowsEventLog.TypeOf(error with { Priority = 6, Kind = "start" }));
    }

    private static BackupRunOptions To(params SystemLogPlace[] places) =>
        new() { Logging = new RunLogging { System = true, SystemPlaces = places } };

    private Socket Listen(string name)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Files[name]));
        return socket;
    }

    /// <summary>What has arrived until now.</summary>
    private static List<byte[]> Receive(Socket socket)
    {
        List<byte[]> received = [];
        byte[] buffer = new byte[256 * 1024];
        while (socket.Poll(0, SelectMode.SelectRead))
            received.Add(buffer[..socket.Receive(buffer)]);
        return received;
    }

    /// <summary>Reads https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.</summary>
    private static Dictionary<string, string> Fields(byte[] datagram)
    {
        Dictionary<string, string> fields = [];
        for (int at = 0; at < datagram.Length;)
        {
            int end = at + datagram.AsSpan(at).IndexOf((byte)'\n');
            int equals = datagram.AsSpan(at, end - at).IndexOf((byte)'=');
            if (equals >= 0)
            {
                fields.Add(Encoding.ASCII.GetString(datagram, at, equals), Encoding.UTF8.GetString(datagram, at + equals + 1, end - at - equals - 1));
                at = end + 1;
                continue;
            }

            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(datagram.AsSpan(end + 1));
            fields.Add(Encoding.ASCII.GetString(datagram, at, end - at), Encoding.UTF8.GetString(datagram, end + 9, length));
            at = end + 9 + length + 1;
        }

        return fields;
    }
}
