using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Mirror;

/// <summary>Knows a job's mirror again: an unmounted drive and a wrong one are refused before rsync starts.</summary>
internal sealed class MirrorGuard
{
    private readonly string job;
    private readonly string mirror;
    private readonly MirrorMarker? marker;
    private MirrorMemory memory;

    // The mirror that a new one takes the place of: the job was given another place, or the user said so.
    private string? replaced;

    private MirrorGuard(string job, string mirror, MirrorMarker? marker, MirrorMemory memory)
    {
        this.job = job;
        this.mirror = mirror;
        this.marker = marker;
        this.memory = memory;
    }

    /// <summary>How many entries the mirror held when its content was last what it should be; null when that is not known.</summary>
    public long? KnownEntries => memory.Entries;

    /// <summary>True when the last run that compared contents by checksum is unknown or longer ago than that.</summary>
    public bool IsChecksumDue(TimeSpan? every) =>
        every is { } time && !(memory.LastChecksum is { } last && DateTimeOffset.UtcNow - last is var age && age >= TimeSpan.Zero && age < time);

    /// <summary>Checks that the mirror is the one that the job knows. A mirror without history, or with the job's own marker, is taken.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    /// <param name="allowNew">Take whatever is there, and make it the job's mirror once a run succeeds.</param>
    /// <exception cref="BackupException">It is another one, or not there.</exception>
    public static MirrorGuard Check(string job, string destination, bool allowNew)
    {
        string mirror = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        MirrorMemory memory = MirrorMemory.Load(job, mirror);
        if (allowNew)
        {
            MirrorMarker? found = TryRead(mirror, out _);
            MirrorMarker? own = found is not null && WhatIsWrong(found, job, mirror, memory) is null ? found : null;
            return own is not null ? new MirrorGuard(job, mirror, own, memory)
                : new MirrorGuard(job, mirror, null, new MirrorMemory { Path = mirror }) { replaced = MirrorMemory.LastMarkerId(job) ?? found?.Id };
        }

        MirrorMarker? marker = TryRead(mirror, out string? unreadable);
        if (unreadable is not null)
            throw new BackupException(MirrorErrors.DestinationChanged(mirror, $"its marker {MirrorMarker.FileName} cannot be read: {unreadable}"));
        if (marker is not null && WhatIsWrong(marker, job, mirror, memory) is { } wrong)
            throw new BackupException(MirrorErrors.DestinationChanged(mirror, wrong));
        if (marker is null && memory.MarkerId is not null)
            throw new BackupException(Missing(mirror));
        if (marker is null && memory.Begun is { } begun && Place(mirror) is var place && place.IsOtherThan(begun))
        {
            throw new BackupException(MirrorErrors.DestinationChanged(
                mirror, $"its first run, which did not finish, was on another file system ({begun}; this one is {place})"));
        }

        if (marker is null && NestedMirrors.Above(mirror) is { } outer)
            throw new BackupException(MirrorErrors.DestinationInMirror(mirror, outer.Folder, outer.Job));
        return new MirrorGuard(job, mirror, marker, memory) { replaced = marker is null ? MirrorMemory.LastMarkerId(job) : null };
    }

