using System.Diagnostics;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

public sealed class MirrorWalkerTests : IDisposable
{
    private readonly TemporaryFolder mirror = new();
    private readonly StageReport report = new(context: null);

    public void Dispose() => mirror.Dispose();

    [Fact]
    public void Walks_in_the_order_of_keys_across_folders()
    {
        string[] names = ["a/x", "a.txt", "a0", "a/b/c", "b", "z😀", "z\uFF5E", "é", "A", ".hidden/.deep"];
        foreach (string name in names)
            mirror.File(name, "x");

        List<string> keys = Keys();

        Assert.Equal(names.Order(KeyOrder.Instance), keys);
    }

    [Fact]
    public void Random_trees_come_in_key_order_and_whole()
    {
        Random random = new(20261122);
        string[] parts = ["a", "a.", "a-b", "é", "😀", "\uFFE6", "~", " ", "0", "A"];
        HashSet<string> expected = [];
        for (int i = 0; i < 300; i++)
        {
            string path = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => parts[random.Next(parts.Length)]));
            string onDisk = Path.Combine(mirror.Path, path);
            bool isBlocked = Directory.Exists(onDisk) || expected.Any(key => path.StartsWith(key + "/", StringComparison.Ordinal));
            if (!isBlocked && expected.Add(path))
                mirror.File(path, "x");
        }

        Assert.Equal(expected.Order(KeyOrder.Instance), Keys());
    }

    [Fact]
    public void Links_are_links_and_never_followed()
    {
        mirror.File("folder/file", "x");
        File.CreateSymbolicLink(Path.Combine(mirror.Path, "to-folder"), "folder");
        File.CreateSymbolicLink(Path.Combine(mirror.Path, "to-nothing"), "nothing");
        File.CreateSymbolicLink(Path.Combine(mirror.Path, "folder", "loop"), "..");

        Dictionary<string, MirrorEntryKind> kinds = Walk().ToDictionary(entry => entry.RelativeKey, entry => entry.Kind);

        Assert.Equal(MirrorEntryKind.SymbolicLink, kinds["to-folder"]);
        Assert.Equal(MirrorEntryKind.SymbolicLink, kinds["to-nothing"]);
        Assert.Equal(MirrorEntryKind.SymbolicLink, kinds["folder/loop"]);
        Assert.Equal(4, kinds.Count);
    }

    [Fact]
    public void Only_folders_with_nothing_in_them_are_entries()
    {
        Directory.CreateDirectory(Path.Combine(mirror.Path, "a/b/c"));
        mirror.File("d/e", "x");

        Assert.Equal([("a/b/c/", MirrorEntryKind.Folder), ("d/e", MirrorEntryKind.File)], Walk().Select(entry => (entry.RelativeKey, entry.Kind)));
    }

    [SkippableFact]
    public void A_name_that_is_not_UTF8_is_an_error_and_not_a_deletion()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux allows such names");
        Shell($"printf x > \"$1\"/$(printf 'bad\\377')", mirror.Path);
        mirror.File("good", "x");

        List<MirrorEntry> entries = Walk();

        Assert.Equal("NameNotUtf8", Assert.Single(report.FailedItems()).Id);
        Assert.Equal(MirrorEntryKind.Unreadable, entries.Single(entry => entry.RelativeKey != "good").Kind);
    }

    [SkippableFact]
    public void Names_that_are_not_UTF8_and_look_the_same_are_an_error_each_and_hide_nothing()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux allows such names");
        Shell($"printf x > \"$1\"/$(printf 'bad\\377'); printf x > \"$1\"/$(printf 'bad\\376'); mkdir \"$1\"/$(printf 'bad\\376x')", mirror.Path);
        mirror.File("bad\uFFFD", "x");
        mirror.File("good", "x");

        Dictionary<string, MirrorEntryKind> kinds = Walk().ToDictionary(entry => entry.RelativeKey, entry => entry.Kind);

        Assert.Equal(MirrorEntryKind.File, kinds["bad\uFFFD"]);
        Assert.Equal(MirrorEntryKind.Unreadable, kinds["bad\uFFFDx/"]);
        Assert.Equal(MirrorEntryKind.File, kinds["good"]);
        Assert.Equal(3, report.FailedItems().Count(item => item.Id == "NameNotUtf8"));
    }

    [SkippableFact]
    public void A_pipe_is_left_out_with_a_warning()
    {
        Skip.If(OperatingSystem.IsWindows(), "there are no such files on Windows");
        Shell("mkfifo \"$1/pipe\"", mirror.Path);
        mirror.File("good", "x");

        Assert.Equal(["good"], Keys());
        Assert.Contains("pipe", Assert.Single(report.Warnings()), StringComparison.Ordinal);
        Assert.Equal(0, report.Failed);
    }

    [SkippableFact]
    public void A_folder_that_may_not_be_read_is_an_error_and_is_handed_out_as_unreadable()
    {
        Skip.If(OperatingSystem.IsWindows(), "there are no modes");
        mirror.LetOthersIn();
        mirror.File("locked/inside", "x");
        string locked = Path.Combine(mirror.Path, "locked");
        File.SetUnixFileMode(locked, UnixFileMode.None);
        try
        {
            OrdinaryUser.Run(() => Assert.Equal(
                [("locked/", MirrorEntryKind.Unreadable)], Walk().Select(entry => (entry.RelativeKey, entry.Kind))));
            Assert.Equal("FolderUnreadable", Assert.Single(report.FailedItems()).Id);
        }
        finally
        {
            File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void Attributes_have_nanoseconds_mode_and_owner_as_the_system_has_them()
    {
        string file = mirror.File("a", "12345");
        if (OperatingSystem.IsLinux())
            Shell("touch -d '2001-02-03 04:05:06.123456789 UTC' \"$1\" && chmod 4751 \"$1\"", file);

        FileAttributesSnapshot attributes = FileAttributesReader.Read(file);

        Assert.Equal(5, attributes.Size);
        Assert.True(attributes.IsRegularFile);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(981173106_123456789, attributes.ModifiedNanoseconds);
            Assert.Equal("104751", Convert.ToString(attributes.Mode, 8));
        }
    }

    [Fact]
    public void A_missing_mirror_is_an_error_and_not_an_empty_one() =>
        Assert.Throws<BackupException>(() => new MirrorWalker(Path.Combine(mirror.Path, "nowhere"), report).Walk(default).ToList());

    [Theory]
    [InlineData(S3DirectoryMarkers.All, "a.txt", "a/", "a/b", "a/c/", "a/c/d", "hollow/")]
    [InlineData(S3DirectoryMarkers.Empty, "a.txt", "a/b", "a/c/d", "hollow/")]
    [InlineData(S3DirectoryMarkers.None, "a.txt", "a/b", "a/c/d")]
    public void Folders_come_before_what_is_beneath_them(S3DirectoryMarkers markers, params string[] expected)
    {
        foreach (string name in new[] { "a/c/d", "a/b", "a.txt" })
            mirror.File(name, "x");
        Directory.CreateDirectory(Path.Combine(mirror.Path, "hollow"));

        MirrorWalker walker = new(mirror.Path, report, markers: markers);

        Assert.Equal(expected, walker.Walk(CancellationToken.None).Select(entry => entry.RelativeKey));
    }

    [Fact]
    public void What_is_excluded_is_not_walked()
    {
        foreach (string name in new[] { "a.tmp", "cache/x", "deep/cache/y", "deep/a.txt" })
            mirror.File(name, "x");

        MirrorWalker walker = new(mirror.Path, report, new ExcludePatterns(["*.tmp", "/cache/"]));

        Assert.Equal(["deep/a.txt", "deep/cache/y"], walker.Walk(CancellationToken.None).Select(entry => entry.RelativeKey));
    }

    private List<MirrorEntry> Walk() => [.. new MirrorWalker(mirror.Path, report).Walk(CancellationToken.None)];

    private List<string> Keys() => [.. Walk().Select(entry => entry.RelativeKey)];

    private static void Shell(string script, string argument)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", script, "sh", argument]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
