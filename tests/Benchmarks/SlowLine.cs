using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Benchmarks;

/// <summary>
/// A line to a server that is far away: every byte arrives 20 ms later, so 40 ms there and back, and each direction carries 50
/// Mbit/s, all connections together. It counts what goes over it.
/// </summary>
internal sealed class SlowLine : IAsyncDisposable
{
    private const int ChunkSize = 16 * 1024;

    // What is on its way on one connection: the line's rate times its delay is 125 KB.
    private const int ChunksUnderWay = 16;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly IPEndPoint target;
    private readonly Direction up = new();
    private readonly Direction down = new();

    private SlowLine(int port)
    {
        target = new IPEndPoint(IPAddress.Loopback, port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    /// <summary>Where the line begins.</summary>
    public int Port { get; }

    /// <summary>False: as quick as the machine is.</summary>
    public bool IsSlow
    {
        set => up.IsSlow = down.IsSlow = value;
    }

    /// <summary>A line to a port of this machine.</summary>
    public static SlowLine To(int port) => new(port);

    /// <summary>The bytes that went to the server since this was last asked, requests and all.</summary>
    public long TakeSent() => up.Take();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptSocketAsync(stop.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The line is taken down.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket server = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            client.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(target, stop.Token);
            await Task.WhenAll(PumpAsync(client, server, up), PumpAsync(server, client, down));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // One of both ended the connection.
        }
        finally
        {
            client.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Direction direction)
    {
        Channel<(byte[] Bytes, TimeSpan Arrival)> underWay = Channel.CreateBounded<(byte[], TimeSpan)>(ChunksUnderWay);
        Task delivery = DeliverAsync(underWay.Reader, to);
        byte[] buffer = new byte[ChunkSize];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, stop.Token)) > 0;)
                await underWay.Writer.WriteAsync((buffer[..read], direction.Carry(read)), stop.Token);
        }
        finally
        {
            underWay.Writer.TryComplete();
            await delivery;
        }
    }

    private async Task DeliverAsync(ChannelReader<(byte[] Bytes, TimeSpan Arrival)> underWay, Socket to)
    {
        await foreach ((byte[] bytes, TimeSpan arrival) in underWay.ReadAllAsync(stop.Token))
        {
            if (arrival - Direction.Now is { Ticks: > 0 } left)
                await Task.Delay(left, stop.Token);
            for (int sent = 0; sent < bytes.Length;)
                sent += await to.SendAsync(bytes.AsMemory(sent), stop.Token);
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private sealed class Direction
    {
        private const double BytesPerSecond = 50e6 / 8;
        private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

        private readonly Lock gate = new();
        private TimeSpan free;
        private long carried;

        public static TimeSpan Now => TimeSpan.FromMilliseconds(
            System.Diagnostics.Stopwatch.GetTimestamp() * 1000.0 / System.Diagnostics.Stopwatch.Frequency);

        public bool IsSlow { get; set; }

        /// <summary>Puts bytes on the line; when they arrive.</summary>
        public TimeSpan Carry(int bytes)
        {
            lock (gate)
            {
                carried += bytes;
                if (!IsSlow)
                    return TimeSpan.Zero;
                TimeSpan now = Now;
                free = (free > now ? free : now) + TimeSpan.FromSeconds(bytes / BytesPerSecond);
                return free + Delay;
            }
        }

        public long Take()
        {
            lock (gate)
                return (carried, carried = 0).carried;
        }
    }
}
