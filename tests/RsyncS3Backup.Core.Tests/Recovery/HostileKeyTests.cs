using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Writing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Whatever is in the bucket and at the destination, nothing outside the destination is written.</summary>
public sealed class HostileKeyTests : RestoreHarness
{
    private const string Link = "0120777";

    private string Outside => Files.Folder("outside");

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("/evil")]
    [InlineData("a//evil")]
    [InlineData("./evil")]
    [InlineData("a/./evil")]
    [InlineData("a/..")]
    [InlineData("../evil/")]
    public async Task A_key_that_leads_elsewhere_is_refused_and_the_others_are_restored(string key)
    {
        Put(key, "evil");
        Put("good", "good");

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal((BackupStatus.Failed, "RestoreIncomplete", 1L, 1L), (result.Status, result.Error?.Id, result.Failed, result.Restored));
        Assert.Equal(("RestoreKeyRefused", key), (Assert.Single(result.FailedItems).Id, result.FailedItems[0].Target));
        Assert.Equal(["good"], Restored());
        Assert.DoesNotContain("evil", Directory.EnumerateFileSystemEntries(Files.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [SkippableFact]
    public async Task Nothing_is_written_through_a_link_of_the_backup()
    {
        Skip.If(OperatingSystem.IsWindows(), "links take a privilege there");
        Put("in", Outside, ("file-permissions", Link));
        Put("in/evil", "evil");
        Put("up", "..", ("file-permissions", Link));
        Put("up/evil", "evil");

        RestoreResult result = await RestoreAsync(Restore());

        // One of both is taken, and the other is not even tried.
        Assert.Equal((2, 2L), (result.Warnings.Count, result.Total));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Outside));
        Assert.False(Path.Exists(Files["evil"]));
    }

    [SkippableFact]
    public async Task Nothing_is_written_through_links_that_were_at_the_destination_before()
    {
        Skip.If(OperatingSystem.IsWindows(), "links take a privilege there");
        string kept = Path.Combine(Outside, "kept");
        await File.WriteAllTextAsync(kept, "kept");
        Directory.CreateDirectory(Target);
        Directory.CreateSymbolicLink(Path.Combine(Target, "folder"), Outside);
        File.CreateSymbolicLink(Path.Combine(Target, "file"), kept);
        File.CreateSymbolicLink(Path.Combine(Target, TemporaryName.For("new")), kept);
        File.CreateSymbolicLink(Path.Combine(Target, TemporaryName.For("large")), kept);
        File.CreateSymbolicLink(Path.Combine(Target, TemporaryName.PartsOf("large")), kept);
        Put("folder/evil", "evil");
        Put("folder/deep/", "");
        Put("file", "file of the backup");
        Put("new", "new");
        Put("large", new string('x', (int)PartSize.Threshold + 1));

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(["RestorePathBlocked", "RestorePathBlocked"], result.FailedItems.Select(item => item.Id));
        Assert.Equal(["kept"], Directory.EnumerateFileSystemEntries(Outside).Select(Path.GetFileName));
        Assert.Equal("kept", await File.ReadAllTextAsync(kept));
        // .NET follows the link; nothing of the backup is behind it.
        Assert.Equal(["file", "folder", "folder/kept", "large", "new"], Restored());
        Assert.Null(new FileInfo(Path.Combine(Target, "file")).LinkTarget);
        Assert.Equal("file of the backup", await File.ReadAllTextAsync(Path.Combine(Target, "file")));
    }

    [SkippableFact]
    public async Task A_link_that_leads_elsewhere_is_restored_as_it_is()
    {
        Skip.If(OperatingSystem.IsWindows(), "links take a privilege there");
        Put("out", "/etc/../nowhere", ("file-permissions", Link));

        await RestoreWellAsync(Restore());

        Assert.Equal("/etc/../nowhere", new FileInfo(Path.Combine(Target, "out")).LinkTarget);
    }

    [Fact]
    public async Task Folders_and_files_that_are_in_the_way_of_each_other_are_refused_and_stay()
    {
        Directory.CreateDirectory(Path.Combine(Target, "a", "kept"));
        Files.File("restored/b", "kept");
        Put("a", "file");
        Put("b/c", "beneath a file");

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(["RestorePathBlocked", "RestorePathBlocked"], result.FailedItems.Select(item => item.Id));
        Assert.Equal(["a", "a/kept", "b"], Restored());
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(Target, "b")));
    }

    [Fact]
    public async Task A_destination_in_the_mirror_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), "a");
        await RunAsync();

        foreach (BackupCopy copy in (BackupCopy[])[BackupCopy.Local, BackupCopy.S3])
        {
            foreach (string destination in (string[])[Mirror, Path.Combine(Mirror, "inside")])
            {
                RestoreResult result = await RestoreAsync(Restore(copy) with { Destination = destination });

                Assert.Equal(("RestoreDestinationInMirror", BackupExitCode.Refused), (result.Error?.Id, result.Error?.ExitCode));
            }
        }

        Assert.False(Directory.Exists(Path.Combine(Mirror, "inside")));
    }

    [SkippableFact]
    public async Task A_mirror_beneath_the_destination_is_left_alone()
    {
        Skip.If(OperatingSystem.IsWindows(), "the mirror is known by its inode");
        await File.WriteAllTextAsync(Path.Combine(Source, "a"), "a");
        await RunAsync();
        Put("mirror/evil", "evil");

        RestoreResult result = await RestoreAsync(Restore() with { Destination = Files.Path });

        Assert.Equal("RestorePathBlocked", Assert.Single(result.FailedItems).Id);
        Assert.False(Path.Exists(Path.Combine(Mirror, "evil")));
    }

    [SkippableFact]
    public void Without_handles_of_folders_a_link_in_the_path_blocks_it_too()
    {
        Skip.If(OperatingSystem.IsWindows(), "links take a privilege there");
        using PortableTree tree = new() { Path = Files.Folder("restored") };
        Directory.CreateSymbolicLink(Path.Combine(Target, "link"), Outside);
        Files.File("restored/file");

        Assert.Throws<PathBlockedException>(() => tree.Open("link"));
        Assert.Throws<PathBlockedException>(() => tree.Open("link/beneath"));
        Assert.Throws<PathBlockedException>(() => tree.Open("file/beneath"));
        tree.Open("new/folder").Dispose();
        Assert.True(Directory.Exists(Path.Combine(Target, "new", "folder")));
    }
}
