using System.Management.Automation;

namespace RsyncS3Backup.Input;

/// <summary>Asks before something is done, in one sentence that says what.</summary>
internal static class Agreement
{
    /// <summary>True when it may be done: <c>-WhatIf</c> shows the sentence, <c>-Confirm</c> asks whether to go on.</summary>
    /// <param name="cmdlet">Who asks.</param>
    /// <param name="what">What is about to happen, as a sentence.</param>
    internal static bool Agrees(this PSCmdlet cmdlet, string what) =>
        cmdlet.ShouldProcess(what, $"{what}\nGo on?", cmdlet.MyInvocation.MyCommand.Name);
}
