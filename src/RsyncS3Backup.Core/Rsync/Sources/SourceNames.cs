using System.IO.Enumeration;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Rsync.Sources;

/// <summary>
/// Finds the names of a source on this machine that the mirror's drive refuses, or takes for one and the same: rsync would try them again in
/// each run, and write two files by turns to one name. Needed for such drives only.
/// </summary>
internal sealed class SourceNames
{
    // So many fit on a command line, with room to spare.
    private const int MostRules = 4_000;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = true };

    private readonly FileSystemTraits traits;
    private readonly ExcludePatterns excluded;
    private readonly string mirror;
    private readonly List<string> twins = [];
    private readonly List<string> refused = [];
    private readonly List<string> otherwiseWritten = [];

    private SourceNames(FileSystemTraits traits, ExcludePatterns excluded, string mirror) =>
        (this.traits, this.excluded, this.mirror) = (traits, excluded, mirror);

    /// <summary>Those that are another one's to the drive, below the source; of each pair the one that the mirror does not have.</summary>
    public IReadOnlyList<string> Twins => twins;

    /// <summary>Those that have a character that the drive refuses, below the source.</summary>
    public IReadOnlyList<string> Refused => refused;

    /// <summary>True when there are more than rsync can be told of, so that it must delete nothing.</summary>
    public bool AreTooMany => twins.Count + otherwiseWritten.Count > MostRules / 2;

    /// <summary>True when a drive makes it necessary.</summary>
    public static bool AreNeeded(FileSystemTraits traits) => traits.FoldsNames || traits.RefusedCharacters.Length > 0;

    /// <summary>Looks through a source.</summary>
    /// <param name="leg">The source, on this machine, and its folder in the mirror.</param>
    /// <param name="options">What of it is left out in any case.</param>
    /// <param name="traits">What the mirror's drive does.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static SourceNames Find(RsyncLeg leg, RsyncOptions options, FileSystemTraits traits, CancellationToken cancellationToken)
    {
        SourceNames found = new(traits, new ExcludePatterns(Patterns(leg, options)), leg.Destination);
        Stack<string> folders = new([""]);
        while (folders.TryPop(out string? folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (string inner in found.LookInto(leg.Source, folder))
                folders.Push(inner);
        }

        return found;
    }

    /// <summary>rsync's patterns that pass over them, and leave alone what the mirror has by such a name.</summary>
    public IEnumerable<string> Arguments(Func<string, string> literal)
    {
        if (refused.Count > 0)
            yield return "--exclude=*[" + traits.RefusedCharacters.Replace("\\", "\\\\", StringComparison.Ordinal) + "]*";
        foreach (string twin in twins.Take(MostRules / 2))
            yield return "--exclude=/" + literal(twin);
        // rsync would take the entry by its old name for one that the source no longer has, and delete the file that it has just written.
        foreach (string name in twins.Concat(otherwiseWritten).Take(MostRules / 2))
            yield return "--filter=protect /" + literal(name);
    }

    private static List<string> Patterns(RsyncLeg leg, RsyncOptions options)
    {
        List<string> patterns = [.. options.IncludePatterns.Select(pattern => "+ " + pattern), .. leg.ExcludePatterns, .. options.ExcludePatterns];
        foreach (string pattern in options.PatternFiles.SelectMany(file => PatternFile.Read(file).PatternsOfText))
        {
            // It makes rsync forget all before it.
            if (pattern == "!")
                patterns.Clear();
            else
                patterns.Add(pattern);
        }

        return patterns;
    }

    private List<string> LookInto(string source, string folder)
    {
        List<string> inner = [];
        Dictionary<string, string> taken = new(StringComparer.Ordinal);
        List<(string Name, bool IsFolder)> names = Names(Path.Join(source, folder));
        HashSet<string> present = traits.FoldsNames ? [.. Names(Path.Join(mirror, folder)).Select(entry => entry.Name)] : [];
        foreach ((string name, bool isFolder) in names)
        {
            string path = Below(folder, name);
            if (excluded.IsExcludedItself(isFolder ? path + "/" : path))
                continue;
            if (name.AsSpan().ContainsAny(traits.RefusedCharacters))
            {
                refused.Add(path);
                continue;
            }

            if (!taken.TryAdd(traits.Fold(name), name))
            {
                // The drive goes on calling the entry what it called it first.
                string other = taken[traits.Fold(name)];
                if (!present.Contains(name))
                {
                    twins.Add(path);
                    continue;
                }

                taken[traits.Fold(name)] = name;
                twins.Add(Below(folder, other));
                inner.Remove(Below(folder, other));
            }

            if (isFolder)
                inner.Add(path);
        }

        present.ExceptWith(names.Select(entry => entry.Name));
        otherwiseWritten.AddRange(present.Where(name => taken.ContainsKey(traits.Fold(name))).Select(name => Below(folder, name)));
        return inner;
    }

    private static string Below(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    private static List<(string Name, bool IsFolder)> Names(string folder)
    {
        try
        {
            List<(string Name, bool IsFolder)> names = [.. new FileSystemEnumerable<(string, bool)>(
                folder,
                (ref FileSystemEntry entry) =>
                    (entry.FileName.ToString(), entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0),
                Everything)];
            names.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
            return names;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // rsync says what is wrong with it.
            return [];
        }
    }
}
