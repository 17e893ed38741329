using System.Text;

namespace RsyncS3Backup.Rsync.Invocation;

/// <summary>
/// Writes a Windows command line for programs of Cygwin and MSYS2. Their runtime splits it by rules of its own: a single quote quotes too, and
/// <c>* ? [ ] { } ~ @</c> outside of quotes name files. In double quotes all is itself but the quote and the backslash. Pure. Source: Cygwin's
/// dcrt0.cc (build_argv, quoted, globify).
/// </summary>
internal static class CygwinCommandLine
{
    /// <summary>True for a program on Windows that reads its command line so.</summary>
    /// <param name="program">Its absolute path.</param>
    public static bool IsFor(string program) =>
        OperatingSystem.IsWindows() && RsyncPaths.StyleOf(program) is RsyncPathStyle.Cygwin or RsyncPathStyle.Msys;

    /// <summary>The arguments in one line, without the program.</summary>
    public static string Write(IEnumerable<string> arguments)
    {
        StringBuilder line = new();
        foreach (string argument in arguments)
        {
            line.Append(line.Length == 0 ? "\"" : " \"");
            foreach (char character in argument)
            {
                if (character is '"' or '\\')
                    line.Append('\\');
                line.Append(character);
            }

            line.Append('"');
        }

        return line.ToString();
    }
}
