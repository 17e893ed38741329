using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Mirror;

/// <summary>Knows a job's mirror again: an unmounted drive and a wrong one are refused before rsync starts.</summary>
internal sealed class MirrorGuard
{
    private readonly string job;
    private readonly string mirror;
    private readonly MirrorMarker? marker;
    private MirrorMemory memory;

    // How many drives take turns, and what is known of them; null for none, or as long as none has had a turn.
    private int drives = 1;
    private DriveTurns? turns;

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
        IsChecksumMissing() || every is { } time && !(memory.LastChecksum is { } last && DateTimeOffset.UtcNow - last is var age && age >= TimeSpan.Zero && age < time);

    /// <summary>Checks that the mirror is the one that the job knows. A mirror without history, or with the job's own marker, is taken.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="destination">The mirror's root folder.</param>
    /// <param name="allowNew">Take whatever is there, and make it the job's mirror once a run succeeds.</param>
    /// <param name="drives">How many drives take turns there.</param>
    /// <exception cref="BackupException">It is another one, or not there.</exception>
    public static MirrorGuard Check(string job, string destination, bool allowNew, int drives = 1)
    {
        string mirror = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        MirrorGuard guard = drives > 1 && DriveTurns.Load(job) is { } turns
            ? CheckTurn(job, mirror, allowNew, turns)
            : CheckOne(job, mirror, allowNew);
        guard.drives = drives;
        return guard;
    }

    /// <summary>True when a drive joins others that take turns: whatever is there takes the place of nothing.</summary>
    public bool AddsDrive => turns is not null && marker is null;

    private static MirrorGuard CheckTurn(string job, string mirror, bool allowNew, DriveTurns turns)
    {
        MirrorMarker? marker = TryRead(mirror, out string? unreadable);
        DriveTurn? known = marker is null ? null : turns.Find(marker.Id);
        // Of a drive that was away while the job got another name, the id alone says whose it is.
        bool isOfSet = marker is not null && (known is not null || (marker.Job == job && (marker.Set ?? marker.Id) == turns.Set));
        string? wrong = unreadable is not null ? $"its marker {MirrorMarker.FileName} cannot be read: {unreadable}"
            : marker is null ? null
            : !isOfSet ? $"it is none of the drives that take turns; its marker {MirrorMarker.FileName} is of the job '{marker.Job}'"
            : WhereItIs(marker, mirror);
        if (marker is not null && wrong is null)
        {
            // A marker that says something else than is remembered is that of a copy of the drive, of which nothing is known.
            bool isIt = known?.Turn == marker.Turn;
            MirrorMemory last = MirrorMemory.Load(job, mirror);
            MirrorMemory memory = new() { Path = mirror, MarkerId = marker.Id, Drive = last.MarkerId == marker.Id ? last.Drive : null };
            if (isIt)
                memory = memory with { Entries = known!.Entries, LastChecksum = known.LastChecksum };
            return new MirrorGuard(job, mirror, marker, memory) { turns = turns };
        }

        return allowNew ? new MirrorGuard(job, mirror, null, new MirrorMemory { Path = mirror }) { turns = turns }
            : throw new BackupException(wrong is null ? Missing(mirror) : MirrorErrors.DestinationChanged(mirror, wrong));
    }

    /// <summary>
    /// Demands of a job with one drive that it did not have several. What a stage 1 leaves on it as it was may be older than what another drive has sent,
    /// and with one drive nobody asks.
    /// </summary>
    /// <exception cref="BackupException">It had, or may have had: <c>DestinationChanged</c>.</exception>
    public static void DemandAlone(string job, string destination)
    {
        bool hadSeveral = DriveTurns.Load(job) is { } turns
            ? turns.Drives.Count > 1
            : TryRead(destination, out _) is { Turn: > 0 } marker && marker.Job == job;
        if (hadSeveral)
            throw new BackupException(MirrorErrors.DrivesTookTurns(destination));
    }

