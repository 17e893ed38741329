using System.Diagnostics;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>A command line tool for S3 that is not ours, where the machine has it.</summary>
internal abstract class S3Tool
{
    public static readonly S3Tool Aws = new AwsTool();
    public static readonly S3Tool Rclone = new RcloneTool(withMetadata: false);
    public static readonly S3Tool RcloneMetadata = new RcloneTool(withMetadata: true);
    public static readonly S3Tool S3cmd = new S3cmdTool();

    private readonly string program;
    private readonly string? path;

    private S3Tool(string program)
    {
        this.program = program;
        path = OperatingSystem.IsWindows()
            ? null
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    /// <summary>Skips the test that asks where the machine does not have it.</summary>
    public void Require() => Skip.If(path is null, $"there is no {program} in PATH");

    /// <summary>Brings all files of a folder to a prefix, which ends in a slash. Files above 5 or 8 MiB go in parts.</summary>
    public abstract Task UploadAsync(S3Access server, string folder, string bucket, string prefix);

    /// <summary>Brings all objects below a prefix to a folder.</summary>
    public abstract Task DownloadAsync(S3Access server, string bucket, string prefix, string folder);

    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(S3Access server, params string[] arguments)
    {
        ProcessStartInfo start = new(path!, [.. Connection(server), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AWS_ACCESS_KEY_ID"] = server.AccessKey;
        start.Environment["AWS_SECRET_ACCESS_KEY"] = server.SecretKey;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        start.Environment["RCLONE_CONFIG"] = "/dev/null";
        start.Environment["LC_ALL"] = "C.UTF-8";
        // rclone 1.60 ends with "HTTPClient's transport unsupported type" where it is set.
        start.Environment.Remove("AWS_CA_BUNDLE");
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}{await errors}");
        return output;
    }

    /// <inheritdoc/>
    public override string ToString() => program;

    private protected abstract IEnumerable<string> Connection(S3Access server);

    private sealed class AwsTool() : S3Tool("aws")
    {
        public override Task UploadAsync(S3Access server, string folder, string bucket, string prefix) =>
            RunAsync(server, "s3", "sync", "--only-show-errors", folder, $"s3://{bucket}/{prefix}");

        public override Task DownloadAsync(S3Access server, string bucket, string prefix, string folder) =>
            RunAsync(server, "s3", "cp", "--recursive", "--only-show-errors", $"s3://{bucket}/{prefix}", folder);

        private protected override IEnumerable<string> Connection(S3Access server) => ["--endpoint-url", server.Endpoint, "--region", server.Region];
    }

    private sealed class RcloneTool(bool withMetadata) : S3Tool("rclone")
    {
        private readonly string[] flags = withMetadata ? ["--metadata"] : [];

        public override string ToString() => withMetadata ? "rclone --metadata" : "rclone";

        public override Task UploadAsync(S3Access server, string folder, string bucket, string prefix) =>
            RunAsync(server, ["copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", .. flags, folder, $":s3:{bucket}/{prefix}"]);

        public override Task DownloadAsync(S3Access server, string bucket, string prefix, string folder) =>
            RunAsync(server, "copy", $":s3:{bucket}/{prefix}", folder);

        // Without the encoding it reads listings with control characters only after many tries.
        private protected override IEnumerable<string> Connection(S3Access server) =>
        [
            "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", server.Endpoint, "--s3-region", server.Region,
            "--s3-list-url-encode", "true",
        ];
    }

    private sealed class S3cmdTool() : S3Tool("s3cmd")
    {
        public override Task UploadAsync(S3Access server, string folder, string bucket, string prefix) =>
            RunAsync(server, "sync", "--quiet", "--multipart-chunk-size-mb=5", folder + "/", $"s3://{bucket}/{prefix}");

        public override Task DownloadAsync(S3Access server, string bucket, string prefix, string folder)
        {
            Directory.CreateDirectory(folder);
            return RunAsync(server, "sync", "--quiet", $"s3://{bucket}/{prefix}", folder + "/");
        }

        private protected override IEnumerable<string> Connection(S3Access server)
        {
            string host = new Uri(server.Endpoint).Authority;
            return
            [
                "--config=/dev/null", $"--access_key={server.AccessKey}", $"--secret_key={server.SecretKey}", $"--host={host}",
                $"--host-bucket={host}", $"--region={server.Region}", "--no-ssl",
            ];
        }
    }
}

/// <summary>A server and the keys to it.</summary>
internal sealed record S3Access(string Endpoint, string Region, string AccessKey, string SecretKey)
{
    public static S3Access To(LoopbackS3Server server) =>
        new(server.Endpoint.ToString().TrimEnd('/'), server.Region, server.AccessKey, server.SecretKey);
}
