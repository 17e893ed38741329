using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RsyncS3Backup.Module.Tests.Support;

/// <summary>A session of the real engine, with the staged module imported.</summary>
internal sealed partial class PowerShellSession : IDisposable
{
    // What a script can leave behind and the engine's reset does not take away.
    private const string LeftBehind = """
        $PWD.Path; Get-Module; Get-Job
        'Alias:', 'Function:' | ForEach-Object { $ExecutionContext.InvokeProvider.ChildItem.GetNames($_, 'ReturnAllContainers', $false) }
        """;

    private static PowerShellSession? idle;

    private readonly Runspace runspace;

    // What LeftBehind gave before the first test; null in a session that is nobody's but one test's.
    private string[]? pristine;

    private PowerShellSession(TestHost host, string? formatFile = null)
    {
        Host = host;
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (formatFile is not null)
            state.Formats.Add(new SessionStateFormatEntry(formatFile));
        runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
    }

    public TestHost Host { get; }

    /// <summary>A session with the module.</summary>
    public static PowerShellSession Create(bool supportsColor = false)
    {
        PowerShellSession session = CreateWithoutModule(supportsColor);
        session.Run("param($Manifest) Import-Module $Manifest", Repository.Manifest).ThrowOnError();
        return session;
    }

    /// <summary>
    /// A session with the module, which another test may have had: opening one and importing takes longer than most tests. It was reset, and
    /// one with something left behind in it is not handed on.
    /// </summary>
    public static PowerShellSession Borrow()
    {
        if (Interlocked.Exchange(ref idle, null) is { } session)
            return session;
        session = Create();
        session.pristine = session.Texts(LeftBehind);
        session.Reset();
        return session;
    }

    /// <summary>A session that has not imported the module yet.</summary>
    public static PowerShellSession CreateWithoutModule(bool supportsColor = false) => new(new TestHost(supportsColor));

    /// <summary>A session with the module and with the test cmdlets, which use the module's own pump.</summary>
    public static PowerShellSession CreateWithTestCmdlets()
    {
        PowerShellSession session = Create();
        AssemblyLoadContext context = AssemblyLoadContext.GetLoadContext(session.ModuleAssemblies()[0])!;
        object assembly = context.LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, "RsyncS3Backup.TestCmdlets.dll"));
        session.Run("param($Assembly) Import-Module -Assembly $Assembly", assembly).ThrowOnError();
        return session;
    }

    /// <summary>
    /// A session that shows everything of the module as a list. Format-List is in a module that the hosted engine lacks, so the session
    /// gets the staged format file without its tables.
    /// </summary>
    public static PowerShellSession CreateWithListsOnly(TemporaryFolder folder)
    {
        XDocument formats = XDocument.Load(Path.Combine(Repository.StagedModule, "RsyncS3Backup.format.ps1xml"));
        formats.Descendants("View").Where(view => view.Element("TableControl") is not null).Remove();
        string lists = folder.File("lists.format.ps1xml");
        formats.Save(lists);
        using PowerShellSession whole = Create();
        PowerShellSession session = new(new TestHost(), lists);
        foreach (Assembly assembly in whole.ModuleAssemblies())
            session.Run("param($Assembly) Import-Module -Assembly $Assembly", assembly).ThrowOnError();
        return session;
    }

    /// <summary>The staged assemblies as this process runs them: the cmdlets', and Core.</summary>
    public Assembly[] ModuleAssemblies() =>
        [.. Run("(Get-Command Invoke-RsyncStage).ImplementingType; [RsyncS3Backup.BackupResult]").ThrowOnError()
            .Objects.Select(type => ((Type)type.BaseObject).Assembly)];

    /// <summary>Runs a script to its end. A terminating error is in the result, not thrown.</summary>
    /// <param name="script">The script; its <c>param()</c> block takes <paramref name="arguments"/> by position.</param>
    /// <param name="arguments">Objects of any kind.</param>
    public SessionResult Run(string script, params object?[] arguments)
    {
        using RunningScript running = Start(script, arguments);
        return running.Wait();
    }

    /// <summary>What a script emits, as text; nothing may go wrong.</summary>
    public string[] Texts(string script, params object?[] arguments) =>
        [.. Run(script, arguments).ThrowOnError().Objects.Select(item => item?.ToString() ?? "")];

    /// <summary>Starts a script that the caller stops or waits for.</summary>
    public RunningScript Start(string script, params object?[] arguments)
    {
        PowerShell shell = PowerShell.Create(runspace);
        shell.AddScript(script);
        foreach (object? argument in arguments)
            shell.AddArgument(argument);
        return new RunningScript(shell);
    }

    /// <summary>What a script puts on the screen: its output as the engine formats it.</summary>
    public string Render(string script, params object?[] arguments)
    {
        Host.ClearScreen();
        using PowerShell shell = PowerShell.Create(runspace);
        shell.AddScript(script);
        foreach (object? argument in arguments)
            shell.AddArgument(argument);
        shell.AddCommand("Out-Default").Commands.Commands[^1].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.Invoke();
        // The engine colours its headings whatever the host says; a console without colours takes the escape sequences out, as here.
        return Host.UI.SupportsVirtualTerminal ? Host.Screen : EscapeSequence().Replace(Host.Screen, "");
    }

    public void Dispose()
    {
        if (runspace.RunspaceAvailability == RunspaceAvailability.Available && pristine is not null
            && Run(LeftBehind) is { Terminating: null } left && pristine.SequenceEqual(left.Objects.Select(item => $"{item}")))
        {
            Reset();
            if (Interlocked.CompareExchange(ref idle, this, null) is null)
                return;
        }

        runspace.Dispose();
    }

    private void Reset()
    {
        runspace.ResetRunspaceState();
        Host.Reset();
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex EscapeSequence();
}

