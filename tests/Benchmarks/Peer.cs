using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Benchmarks;

/// <summary>One way to bring a folder to S3.</summary>
internal sealed class Peer
{
    private const string OursName = "ours";

    private readonly Func<string, string, double> sync;

    private Peer(string name, Func<string, string, double> sync) => (Name, this.sync) = (name, sync);

    public string Name { get; }

    public bool IsOurs => Name == OursName;

    /// <summary>Brings the folder to the prefix; seconds that the whole process took, or for us the stage alone.</summary>
    public double Sync(string folder, string prefix) => sync(folder, prefix);

    /// <summary>Ours, and those of the others that this machine has.</summary>
    public static Peer[] Installed(ServerProcess server, Workplace workplace)
    {
        List<Peer> peers = [new(OursName, (folder, prefix) => Ours(server, workplace, folder, prefix))];
        string target = $"s3://{ServerProcess.Bucket}/";
        Add("aws s3 sync", "aws", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "s3", "sync", "--only-show-errors", folder, target + prefix]);
        Add("rclone", "rclone", (folder, prefix) =>
            ["sync", "--transfers", "32", "--checkers", "32", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint,
                folder, $":s3:{ServerProcess.Bucket}/{prefix}"]);
        Add("s5cmd", "s5cmd", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "--log", "error", "sync", folder + "/", target + prefix]);
        return [.. peers];

        void Add(string name, string program, Func<string, string, string[]> arguments)
        {
            try
            {
                using Process probe = Process.Start(new ProcessStartInfo(program, ["--help"])
                {
                    RedirectStandardOutput = true, RedirectStandardError = true,
                })!;
                probe.StandardOutput.ReadToEnd();
                probe.WaitForExit();
                peers.Add(new Peer(name, (folder, prefix) => RunProgram(program, arguments(folder, prefix), server)));
            }
            catch (Win32Exception)
            {
                // Not installed.
            }
        }
    }

    private static double Ours(ServerProcess server, Workplace workplace, string folder, string prefix)
    {
        string script = $"""
            Import-Module '{Engine.Manifest}'
            $processor = [Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime
            $result = Invoke-S3SyncStage -Path '{folder}' -BucketName {ServerProcess.Bucket} -KeyPrefix '{prefix}' -EndpointUrl {server.Endpoint} -Region us-east-1
            if ($result.Status -ne 'Succeeded') {"{"} throw $result.Error {"}"}
            $result.Duration.TotalSeconds.ToString([cultureinfo]::InvariantCulture)
            [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64 / 1MB
            ([Diagnostics.Process]::GetCurrentProcess().TotalProcessorTime - $processor).TotalSeconds.ToString([cultureinfo]::InvariantCulture)
            """;
        Dictionary<string, string> environment = new(server.Environment) { ["RSYNCS3BACKUP_STATE"] = Path.Combine(workplace.Root, "state") };
        TimeSpan serverBefore = server.ProcessorTime;
        string[] lines = Engine.RunInNewProcess(script, environment);
        double[] numbers = [.. lines.Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"    (peak memory of the whole engine: {numbers[1]:0} MB; processor time: {numbers[2]:0.0} s, and the server's {(server.ProcessorTime - serverBefore).TotalSeconds:0.0} s)"));
        return double.Parse(lines[0], CultureInfo.InvariantCulture);
    }

    private static double RunProgram(string program, string[] arguments, ServerProcess server)
    {
        ProcessStartInfo start = new(program, arguments);
        foreach ((string name, string value) in server.Environment)
            start.Environment[name] = value;
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started).TotalSeconds
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }
}
