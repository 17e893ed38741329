using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync.Sources;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

/// <summary>What a job remembers of its mirror and its sources is what it will know of them.</summary>
public sealed class MirrorMemoryTests
{
    private readonly string job = "memory-" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("marker", "ext4", "uuid:u", 7L, "2026-03-31")]
    [InlineData(null, "xfs", null, null, null)]
    [InlineData("marker", null, null, 0L, null)]
    public void A_mirror_is_remembered_as_it_was(string? marker, string? type, string? id, long? entries, string? lastChecksum)
    {
        MirrorMemory memory = new()
        {
            Path = "/mirror",
            MarkerId = marker,
            Begun = type is null ? null : new FileSystemIdentity(type, id),
            Entries = entries,
            LastChecksum = lastChecksum is null ? null : DateTimeOffset.Parse(lastChecksum, System.Globalization.CultureInfo.InvariantCulture),
        };

        memory.Save(job);

        Assert.Equal(memory, MirrorMemory.Load(job, "/mirror"));
        Assert.Equal(new MirrorMemory { Path = "/other" }, MirrorMemory.Load(job, "/other"));
        Assert.Equal((marker, "/mirror"), (MirrorMemory.LastMarkerId(job), MirrorMemory.PathIn(StateFolder.PathFor(job))));
        string text = File.ReadAllText(Path.Combine(StateFolder.PathFor(job), "mirror.json"));
        Assert.DoesNotContain("null", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"path":"/mirror","entries":"many"}""")]
    [InlineData(null)]
    public void What_cannot_be_read_is_nothing(string? content)
    {
        string folder = StateFolder.ForJob(job).Path;
        if (content is not null)
        {
            File.WriteAllText(Path.Combine(folder, "mirror.json"), content);
            File.WriteAllText(Path.Combine(folder, "sources.json"), content);
        }

        Assert.Equal(new MirrorMemory { Path = "/mirror" }, MirrorMemory.Load(job, "/mirror"));
        Assert.Null(MirrorMemory.LastMarkerId(job));
        Assert.Empty(SourceMemory.Load(job));
    }

    [Fact]
    public void Sources_are_remembered_as_they_were()
    {
        SourceFacts here = new()
        {
            FileSystem = new FileSystemIdentity("ext4", "uuid:u"),
            MountPoint = "/data",
            Mounts = new Dictionary<string, FileSystemIdentity> { [""] = new("ext4", "uuid:u"), ["nas"] = new("nfs4", "source:nas:/a"), ["x"] = new("xfs", null) },
            Entries = 7,
        };
        SourceFacts there = new() { Mounts = new Dictionary<string, FileSystemIdentity> { ["usb"] = new("", null) } };

        SourceMemory.Save(job, [KeyValuePair.Create("/data", here), KeyValuePair.Create("host:/data", there)]);

        IReadOnlyDictionary<string, SourceFacts> known = SourceMemory.Load(job);
        Assert.Equal(["/data", "host:/data"], known.Keys.Order(StringComparer.Ordinal));
        foreach ((string path, SourceFacts facts) in new[] { ("/data", here), ("host:/data", there) })
        {
            Assert.Equal((facts.FileSystem, facts.MountPoint, facts.Entries), (known[path].FileSystem, known[path].MountPoint, known[path].Entries));
            Assert.Equal(facts.Mounts.OrderBy(mount => mount.Key), known[path].Mounts.OrderBy(mount => mount.Key));
        }

        Assert.DoesNotContain("null", File.ReadAllText(Path.Combine(StateFolder.PathFor(job), "sources.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", ".rsync-partial", true)]
    [InlineData("deep/", ".rsync-partial", true)]
    [InlineData("", ".~tmp~", true)]
    [InlineData("deep/", ".~tmp~", true)]
    [InlineData("", ".rsyncs3backup.json", true)]
    [InlineData("", ".rsyncs3backup.lock", true)]
    [InlineData("", ".rsyncs3backup-snapshot.json", true)]
    // Deeper down they are files like others.
    [InlineData("deep/", ".rsyncs3backup.json", false)]
    [InlineData("deep/", ".rsyncs3backup.lock", false)]
    [InlineData("deep/", ".rsyncs3backup-snapshot.json", false)]
    [InlineData("d", ".rsyncs3backup.json", false)]
    [InlineData("", "file", false)]
    [InlineData("deep/", "file", false)]
    public void What_rsync_and_this_module_keep_in_a_mirror_is_no_part_of_it(string folder, string name, bool isExcluded) =>
        Assert.Equal(isExcluded, MirrorExclusions.IsExcluded(folder, name));
}