/// <summary>A script that runs.</summary>
internal sealed class RunningScript : IDisposable
{
    private readonly PowerShell shell;
    private readonly PSDataCollection<PSObject> output = [];
    private readonly IAsyncResult invocation;

    internal RunningScript(PowerShell shell)
    {
        this.shell = shell;
        PSDataCollection<PSObject> input = [];
        input.Complete();
        invocation = shell.BeginInvoke(input, output);
    }

    /// <summary>True from the moment that somebody stops the pipeline.</summary>
    public bool IsStopping => shell.InvocationStateInfo.State is PSInvocationState.Stopping or PSInvocationState.Stopped;

    /// <summary>Does what Ctrl+C does, and returns when the pipeline has stopped.</summary>
    public SessionResult Stop()
    {
        shell.Stop();
        return Wait();
    }

    /// <summary>Waits for the end.</summary>
    public SessionResult Wait()
    {
        Exception? terminating = null;
        try
        {
            shell.EndInvoke(invocation);
        }
        catch (RuntimeException exception)
        {
            terminating = exception;
        }

        PSDataStreams streams = shell.Streams;
        return new SessionResult(
            [.. output], [.. streams.Error], [.. streams.Warning.Select(record => record.Message)],
            [.. streams.Verbose.Select(record => record.Message)], [.. streams.Progress], [.. streams.Information], terminating);
    }

    public void Dispose() => shell.Dispose();
}

/// <summary>Everything that a script said.</summary>
internal sealed record SessionResult(
    IReadOnlyList<PSObject> Objects,
    IReadOnlyList<ErrorRecord> Errors,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Verbose,
    IReadOnlyList<ProgressRecord> Progress,
    IReadOnlyList<InformationRecord> Information,
    Exception? Terminating)
{
    /// <summary>The error record of the terminating error; null when there was none.</summary>
    public ErrorRecord? TerminatingError => (Terminating as IContainsErrorRecord)?.ErrorRecord;

    /// <summary>Demands that nothing went wrong.</summary>
    public SessionResult ThrowOnError()
    {
        if (Terminating is not null)
            throw new InvalidOperationException(Terminating.Message, Terminating);
        if (Errors.Count > 0)
            throw new InvalidOperationException(string.Join(Environment.NewLine, Errors.Select(error => error.ToString())), Errors[0].Exception);
        return this;
    }
}