    private static MirrorGuard CheckOne(string job, string mirror, bool allowNew)
    {
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

    /// <summary>Demands that a drive that takes turns keeps what the others keep: what only one of them keeps would change in S3 at each turn.</summary>
    /// <param name="traits">What it does.</param>
    /// <exception cref="BackupException">It does not: <c>DrivesNotAlike</c>.</exception>
    public void DemandAlike(FileSystemTraits traits)
    {
        string kind = MirrorDrive.KindOf(traits);
        if (turns?.Drives.Any(other => other.Id != marker?.Id && other.Kind != kind) == true)
            throw new BackupException(MirrorErrors.DrivesNotAlike(mirror));
    }

    /// <summary>Remembers that contents are compared by checksum from now on: what is found may show in no size and no time.</summary>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void BeginsChecksum(StageReport report)
    {
        if (turns is not null && marker is not null && turns.Find(marker.Id) is { } known)
            RememberTurns(report, turns.With(known with { ChecksumBegun = DateTimeOffset.UtcNow }, turns.Drives.Count));
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
    /// <param name="turn">The run as a turn of its drive; null where there is one drive.</param>
    public void Succeeded(long? entries, bool wasChecksumRun, bool hasStoredStat, StageReport report, TurnFacts? turn = null)
    {
        // A source of which nothing is mirrored makes no mirror.
        if (!Directory.Exists(mirror))
            return;
        Remember(report, () =>
        {
            MirrorMarker current = marker ?? NewMarker();
            DriveTurns? next = turn is null ? null : Next(current, turn, entries, wasChecksumRun);
            long number = next?.Newest!.Turn ?? 0;
            string place = RealPath.Of(mirror);
            if (marker is null || marker.Path != place || marker.Host is null || marker.HasStoredStat != hasStoredStat || marker.Turn != number || marker.Job != job)
            {
                (current with { Job = job, Path = place, Host = current.Host ?? KeyPrefix.Host, HasStoredStat = hasStoredStat, Turn = number })
                    .Write(mirror);
            }

            // After the marker: a drive whose marker is ahead is sent by nobody.
            if (next is null)
                DriveTurns.Forget(job);
            else
                next.Save(job);
            return memory with
            {
                MarkerId = current.Id,
                Begun = null,
                Entries = entries,
                LastChecksum = wasChecksumRun ? DateTimeOffset.UtcNow : memory.LastChecksum,
            };
        }, isTurn: turn is not null);
    }

    /// <summary>Remembers how much the mirror held when deletions were refused, unless less is remembered from an earlier run.</summary>
    /// <param name="entries">How many entries it held.</param>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Refused(long entries, StageReport report)
    {
        if (turns is not null && marker is not null && memory.Entries is not null && turns.Find(marker.Id) is { } known)
            RememberTurns(report, turns.With(known with { Entries = Math.Min(entries, known.Entries ?? long.MaxValue) }, turns.Drives.Count));
        else
            Remember(report, () => memory with { Entries = Math.Min(entries, memory.Entries ?? long.MaxValue) });
    }

    private MirrorMarker NewMarker() => turns is null
        ? MirrorMarker.New(job, mirror) with { Replaces = replaced }
        : MirrorMarker.New(job, mirror) with { Set = turns.Set, Created = turns.Created };

    // What is known of the drives once this one has had its turn.
    private DriveTurns Next(MirrorMarker current, TurnFacts turn, long? entries, bool wasChecksumRun)
    {
        DriveTurns before = turns ?? new DriveTurns { Set = current.Set ?? current.Id, Created = current.Created, Drives = [] };
        DriveTurn? known = before.Find(current.Id);
        long number = Math.Max(before.Newest?.Turn ?? 0, marker?.Turn ?? 0) + 1;
        return before.With(
            new DriveTurn(current.Id, number, DateTimeOffset.UtcNow, turn.RunId, turn.Folders, MirrorDrive.KindOf(turn.Traits))
            {
                // Until all of it was sent once.
                HasJoined = AddsDrive || known is { HasJoined: true, HasHiddenChanges: true },
                Entries = entries,
                LastChecksum = wasChecksumRun ? DateTimeOffset.UtcNow : memory.LastChecksum,
                ChecksumBegun = known?.ChecksumBegun,
                HasHiddenChanges = wasChecksumRun || known is null || (known.HasHiddenChanges && IsNewest(known)),
            },
            drives);
    }

    // What one drive was found to have by its contents shows on no other one by size and time, and would come back from it.
    private bool IsChecksumMissing()
    {
        if (drives < 2)
            return false;
        bool isUnknown = marker is null ? !AbsentMirror.HoldsNothing(mirror)
            : turns is null ? memory.MarkerId is null
            : turns.Find(marker.Id)?.Turn != marker.Turn;
        // What it has and stage 2 did not look for, another drive may have sent newer since.
        isUnknown |= marker is not null && turns?.Find(marker.Id) is { HasHiddenChanges: true } unsent && !IsNewest(unsent);
        DateTimeOffset? needed = turns?.Drives.Max(drive => drive.Id == marker?.Id ? drive.ChecksumBegun : drive.LastChecksum);
        return isUnknown || (needed is { } time && !(memory.LastChecksum >= time));
    }

    private bool IsNewest(DriveTurn drive) => turns?.Newest?.Id == drive.Id;

    private void RememberTurns(StageReport report, DriveTurns now) => Remember(report, () =>
    {
        now.Save(job);
        turns = now;
        return memory;
    });

    private static string? WhereItIs(MirrorMarker marker, string mirror)
    {
        FileSystemIdentity fileSystem = FileSystemIdentity.Of(mirror);
        return fileSystem.IsOtherThan(marker.FileSystem)
            ? $"it was made on another file system ({marker.FileSystem}; this one is {fileSystem})"
            : null;
    }

    private static string? WhatIsWrong(MirrorMarker marker, string job, string mirror, MirrorMemory memory)
    {
        if (marker.Job != job)
            return $"it is the mirror of the job '{marker.Job}', says its marker {MirrorMarker.FileName}";
        if (memory.MarkerId is not null && memory.MarkerId != marker.Id)
            return "it is another mirror of this job, with a marker of its own";
        return WhereItIs(marker, mirror);
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

    private void Remember(StageReport report, Func<MirrorMemory> change, bool isTurn = false)
    {
        try
        {
            MirrorMemory now = change();
            if (now == memory && !isTurn)
                return;
            // Until its turn is whole, a drive is not the one that the job had last.
            if (turns is null || isTurn)
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

/// <summary>A stage 1 that made a mirror what the sources are, as the turn of its drive.</summary>
/// <param name="RunId">The run.</param>
/// <param name="Folders">The folders of the sources; one empty text for all of the mirror.</param>
/// <param name="Traits">What the drive does.</param>
internal sealed record TurnFacts(string RunId, IReadOnlyList<string> Folders, FileSystemTraits Traits);
