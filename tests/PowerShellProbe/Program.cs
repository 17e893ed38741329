using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using PowerShellProbe;

// A process of its own with the real engine. With one argument: a script to run, whose output is printed; for tests of what is loaded in a
// fresh process. Or as pwsh is called: -NoProfile -NonInteractive -File SCRIPT ARGUMENTS; for tests of what schedulers start, where there is
// no pwsh. Or --as-command SCRIPT, as pwsh -Command: a terminating error ends it with 1, and SIGINT stops the script, as Ctrl+C does.
ProbeHost host = new();
using Runspace runspace = RunspaceFactory.CreateRunspace(host, InitialSessionState.CreateDefault2());
runspace.Open();
using PowerShell shell = PowerShell.Create(runspace);
if (args is ["-NoProfile", "-NonInteractive", "-File", var script, .. var rest])
    AddFile(shell, script, rest);
else
    shell.AddScript(args[^1]);
bool isCommand = args is ["--as-command", _];
if (isCommand)
{
    Console.CancelKeyPress += (_, signal) =>
    {
        signal.Cancel = true;
        shell.BeginStop(null, null);
    };
}

try
{
    foreach (PSObject? item in shell.Invoke())
        Console.WriteLine(item);
}
catch (RuntimeException exception) when (isCommand)
{
    Console.Error.WriteLine(exception.ErrorRecord);
    return host.ExitCode ?? 1;
}

foreach (ErrorRecord error in shell.Streams.Error)
    Console.Error.WriteLine(error);
return host.ExitCode ?? (shell.HadErrors ? 1 : 0);

// As pwsh reads what follows -File (about_Pwsh): a word with a hyphen is a parameter, the next word its value, unless it has one after a colon.
static void AddFile(PowerShell shell, string script, string[] words)
{
    CommandInfo command = shell.Runspace.SessionStateProxy.InvokeCommand.GetCommand(script, CommandTypes.ExternalScript);
    shell.AddCommand(command);
    for (int at = 0; at < words.Length; at++)
    {
        string word = words[at];
        if (!word.StartsWith('-'))
        {
            shell.AddArgument(word);
            continue;
        }

        string[] pair = word[1..].Split(':', 2);
        ParameterMetadata parameter = command.Parameters[pair[0]];
        if (parameter.ParameterType == typeof(SwitchParameter))
            shell.AddParameter(pair[0]);
        else
            shell.AddParameter(pair[0], Convert.ChangeType(pair.Length > 1 ? pair[1] : words[++at], parameter.ParameterType, CultureInfo.InvariantCulture));
    }
}
