using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Remote;
using RsyncS3Backup.Rsync.Sources;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What a job remembers of its sources, and from which run.</summary>
public sealed class SourceGuardTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string job = "guard-" + Guid.NewGuid().ToString("N");
    private readonly StageReport report = new(context: null);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_good_run_remembers_where_each_source_is_and_how_much_it_has()
    {
        RsyncLeg[] legs = [Leg("one"), Leg("two"), Remote()];

        SourceGuard.Check(job, legs, allowNew: false).Succeeded(leg => leg.Name == "two" ? null : 7, legs, report);

        IReadOnlyDictionary<string, SourceFacts> known = SourceMemory.Load(job);
        Assert.Equal(legs.Select(leg => leg.Source).Order(), known.Keys.Order());
        Assert.Equal(FileSystemIdentity.Of(folder.Path), known[legs[0].Source].FileSystem);
        Assert.Equal(MountPoints.Holding(RealPath.Of(folder.Path)), known[legs[0].Source].MountPoint);
        Assert.Empty(known[legs[0].Source].Mounts);
        Assert.Equal((null, null), (known[legs[2].Source].FileSystem, known[legs[2].Source].MountPoint));
        SourceGuard next = SourceGuard.Check(job, legs, allowNew: false);
        Assert.Equal([7, null, 7], legs.Select(next.KnownEntries));
        Assert.False(report.HasWarnings);
    }

    [SkippableFact]
    public void The_mounts_at_a_source_and_beneath_it_are_remembered_by_their_paths()
    {
        RsyncLeg leg = Leg("one");
        using IDisposable outer = SmallDrive.Mount(leg.Source, "1m");
        using IDisposable inner = SmallDrive.Mount(folder.Folder("source/one/deep/nas"), "1m");

        SourceGuard.Check(job, [leg], allowNew: false).Succeeded(_ => null, [leg], report);

        Assert.Equal(["", "deep/nas"], SourceMemory.Load(job)[leg.Source].Mounts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("tmpfs", SourceMemory.Load(job)[leg.Source].Mounts[""].Type);
    }

    [Fact]
    public void Another_file_system_than_the_remembered_one_is_refused_and_taken_once_when_the_user_says_so()
    {
        RsyncLeg leg = Leg("one");
        folder.File("mirror/one/file");
        Remember(leg, new SourceFacts { FileSystem = new FileSystemIdentity("another", null) });

        BackupException refused = Assert.Throws<BackupException>(() => SourceGuard.Check(job, [leg], allowNew: false));

        Assert.Equal(("SourceChanged", leg.Source), (refused.Error.Id, refused.Error.Target));
        SourceGuard taken = SourceGuard.Check(job, [leg], allowNew: true);
        Assert.Null(taken.KnownEntries(leg));
        taken.Succeeded(_ => null, [leg], report);
        SourceGuard.Check(job, [leg], allowNew: false);
    }

    [Fact]
    public void What_is_known_of_another_machine_stays_while_that_tells_nothing()
    {
        RsyncLeg leg = Remote();
        Remember(leg, new SourceFacts { Mounts = new Dictionary<string, FileSystemIdentity> { ["nas"] = new("", null) } });

        SourceGuard.Check(job, [leg], allowNew: false).Succeeded(_ => 7, [leg], report);

        SourceFacts known = SourceMemory.Load(job)[leg.Source];
        Assert.Equal("nas", Assert.Single(known.Mounts).Key);
        Assert.Equal(7, known.Entries);
    }

    [Theory]
    // What the folder of the mirror holds; whether there is something to lose.
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData(MirrorMarker.FileName, false)]
    [InlineData("file", true)]
    public void What_nobody_can_lose_is_not_refused(string? content, bool isRefused)
    {
        RsyncLeg leg = Leg("one");
        if (content is not null)
            folder.Folder("mirror/one");
        if (content is { Length: > 0 })
            folder.File("mirror/one/" + content);
        Remember(leg, new SourceFacts { FileSystem = new FileSystemIdentity("another", null) });

        Assert.Equal(isRefused, Record.Exception(() => SourceGuard.Check(job, [leg], allowNew: false)) is BackupException);
    }

    [SkippableFact]
    public void A_folder_of_the_mirror_that_cannot_be_looked_into_may_hold_everything()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes.");
        RsyncLeg leg = Leg("one");
        string mirror = folder.Folder("mirror/one");
        Remember(leg, new SourceFacts { FileSystem = new FileSystemIdentity("another", null) });
        folder.LetOthersIn();
        File.SetUnixFileMode(mirror, UnixFileMode.UserWrite);

        string? id = null;
        OrdinaryUser.Run(() => id = SourceMemory.Load(job).Count == 0 ? "not readable" : Refusal(leg));

        Assert.Contains(id, new[] { "SourceChanged", "not readable" });
        File.SetUnixFileMode(mirror, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Theory]
    // What was known before; what the refused run found; what is known then.
    [InlineData(null, 90L, 90L)]
    [InlineData(100L, 90L, 90L)]
    [InlineData(80L, 90L, 80L)]
    public void A_refused_run_remembers_the_least_that_was_there(long? before, long found, long known)
    {
        RsyncLeg leg = Leg("one");
        RsyncLeg other = Leg("two");
        if (before is not null)
            SourceGuard.Check(job, [leg, other], allowNew: false).Succeeded(_ => before, [leg, other], report);

        SourceGuard refused = SourceGuard.Check(job, [leg, other], allowNew: false);
        refused.Refused(leg, found, report);

        Assert.Equal(known, refused.KnownEntries(leg));
        SourceGuard next = SourceGuard.Check(job, [leg, other], allowNew: false);
        Assert.Equal((known, before), (next.KnownEntries(leg), next.KnownEntries(other)));
        Assert.Equal(FileSystemIdentity.Of(folder.Path), SourceMemory.Load(job)[leg.Source].FileSystem);
    }

    [Fact]
    public void What_cannot_be_remembered_is_told()
    {
        RsyncLeg leg = Leg("one");
        SourceGuard guard = SourceGuard.Check(job, [leg], allowNew: false);
        Directory.CreateDirectory(Path.Combine(StateFolder.ForJob(job).Path, "sources.json"));

        guard.Succeeded(_ => 1, [leg], report);

        Assert.StartsWith("What the job has to remember of its sources was not written", Assert.Single(report.Warnings()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_automounter_mounted_during_a_run_is_looked_into_at_the_next_one()
    {
        RsyncLeg[] legs = [Leg("one"), Remote()];
        folder.File("mirror/one/nas/file");
        SourceFacts none = new();
        SourceFacts nas = new() { Mounts = new Dictionary<string, FileSystemIdentity> { ["nas"] = new("nfs", null) } };
        SourceGuard.Check(job, legs, allowNew: false, new SourceEyes((_, _) => none, (_, _) => nas)).Succeeded(_ => null, legs, report);
        List<string> looks = [];

        SourceGuard.Check(job, legs, allowNew: false, new SourceEyes(Look, (_, facts) => facts));
        BackupException refused = Assert.Throws<BackupException>(
            () => SourceGuard.Check(job, legs, allowNew: false, new SourceEyes((_, _) => none, (_, facts) => facts)));

        Assert.Equal([$"{legs[0].Source} nas"], looks);
        Assert.Equal("SourceNotMounted", refused.Error.Id);
        // Another machine's are told by rsync alone.
        Assert.Empty(SourceMemory.Load(job)[legs[1].Source].Mounts);

        SourceFacts Look(string source, IEnumerable<string> expected)
        {
            looks.Add($"{source} {string.Join(' ', expected)}");
            return nas;
        }
    }

    private string? Refusal(RsyncLeg leg) =>
        (Record.Exception(() => SourceGuard.Check(job, [leg], allowNew: false)) as BackupException)?.Error.Id;

    private void Remember(RsyncLeg leg, SourceFacts facts) => SourceMemory.Save(job, [KeyValuePair.Create(leg.Source, facts)]);

    private RsyncLeg Leg(string name) => new(folder.Folder("source/" + name), folder["mirror/" + name], name);

    private RsyncLeg Remote()
    {
        BackupSource source = new() { Path = "host:/photos" };
        return new RsyncLeg(source.Path, folder["mirror/photos"], "photos") { Remote = RemoteSource.Of(source) };
    }
}
