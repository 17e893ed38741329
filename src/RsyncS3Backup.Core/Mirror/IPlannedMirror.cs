using RsyncS3Backup.Files;

namespace RsyncS3Backup.Mirror;

/// <summary>The mirror as a stage 1 would leave it.</summary>
internal interface IPlannedMirror
{
    /// <summary>How many changes there would be.</summary>
    long Count { get; }

    /// <summary>The changes.</summary>
    IEnumerable<BackupChange> Changes();

    /// <summary>What a folder would hold.</summary>
    /// <param name="folderKey">The folder below the root, ending in a slash; empty for the root.</param>
    /// <param name="readNow">Reads what it holds now: names, those of folders with a slash at the end. Called when it would be the same folder.</param>
    List<string> Names(string folderKey, Func<List<string>> readNow);

    /// <summary>What would lie at a path; null for nothing.</summary>
    /// <param name="relativePath">The path below the root, without a slash at its end.</param>
    /// <exception cref="IOException">It cannot be read, there or in the source.</exception>
    PlannedEntry? Look(string relativePath);
}

/// <summary>What would lie at a path of the mirror.</summary>
/// <param name="Path">Where its content is now: in the mirror, or in a source.</param>
/// <param name="Attributes">The attributes that it would have there.</param>
/// <param name="IsElsewhere">True when the content is on another machine, so that only its size is known.</param>
internal readonly record struct PlannedEntry(string Path, FileAttributesSnapshot Attributes, bool IsElsewhere);
