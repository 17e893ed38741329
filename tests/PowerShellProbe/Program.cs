using System.Management.Automation;
using System.Management.Automation.Runspaces;

// A process of its own that runs one script in the real engine and prints what it emits: for tests of what is loaded in a fresh process.
using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
runspace.Open();
using PowerShell shell = PowerShell.Create(runspace);
shell.AddScript(args[0]);
foreach (PSObject? item in shell.Invoke())
    Console.WriteLine(item);
foreach (ErrorRecord error in shell.Streams.Error)
    Console.Error.WriteLine(error);
return shell.HadErrors ? 1 : 0;
