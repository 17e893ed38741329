using System.Globalization;
using System.Management.Automation.Host;

namespace PowerShellProbe;

/// <summary>A host that nobody sits at, and that keeps the exit code.</summary>
internal sealed class ProbeHost : PSHost
{
    /// <summary>What the process was told to end with; null: nothing.</summary>
    public int? ExitCode { get; private set; }

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "PowerShellProbe";

    public override PSHostUserInterface? UI => null;

    public override Version Version { get; } = new(1, 0);

    public override void EnterNestedPrompt()
    {
    }

    public override void ExitNestedPrompt()
    {
    }

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}
