using System.ComponentModel;
using System.Diagnostics;

namespace Benchmarks;

/// <summary>Another program that brings a folder to S3.</summary>
internal sealed class Peer
{
    private readonly Func<string, string, double> sync;
    private readonly Func<string, string, double> fetch;

    private Peer(string name, Func<string, string, double> sync, Func<string, string, double> fetch) =>
        (Name, this.sync, this.fetch) = (name, sync, fetch);

    public string Name { get; }

    /// <summary>Brings the folder to the prefix; seconds that the whole process took.</summary>
    public double Sync(string folder, string prefix) => sync(folder, prefix);

    /// <summary>Brings what is under the prefix to a folder; seconds that the whole process took.</summary>
    public double Fetch(string prefix, string folder) => fetch(prefix, folder);

    /// <summary>Those that this machine has.</summary>
    public static Peer[] Installed(ServerProcess server)
    {
        List<Peer> peers = [];
        string target = $"s3://{ServerProcess.Bucket}/";
        Add("aws s3 sync", "aws", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "s3", "sync", "--only-show-errors", folder, target + prefix], (prefix, folder) =>
            ["--endpoint-url", server.Endpoint, "s3", "sync", "--only-show-errors", target + prefix, folder]);
        Add("rclone", "rclone", (folder, prefix) =>
            ["sync", "--transfers", "32", "--checkers", "32", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint,
                folder, $":s3:{ServerProcess.Bucket}/{prefix}"], (prefix, folder) =>
            ["copy", "--transfers", "32", "--checkers", "32", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint,
                $":s3:{ServerProcess.Bucket}/{prefix}", folder]);
        Add("s5cmd", "s5cmd", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "--log", "error", "sync", folder + "/", target + prefix], (prefix, folder) =>
            ["--endpoint-url", server.Endpoint, "--log", "error", "cp", target + prefix + "*", folder + "/"]);
        return [.. peers];

        void Add(string name, string program, Func<string, string, string[]> arguments, Func<string, string, string[]> fetch)
        {
            try
            {
                using Process probe = Process.Start(new ProcessStartInfo(program, ["--help"])
                {
                    RedirectStandardOutput = true, RedirectStandardError = true,
                })!;
                probe.StandardOutput.ReadToEnd();
                probe.WaitForExit();
                peers.Add(new Peer(
                    name,
                    (folder, prefix) => RunProgram(program, arguments(folder, prefix), server),
                    (prefix, folder) => RunProgram(program, fetch(prefix, folder), server)));
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
