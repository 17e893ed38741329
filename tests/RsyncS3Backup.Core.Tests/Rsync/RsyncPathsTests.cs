using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncPathsTests
{
    [Theory]
    [InlineData(@"C:\", "/cygdrive/c/", "/c/", "/mnt/c/")]
    [InlineData(@"C:\x", "/cygdrive/c/x", "/c/x", "/mnt/c/x")]
    [InlineData(@"d:/mixed\path with space/", "/cygdrive/d/mixed/path with space/", "/d/mixed/path with space/", "/mnt/d/mixed/path with space/")]
    [InlineData(@"\\?\E:\long", "/cygdrive/e/long", "/e/long", "/mnt/e/long")]
    [InlineData(@"\\server\share\x", "//server/share/x", "//server/share/x", "//server/share/x")]
    [InlineData(@"\\?\UNC\server\share", "//server/share", "//server/share", "//server/share")]
    [InlineData("/already/there", "/already/there", "/already/there", "/already/there")]
    [InlineData("host:/path", "host:/path", "host:/path", "host:/path")]
    public void A_windows_path_is_written_as_each_flavour_reads_it(string path, string cygwin, string msys, string wsl)
    {
        Assert.Equal(cygwin, RsyncPaths.Translate(path, RsyncPathStyle.Cygwin));
        Assert.Equal(msys, RsyncPaths.Translate(path, RsyncPathStyle.Msys));
        Assert.Equal(wsl, RsyncPaths.Translate(path, RsyncPathStyle.Wsl));
    }

    [Theory]
    [InlineData("/data/C:\\odd")]
    [InlineData(@"C:\x")]
    public void Where_rsync_reads_the_systems_own_paths_nothing_is_changed(string path) =>
        Assert.Equal(path, RsyncPaths.Translate(path, RsyncPathStyle.Native));

    [Theory]
    [InlineData(@"C:\msys64\usr\bin\rsync.exe", "Msys")]
    [InlineData(@"C:\Program Files\Git\usr\bin\rsync.exe", "Msys")]
    [InlineData(@"C:\Program Files (x86)\cwRsync\bin\rsync.exe", "Cygwin")]
    [InlineData(@"C:\cygwin64\bin\rsync.exe", "Cygwin")]
    [InlineData(@"C:\Windows\System32\wsl.exe", "Wsl")]
    public void The_flavour_is_known_by_the_programs_place(string program, string style) =>
        Assert.Equal(style, RsyncPaths.StyleOf(program).ToString());
}
