using System.Globalization;
using System.Runtime.InteropServices;
using S3Server;

var options = new S3ServerOptions();
string? bucket = null;
var takesCommands = false;
for (var index = 0; index + 1 < args.Length; index += 2)
{
    var value = args[index + 1];
    switch (args[index])
    {
        case "--urls": options = options with { Port = new Uri(value).Port }; break;
        case "--access-key": options = options with { AccessKey = value }; break;
        case "--secret-key": options = options with { SecretKey = value }; break;
        case "--region": options = options with { Region = value }; break;
        case "--folder": options = options with { Folder = value }; break;
        case "--bucket": bucket = value; break;
        case "--keep-content": options = options with { KeepContent = bool.Parse(value) }; break;
        case "--md5-etags": options = options with { Md5ETags = bool.Parse(value) }; break;
        case "--require-signature": options = options with { RequireSignature = bool.Parse(value) }; break;
        case "--commands": takesCommands = bool.Parse(value); break;
        default: return Usage($"unknown option {args[index]}");
    }
}
if (args.Length % 2 != 0)
    return Usage($"{args[^1]} has no value");

await using var server = await LoopbackS3Server.StartAsync(options);
if (bucket is not null)
    server.Store.CreateBucket(bucket);
Console.WriteLine($"endpoint={server.Endpoint.GetLeftPart(UriPartial.Authority)} access_key={server.AccessKey} "
    + $"secret_key={server.SecretKey} region={server.Region}");

var stop = new TaskCompletionSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.TrySetResult();
}
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
// Ctrl+C also reaches whoever gives the commands: its clean-up still needs the server, and ends it when it is done.
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, takesCommands ? signal => signal.Cancel = true : Stop);

// Each line of the input is a command, and is answered with one line. The input ends with whoever started this, however that ended:
// so does the server.
if (takesCommands)
{
    _ = Task.Run(() =>
    {
        while (Console.ReadLine() is { } command)
            Console.WriteLine(Answer(command));
        stop.TrySetResult();
    });
}

await stop.Task;
return 0;

string Answer(string command)
{
    switch (command.Split(' '))
    {
        // The requests since the last time.
        case ["requests"]:
            var counts = string.Join(' ', server.Requests.ByOperation.Select(pair => $"{pair.Key}={pair.Value}"));
            server.Requests.Reset();
            return counts;
        case ["fault", var operation, var name] when Enum.TryParse(name, out FaultKind kind):
            server.Faults.Add(new FaultRule { Operation = operation, Kind = kind, Times = int.MaxValue });
            return "ok";
        // Each such request waits.
        case ["slow", var operation, var milliseconds]:
            server.Faults.Add(new FaultRule
            {
                Operation = operation,
                Kind = FaultKind.Slow,
                Delay = TimeSpan.FromMilliseconds(int.Parse(milliseconds, CultureInfo.InvariantCulture)),
                Times = int.MaxValue,
            });
            return "ok";
        // Many empty objects, without a request each.
        case ["fill", var prefix, var count]:
            server.Store.Fill(bucket!, prefix, int.Parse(count, CultureInfo.InvariantCulture));
            return "ok";
        case ["no-faults"]:
            server.Faults.Clear();
            return "ok";
        default:
            return $"unknown command {command}";
    }
}

static int Usage(string problem)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine("usage: S3Server [--urls http://127.0.0.1:PORT] [--access-key KEY] [--secret-key KEY] [--region NAME] "
        + "[--folder DIR] [--bucket NAME] [--keep-content true|false] [--md5-etags true|false] [--require-signature true|false] "
        + "[--commands true|false]");
    Console.Error.WriteLine("commands, one a line of the input: requests | fault OPERATION KIND | "
        + "slow OPERATION MILLISECONDS | no-faults | fill PREFIX COUNT");
    return 64;
}