    /// <summary>
    /// Demands, before a mirror is sent, that it has a marker where the job knows of one: beneath a drive that is not mounted there is an ordinary
    /// folder without anything in it.
    /// </summary>
    /// <exception cref="BackupException">It has none.</exception>
    public static void DemandMarker(string job, string mirror)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(mirror));
        if (MirrorMemory.Load(job, path).MarkerId is not null && !Path.Exists(Path.Combine(path, MirrorMarker.FileName)))
            throw MirrorErrors.MirrorNotMounted(path);
    }

    /// <summary>What the mirror's drive does, as far as an earlier run of this user found it out; else what is usual.</summary>
    public FileSystemTraits KnownTraits() => KnownDrive?.Traits ?? new FileSystemTraits();

    /// <summary>True when an earlier run of this user has found out what the mirror's drive does.</summary>
    public bool KnowsDrive => KnownDrive is not null;

    private MirrorDrive? KnownDrive => memory.Drive is { } known && known.Place == MirrorDrive.PlaceOf(mirror) ? known : null;

    /// <summary>What the mirror's drive does. It is asked once, and again when it is another one or mounted in another way.</summary>
    /// <param name="report">Hears when it cannot be written down.</param>
    /// <param name="isNew">True when it was asked now.</param>
    /// <exception cref="IOException">The drive cannot be asked.</exception>
    /// <exception cref="UnauthorizedAccessException">The drive cannot be asked.</exception>
    public FileSystemTraits FindTraits(StageReport report, out bool isNew)
    {
        string place = MirrorDrive.PlaceOf(mirror);
        isNew = memory.Drive?.Place != place;
        if (!isNew)
            return memory.Drive!.Traits;
        MirrorDrive drive = MirrorDrive.Probe(mirror, place);
        Remember(report, () => memory with { Drive = drive });
        return drive.Traits;
    }

    /// <summary>
    /// Remembers where a mirror is begun, before rsync starts: a first run that fails, or is killed, must not leave the next one free to fill
    /// the folder below a drive that is no longer mounted. The marker is no means for that: it says that the mirror is the job's, which it is
    /// not while nothing but a refused or failed run was there.
    /// </summary>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Begins(StageReport report)
    {
        if (marker is null && memory.MarkerId is null)
            Remember(report, () => memory with { Begun = Place(mirror) });
    }

    /// <summary>Remembers the mirror after a run that succeeded, and marks it where it has no marker yet.</summary>
    /// <param name="entries">How many entries it holds now; null when it may hold more than the sources.</param>
    /// <param name="wasChecksumRun">True when the run compared contents by checksum.</param>
    /// <param name="hasStoredStat">True when the run wrote owners down in extended attributes (<c>ownership: fakeSuper</c>).</param>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Succeeded(long? entries, bool wasChecksumRun, bool hasStoredStat, StageReport report)
    {
        // A source of which nothing is mirrored makes no mirror.
        if (!Directory.Exists(mirror))
            return;
        Remember(report, () =>
        {
            MirrorMarker current = marker ?? MirrorMarker.New(job, mirror) with { Replaces = replaced };
            string place = RealPath.Of(mirror);
            if (marker is null || marker.Path != place || marker.Host is null || marker.HasStoredStat != hasStoredStat)
                (current with { Path = place, Host = current.Host ?? KeyPrefix.Host, HasStoredStat = hasStoredStat }).Write(mirror);
            return memory with
            {
                MarkerId = current.Id,
                Begun = null,
                Entries = entries,
                LastChecksum = wasChecksumRun ? DateTimeOffset.UtcNow : memory.LastChecksum,
            };
        });
    }

    /// <summary>Remembers how much the mirror held when deletions were refused, unless less is remembered from an earlier run.</summary>
    /// <param name="entries">How many entries it held.</param>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Refused(long entries, StageReport report) =>
        Remember(report, () => memory with { Entries = Math.Min(entries, memory.Entries ?? long.MaxValue) });

    private static string? WhatIsWrong(MirrorMarker marker, string job, string mirror, MirrorMemory memory)
    {
        if (marker.Job != job)
            return $"it is the mirror of the job '{marker.Job}', says its marker {MirrorMarker.FileName}";
        if (memory.MarkerId is not null && memory.MarkerId != marker.Id)
            return "it is another mirror of this job, with a marker of its own";
        FileSystemIdentity fileSystem = FileSystemIdentity.Of(mirror);
        return fileSystem.IsOtherThan(marker.FileSystem)
            ? $"it was made on another file system ({marker.FileSystem}; this one is {fileSystem})"
            : null;
    }

    /// <summary>The file system of a mirror, or of the folder that it will be made in.</summary>
    private static FileSystemIdentity Place(string mirror) =>
        FileSystemIdentity.Of(Directory.Exists(mirror) ? mirror : Path.GetDirectoryName(mirror) ?? mirror);

    private static MirrorMarker? TryRead(string mirror, out string? unreadable)
    {
        unreadable = null;
        try
        {
            return MirrorMarker.Read(mirror);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            unreadable = exception.Message;
            return null;
        }
    }

    private static BackupError Missing(string mirror)
    {
        return AbsentMirror.HoldsNothing(mirror)
            ? MirrorErrors.DestinationNotMounted(mirror, "an earlier run made a mirror there, and nothing is there now")
            : MirrorErrors.DestinationChanged(mirror, $"an earlier run made a mirror there, but its marker {MirrorMarker.FileName} is gone");
    }

    private void Remember(StageReport report, Func<MirrorMemory> change)
    {
        try
        {
            MirrorMemory now = change();
            if (now == memory)
                return;
            now.Save(job);
            memory = now;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            report.Warning(
                $"What the job has to remember of the mirror '{mirror}' was not written, so the next run may not notice that its drive is missing. "
                + $"Check the permissions and the free space of the state folder and of the mirror: {exception.Message}");
        }
    }
}
