using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A small HTTP server on loopback that answers as it is told, or not at all.</summary>
public sealed class WebhookServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<WebhookRequest> requests = new();
    private readonly ConcurrentQueue<string?> answers = new();
    private bool isGone;

    public WebhookServer()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The address of a webhook whose path is a secret.</summary>
    public string Url => Root + Secret;

    /// <summary>The secret path.</summary>
    public string Secret { get; } = "/services/PLANTED-path-of-the-webhook";

    /// <summary>The server, which is no secret.</summary>
    public string Root => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>What was asked so far.</summary>
    public IReadOnlyList<WebhookRequest> Requests => [.. requests];

    /// <summary>What it answers after the answers given: a status, headers and body; null closes the connection, "" never answers.</summary>
    public string? Usually { get; set; } = Status(200);

    /// <summary>Answers wait for this.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    /// <summary>An answer.</summary>
    public static string Status(int code, string body = "ok", string headers = "") => string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {code} Status\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}");

    /// <summary>The next answers.</summary>
    public void Answer(params string?[] next) => Array.ForEach(next, answers.Enqueue);

    /// <summary>Ends it; also before the test ends, for a server that is gone.</summary>
    public void Dispose()
    {
        if (isGone)
            return;
        isGone = true;
        stopping.Cancel();
        listener.Dispose();
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stopping.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        CancellationToken stopped = stopping.Token;
        try
        {
            NetworkStream stream = client.GetStream();
            requests.Enqueue(await ReadAsync(stream, stopped));
            await Hold.WaitAsync(stopped);
            string? answer = answers.TryDequeue(out string? next) ? next : Usually;
            if (answer == "")
                await Task.Delay(Timeout.Infinite, stopped);
            if (answer is not null)
                await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), stopped);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client gave up, or the test has ended.
        }
    }

    private static async Task<WebhookRequest> ReadAsync(NetworkStream stream, CancellationToken stopped)
    {
        List<byte> head = [];
        byte[] one = new byte[1];
        while (!(head.Count > 3 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            await stream.ReadExactlyAsync(one, stopped);
            head.Add(one[0]);
        }

        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(parts => parts[0], parts => parts[1], StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, stopped);
        string[] request = lines[0].Split(' ');
        return new WebhookRequest(request[0], request[1], headers.GetValueOrDefault("Content-Type", ""), Encoding.UTF8.GetString(body));
    }
}

/// <summary>One request.</summary>
public sealed record WebhookRequest(string Method, string Target, string ContentType, string Body);
