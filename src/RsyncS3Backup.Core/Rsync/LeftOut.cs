using System.Globalization;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Rsync;

/// <summary>Why an entry of a source cannot be in the mirror although everything else can.</summary>
internal enum LeftOutKind
{
    /// <summary>It is no file and no folder, and the drive has nothing else.</summary>
    Special,

    /// <summary>Its name has characters that the drive refuses.</summary>
    Name,

    /// <summary>To the drive its name is that of another entry.</summary>
    SameName,

    /// <summary>Its name or path is longer than the drive or the system takes.</summary>
    TooLong,

    /// <summary>It is larger than files of the drive can be.</summary>
    TooLarge,

    /// <summary>It changed each time it was read.</summary>
    Unstable,
}

/// <summary>Collects what a stage 1 leaves out of the mirror, over all sources and passes. It is said once a kind, and the run goes on.</summary>
internal sealed class LeftOut
{
    // More paths than a mirror with a sensible drive has; nothing is deleted from S3 when there are still more.
    internal const int KeptPaths = 100_000;
    private const int NamedAtMost = 5;

    private readonly Dictionary<string, LeftOutKind> kinds = new(StringComparer.Ordinal);
    private readonly HashSet<string> silent = new(StringComparer.Ordinal);
    private bool hasMore;

    /// <summary>True when not all of it is known.</summary>
    public bool HasMore => hasMore || Paths.Count() > KeptPaths;

    /// <summary>How many there are.</summary>
    public long Count => kinds.Count;

    /// <summary>Notes one; a pass that meets it again adds nothing.</summary>
    /// <param name="kind">Why.</param>
    /// <param name="path">Its path in the mirror.</param>
    public void Add(LeftOutKind kind, string path)
    {
        if (kinds.Count < KeptPaths || kinds.ContainsKey(path))
            kinds[path] = kind;
        else
            hasMore = true;
    }

    /// <summary>Notes an entry of which the mirror may have an older one, and that is told of elsewhere.</summary>
    /// <param name="path">Its path in the mirror; null for one that is not known.</param>
    public void AddSilently(string? path)
    {
        if (path is not null && silent.Count < KeptPaths)
            silent.Add(path);
        else
            hasMore = true;
    }

    /// <summary>Says it, once a kind.</summary>
    public void Tell(StageReport report)
    {
        foreach (IGrouping<LeftOutKind, string> kind in kinds.GroupBy(item => item.Value, item => item.Key).OrderBy(group => group.Key))
            report.Warning(Text(kind.Key, [.. kind.Order(StringComparer.Ordinal)]));
    }

    /// <summary>Remembers it for stage 2.</summary>
    /// <param name="job">The job.</param>
    /// <param name="mirror">The mirror's root folder.</param>
    /// <param name="isWhole">False when the run ended early, so that what an earlier one left out still counts.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Save(string job, string mirror, bool isWhole)
    {
        LeftOutEntries earlier = isWhole ? LeftOutEntries.None : LeftOutEntries.Load(job, mirror);
        string[] all = [.. Paths.Union(earlier.Paths)];
        LeftOutEntries.Save(job, mirror, [.. all.Take(KeptPaths)], hasMore || earlier.HasMore || all.Length > KeptPaths);
    }

    private IEnumerable<string> Paths => kinds.Keys.Union(silent);

    private string Text(LeftOutKind kind, IReadOnlyList<string> paths)
    {
        string count = string.Create(CultureInfo.InvariantCulture, $"{paths.Count}{(hasMore ? " or more" : "")}");
        bool isOne = paths.Count == 1 && !hasMore;
        string why = kind switch
        {
            LeftOutKind.Special => isOne ? "entry is a link, a pipe, a socket or a device, which the mirror's drive cannot hold"
                : "entries are links, pipes, sockets or devices, which the mirror's drive cannot hold",
            LeftOutKind.Name => isOne ? "entry has a name that the mirror's drive refuses" : "entries have names that the mirror's drive refuses",
            LeftOutKind.SameName => isOne ? "entry has a name that the mirror's drive takes for that of another entry"
                : "entries have names that the mirror's drive takes for those of other entries",
            LeftOutKind.TooLong => isOne ? "entry has a name or a path that is too long" : "entries have names or paths that are too long",
            LeftOutKind.TooLarge => isOne ? "file is larger than the mirror's drive takes" : "files are larger than the mirror's drive takes",
            _ => isOne ? "file changed each time it was read" : "files changed each time they were read",
        };
        string names = string.Join(", ", paths.Take(NamedAtMost).Select(path => $"'{path}'"));
        string more = paths.Count > NamedAtMost ? string.Create(CultureInfo.InvariantCulture, $" and {paths.Count - NamedAtMost} more") : "";
        string it = isOne ? "It is" : "They are";
        string end = kind == LeftOutKind.Unstable
            ? $"The mirror keeps the earlier content, if it had any. Mirror a snapshot of the file system, or run the job when nobody writes to {(isOne ? "it" : "them")}."
            : $"{it} not in the mirror, and what S3 has of {(isOne ? "it" : "them")} stays. Rename, move or exclude {(isOne ? "it" : "them")}, or use another drive.";
        return $"{count} {why}: {names}{more}. {end}";
    }
}
