using System.Collections;
using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>What a cmdlet knows of the command that it is and the session that it runs in.</summary>
internal static class CmdletFacts
{
    /// <summary>True when a parameter stands in the command, whatever its value.</summary>
    internal static bool IsGiven(this PSCmdlet cmdlet, string parameter) =>
        cmdlet.MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>The version of the PowerShell that this runs in.</summary>
    internal static string? PowerShellVersion(this PSCmdlet cmdlet) =>
        (cmdlet.SessionState.PSVariable.GetValue("PSVersionTable") as IDictionary)?["PSVersion"]?.ToString();
}
