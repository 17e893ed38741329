using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A small mail server on loopback: EHLO, STARTTLS, AUTH PLAIN, one mail after the other.</summary>
public sealed class SmtpServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<string> commands = new();
    private readonly ConcurrentQueue<string> mails = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> answers = new();

    public SmtpServer()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Every line that a client sent, but those of the mails.</summary>
    public IReadOnlyList<string> Commands => [.. commands];

    /// <summary>The mails taken.</summary>
    public IReadOnlyList<string> Mails => [.. mails];

    /// <summary>The user and the password that AUTH PLAIN must bring; null: nobody logs in.</summary>
    public (string User, string Password)? Login { get; init; }

    /// <summary>What STARTTLS uses; null: it is not offered.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>What the next commands that begin so are answered with.</summary>
    public void Answer(string command, params string[] next) =>
        Array.ForEach(next, answers.GetOrAdd(command, _ => new ConcurrentQueue<string>()).Enqueue);

    public void Dispose()
    {
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
        try
        {
            await TalkAsync(client.GetStream(), isEncrypted: false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client went away, or the test has ended.
        }
    }

    private async Task TalkAsync(Stream stream, bool isEncrypted)
    {
        using StreamReader reader = new(stream, Encoding.UTF8, leaveOpen: true);
        if (!isEncrypted)
            await SayAsync("220 test");
        while (await reader.ReadLineAsync(stopping.Token) is { } line)
        {
            commands.Enqueue(line);
            string verb = line.Split(' ', ':')[0].ToUpperInvariant();
            if (answers.TryGetValue(verb, out ConcurrentQueue<string>? given) && given.TryDequeue(out string? answer))
            {
                await SayAsync(answer);
                continue;
            }

            switch (verb)
            {
                case "EHLO":
                    await SayAsync(string.Join("\r\n", (string[])
                        ["250-test", .. Certificate is not null && !isEncrypted ? ["250-STARTTLS"] : Array.Empty<string>(),
                            .. Login is null ? Array.Empty<string>() : ["250-AUTH PLAIN"], "250 8BITMIME"]));
                    break;
                case "STARTTLS":
                    await SayAsync("220 go on");
                    using (SslStream encrypted = new(stream, leaveInnerStreamOpen: true))
                    {
                        await encrypted.AuthenticateAsServerAsync(Certificate!);
                        await TalkAsync(encrypted, isEncrypted: true);
                    }

                    return;
                case "AUTH":
                    string expected = $"\0{Login?.User}\0{Login?.Password}";
                    bool isRight = line.Split(' ') is [_, _, var given64] && Encoding.UTF8.GetString(Convert.FromBase64String(given64)) == expected;
                    await SayAsync(isRight ? "235 welcome" : "535 5.7.8 Username and password not accepted");
                    break;
                case "DATA":
                    await SayAsync("354 go on");
                    StringBuilder mail = new();
                    while (await reader.ReadLineAsync(stopping.Token) is { } text && text != ".")
                        mail.Append(text).Append('\n');
                    mails.Enqueue(mail.ToString());
                    await SayAsync("250 taken");
                    break;
                case "QUIT":
                    await SayAsync("221 bye");
                    return;
                default:
                    await SayAsync("250 ok");
                    break;
            }
        }

        async Task SayAsync(string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"), stopping.Token);
    }
}
