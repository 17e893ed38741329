using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Benchmarks;

/// <summary>The real PowerShell engine with the staged module, in a process of its own.</summary>
internal static class Engine
{
    public static string Manifest { get; } = typeof(Engine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(item => item.Key == "StagedManifest").Value!;

    /// <summary>Runs a script in a new process and gives the lines it prints.</summary>
    public static string[] RunInNewProcess(string script, IReadOnlyDictionary<string, string> environment)
    {
        ProcessStartInfo start = new("dotnet", [typeof(Engine).Assembly.Location, "--engine", script])
        {
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : throw new InvalidOperationException($"The engine failed: {output}");
    }

    /// <summary>What the new process does.</summary>
    public static int Run(string script)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        using Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        using PowerShell shell = PowerShell.Create(runspace);
        shell.AddScript(script);
        foreach (PSObject? item in shell.Invoke())
            Console.WriteLine(item);
        foreach (ErrorRecord error in shell.Streams.Error)
            Console.WriteLine(error);
        return shell.HadErrors ? 1 : 0;
    }
}
