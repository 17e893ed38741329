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

    /// <summary>
    /// Those that this machine has. rclone comes three times: as it is; with as many transfers at once as ours may have, and larger parts with
    /// more of them at once; and so with <c>--checksum</c>, which spares it the HEAD that it asks for each object's modification time.
    /// </summary>
    public static Peer[] Installed(ServerProcess server)
    {
        List<Peer> peers = [];
        string target = $"s3://{ServerProcess.Bucket}/";
        Add("aws s3 sync", "aws", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "s3", "sync", "--only-show-errors", folder, target + prefix], (prefix, folder) =>
            ["--endpoint-url", server.Endpoint, "s3", "sync", "--only-show-errors", target + prefix, folder]);
        string[] tuned =
        [
            "--transfers", "32", "--checkers", "32", "--fast-list", "--s3-chunk-size", "16M", "--s3-upload-concurrency", "8",
            "--multi-thread-streams", "8",
        ];
        AddRclone("rclone", []);
        AddRclone("rclone-tuned", tuned);
        AddRclone("rclone-checksum", [.. tuned, "--checksum"]);
        Add("s5cmd", "s5cmd", (folder, prefix) =>
            ["--endpoint-url", server.Endpoint, "--log", "error", "sync", folder + "/", target + prefix], (prefix, folder) =>
            ["--endpoint-url", server.Endpoint, "--log", "error", "cp", target + prefix + "*", folder + "/"]);
        return [.. peers];

        void AddRclone(string name, string[] flags)
        {
            string[] common = ["--config", "/dev/null", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint, "--s3-region", "us-east-1", .. flags];
            Add(name, "rclone",
                (folder, prefix) => ["sync", .. common, folder, $":s3:{ServerProcess.Bucket}/{prefix}"],
                (prefix, folder) => ["copy", .. common, $":s3:{ServerProcess.Bucket}/{prefix}", folder]);
        }

        void Add(string name, string program, Func<string, string, string[]> arguments, Func<string, string, string[]> fetch)
        {
            try
            {
                using Process probe = Process.Start(new ProcessStartInfo(program, ["--help"])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
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

    /// <summary>Those that delete what is gone, and rclone once more with its own way to find what was renamed.</summary>
    public static Peer[] ThatDelete(ServerProcess server)
    {
        List<Peer> peers = [];
        foreach (Peer peer in Installed(server).Where(peer => peer.Name is "aws s3 sync" or "rclone"))
        {
            if (peer.Name == "rclone")
            {
                string[] common =
                    ["--config", "/dev/null", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint,
                        "--s3-region", "us-east-1"];
                peers.Add(peer);
                peers.Add(new Peer(
                    "rclone-renames",
                    (folder, prefix) => RunProgram(
                        "rclone",
                        ["sync", .. common, "--track-renames", "--track-renames-strategy", "modtime", folder,
                            $":s3:{ServerProcess.Bucket}/{prefix}"],
                        server),
                    peer.fetch));
            }
            else
            {
                peers.Add(new Peer(
                    peer.Name,
                    (folder, prefix) => RunProgram(
                        "aws",
                        [
                            "--endpoint-url", server.Endpoint, "s3", "sync", "--delete", "--only-show-errors", folder,
                            $"s3://{ServerProcess.Bucket}/{prefix}",
                        ],
                        server),
                    peer.fetch));
            }
        }

        return [.. peers];
    }

    private static double RunProgram(string program, string[] arguments, ServerProcess server)
    {
        ProcessStartInfo start = new(program, arguments);
        foreach ((string name, string value) in server.Environment)
            start.Environment[name] = value;
        // rclone 1.60 ends with "HTTPClient's transport unsupported type" where it is set.
        start.Environment.Remove("AWS_CA_BUNDLE");
        long started = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        process.WaitForExit();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started).TotalSeconds
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }
}
