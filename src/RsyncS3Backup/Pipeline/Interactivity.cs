namespace RsyncS3Backup.Pipeline;

/// <summary>Whether somebody looks at the screen.</summary>
internal static class Interactivity
{
    /// <summary>
    /// False in a console whose output is redirected or that was started with <c>-NonInteractive</c>: progress bars in a scheduler's log
    /// are noise. Other hosts (editors, jobs, remoting) decide themselves what to show.
    /// </summary>
    internal static bool ShowsProgress(string hostName) =>
        hostName != "ConsoleHost" || (!Console.IsOutputRedirected && !IsNonInteractive(Environment.GetCommandLineArgs()));

    /// <summary>
    /// True when somebody sits at the console and waits for what a command says. False for jobs, runspaces and remoting too, where nobody can
    /// tell.
    /// </summary>
    internal static bool IsAttended(string hostName) =>
        hostName == "Visual Studio Code Host" || (hostName == "ConsoleHost" && ShowsProgress(hostName));

    /// <summary>
    /// False in a console that nobody types at: what its input ends with would count as the first answer, which is yes. Other hosts say
    /// themselves when they cannot ask.
    /// </summary>
    internal static bool CanAsk(string hostName) =>
        hostName != "ConsoleHost" || (!Console.IsInputRedirected && !IsNonInteractive(Environment.GetCommandLineArgs()));

    /// <summary>True when pwsh got <c>-NonInteractive</c>, which it lets one shorten to <c>-noni</c>.</summary>
    internal static bool IsNonInteractive(IReadOnlyList<string> commandLine)
    {
        foreach (string argument in commandLine.Skip(1))
        {
            string name = argument.TrimStart('-', '/');
            if (name.Length == argument.Length)
                continue;
            // What follows -Command, -File or -EncodedCommand belongs to the script.
            if (Shortens(name, "command", 1) || Shortens(name, "file", 1) || Shortens(name, "encodedcommand", 2) || Shortens(name, "ec", 1))
                return false;
            if (Shortens(name, "noninteractive", 4))
                return true;
        }

        return false;
    }

    private static bool Shortens(string name, string full, int shortest) =>
        name.Length >= shortest && full.StartsWith(name, StringComparison.OrdinalIgnoreCase);
}
