using System.Text;
using RsyncS3Backup.Rsync.Output;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncErrorOutputTests
{
    [Theory]
    [InlineData("rsync: [sender] send_files failed to open \"/a/b\": Permission denied (13)", "/a/b", BackupErrorCategory.PermissionDenied)]
    [InlineData("rsync: [sender] send_files failed to open \"/cygdrive/c/a.pst\": Device or resource busy (16)", "/cygdrive/c/a.pst", BackupErrorCategory.ResourceBusy)]
    [InlineData("rsync: send_files failed to open \"/a/b\": Permission denied (13)", "/a/b", BackupErrorCategory.PermissionDenied)]
    [InlineData("rsync: [sender] read errors mapping \"/a/b\": Input/output error (5)", "/a/b", BackupErrorCategory.ReadError)]
    [InlineData("rsync: [generator] recv_generator: mkdir \"/m/d\" failed: Read-only file system (30)", "/m/d", BackupErrorCategory.WriteError)]
    [InlineData("rsync: [sender] opendir \"/a/q\"uote\\#012x\" failed: Permission denied (13)", "/a/q\"uote\nx", BackupErrorCategory.PermissionDenied)]
    [InlineData("rsync: [sender] readlink_stat(\"/a/é\") failed: No such file or directory (2)", "/a/é", BackupErrorCategory.ObjectNotFound)]
    [InlineData("ERROR: d/x failed verification -- update discarded.", "d/x", BackupErrorCategory.WriteError)]
    public void A_failed_entry_has_its_path_and_category(string line, string path, BackupErrorCategory category)
    {
        (RsyncErrorOutput output, Collector collector) = Read(line + "\n");
        BackupError error = Assert.Single(collector.Failed);
        Assert.Equal(("RsyncItemFailed", path, category), (error.Id, error.Target, error.Category));
        Assert.Equal(1, output.Failed);
        Assert.False(output.IsDestinationFull);
    }

    [Theory]
    [InlineData("rsync: [receiver] write failed on \"/m/big\": No space left on device (28)")]
    [InlineData("rsync: [receiver] mkstemp \"/m/.a.XXXXXX\" failed: No space left on device (28)")]
    [InlineData("rsync: [receiver] write failed on \"/m/big\": Disk quota exceeded (122)")]
    public void A_full_drive_is_recognised(string line) => Assert.True(Read(line + "\n").Output.IsDestinationFull);

    [Fact]
    public void Vanished_files_are_no_failures()
    {
        (RsyncErrorOutput output, Collector collector) = Read("file has vanished: \"/a/b\"\ndirectory has vanished: \"/a/d\"\n");
        Assert.Equal(["file has vanished: \"/a/b\"", "directory has vanished: \"/a/d\""], collector.VanishedLines);
        Assert.Empty(collector.Failed);
        Assert.Equal(0, output.Failed);
    }

    [Fact]
    public void Withheld_deletions_are_counted_whatever_the_chunks()
    {
        const string text = "could not make way for new regular file: x\nDeletions stopped due to --max-delete limit (35 skipped)\n"
            + "rsync error: the --max-delete limit stopped deletions (code 25) at main.c(1394) [sender=3.5.0]\n";
        for (int cut = 0; cut < text.Length; cut++)
        {
            (RsyncErrorOutput output, Collector collector) = Read(text[..cut], text[cut..]);
            Assert.Equal(35, output.Withheld);
            Assert.Equal((1, 0), (output.Blocked, output.Failed));
            Assert.Equal("x", Assert.Single(collector.BlockedItems).Target);
        }
    }

    [Fact]
    public void Lines_about_the_whole_run_are_no_failed_entries()
    {
        (RsyncErrorOutput output, Collector collector) = Read(
            "rsync: --nosuch: unknown option\nrsync error: syntax or usage error (code 1) at main.c(1886) [client=3.5.0]\n");
        Assert.Empty(collector.Failed);
        Assert.StartsWith("rsync: --nosuch: unknown option / rsync error: syntax", output.LastWords);
    }

    [Fact]
    public void Only_the_last_words_are_kept_and_long_ones_are_cut()
    {
        RsyncErrorOutput output = Read(string.Concat(Enumerable.Range(0, 1000).Select(i => $"noise {i}\n")), new string('x', 200_000)).Output;
        Assert.DoesNotContain("noise 990", output.LastWords);
        Assert.Contains("noise 999", output.LastWords);
        Assert.InRange(output.LastWords.Length, 300, 2000);
    }

    private static (RsyncErrorOutput Output, Collector Collector) Read(params string[] chunks)
    {
        Collector collector = new();
        RsyncErrorOutput output = new(collector);
        foreach (string chunk in chunks)
            output.Feed(Encoding.UTF8.GetBytes(chunk));
        output.Complete();
        return (output, collector);
    }

    private sealed class Collector : IRsyncErrorHandler
    {
        public List<BackupError> Failed { get; } = [];

        public List<BackupError> BlockedItems { get; } = [];

        public List<string> VanishedLines { get; } = [];

        public void ItemFailed(BackupError error) => Failed.Add(error);

        public void Blocked(BackupError error) => BlockedItems.Add(error);

        public void Vanished(string line) => VanishedLines.Add(line);

        public void Said(string line)
        {
        }
    }
}
