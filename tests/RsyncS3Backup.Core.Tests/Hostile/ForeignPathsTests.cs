using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Recovery;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Hostile;

/// <summary>Links, files and names that another user has put where this one reads or writes.</summary>
public sealed partial class ForeignPathsTests : RestoreHarness
{
    private const uint Somebody = 12345;
    private const int MiB = 1024 * 1024;

    [SkippableTheory]
    [InlineData("link")]
    [InlineData("link/inner")]
    public async Task A_source_that_somebody_else_leads_elsewhere_is_refused(string path)
    {
        MakeForeignLink("link", Files.Folder("secret"));
        Files.File("secret/inner/shadow", "root:*");
        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        RsyncStageRequest request = new() { Sources = [new BackupSource { Path = Files[path] }], Options = Rsync };

        RsyncStageResult result = await RsyncStage.RunAsync(request, context, CancellationToken.None);

        Assert.Equal(ErrorIds.SourceIsForeignLink, result.Error?.Id);
        Assert.False(Directory.Exists(Mirror));
    }

    [SkippableFact]
    public async Task A_restore_goes_through_no_link_of_somebody_else_on_its_way()
    {
        MakeForeignLink("link", Files.Folder("etc"));
        Put("passwd", "evil");

        RestoreResult result = await RestoreAsync(Restore() with { Destination = Files["link/new/folder"] });

        Assert.Equal(ErrorIds.RestoreDestinationUnusable, result.Error?.Id);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Files["etc"]));
    }

    [SkippableTheory]
    [InlineData("owner")]
    [InlineData("mode")]
    [InlineData("name")]
    public async Task Content_does_not_go_on_in_a_file_that_somebody_else_put_there(string how)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give files away");
        byte[] content = RandomNumberGenerator.GetBytes((3 * 8 * MiB) + 1);
        Server.Store.Put(BucketName, Prefix + "large", content, new Dictionary<string, string> { ["file-permissions"] = "0100600" });
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "large", Skip = 2, Kind = FaultKind.Hold, Times = int.MaxValue });
        using CancellationTokenSource stop = new();
        Task<RestoreResult> running = RestoreAsync(Restore(), stop.Token);
        await hold.Arrived;
        await stop.CancelAsync();
        await running;
        Server.Faults.Clear();
        // As whoever knows what is in the bucket, and what a restore would note, could have made it.
        string planted = Path.Combine(Target, TemporaryName.For("large"));
        Assert.True(File.Exists(planted));
        string before = Inode(planted);
        // Who has it open goes on reading it, and no new file gets its number.
        using FileStream reader = File.OpenRead(planted);
        if (how == "owner")
            Assert.Equal(0, ChangeOwner(planted, Somebody, Somebody));
        else if (how == "mode")
            File.SetUnixFileMode(planted, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        else
            Assert.Equal(0, AddName(planted, Files["other"]));

        await RestoreWellAsync(Restore());

        Assert.NotEqual(before, Inode(Path.Combine(Target, "large")));
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(Target, "large")));
    }

    [SkippableFact]
    public async Task A_file_with_another_name_elsewhere_is_not_given_away()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give files away");
        DateTime time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        string precious = Files.File("precious", "secret");
        File.SetLastWriteTimeUtc(precious, time);
        Directory.CreateDirectory(Target);
        Assert.Equal(0, AddName(precious, Path.Combine(Target, "a")));
        Put(
            "a", "secret", ("file-permissions", "0100666"), ("file-owner", "12345"), ("file-group", "12345"),
            ("file-mtime", $"{(time - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick}ns"));

        await RestoreWellAsync(Restore());

        Assert.False(File.GetUnixFileMode(precious).HasFlag(UnixFileMode.OtherWrite));
        Assert.True(File.GetUnixFileMode(Path.Combine(Target, "a")).HasFlag(UnixFileMode.OtherWrite));
    }

    [Fact]
    public async Task An_object_that_is_sent_with_far_more_than_was_listed_is_not_written()
    {
        Put("a", new string('x', 9 * MiB));
        using S3ObjectStore store = new(Request, Prefix, 4);
        store.Connect();
        ObjectContents contents = new(store, new TransferLimiter(store.Traffic, 2, TimeProvider.System), _ => { }, _ => { });

        await Assert.ThrowsAsync<ContentChangedException>(
            () => contents.OpenAsync(new ObjectItem(new StoredObject("a", 10, "")), CancellationToken.None));
    }

    [Fact]
    public void A_log_has_an_end()
    {
        string runId = Guid.NewGuid().ToString("N");
        string path;
        using (RunLog log = RunLog.Create(JobName, runId, copyPath: null, longest: 1000))
        {
            path = log.Path!;
            for (int i = 0; i < 100; i++)
                log.Write("info", new string('x', 100));
        }

        Assert.InRange(new FileInfo(path).Length, 500, 1200);
        Assert.Contains("The log ends here", File.ReadAllLines(path)[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host:/data", new string[0], true)]
    [InlineData("host:/data", new[] { "--fake-super" }, false)]
    [InlineData(null, new string[0], false)]
    public void Another_machine_brings_no_devices_and_no_set_id_bits(string? remote, string[] extra, bool isGuarded)
    {
        RsyncProgram program = new("/usr/bin/rsync", new Version(3, 4, 1), "3.4.1", new HashSet<string>());
        IReadOnlyList<string> arguments = RsyncCommandLine.Build(
            program, Rsync with { ExtraArguments = extra }, "/source", "/mirror", isMirrorRoot: true, RsyncPass.Plan(deletes: false), "%n",
            remote is null ? null : RemoteSource.Of(new BackupSource { Path = remote }));

        foreach (string argument in new[] { "--no-devices", "--chmod=u-s,g-s" })
            Assert.Equal(isGuarded, arguments.Contains(argument));
    }

    [Theory]
    [InlineData("3.2.7", true)]
    [InlineData("3.4.0", false)]
    [InlineData("3.5.0", false)]
    public void An_rsync_with_known_holes_is_named(string version, bool isNamed)
    {
        RsyncProgram program = new("/usr/bin/rsync", Version.Parse(version), version, new HashSet<string>());

        Assert.Equal(isNamed, RsyncCapabilities.RemoteWarning(program) is not null);
    }

    private static string Inode(string path) => $"{FileAttributesReader.Read(path).Inode}";

    private void MakeForeignLink(string name, string target)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "only root may give links away");
        File.CreateSymbolicLink(Files[name], target);
        Assert.Equal(0, ChangeOwner(Files[name], Somebody, Somebody));
    }

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddName(string existing, string name);
}
