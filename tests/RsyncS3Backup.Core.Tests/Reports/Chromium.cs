using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Reports;

/// <summary>Debian's Chromium without a window, where the machine has it.</summary>
internal static class Chromium
{
    private static readonly string? Program = OperatingSystem.IsWindows()
        ? null
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .SelectMany(folder => new[] { Path.Combine(folder, "chromium"), Path.Combine(folder, "chromium-browser") }).FirstOrDefault(File.Exists);

    /// <summary>The page as the browser has it after it was loaded.</summary>
    public static Task<string> DomAsync(string path) => RunAsync(path, "--dump-dom");

    /// <summary>A picture of the page.</summary>
    public static Task PictureAsync(string path, string picture, int width, int height, bool isDark = false) =>
        RunAsync(path, [.. Picture(picture, width, height), .. isDark ? ["--blink-settings=preferredColorScheme=0"] : Array.Empty<string>()]);

    /// <summary>All three of one start, each of which costs seconds of processor time: the page, a picture of it, and the page on paper.</summary>
    /// <returns>The page as the browser has it after it was loaded.</returns>
    public static Task<string> ShowAsync(string path, string picture, int width, int height, string paper) =>
        RunAsync(path, ["--dump-dom", .. Picture(picture, width, height), $"--print-to-pdf={paper}", "--no-pdf-header-footer"]);

    private static string[] Picture(string picture, int width, int height) =>
        [$"--screenshot={picture}", $"--window-size={width},{height}", "--hide-scrollbars"];

    private static async Task<string> RunAsync(string path, params string[] arguments)
    {
        Skip.If(Program is null, "there is no chromium in PATH (Debian: package chromium)");
        using TemporaryFolder profile = new();
        // Root has no sandbox; what it shows here is a file of ours.
        ProcessStartInfo start = new(Program!, [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
            $"--user-data-dir={profile["profile"]}", .. arguments, new Uri(path).AbsoluteUri])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = profile.Path;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{process.ExitCode}: {await errors}");
        return output;
    }
}
