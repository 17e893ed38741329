using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Rsync.Sources;

/// <summary>
/// Knows a job's sources again. A folder whose file system is not mounted is an ordinary, empty folder to rsync, and with deletions on all
/// that was on it would go: from the mirror, and from S3 after it. So what was a file system of its own must be one again.
/// </summary>
internal sealed class SourceGuard
{
    // Of another machine nobody knows which.
    private static readonly FileSystemIdentity Unknown = new("", null);

    private readonly string job;
    private readonly Dictionary<string, SourceFacts> known;
    private readonly Dictionary<string, SourceFacts> now = [];
    private readonly SourceEyes eyes;

    private SourceGuard(string job, Dictionary<string, SourceFacts> known, SourceEyes eyes) =>
        (this.job, this.known, this.eyes) = (job, known, eyes);

    /// <summary>Checks that the sources are what they were at the last good run.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="legs">The sources and their folders in the mirror.</param>
    /// <param name="allowNew">Take the sources as they are, once.</param>
    /// <exception cref="BackupException">A source, or a folder in it, is on another file system, or its own is not mounted.</exception>
    public static SourceGuard Check(string job, IReadOnlyList<RsyncLeg> legs, bool allowNew) => Check(job, legs, allowNew, SourceEyes.Open);

    /// <summary>As above.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="legs">The sources and their folders in the mirror.</param>
    /// <param name="allowNew">Take the sources as they are, once.</param>
    /// <param name="eyes">Look at the sources of this machine.</param>
    /// <exception cref="BackupException">A source, or a folder in it, is on another file system, or its own is not mounted.</exception>
    internal static SourceGuard Check(string job, IReadOnlyList<RsyncLeg> legs, bool allowNew, SourceEyes eyes)
    {
        SourceGuard guard = new(job, allowNew ? [] : new Dictionary<string, SourceFacts>(SourceMemory.Load(job)), eyes);
        foreach (RsyncLeg leg in legs)
        {
            if (leg.Remote is null)
                guard.Demand(leg, eyes.At(leg.Source, guard.known.GetValueOrDefault(leg.Source)?.Mounts.Keys ?? []));
            else
                // What is known of it stays, until the other side tells more.
                guard.now[leg.Source] = guard.known.GetValueOrDefault(leg.Source) ?? new SourceFacts();
        }

        return guard;
    }

    /// <summary>Checks that a source on another machine is what it was at the last good run, as far as the other side tells.</summary>
    /// <param name="leg">The source.</param>
    /// <param name="mounts">Which of its folders are file systems of their own, by their paths below it.</param>
    /// <exception cref="BackupException">What was a file system of its own is not mounted.</exception>
    public void CheckRemote(RsyncLeg leg, IEnumerable<string> mounts) =>
        Demand(leg, new SourceFacts { Mounts = mounts.ToDictionary(path => path, _ => Unknown) });

    /// <summary>How many entries a source's folder of the mirror held when it was last what it should be; null when that is not known.</summary>
    public long? KnownEntries(RsyncLeg leg) => known.GetValueOrDefault(leg.Source)?.Entries;

    /// <summary>Remembers the sources after a run that succeeded.</summary>
    /// <param name="entries">How many entries each source has; null where its folder of the mirror may hold more than the source.</param>
    /// <param name="legs">The sources.</param>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Succeeded(Func<RsyncLeg, long?> entries, IReadOnlyList<RsyncLeg> legs, StageReport report) =>
        Remember(legs.Select(leg => KeyValuePair.Create(leg.Source, AtTheEnd(leg) with { Entries = entries(leg) })), report);

    /// <summary>
    /// Remembers how much a source's folder of the mirror held when deletions were refused, unless less is remembered from an earlier run: a
    /// refused run has copied what is new already, which would make the share of what is deleted look smaller the next time.
    /// </summary>
    /// <param name="leg">The source.</param>
    /// <param name="entries">How many entries its folder held.</param>
    /// <param name="report">Hears when it cannot be written down.</param>
    public void Refused(RsyncLeg leg, long entries, StageReport report)
    {
        SourceFacts facts = known.GetValueOrDefault(leg.Source) ?? now[leg.Source];
        known[leg.Source] = facts with { Entries = Math.Min(entries, facts.Entries ?? long.MaxValue) };
        Remember(known, report);
    }

    private void Demand(RsyncLeg leg, SourceFacts facts)
    {
        now[leg.Source] = facts;
        if (known.TryGetValue(leg.Source, out SourceFacts? before) && SourceComparison.Find(leg, before, facts, Holds) is { } error)
            throw new BackupException(error);
    }

    private SourceFacts AtTheEnd(RsyncLeg leg) =>
        leg.Remote is null ? eyes.AtTheEnd(leg.Source, now[leg.Source]) : now[leg.Source];

    private static bool Holds(string folder)
    {
        try
        {
            return Directory.Exists(folder) && !RsyncGuards.HoldsNothing(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What cannot be looked into may hold everything.
            return true;
        }
    }

    private void Remember(IEnumerable<KeyValuePair<string, SourceFacts>> sources, StageReport report)
    {
        try
        {
            SourceMemory.Save(job, [.. sources]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            report.Warning(
                "What the job has to remember of its sources was not written, so the next run may not notice that a drive of theirs is missing. "
                + $"Check the permissions and the free space of the state folder: {exception.Message}");
        }
    }
}
