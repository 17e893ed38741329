using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>Which names a destination can hold: many that are ordinary on Linux are none on Windows, or on its file systems. Pure.</summary>
/// <param name="isWindows">True where Windows itself is asked.</param>
/// <param name="refusedCharacters">What the file system refuses in names.</param>
internal sealed class HeldNames(bool isWindows, string refusedCharacters)
{
    // What is refused is in nobody's way any more by this, and it is in no name that Windows gives a meaning.
    private const char InPlace = '_';
    private const int MarkDigits = 6;

    private static readonly char[] Refused = [.. FileSystemProbe.DoubtfulCharacters, .. Enumerable.Range(1, 0x1F).Select(code => (char)code)];

    /// <summary>Those of a destination.</summary>
    public static HeldNames Of(FileSystemTraits traits) => new(OperatingSystem.IsWindows(), traits.RefusedCharacters);

    /// <summary>Those of a mirror: rsync made names there that other programs cannot open, and so they can be made again.</summary>
    public static HeldNames OfMirror { get; } = new(isWindows: false, OperatingSystem.IsWindows() ? new string(Refused) : "");

    /// <summary>Why a path cannot be there; null when it can.</summary>
    /// <param name="path">A path whose parts are names, with <c>/</c> between them.</param>
    public string? Problem(string path)
    {
        foreach (string part in path.Split('/'))
        {
            if (isWindows && part.Length > 0 && EntryPath.ProblemOnWindows(part) is { } onWindows)
                return onWindows;
            if (part.AsSpan().IndexOfAny(refusedCharacters) is var at and >= 0)
                return $"it holds {Text(part[at])}";
        }

        return null;
    }

    /// <summary>
    /// A path that can be there: <c>12:30.log</c> is <c>12_30~</c>, six digits and <c>.log</c>. The digits are of the name's own hash, so that neither
    /// <c>12?30.log</c> nor a file that is called <c>12_30.log</c> gets the same one.
    /// </summary>
    /// <param name="path">A path whose parts are names, with <c>/</c> between them.</param>
    public string Rename(string path) => string.Join('/', path.Split('/').Select(RenamePart));

    private string RenamePart(string part)
    {
        string held = part.Length == 0 ? part : Replace(part);
        if (held == part)
            return part;
        string mark = "~" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(part)))[..MarkDigits].ToLowerInvariant();
        int dot = held.LastIndexOf('.');
        return dot <= 0 ? held + mark : held[..dot] + mark + held[dot..];
    }

    private string Replace(string part)
    {
        char[] letters = part.ToCharArray();
        for (int at = 0; at < letters.Length; at++)
        {
            if (refusedCharacters.Contains(letters[at], StringComparison.Ordinal) || (isWindows && Refused.Contains(letters[at])))
                letters[at] = InPlace;
        }

        if (!isWindows)
            return new string(letters);
        for (int at = letters.Length - 1; at >= 0 && letters[at] is '.' or ' '; at--)
            letters[at] = InPlace;
        string renamed = new(letters);
        if (EntryPath.ProblemOnWindows(renamed) is null)
            return renamed;
        // A device, whatever comes after the dot.
        int dot = renamed.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? renamed + InPlace : $"{renamed[..dot].TrimEnd(' ')}{InPlace}{renamed[dot..]}";
    }

    private static string Text(char character) => char.IsControl(character) ? "a control character" : $"'{character}'";
}
