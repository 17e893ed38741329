using System.Management.Automation;
using RsyncS3Backup.Pipeline;

namespace RsyncS3Backup.Input;

/// <summary>Which copy an entry is of, as it was when.</summary>
internal sealed record EntryMoment
{
    /// <summary>The copy; null where any will do.</summary>
    public BackupCopy? Copy { get; init; }

    /// <summary>The time of an earlier version; null for the newest.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The date of a snapshot; null for the newest.</summary>
    public DateTime? Snapshot { get; init; }

    /// <summary>True for what the mirror has no more and S3 still keeps.</summary>
    public bool IsDeleted { get; init; }
}

/// <summary>One entry of a job's copies, as Get-BackupItem, Test-Backup, Repair-Backup and -PassThru emit it.</summary>
/// <param name="Job">The job; equal for equal jobs.</param>
/// <param name="Path">The path below the mirror's root.</param>
/// <param name="Moment">Which copy of it.</param>
internal sealed record EntryReference(JobReference Job, string Path, EntryMoment Moment)
{
    private static readonly PSObject Nothing = new();

    /// <summary>True for an object that is one entry and not a whole job.</summary>
    internal static bool IsOfEntry(JobReference reference) =>
        reference.Kind is EmittedKind.BackupItem or EmittedKind.BackupDifference or EmittedKind.BackupRepair or EmittedKind.BackupAction;

    /// <summary>The entry that an object is; none for one that is a whole job.</summary>
    /// <exception cref="BackupException">There is nothing of it to be had.</exception>
    internal static IReadOnlyList<EntryReference> Of(JobReference reference)
    {
        if (!IsOfEntry(reference) || Emitted.Text(reference.Source, "Path") is not { } path)
            return [];
        JobReference job = reference with { Source = Nothing };
        return [new EntryReference(job, path, reference.Kind switch
        {
            EmittedKind.BackupItem => MomentOf(reference.Source, path),
            EmittedKind.BackupDifference => new EntryMoment { Copy = Emitted.Value<BackupCopy>(reference.Source, "GoodCopy") },
            _ => new EntryMoment(),
        })];
    }

    /// <summary>The snapshot that an object is; the newest for anything else.</summary>
    /// <exception cref="BackupException">It is one, and its date cannot be read: the newest would be another one.</exception>
    internal static EntryMoment SnapshotOf(JobReference reference) => reference.Kind != EmittedKind.BackupSnapshot ? new EntryMoment() : new EntryMoment
    {
        Snapshot = Emitted.WallTime(reference.Source, "Date") ?? throw new BackupException(ParameterErrors.VersionNotKnown(reference.Name ?? "")),
    };

    private static EntryMoment MomentOf(PSObject item, string path)
    {
        if (Emitted.IsTrue(item, "IsDeleteMarker"))
            throw new BackupException(ParameterErrors.DeletionNotRestored(path));
        BackupCopy? copy = Emitted.Value<BackupCopy>(item, "Copy");
        // As of the moment at which it was stored it was the newest.
        bool isEarlier = Emitted.Text(item, "IsLatest") is { } latest && !(bool.TryParse(latest, out bool isLatest) && isLatest);
        bool isFile = Emitted.Value<BackupEntryType>(item, "Kind") != BackupEntryType.Folder;
        DateTimeOffset? stored = Emitted.Time(item, "LastModified");
        // The newest in place of the one that is meant would be another file.
        if ((isEarlier && stored is null) || (Emitted.Text(item, "Snapshot") is not null && Emitted.WallTime(item, "Snapshot") is null))
            throw new BackupException(ParameterErrors.VersionNotKnown(path));
        DateTime? snapshot = Emitted.WallTime(item, "Snapshot");
        bool isDeleted = copy == BackupCopy.S3 && !isEarlier && snapshot is null && (isFile || Emitted.Time(item, "GoneTime") is not null);
        return new EntryMoment
        {
            Copy = copy,
            AsOf = isEarlier ? stored : null,
            Snapshot = snapshot,
            IsDeleted = isDeleted,
        };
    }
}
