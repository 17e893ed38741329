using System.Text.RegularExpressions;
using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery.Writing;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

public sealed class EntryPathTests
{
    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/etc/passwd")]
    [InlineData("//server/share/x")]
    [InlineData("a//b")]
    [InlineData("a//")]
    [InlineData("..")]
    [InlineData("../")]
    [InlineData("../x")]
    [InlineData("a/../b")]
    [InlineData("a/..")]
    [InlineData(".")]
    [InlineData("./x")]
    [InlineData("a/./b")]
    [InlineData("a\0b")]
    [InlineData("a/\0")]
    [InlineData("a/.rsyncs3backup-restore-00112233445566778899")]
    public void A_key_that_is_no_path_below_a_folder_is_refused(string key) =>
        Assert.NotNull(EntryPath.Parse(key, forWindows: false, out _));

    [Theory]
    [InlineData("C:/x")]
    [InlineData("C:x")]
    [InlineData("a/b:stream")]
    [InlineData("a\\..\\..\\x")]
    [InlineData("\\\\server\\share\\x")]
    [InlineData("nul")]
    [InlineData("a/CON.txt")]
    [InlineData("com1")]
    [InlineData("LPT².log")]
    [InlineData("aux .c")]
    [InlineData("conout$")]
    [InlineData("a./b")]
    [InlineData("a /b")]
    [InlineData("x.")]
    [InlineData("x ")]
    [InlineData("what?")]
    [InlineData("a\u0001b")]
    public void What_Windows_takes_for_something_else_is_refused_there_and_nowhere_else(string key)
    {
        Assert.NotNull(EntryPath.Parse(key, forWindows: true, out _));
        Assert.Null(EntryPath.Parse(key, forWindows: false, out _));
    }

    [Theory]
    [InlineData("a", "", "a", false)]
    [InlineData("a/b", "a", "b", false)]
    [InlineData("a/b/c/", "a/b", "c", true)]
    [InlineData("...a", "", "...a", false)]
    [InlineData("a/..b", "a", "..b", false)]
    [InlineData("console/nullify.txt", "console", "nullify.txt", false)]
    public void A_good_key_is_a_folder_and_a_name(string key, string folder, string name, bool isFolder)
    {
        Assert.Null(EntryPath.Parse(key, forWindows: true, out EntryPath path));
        Assert.Equal(new EntryPath(folder, name, isFolder), path);
    }

    [Theory]
    [InlineData("a/Readme", "a/README", true, false, "a/Readme")]
    [InlineData("Dir/x", "dir/y", true, false, "Dir")]
    [InlineData("caf\u00E9", "cafe\u0301", false, true, "caf\u00E9")]
    [InlineData("a/Readme", "a/README", false, false, null)]
    [InlineData("caf\u00E9", "cafe\u0301", true, false, null)]
    [InlineData("a/x", "a/y", true, true, null)]
    public void Names_that_the_file_system_takes_for_one_are_found(string first, string second, bool foldsCase, bool foldsNormalization, string? taken)
    {
        NameClaims names = new(new FileSystemTraits { FoldsCase = foldsCase, FoldsNormalization = foldsNormalization });
        EntryPath.Parse(first, forWindows: false, out EntryPath firstPath);
        EntryPath.Parse(second, forWindows: false, out EntryPath secondPath);

        Assert.Null(names.Claim(firstPath));

        Assert.Equal(taken, names.Claim(secondPath));
    }

    [Theory]
    [InlineData("logs/12:30.log", "logs/12_30.log")]
    [InlineData("aux.txt", "aux_.txt")]
    [InlineData("con", "con_")]
    [InlineData("a/LPT1 .x.y", "a/LPT1_.x.y")]
    [InlineData("trail.", "trail_")]
    [InlineData("trail. .", "trail___")]
    [InlineData("a /b. ", "a_/b__")]
    [InlineData("what?*<>|\".txt", "what______.txt")]
    [InlineData("C:\\..\\x", "C__.._x")]
    [InlineData("\u0001", "_")]
    public void What_Windows_cannot_hold_gets_a_name_that_it_can(string path, string renamed)
    {
        HeldNames names = new(isWindows: true, "");

        string found = names.Rename(path);

        Assert.NotNull(names.Problem(path));
        Assert.Equal(renamed, Unmarked(found));
        Assert.Null(names.Problem(found));
        Assert.Null(EntryPath.Parse(found, forWindows: true, out _));
    }

    [Fact]
    public void No_two_names_become_one()
    {
        HeldNames names = new(isWindows: false, ":?");

        Assert.Equal(["a_b.x~", "a_b.x~", "a_b.x"], new[] { "a:b.x", "a?b.x", "a_b.x" }.Select(name => Regex.Replace(names.Rename(name), "(~)[0-9a-f]{6}(.x)", "$2$1")));
        Assert.Equal(3, new[] { "a:b.x", "a?b.x", "a_b.x" }.Select(names.Rename).Distinct().Count());
        Assert.Equal(names.Rename("a:b.x"), names.Rename("a:b.x"));
    }

    private static string Unmarked(string path) => Regex.Replace(path, "~[0-9a-f]{6}", "");

    [Theory]
    [InlineData("a b/.profile")]
    [InlineData("console/nullify.txt")]
    [InlineData("日本/ä")]
    public void What_Windows_can_hold_keeps_its_name(string path)
    {
        HeldNames names = new(isWindows: true, "");

        Assert.Null(names.Problem(path));
        Assert.Equal(path, names.Rename(path));
    }

    [Fact]
    public void A_drive_elsewhere_refuses_its_characters_and_nothing_more()
    {
        HeldNames names = new(isWindows: false, ":?");

        Assert.Equal("it holds ':'", names.Problem("a/12:30.log"));
        Assert.Equal("a/12_30_aux.", Unmarked(names.Rename("a/12:30?aux.")));
        Assert.Null(names.Problem("aux.txt"));
        Assert.Null(new HeldNames(isWindows: false, "").Problem("a:b?"));
    }

    [Fact]
    public void What_is_renamed_is_the_same_entry_elsewhere()
    {
        Assert.Null(EntryPath.Parse("a:/b:/", forWindows: false, out EntryPath path));

        Assert.Equal(new EntryPath("a_", "b_", IsFolder: true), path.At("a_/b_"));
        Assert.Equal(new EntryPath("", "b_", IsFolder: true), path.At("b_"));
    }
}
