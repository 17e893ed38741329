using RsyncS3Backup.Mirror;

namespace RsyncS3Backup.Recovery;

/// <summary>Which copy is restored, and why that one.</summary>
/// <param name="Copy">The copy.</param>
/// <param name="Reason">Why.</param>
internal sealed record RestoreSource(BackupCopy Copy, string Reason)
{
    /// <summary>Chooses: the mirror when it is there and is the job's, else S3, unless the caller or what is asked for decides.</summary>
    /// <exception cref="BackupException">There is no copy that would do.</exception>
    public static RestoreSource Choose(RestoreRequest request)
    {
        bool isPast = request.AsOf is not null || request.Snapshot is not null;
        // The mirror has none of what is asked for: it would be left out in silence.
        bool isGone = request.IncludeDeleted;
        if (request.MirrorPath is not { } mirror)
        {
            return request.From == BackupCopy.Local
                ? throw RestoreErrors.NoMirrorWithoutJob(request.Name)
                : new RestoreSource(BackupCopy.S3, "A bucket was named and no job, so no mirror is known, nor what it had no more: all that is there comes back.");
        }

        if (request.From == BackupCopy.Local)
        {
            if (isPast)
                throw RestoreErrors.PastOfMirror(request.Name);
            if (isGone)
                throw RestoreErrors.DeletedOfMirror(request.Name);
            if (!Directory.Exists(mirror))
                throw RestoreErrors.MirrorUnusable(mirror, "it is not there");
            return new RestoreSource(BackupCopy.Local, "It was asked for.");
        }

        if (request.From == BackupCopy.S3)
            return request.S3 is not null ? new RestoreSource(BackupCopy.S3, "It was asked for.") : throw Copies.CopyErrors.NoBucket(request.Name);
        if (isPast)
        {
            return request.S3 is not null
                ? new RestoreSource(BackupCopy.S3, "A time in the past was asked for, which the mirror does not know.")
                : throw RestoreErrors.PastOfMirror(request.Name);
        }

        if (isGone)
        {
            return request.S3 is not null
                ? new RestoreSource(BackupCopy.S3, "What the mirror no longer has was asked for (-IncludeDeleted), and only S3 can have it.")
                : throw RestoreErrors.DeletedOfMirror(request.Name);
        }

        if (WhatIsWrong(request.Name, mirror) is not { } problem)
            return new RestoreSource(BackupCopy.Local, $"The mirror '{mirror}' is there and is the job's, and nothing is nearer.");
        return request.S3 is not null
            ? new RestoreSource(BackupCopy.S3, $"The mirror is not used: {problem}.")
            : throw RestoreErrors.NoSoundCopy(request.Name, problem);
    }

    /// <summary>Why a mirror cannot be trusted to be the job's; null when it can.</summary>
    public static string? WhatIsWrong(string job, string mirror)
    {
        try
        {
            if (!Directory.Exists(mirror))
                return $"'{mirror}' is not there";
            if (MirrorMarker.Read(mirror) is null)
                return $"'{mirror}' has no marker {MirrorMarker.FileName}, so its drive may not be mounted, or no run has succeeded";
            if (MirrorTurn.WhyOutdated(job, mirror, drives: 1) is { } outdated)
                return $"'{mirror}' is not the newest of the drives that take turns: {outdated}";
            MirrorGuard.Check(job, mirror, allowNew: false);
            return null;
        }
        catch (BackupException exception)
        {
            return exception.Error.Message.TrimEnd('.');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return $"the marker of '{mirror}' cannot be read ({exception.Message})";
        }
    }
}
