using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

/// <summary>Mirrors in mirrors, and copies of them, which are ordinary folders.</summary>
public sealed class NestedMirrorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Those_at_the_top_and_those_that_jobs_remember_are_found_and_copies_are_not()
    {
        string root = Mark("mirror", "own");
        Mark("mirror/b top", "one");
        string deep = Mark("mirror/a/deep", "two");
        Mark("mirror/a/unknown", "three");
        Mark("beside", "four");
        folder.File("mirror/copy/" + MirrorMarker.FileName, File.ReadAllText(Path.Combine(deep, MirrorMarker.FileName)));
        folder.Folder("mirror/plain");
        foreach (string path in new[] { root, deep, folder["mirror/a/gone"], folder["beside"], folder["mirror/b top"] })
            folder.File($"state/{Guid.NewGuid():N}/mirror.json", $$"""{"path":"{{path}}"}""");
        folder.Folder("state/none");
        string state = folder["state"];

        Assert.Equal(["a/deep", "b top"], NestedMirrors.Below(root, state));
        Assert.Equal(["a/deep", "b top"], NestedMirrors.Below(root + "/", state));
        Assert.Equal(["b top"], NestedMirrors.Below(root, folder["nowhere"]));
        Assert.Empty(NestedMirrors.Below(folder["mirror/plain"], state));
        Assert.Empty(NestedMirrors.Below(folder["nowhere"], state));
    }

    [SkippableFact]
    public void What_cannot_be_listed_shows_none()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes.");
        string root = Mark("mirror", "own");
        folder.LetOthersIn();
        File.SetUnixFileMode(root, UnixFileMode.UserExecute | UnixFileMode.OtherExecute);

        OrdinaryUser.Run(() => Assert.Empty(NestedMirrors.Below(root, folder["nowhere"])));
        File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void The_nearest_one_above_is_found_from_a_folder_that_is_not_there_yet()
    {
        string outer = Mark("outer", "first");
        string inner = Mark("outer/a/inner", "second");
        folder.File("outer/a/inner/copy/" + MirrorMarker.FileName, File.ReadAllText(Path.Combine(outer, MirrorMarker.FileName)));

        Assert.Equal((inner, "second"), NestedMirrors.Above(folder["outer/a/inner/copy/new"]));
        Assert.Equal((outer, "first"), NestedMirrors.Above(folder["outer/a/new"]));
        // A mirror is not in itself.
        Assert.Equal((outer, "first"), NestedMirrors.Above(inner));
        Assert.Null(NestedMirrors.Above(outer));
    }

    [Fact]
    public void A_mirror_is_one_where_its_marker_says_that_it_is()
    {
        string mirror = Mark("mirror", "job");
        File.CreateSymbolicLink(folder["link"], mirror);
        folder.File("broken/" + MirrorMarker.FileName, "{}");
        (MirrorMarker.New("old", folder.Folder("old")) with { Path = null }).Write(folder["old"]);

        folder.File("copy/" + MirrorMarker.FileName, File.ReadAllText(Path.Combine(mirror, MirrorMarker.FileName)));

        Assert.Equal(
            [true, true, false, false, false, false],
            new[] { mirror, folder["link"], folder["broken"], folder["old"], folder["copy"], folder["nowhere"] }.Select(NestedMirrors.IsMirror));
    }

    private string Mark(string path, string job)
    {
        string full = RealPath.Of(folder.Folder(path));
        MirrorMarker.New(job, full).Write(full);
        return full;
    }
}
