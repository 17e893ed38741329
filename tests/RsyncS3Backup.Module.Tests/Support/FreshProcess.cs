using System.Diagnostics;
using System.Reflection;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>Runs a script in the real engine in a process of its own, where nothing is loaded yet.</summary>
internal static class FreshProcess
{
    /// <summary>The lines that the script emits; it must not write errors.</summary>
    public static string[] Run(string script, params (string Name, string Value)[] environment)
    {
        string probe = typeof(FreshProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "PowerShellProbe").Value!;
        ProcessStartInfo start = new(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { "exec", probe, script },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"The probe ended with {process.ExitCode}: {output}{errors.Result}");
        return output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
