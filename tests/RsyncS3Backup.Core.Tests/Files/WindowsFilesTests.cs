using System.Text;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Files;

/// <summary>What of Windows' ways with files can be decided, and so tested, on any system.</summary>
public sealed class WindowsFilesTests : IDisposable
{
    private readonly TemporaryFolder files = new();

    public void Dispose() => files.Dispose();

    [Theory]
    [InlineData(@"C:\mirror\aux.txt", @"\\?\C:\mirror\aux.txt")]
    [InlineData(@"C:\mirror/sub/trail.", @"\\?\C:\mirror\sub\trail.")]
    [InlineData(@"C:\mirror\\sub//con", @"\\?\C:\mirror\sub\con")]
    [InlineData(@"C:\", @"\\?\C:\")]
    [InlineData(@"\\server\share\a", @"\\?\UNC\server\share\a")]
    [InlineData(@"//server/share/a", @"\\?\UNC\server\share\a")]
    [InlineData(@"\\?\C:\a", @"\\?\C:\a")]
    [InlineData(@"\\.\PhysicalDrive0", @"\\.\PhysicalDrive0")]
    // What is not said in full, or asks for something above, is Windows' to work out.
    [InlineData(@"C:a", @"C:a")]
    [InlineData(@"a\b", @"a\b")]
    [InlineData(@"C:\a\..\b", @"C:\a\..\b")]
    [InlineData(@"C:\a\.\b", @"C:\a\.\b")]
    public void Windows_takes_each_name_for_what_it_is(string path, string exact) => Assert.Equal(exact, WindowsPath.ToExact(path));

    [Theory]
    [InlineData(@"C:\mirror", "a/b", @"C:\mirror\a\b")]
    [InlineData(@"C:\", "a/b", @"C:\a\b")]
    [InlineData(@"\\server\share", "a", @"\\server\share\a")]
    public void A_message_shows_one_kind_of_separator(string folder, string relativePath, string shown) =>
        Assert.Equal(shown, WindowsPath.Below(folder, relativePath, '\\'));

    [Fact]
    public void A_backslash_is_a_letter_elsewhere() => Assert.Equal(@"/mirror/a\b/c", WindowsPath.Below("/mirror", @"a\b/c", '/'));

    [Theory]
    [InlineData(@"\\nas\backup\mirror", true)]
    [InlineData("//nas/backup", true)]
    [InlineData(@"\\?\UNC\nas\backup", true)]
    [InlineData(@"\\?\C:\mirror", false)]
    [InlineData(@"\\.\C:\mirror", false)]
    [InlineData(@"C:\mirror", false)]
    public void A_share_is_known_by_its_path(string path, bool isShare) => Assert.Equal(isShare, WindowsPath.IsShare(path));

    [Theory]
    [InlineData(@"Volume{01234567-89ab-cdef-0123-456789abcdef}\", true)]
    [InlineData(@"\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\", true)]
    [InlineData(@"D:\data", false)]
    [InlineData("Volume", false)]
    public void A_mounted_volume_is_no_link(string target, bool isVolume) => Assert.Equal(isVolume, RealPath.IsVolumeName(target));

    [Theory]
    [InlineData(116_444_736_000_000_000, 0)]
    [InlineData(116_444_736_000_000_001, 100)]
    [InlineData(134_000_000_000_000_000, 1_755_526_400_000_000_000)]
    // 1601, which nanoseconds since 1970 in 64 bits do not reach, is the earliest that they do.
    [InlineData(0, long.MinValue + 1)]
    [InlineData(long.MaxValue, long.MaxValue)]
    public void A_time_of_Windows_is_nanoseconds_since_1970(long fileTime, long nanoseconds) =>
        Assert.Equal(nanoseconds, WindowsCalls.Nanoseconds(fileTime));

    [Theory]
    [InlineData("1D0000A0 0B00 0000 02000000 2E2E2F782FC3B6", "../x/ö")]
    [InlineData("1D0000A0 0B00 0000 02000000 2E2E2F782FC3B6 FFFF", "../x/ö")]
    // Another version, another kind, an empty one and one that is cut off.
    [InlineData("1D0000A0 0B00 0000 03000000 2E2E2F782FC3B6", null)]
    [InlineData("0C0000A0 0B00 0000 02000000 2E2E2F782FC3B6", null)]
    [InlineData("1D0000A0 0400 0000 02000000", null)]
    [InlineData("1D0000A0 0B00 0000 02000000 2E2E", null)]
    [InlineData("", null)]
    public void The_target_of_a_link_that_Cygwin_made_is_read(string data, string? target)
    {
        byte[]? found = WindowsCalls.LinuxLinkTarget(Convert.FromHexString(data.Replace(" ", "", StringComparison.Ordinal)));

        Assert.Equal(target, found is null ? null : Encoding.UTF8.GetString(found));
    }

    [Fact]
    public void A_file_that_is_in_use_for_a_moment_is_replaced_when_it_is_not()
    {
        string from = files.File("new", "new");
        string to = files.File("old", "old");
        int pauses = 0;
        using FileStream reader = new(to, FileMode.Open, FileAccess.Read, FileShare.Read);

        InUse.Replace(
            to,
            () =>
            {
                if (pauses < 3)
                    throw new UnauthorizedAccessException("Access is denied.");
                File.Move(from, to, overwrite: true);
            },
            _ =>
            {
                if (++pauses == 3)
                    reader.Dispose();
            });

        Assert.Equal((3, "new"), (pauses, File.ReadAllText(to)));
    }

    [Fact]
    public void A_file_that_stays_in_use_is_said_to_be_after_a_second()
    {
        string to = files.File("old", "old");
        TimeSpan waited = TimeSpan.Zero;
        using FileStream reader = new(to, FileMode.Open, FileAccess.Read, FileShare.Read);

        FileInUseException problem = Assert.Throws<FileInUseException>(
            () => InUse.Replace(to, () => throw new UnauthorizedAccessException("Access is denied."), pause => waited += pause));

        Assert.Equal(to, problem.Path);
        Assert.Contains("another program has it open", problem.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(1), waited);
    }

    [Fact]
    public void What_is_refused_for_another_reason_is_said_at_once()
    {
        string to = files.File("old", "old");

        UnauthorizedAccessException problem = Assert.Throws<UnauthorizedAccessException>(
            () => InUse.Replace(to, () => throw new UnauthorizedAccessException("no right"), _ => Assert.Fail("waits for nothing")));

        Assert.Equal("no right", problem.Message);
    }

    [Fact]
    public void A_file_that_is_read_only_is_replaced()
    {
        string from = files.File("new", "new");
        string to = files.File("old", "old");
        File.SetAttributes(to, FileAttributes.ReadOnly);

        InUse.Replace(
            to,
            () =>
            {
                if (File.GetAttributes(to).HasFlag(FileAttributes.ReadOnly))
                    throw new UnauthorizedAccessException("Access is denied.");
                File.Move(from, to, overwrite: true);
            },
            _ => Assert.Fail("waits for nothing"));

        Assert.Equal("new", File.ReadAllText(to));
    }

    [Fact]
    public void A_file_that_is_not_replaced_stays_read_only()
    {
        string to = files.File("old", "old");
        File.SetAttributes(to, FileAttributes.ReadOnly);

        Assert.Throws<UnauthorizedAccessException>(() => InUse.Replace(to, () => throw new UnauthorizedAccessException("no right"), _ => { }));

        Assert.True(File.GetAttributes(to).HasFlag(FileAttributes.ReadOnly));
        File.SetAttributes(to, FileAttributes.Normal);
    }

    [Theory]
    [InlineData(unchecked((int)0x80070020), true)]
    [InlineData(unchecked((int)0x80070021), true)]
    [InlineData(unchecked((int)0x80070005), false)]
    public void What_Windows_says_of_a_file_that_is_in_use_is_known(int result, bool isInUse) =>
        Assert.Equal(isInUse, InUse.Is(new IOException("The process cannot access the file.", result)));

    [Fact]
    public void Reading_keeps_nobody_from_replacing()
    {
        string file = files.File("state", "{}");
        using FileStream writer = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

        Assert.Equal("{}"u8.ToArray(), InUse.ReadAllBytes(file));
    }

    [Theory]
    [InlineData("~/x", '/', true)]
    [InlineData(@"~\x", '\\', true)]
    [InlineData("~/x", '\\', true)]
    [InlineData(@"~\x", '/', false)]
    [InlineData("~", '/', false)]
    [InlineData("~x", '\\', false)]
    public void A_path_in_the_home_folder_is_known(string path, char separator, bool isBelow) =>
        Assert.Equal(isBelow, ConfigurationPaths.IsBelowHome(path, separator));

    [Fact]
    public void A_file_of_the_mirror_that_is_in_use_needs_no_right_but_its_end()
    {
        IOException inUse = new(@"The process cannot access the file 'C:\m\a' because it is being used by another process.", unchecked((int)0x80070020));

        BackupError error = MirrorErrors.FileUnreadable(@"C:\m\a", inUse);

        Assert.Equal((ErrorIds.FileUnreadable, BackupErrorCategory.ResourceBusy), (error.Id, error.Category));
        Assert.Contains("(another program has it open)", error.Message, StringComparison.Ordinal);
        Assert.Contains("Close the program", error.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains("the right to read it", MirrorErrors.FileUnreadable("a", new UnauthorizedAccessException()).RecommendedAction, StringComparison.Ordinal);
    }
}
