using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Recovery.Writing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

public sealed class DestinationTreeTests : IDisposable
{
    private const uint ReadOnlyFolder = 0x16D;
    private const uint Nobody = 65534;

    private readonly TemporaryFolder files = new();

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows() && Directory.Exists(files["target/folder"]))
            RawFileSystem.SetMode(files["target/folder"], 0x1C0);
        files.Dispose();
    }

    [SkippableFact]
    public void A_folder_that_its_owner_may_not_write_is_made_writable_for_the_time_only()
    {
        Skip.If(OperatingSystem.IsWindows(), "There a folder that is read-only takes new entries.");
        string target = Make("target", "target/folder");
        OrdinaryUser.Run(() =>
        {
            using DestinationTree tree = DestinationTree.Open(target, []);
            using (DestinationFolder folder = tree.Open("folder"))
            {
                folder.CreateTemporary("file").Dispose();
                folder.Rename("file", "whole");
                folder.MakeLink("link", "whole"u8.ToArray(), new EntryAttributes { IsSymbolicLink = true });
                tree.Open("folder/made/below").Dispose();
            }

            tree.PutBack();
        });

        Assert.Equal(["link", "made", "whole"], Names("target/folder"));
        Assert.Equal(ReadOnlyFolder, (uint)File.GetUnixFileMode(files["target/folder"]));
    }

    [SkippableFact]
    public void A_restore_that_ends_early_puts_it_back_too()
    {
        Skip.If(OperatingSystem.IsWindows(), "There a folder that is read-only takes new entries.");
        string target = Make("target", "target/folder");
        OrdinaryUser.Run(() =>
        {
            using DestinationTree tree = DestinationTree.Open(target, []);
            tree.Open("folder/made").Dispose();
        });

        Assert.Equal(ReadOnlyFolder, (uint)File.GetUnixFileMode(files["target/folder"]));
    }

    [SkippableFact]
    public void A_folder_of_somebody_else_stays_as_it_is()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root may give a folder to somebody else.");
        string target = Make("target", "target/folder");
        RawFileSystem.SetOwner(files["target/folder"], 1, 1);
        OrdinaryUser.Run(() =>
        {
            using DestinationTree tree = DestinationTree.Open(target, []);
            using DestinationFolder folder = tree.Open("folder");
            Assert.Throws<UnauthorizedAccessException>(() => folder.CreateTemporary("file"));
        });

        Assert.Equal(ReadOnlyFolder, (uint)File.GetUnixFileMode(files["target/folder"]));
    }

    private string Make(string root, string readOnly)
    {
        files.LetOthersIn();
        files.Folder(readOnly);
        if (Environment.IsPrivilegedProcess)
        {
            RawFileSystem.SetOwner(files[root], Nobody, Nobody);
            RawFileSystem.SetOwner(files[readOnly], Nobody, Nobody);
        }

        RawFileSystem.SetMode(files[readOnly], ReadOnlyFolder);
        return files[root];
    }

    private string[] Names(string folder) =>
        [.. Directory.EnumerateFileSystemEntries(files[folder]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_link_whose_folder_comes_later_leads_there_in_the_end()
    {
        string target = files.Folder("target");
        using (PortableTree tree = new() { Path = target })
        {
            using (DestinationFolder folder = tree.Open(""))
            {
                folder.MakeLink("half", "folder/below"u8.ToArray(), new EntryAttributes { IsSymbolicLink = true });
                folder.Rename("half", "link");
                tree.Open("folder/below").Dispose();
                Assert.True(folder.LeadsTo("link", "folder/below"u8.ToArray()));
                Assert.False(folder.LeadsTo("link", "folder"u8.ToArray()));
            }

            tree.PutBack();
            using DestinationFolder again = tree.Open("");
            Assert.True(again.LeadsTo("link", "folder/below"u8.ToArray()));
        }

        Assert.NotNull(new DirectoryInfo(Path.Join(target, "link")).LinkTarget);
        Assert.Equal(["folder", "link"], Directory.EnumerateFileSystemEntries(target).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
