using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A server on loopback that the tests started, and that ends with them.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process process;

    private ServerProcess(Process process) => this.process = process;

    /// <summary>Starts a program and waits until it says that it listens.</summary>
    public static ServerProcess Start(string program, IEnumerable<string> arguments, string listens)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["LC_ALL"] = "C";
        Process process = Process.Start(start)!;
        List<string> said = [];
        using ManualResetEventSlim isReady = new();
        void Hear(object? sender, DataReceivedEventArgs line)
        {
            lock (said)
                said.Add(line.Data ?? "");
            if (line.Data is null || line.Data.Contains(listens, StringComparison.Ordinal))
                SetOnce();
        }

        void SetOnce()
        {
            try
            {
                isReady.Set();
            }
            catch (ObjectDisposedException)
            {
                // It said something long after it was ready.
            }
        }

        process.OutputDataReceived += Hear;
        process.ErrorDataReceived += Hear;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool isInTime = isReady.Wait(TimeSpan.FromMinutes(2));
        lock (said)
        {
            if (isInTime && said.Exists(line => line.Contains(listens, StringComparison.Ordinal)))
                return new ServerProcess(process);
        }

        process.Kill(entireProcessTree: true);
        throw new InvalidOperationException($"{program} does not listen: {string.Join(" / ", said)}");
    }

    /// <summary>A port that nothing listens on now.</summary>
    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The processes that it has started and that still are, with those that they have started.</summary>
    public IReadOnlyList<Process> Descendants()
    {
        Dictionary<int, int> parents = [];
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id) && ParentOf(folder) is { } parent)
                parents[id] = parent;
        }

        return [.. parents.Keys.Where(IsDescendant).Select(ById).OfType<Process>()];

        bool IsDescendant(int id)
        {
            while (parents.TryGetValue(id, out int parent) && parent > 0)
            {
                if (parent == process.Id)
                    return true;
                id = parent;
            }

            return false;
        }
    }

    /// <summary>Waits until all that it started is gone; false when that does not happen.</summary>
    public bool WaitUntilIdle() => Descendants().All(child => child.WaitForExit(TimeSpan.FromMinutes(2)));

    public void Dispose()
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private static Process? ById(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // proc(5): "pid (name) state ppid …"; the name may hold anything, so what counts comes after the last ')'.
    private static int? ParentOf(string folder)
    {
        try
        {
            string stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ')[2], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
