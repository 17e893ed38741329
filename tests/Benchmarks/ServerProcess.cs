using System.Diagnostics;

namespace Benchmarks;

/// <summary>The loopback S3 server in a process of its own; it keeps hashes, and contents only when told to.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    public const string Bucket = "bench";

    private readonly Process process;

    private ServerProcess(Process process, IReadOnlyDictionary<string, string> environment)
    {
        this.process = process;
        Endpoint = "";
        Environment = environment;
    }

    private ServerProcess(Process process, Dictionary<string, string> announced)
    {
        this.process = process;
        Endpoint = announced["endpoint"];
        Environment = new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = announced["access_key"],
            ["AWS_SECRET_ACCESS_KEY"] = announced["secret_key"],
            ["AWS_REGION"] = announced["region"],
            ["AWS_DEFAULT_REGION"] = announced["region"],
            ["AWS_EC2_METADATA_DISABLED"] = "true",
        };
    }

    public string Endpoint { get; private init; }

    /// <summary>The same server at the end of a line.</summary>
    public ServerProcess Through(SlowLine line) => new(process, Environment)
    {
        Endpoint = new UriBuilder(Endpoint) { Port = line.Port }.Uri.ToString().TrimEnd('/'),
    };

    /// <summary>Processor time that the server has used so far: on few cores, a client's seconds are also the server's.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The requests that came since this was last asked, e.g. <c>2 ListObjectsV2, 20000 PutObject</c>.</summary>
    public string TakeRequests()
    {
        string[] counts = Tell("requests").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return counts.Length == 0 ? "no request" : string.Join(", ", counts.Select(count => count.Split('=')).Select(pair => $"{pair[1]} {pair[0]}"));
    }

    /// <summary>Gives the server a command, and waits for its answer.</summary>
    public string Tell(string command)
    {
        process.StandardInput.WriteLine(command);
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine() ?? "";
    }

    /// <summary>What a client needs in its environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <param name="contents">The folder that contents are kept in; null: they are not kept.</param>
    public static async Task<ServerProcess> StartAsync(string? contents = null)
    {
        string program = typeof(S3Server.LoopbackS3Server).Assembly.Location;
        string[] content = contents is null ? ["--keep-content", "false"] : ["--folder", contents];
        ProcessStartInfo start = new("dotnet", [program, "--bucket", Bucket, "--commands", "true", .. content])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        string line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The S3 server did not start.");
        return new ServerProcess(process, line.Split(' ').Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]));
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
