using System.Buffers;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// Where below a destination an entry goes. A key can hold anything, and who writes to the bucket may mean harm: only a path whose every part
/// is a plain name is one. Pure.
/// </summary>
/// <param name="Folder">The folder with <c>/</c> between parts and none at its end; empty for the destination itself.</param>
/// <param name="Name">The entry's name in that folder.</param>
/// <param name="IsFolder">True when the key ended in a slash.</param>
internal readonly record struct EntryPath(string Folder, string Name, bool IsFolder)
{
    /// <summary>What the names of files that are not yet whole start with.</summary>
    public const string TemporaryPrefix = ".rsyncs3backup-restore-";

    // Source: "Naming Files, Paths, and Namespaces" of the Win32 documentation. A colon names a stream of a file, or a drive.
    private static readonly SearchValues<char> NotOnWindows = SearchValues.Create("<>:\"|?*\\");
    private static readonly string[] DevicesOfWindows = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

    /// <summary>The path, with a slash at its end for a folder.</summary>
    public string Full => (Folder.Length == 0 ? Name : $"{Folder}/{Name}") + (IsFolder ? "/" : "");

    /// <summary>Reads a key.</summary>
    /// <param name="relativeKey">The key below the backup's prefix.</param>
    /// <param name="forWindows">Apply the rules of Windows too.</param>
    /// <param name="path">The path.</param>
    /// <returns>What is wrong with the key; null when it is good.</returns>
    public static string? Parse(string relativeKey, bool forWindows, out EntryPath path)
    {
        bool isFolder = relativeKey.EndsWith('/');
        string whole = isFolder ? relativeKey[..^1] : relativeKey;
        int slash = whole.LastIndexOf('/');
        path = new EntryPath(slash < 0 ? "" : whole[..slash], whole[(slash + 1)..], isFolder);
        for (int start = 0; start <= whole.Length;)
        {
            int end = whole.IndexOf('/', start) is var next and >= 0 ? next : whole.Length;
            ReadOnlySpan<char> part = whole.AsSpan(start, end - start);
            if (Problem(part) is { } problem)
                return problem;
            if (forWindows && ProblemOnWindows(part) is { } onWindows)
                return onWindows;
            start = end + 1;
        }

        return path.Name.StartsWith(TemporaryPrefix, StringComparison.Ordinal) ? "it is the half-written file of a restore" : null;
    }

    /// <summary>The same entry under another path.</summary>
    public EntryPath At(string path)
    {
        int slash = path.LastIndexOf('/');
        return this with { Folder = slash < 0 ? "" : path[..slash], Name = path[(slash + 1)..] };
    }

    private static string? Problem(ReadOnlySpan<char> part) => part switch
    {
        "" => "a part of it is empty, or it starts with a slash",
        "." or ".." => $"a part of it is '{part}'",
        _ when part.Contains('\0') => "it holds a NUL",
        _ => null,
    };

    /// <summary>Why Windows cannot hold a name that is not empty; null when it can.</summary>
    internal static string? ProblemOnWindows(ReadOnlySpan<char> part)
    {
        if (part.ContainsAny(NotOnWindows) || part.ContainsAnyInRange('\u0001', '\u001F'))
            return "it holds a character that Windows does not allow in names";
        if (part[^1] is '.' or ' ')
            return "a part of it ends in a dot or a space, which Windows removes";
        int dot = part.IndexOf('.');
        ReadOnlySpan<char> stem = (dot < 0 ? part : part[..dot]).TrimEnd(' ');
        foreach (string device in DevicesOfWindows)
        {
            if (stem.Equals(device, StringComparison.OrdinalIgnoreCase))
                return $"'{part}' is a device of Windows";
        }

        bool isPort = stem.Length == 4
            && (stem.StartsWith("COM", StringComparison.OrdinalIgnoreCase) || stem.StartsWith("LPT", StringComparison.OrdinalIgnoreCase))
            && stem[3] is (>= '1' and <= '9') or '¹' or '²' or '³';
        return isPort ? $"'{part}' is a device of Windows" : null;
    }
}
