using System.Text;

namespace RsyncS3Backup.Files;

/// <summary>A file system that is mounted, as a line of <c>/proc/self/mountinfo</c> says it. Pure.</summary>
/// <param name="Device">Its numbers.</param>
/// <param name="Root">The folder in it that is shown.</param>
/// <param name="Path">Where it is mounted.</param>
/// <param name="Type">Its type.</param>
/// <param name="Source">What was mounted.</param>
internal sealed record MountLine(string Device, string Root, string Path, string Type, string Source)
{
    /// <summary>How: the options of this place and of the file system.</summary>
    public string Options { get; init; } = "";

    /// <summary>Where Linux lists what a process sees mounted.</summary>
    public const string File = "/proc/self/mountinfo";

    /// <summary>What is to be seen of the lines: of several on one folder, the last one hides the others.</summary>
    public static IReadOnlyCollection<MountLine> Read(IEnumerable<string> lines) => Visible(ReadAll(lines));

    /// <summary>What is to be seen of mounts in their order.</summary>
    public static IReadOnlyCollection<MountLine> Visible(IEnumerable<MountLine> mounts)
    {
        Dictionary<string, MountLine> visible = new(StringComparer.Ordinal);
        foreach (MountLine mount in mounts)
            visible[mount.Path] = mount;
        return visible.Values;
    }

    /// <summary>All of the lines, also what another one hides.</summary>
    public static IEnumerable<MountLine> ReadAll(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            // proc_pid_mountinfo(5): id parent major:minor root mount-point options [optional …] - type source super-options
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash >= 6 && fields.Length >= dash + 3)
            {
                yield return new(fields[2], Unescape(fields[3]), Unescape(fields[4]), fields[dash + 1], Unescape(fields[dash + 2]))
                {
                    Options = dash + 3 < fields.Length ? $"{fields[5]} {fields[dash + 3]}" : fields[5],
                };
            }
        }
    }

    /// <summary>The innermost one that holds a path; null when none does.</summary>
    public static MountLine? Holding(IEnumerable<MountLine> mounts, string realPath) =>
        mounts.Where(mount => RealPath.IsInside(realPath, mount.Path)).MaxBy(mount => mount.Path.Length);

    /// <summary>The one that holds a folder now. Linux.</summary>
    public static MountLine? Of(string folder) => Holding(Read(System.IO.File.ReadLines(File)), RealPath.Of(folder));

    /// <summary>Undoes what the kernel does to a path: blanks, tabs, newlines and backslashes are written as three octal digits.</summary>
    internal static string Unescape(string field)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(field);
        List<byte> plain = new(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            bool isEscape = bytes[i] == '\\' && i + 3 < bytes.Length;
            plain.Add(isEscape ? (byte)(((bytes[i + 1] - '0') << 6) | ((bytes[i + 2] - '0') << 3) | (bytes[i + 3] - '0')) : bytes[i]);
            i += isEscape ? 3 : 0;
        }

        return Encoding.UTF8.GetString([.. plain]);
    }
}
