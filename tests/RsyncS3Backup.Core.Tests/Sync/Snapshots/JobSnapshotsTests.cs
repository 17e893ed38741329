using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Ownership;
using RsyncS3Backup.Sync.Snapshots;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Snapshots;

/// <summary>Whose snapshots are whose, where several jobs have one name.</summary>
public sealed class JobSnapshotsTests
{
    [Theory]
    // The mirrors whose snapshots there are, the newest first; those that are the job's, and those of others. The mirror that is there is "own",
    // and took the place of "old"; "-" has no mirror's id.
    [InlineData("own", "own,old,-,own", "own,old,-,own", "")]
    [InlineData("own", "other,own,third", "own", "other,third")]
    [InlineData("own", "other", "", "other")]
    [InlineData("own", "-,-", "-,-", "")]
    // A folder that no stage 1 made.
    [InlineData("unmarked", "other,unmarked", "unmarked", "other")]
    [InlineData("unmarked", "other,-,other", "other,-,other", "")]
    // The mirror is gone, or this is another machine: one mirror's alone can be meant.
    [InlineData("", "other,other,-", "other,other,-", "")]
    [InlineData("", "-", "-", "")]
    [InlineData("", "", "", "")]
    [InlineData("", "other,third,-,other", "", "other,third,-,other")]
    [InlineData("", "other,third,fourth", "", "other,third,fourth")]
    public void The_mirrors_id_tells_them_apart(string here, string mirrors, string own, string others)
    {
        JobSnapshots found = JobSnapshots.Of([Snapshot("another job", "own"), .. List(mirrors).Select(mirror => Snapshot("job", mirror))], "job", Owner(here));

        Assert.Equal((own, others), (Text(found.Own), Text(found.Others)));
    }

    [Theory]
    [InlineData("job", "own", true)]
    [InlineData("job", "old", true)]
    [InlineData("job", "-", true)]
    [InlineData("job", "other", false)]
    [InlineData("another job", "own", false)]
    public void A_run_prunes_what_is_surely_its_own(string job, string mirror, bool isOwn) =>
        Assert.Equal(isOwn, JobSnapshots.IsOwn(Snapshot(job, mirror), "job", Owner("own")!));

    private static PrefixOwner? Owner(string here) => here.Length == 0
        ? null
        : new PrefixOwner(
            new MirrorMarker(here, "job", default, new FileSystemIdentity("", null)) { Replaces = here == "own" ? "old" : null }, [], here == "own");

    private static Snapshot Snapshot(string job, string mirror) => new(
        mirror + "/", default, new SnapshotManifest { Job = job, Mirror = mirror == "-" ? null : mirror, IsComplete = true, Time = default });

    private static string[] List(string list) => list.Length == 0 ? [] : list.Split(',');

    private static string Text(IEnumerable<Snapshot> snapshots) => string.Join(',', snapshots.Select(snapshot => snapshot.KeyPrefix[..^1]));
}
