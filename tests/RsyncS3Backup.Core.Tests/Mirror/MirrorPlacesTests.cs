using RsyncS3Backup.Mirror;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

/// <summary>What has the place of a key, decided without a mirror.</summary>
public sealed class MirrorPlacesTests
{
    [Theory]
    // The key; the folders of the mirror and its files, which have no slash at their ends; what has the key's place.
    [InlineData("a", "", "Free")]
    [InlineData("a", "a/", "IsFolder")]
    [InlineData("a", "a", "Free")]
    [InlineData("a/b", "a", "InFile")]
    [InlineData("a/b", "", "Free")]
    [InlineData("a/b", "a/", "Free")]
    [InlineData("a/b", "a/,a/b/", "IsFolder")]
    [InlineData("a/b", "a/,a/b", "Free")]
    [InlineData("a/b/c", "a/,a/b", "InFile")]
    [InlineData("a/b/c", "a", "InFile")]
    [InlineData("a/b/c", "a/,a/b/c/", "Free")]
    [InlineData("a/b/c", "a/,a/b/,a/b/c/", "IsFolder")]
    [InlineData("a/", "", "Free")]
    [InlineData("a/", "a/", "Free")]
    [InlineData("a/", "a", "InFile")]
    [InlineData("a/b/", "a/,a/b", "InFile")]
    [InlineData("a/b/", "a", "InFile")]
    [InlineData("a/b/", "b", "Free")]
    // What can be no path has no place.
    [InlineData("", "/", "Free")]
    [InlineData("/a", "/,/a/", "Free")]
    [InlineData("a//b", "a/,a//,a//b/", "Free")]
    [InlineData("./a", "./,./a/", "Free")]
    [InlineData("../a", "../,../a/", "Free")]
    [InlineData("a\0b", "a\0b/", "Free")]
    [InlineData("a//", "a/,a", "Free")]
    public void It_is_what_stands_in_its_way(string key, string mirror, string place)
    {
        HashSet<string> there = [.. mirror.Split(',')];

        Assert.Equal(place, MirrorPlaces.Of(key, there.Contains, there.Contains).ToString());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void What_nobody_can_look_at_stands_in_nobodys_way(bool isDenied, bool isLater)
    {
        Exception exception = isDenied ? new UnauthorizedAccessException() : new IOException();

        Assert.Equal(MirrorPlace.Free, MirrorPlaces.Of("a/b", folder => isLater && folder == "a/" ? true : throw exception, _ => true));
    }

    [Fact]
    public void Another_mistake_is_not_hidden() =>
        Assert.Throws<InvalidOperationException>(() => MirrorPlaces.Of("a", _ => throw new InvalidOperationException(), _ => true));

    [Theory]
    [InlineData("a", true)]
    [InlineData("a/b.c/...", true)]
    [InlineData("", false)]
    [InlineData("a/", false)]
    [InlineData("a/./b", false)]
    [InlineData("..", false)]
    [InlineData("a/\0", false)]
    public void A_path_has_names_alone(string path, bool isOne) => Assert.Equal(isOne, MirrorPlaces.IsPath(path));
}
