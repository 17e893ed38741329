using System.Diagnostics;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Metrics;

/// <summary>Prometheus' own checker of metrics and rules, where the machine has it.</summary>
internal static class Promtool
{
    private static readonly string? Program = OperatingSystem.IsWindows()
        ? null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "promtool")).FirstOrDefault(File.Exists);

    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string input, params string[] arguments)
    {
        Skip.If(Program is null, "there is no promtool in PATH");
        ProcessStartInfo start = new(Program!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }
}
