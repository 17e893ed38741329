using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Schedulers;

/// <summary>A run that did not find its drive is made good when the drive comes.</summary>
internal static class DriveReturn
{
    /// <summary>The job's newest run, if that did not find its drive and the drive is there now; else null.</summary>
    /// <remarks>The drive is looked at only where such a run is: one that is there all the time may sleep.</remarks>
    /// <exception cref="BackupException">The history is damaged, cannot be read, or is of a newer version of the module.</exception>
    public static BackupRun? Missed(BackupConfiguration job) =>
        JobHistory.Find(job.Name)?.ReadNewest(backups: 1, tests: 0).Backups is [{ } newest, ..] && FoundNoDrive(newest)
            && !AbsentMirror.IsAway(job.Name, job.Options.Rsync.LocalDestination, isNew: false)
                ? newest
                : null;

    /// <summary>True for a run that ended because its drive was not there, as a failure or not. Pure.</summary>
    internal static bool FoundNoDrive(BackupRun run) => run is { Status: BackupStatus.Skipped, Stage1.Status: BackupStatus.Skipped }
        or { Status: BackupStatus.Failed, Stage1.Error.Id: ErrorIds.DestinationNotMounted };

    /// <summary>Where the drive of a job's mirror is mounted; on systems that start a check for any drive, the mirror.</summary>
    /// <exception cref="BackupException">It is not there, or there is none (<c>ScheduleDriveUnknown</c>).</exception>
    public static string PlaceOf(BackupConfiguration job)
    {
        string mirror = Path.GetFullPath(job.Options.Rsync.LocalDestination);
        // Where a drive is away, what holds its place never comes.
        if (AbsentMirror.IsAway(job.Name, mirror, isNew: false))
            throw new BackupException(NativeScheduleErrors.DriveUnknown(job.Name, mirror));
        if (!OperatingSystem.IsLinux())
            return mirror;
        return MountPoints.Holding(RealPath.Of(mirror)) is { } place && place != "/"
            ? place
            : throw new BackupException(NativeScheduleErrors.DriveUnknown(job.Name, mirror));
    }
}
