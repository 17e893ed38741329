using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>
/// The turn of a drive that takes turns with others: only the drive that had the last one is as new as what S3 has, and only what its stage 1 made
/// the same as the sources is.
/// </summary>
internal sealed class MirrorTurn
{
    private readonly string job;
    private readonly string mirror;
    private readonly DriveTurn? turn;
    private readonly IReadOnlyList<string> folders;
    private readonly LeftOutEntries leftOut;

    private MirrorTurn(string job, string mirror, DriveTurn? turn, IReadOnlyList<string> folders)
    {
        this.job = job;
        this.mirror = mirror;
        this.turn = turn;
        this.folders = folders;
        leftOut = LeftOutEntries.Load(job, mirror);
    }

    /// <summary>True when the mirror may have files of another content than S3 and of the same size and time.</summary>
    public bool HasHiddenChanges => turn?.HasHiddenChanges == true;

    /// <summary>True when the drive has joined the others in this run.</summary>
    public bool HasJoined => turn?.HasJoined == true;

    /// <summary>The turn that stage 2 sends; null for a job with one drive.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="mirror">The mirror's root folder.</param>
    /// <param name="drives">How many drives take turns.</param>
    /// <param name="runId">The run, both stages of it.</param>
    /// <exception cref="BackupException">The mirror is not what a whole stage 1 of this run made: <c>MirrorOutdated</c>.</exception>
    public static MirrorTurn? Demand(string job, string mirror, int drives, string runId)
    {
        if (!IsOfSeveral(job, mirror, drives, out MirrorMarker? marker))
            return null;
        DriveTurn? newest = DriveTurns.Load(job)?.Newest;
        if (WhyOutdated(marker, newest) is { } why)
            throw MirrorErrors.MirrorOutdated(mirror, why);
        return newest!.RunId == runId
            ? new MirrorTurn(job, mirror, newest, newest.Folders)
            : throw MirrorErrors.MirrorOutdated(mirror, "the drives of the job take turns, and stage 1 did not run right before");
    }

    /// <summary>What a plan looks at, whose stage 1 is planned too; null for a job with one drive.</summary>
    public static MirrorTurn? OfPlan(string job, string mirror, int drives) => IsOfSeveral(job, mirror, drives, out _)
        ? new MirrorTurn(job, mirror, turn: null, DriveTurns.Load(job)?.Newest?.Folders ?? [""])
        : null;

    /// <summary>Demands, before anything is done in S3 without a look at the mirror, that what S3 has is the business of this drive.</summary>
    /// <exception cref="BackupException">It is not: <c>MirrorOutdated</c>.</exception>
    public static void DemandKnown(string job, string mirror)
    {
        if (DriveTurns.Load(job) is { } turns && (Marker(mirror) is not { } marker || turns.Find(marker.Id) is null))
            throw MirrorErrors.MirrorOutdated(mirror, "the job does not know the drive");
    }

    /// <summary>The turn of the mirror as far as reading it goes; null for a job with one drive.</summary>
    /// <exception cref="BackupException">Another drive is newer, or may be: <c>MirrorOutdated</c>.</exception>
    public static MirrorTurn? DemandNewest(string job, string mirror, int drives)
    {
        if (!IsOfSeveral(job, mirror, drives, out MirrorMarker? marker))
            return null;
        DriveTurn? newest = DriveTurns.Load(job)?.Newest;
        return WhyOutdated(marker, newest) is { } why
            ? throw MirrorErrors.MirrorOutdated(mirror, why)
            : new MirrorTurn(job, mirror, newest, newest!.Folders);
    }

    /// <summary>Why a mirror is not the newest one of its job, as far as is known; null when it is, or the only one.</summary>
    public static string? WhyOutdated(string job, string mirror, int drives) =>
        IsOfSeveral(job, mirror, drives, out MirrorMarker? marker) ? WhyOutdated(marker, DriveTurns.Load(job)?.Newest) : null;

    /// <summary>
    /// True for what stage 1 keeps the same as the sources. What else is on a drive, nobody brings up to date while other drives have their turn.
    /// </summary>
    /// <param name="relativeKey">The key below the prefix.</param>
    public bool Governs(string relativeKey)
    {
        int slash = relativeKey.IndexOf('/', StringComparison.Ordinal);
        string top = slash < 0 ? relativeKey : relativeKey[..slash];
        return !VolumeFolders.Names.Contains(top) && (folders is [""] || (slash > 0 && folders.Contains(top)));
    }

    /// <summary>True for what is the same in the sources and on the drive: of what stage 1 left out, the drive may have an older one.</summary>
    /// <param name="relativeKey">The key below the prefix.</param>
    public bool IsCurrent(string relativeKey) => Governs(relativeKey) && !leftOut.Cover(relativeKey);

    /// <summary>Demands that the drive is still the one that the run began with: another one may be mounted in the same place.</summary>
    /// <exception cref="BackupException">It is not.</exception>
    public void RequireSame()
    {
        if (turn is not null && (Marker(mirror) is not { } now || now.Id != turn.Id || now.Turn != turn.Turn))
            throw MirrorErrors.MirrorWentAway(mirror);
    }

    /// <summary>S3 has all that the mirror has.</summary>
    /// <exception cref="IOException">It cannot be written down.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written down.</exception>
    public void Sent()
    {
        if (turn is { HasHiddenChanges: true } && DriveTurns.Load(job) is { } turns && turns.Newest is { } newest && newest.Id == turn.Id)
            turns.With(newest with { HasHiddenChanges = false }, turns.Drives.Count).Save(job);
    }

    private static bool IsOfSeveral(string job, string mirror, int drives, out MirrorMarker? marker)
    {
        marker = Marker(mirror);
        return drives > 1 || marker is { Turn: > 0 } || DriveTurns.Exists(job);
    }

    private static string? WhyOutdated(MirrorMarker? marker, DriveTurn? newest) =>
        marker is null ? $"it has no marker {MirrorMarker.FileName} that can be read"
        : newest is null ? "which drive of the job is the newest is not known"
        : newest.Id != marker.Id ? "another drive of the job had its turn later"
        : newest.Turn != marker.Turn ? "it is a copy of the drive that had the last turn, or the last run could not write down its state"
        : null;

    private static MirrorMarker? Marker(string mirror)
    {
        try
        {
            return MirrorMarker.Read(mirror);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }
}
