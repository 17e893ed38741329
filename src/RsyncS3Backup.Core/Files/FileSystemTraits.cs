using System.Text;

namespace RsyncS3Backup.Files;

/// <summary>What a file system does with what it is given, as <see cref="FileSystemProbe"/> finds it. Without a probe: all that is usual.</summary>
internal sealed record FileSystemTraits
{
    /// <summary>Nanoseconds that modification times are kept in steps of; 0 when they are not kept at all.</summary>
    public long TimeStep { get; init; } = 1;

    /// <summary>True when names that differ in case only are one name.</summary>
    public bool FoldsCase { get; init; }

    /// <summary>True when names that differ in Unicode's composed and decomposed forms only are one name.</summary>
    public bool FoldsNormalization { get; init; }

    /// <summary>True when two names can be one.</summary>
    public bool FoldsNames => FoldsCase || FoldsNormalization;

    /// <summary>The permissions of a new file by this process's own mask.</summary>
    public uint FileMode { get; init; }

    /// <summary>True when permissions stay as they are set.</summary>
    public bool KeepsPermissions { get; init; } = true;

    /// <summary>True when owner and group stay as they are set by this user, as far as this user may set them anywhere.</summary>
    public bool KeepsOwners { get; init; } = true;

    /// <summary>True when there are symbolic links.</summary>
    public bool HasSymbolicLinks { get; init; } = true;

    /// <summary>True when a file may have several names.</summary>
    public bool HasHardLinks { get; init; } = true;

    /// <summary>True when there are pipes.</summary>
    public bool HasSpecialFiles { get; init; } = true;

    /// <summary>True when files have extended attributes of the user's own.</summary>
    public bool HasExtendedAttributes { get; init; } = true;

    /// <summary>Those of <see cref="FileSystemProbe.DoubtfulCharacters"/> that no name may have.</summary>
    public string RefusedCharacters { get; init; } = "";

    /// <summary>Bytes that a file may have at most; null where no limit is known.</summary>
    public long? LargestFile { get; init; }

    /// <summary>What a name or path is to the file system: two with the same are one.</summary>
    public string Fold(string path)
    {
        string folded = FoldsNormalization ? path.Normalize(NormalizationForm.FormC) : path;
        return FoldsCase ? folded.ToUpperInvariant() : folded;
    }

    /// <summary>True when the file system cannot tell two times apart; of one that keeps none nobody knows.</summary>
    public bool IsSameTime(long left, long right) => Math.Abs((decimal)left - right) < TimeStep;
}
