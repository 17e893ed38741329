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
            new MirrorMemory { Path = path }.Save("nested-" + Guid.NewGuid().ToString("N"));

        Assert.Equal(["a/deep", "b top"], NestedMirrors.Below(root));
        Assert.Equal(["a/deep", "b top"], NestedMirrors.Below(root + "/"));
        Assert.Empty(NestedMirrors.Below(folder["mirror/plain"]));
        Assert.Empty(NestedMirrors.Below(folder["nowhere"]));
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

        Assert.Equal(
            [true, true, false, false, false],
            new[] { mirror, folder["link"], folder["broken"], folder["old"], folder["nowhere"] }.Select(NestedMirrors.IsMirror));
    }

    private string Mark(string path, string job)
    {
        string full = RealPath.Of(folder.Folder(path));
        MirrorMarker.New(job, full).Write(full);
        return full;
    }
}
