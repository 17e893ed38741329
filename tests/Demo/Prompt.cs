using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Demo;

/// <summary>A PowerShell prompt: shows what is typed, runs it in the real engine, and shows what a user would see.</summary>
internal sealed class Prompt : IDisposable
{
    private readonly Runspace runspace;

    public Prompt(string folder)
    {
        runspace = RunspaceFactory.CreateRunspace(new ConsoleHost(), InitialSessionState.CreateDefault2());
        runspace.Open();
        runspace.SessionStateProxy.Path.SetLocation(folder);
    }

    /// <summary>A heading.</summary>
    public static void Say(string heading) => Console.WriteLine($"{Environment.NewLine}== {heading}{Environment.NewLine}");

    /// <summary>Runs a line as if it were typed: output and errors go to the screen as the engine formats them.</summary>
    public void Run(string line)
    {
        Console.WriteLine($"PS> {line}");
        using PowerShell shell = PowerShell.Create(runspace);
        shell.AddScript(line).AddCommand("Out-Default").Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.Invoke();
        Console.WriteLine();
    }

    public void Dispose() => runspace.Dispose();
}
