using System.ComponentModel;
using System.Diagnostics;

namespace Benchmarks;

/// <summary>Another program that brings a folder to S3.</summary>
internal sealed class Peer
{
    private readonly Func<string, string, double> sync;

    private Peer(string name, Func<string, string, double> sync) => (Name, this.sync) = (name, sync);

    public string Name { get; }

    /// <summary>Brings the folder to the prefix; seconds that the whole process took.</summary>
    public double Sync(string folder, string prefix) => sync(folder, prefix);

    /// <summary>Those that this machine has.</summary>
    public static Peer[] Installed(ServerProcess server)
    {
        List<Peer> peers = [];
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
