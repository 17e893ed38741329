using System.Diagnostics;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Support;

/// <summary>The command line tool of AWS, where the machine has it.</summary>
internal static class AwsProgram
{
    public const string MissingReason = "there is no aws in PATH";

    private static readonly string? Program = OperatingSystem.IsWindows()
        ? null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "aws")).FirstOrDefault(File.Exists);

    public static bool IsMissing => Program is null;

    /// <summary>Runs it against a server, to its end; it must end well.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(LoopbackS3Server server, params string[] arguments)
    {
        ProcessStartInfo start = new(Program!, [.. arguments, "--endpoint-url", server.Endpoint.ToString(), "--region", server.Region])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AWS_ACCESS_KEY_ID"] = server.AccessKey;
        start.Environment["AWS_SECRET_ACCESS_KEY"] = server.SecretKey;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        start.Environment["LC_ALL"] = "C.UTF-8";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }
}
