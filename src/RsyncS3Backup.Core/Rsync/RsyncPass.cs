namespace RsyncS3Backup.Rsync;

/// <summary>One start of rsync, as far as deletions go.</summary>
internal readonly record struct RsyncPass
{
    private RsyncPass(bool deletes, long? maxDelete, bool isDryRun) => (Deletes, MaxDelete, IsDryRun) = (deletes, maxDelete, isDryRun);

    /// <summary>Copies; what the source no longer has stays in the mirror.</summary>
    public static RsyncPass CopyOnly => default;

    /// <summary>Copies everything, deletes nothing, and says how many deletions it withheld.</summary>
    public static RsyncPass WithholdDeletions => new(true, 0, false);

    /// <summary>Only lists what would be deleted.</summary>
    public static RsyncPass ListDeletions => new(true, null, true);

    /// <summary>Only says how much would be copied.</summary>
    public static RsyncPass MeasureTransfers => new(false, null, true);

    /// <summary>Changes nothing, and says all that the passes of a run would do.</summary>
    public static RsyncPass Plan(bool deletes) => new(deletes, null, true) { IsPlan = true };

    /// <summary>True when a dry run has to find what a run would find, and not only how many.</summary>
    public bool IsPlan { get; private init; }

    /// <summary>True when rsync looks for what the source no longer has.</summary>
    public bool Deletes { get; }

    /// <summary>How many entries rsync may delete; null: any number.</summary>
    public long? MaxDelete { get; }

    /// <summary>True when nothing is changed.</summary>
    public bool IsDryRun { get; }

    /// <summary>Deletes what the source no longer has, at most that many entries.</summary>
    public static RsyncPass Delete(long maxDelete) => new(true, maxDelete, false);
}
