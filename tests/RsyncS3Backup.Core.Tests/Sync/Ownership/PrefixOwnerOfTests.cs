using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Sync.Ownership;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync.Ownership;

/// <summary>Who a run is to the bucket.</summary>
public sealed class PrefixOwnerOfTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_mirror_with_a_marker_is_what_the_marker_says()
    {
        string mirror = folder.Folder("mirror");
        MirrorMarker marker = MirrorMarker.New("job", mirror) with { Replaces = "before" };
        marker.Write(mirror);

        PrefixOwner owner = PrefixOwner.Of("job", mirror);

        Assert.Equal((marker, true), (owner.Marker, owner.IsInMirror));
        Assert.Equal(File.ReadAllBytes(Path.Combine(mirror, MirrorMarker.FileName)), owner.Content);
        // What the clocks of this machine and of S3 may be apart.
        Assert.Equal(marker.Created.AddMinutes(-15), owner.Since);
        Assert.NotEmpty(owner.Metadata(mirror));
        Assert.Empty(owner.Metadata(folder["nowhere"]));
        Assert.Equal([true, true, false, false], new[] { marker.Id, "before", "other", "" }.Select(owner.Owns));
    }

    [Fact]
    public void A_folder_without_a_marker_is_always_the_same_owner_and_no_other_folder_or_job()
    {
        string mirror = folder.Folder("mirror");
        PrefixOwner owner = PrefixOwner.Of("job", mirror);

        Assert.Equal((false, DateTimeOffset.MinValue), (owner.IsInMirror, owner.Since));
        Assert.Equal(owner.Content, PrefixOwner.Of("job", mirror + "/").Content);
        Assert.Equal(("job", KeyPrefix.Host, mirror), (owner.Marker.Job, owner.Marker.Host, owner.Marker.Path));
        Assert.Equal(owner.Marker, MirrorMarker.Parse(owner.Content));
        // Also to another version of the module.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{KeyPrefix.Host}\njob\n{mirror}"));
        Assert.Equal(new Guid(hash[..16]).ToString(), owner.Marker.Id);
        Assert.Empty(owner.Metadata(mirror));
        Assert.True(owner.Owns(owner.Marker.Id));
        Assert.False(owner.Owns(PrefixOwner.Of("other", mirror).Marker.Id));
        Assert.False(owner.Owns(PrefixOwner.Of("job", folder.Folder("other")).Marker.Id));
    }

    [Fact]
    public void What_was_sent_from_a_folder_before_it_had_a_marker_stays_its_own()
    {
        string mirror = folder.Folder("mirror");
        PrefixOwner before = PrefixOwner.Of("job", mirror);
        MirrorMarker.New("job", mirror).Write(mirror);

        Assert.True(PrefixOwner.Of("job", mirror).Owns(before.Marker.Id));
        // A folder without a marker owns nothing that another one was called.
        Assert.False(before.Owns(PrefixOwner.Of("job", mirror).Marker.Id));
    }

    [Fact]
    public void A_marker_that_does_not_say_where_its_mirror_is_owns_its_id_alone()
    {
        string mirror = folder.Folder("mirror");
        PrefixOwner before = PrefixOwner.Of("job", mirror);
        MirrorMarker marker = MirrorMarker.New("job", mirror) with { Path = null };
        marker.Write(mirror);

        PrefixOwner owner = PrefixOwner.Of("job", mirror);

        Assert.Equal((true, false), (owner.Owns(marker.Id), owner.Owns(before.Marker.Id)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("")]
    public void A_marker_that_nobody_can_read_is_none(string content)
    {
        string mirror = folder.Folder("mirror");
        PrefixOwner without = PrefixOwner.Of("job", mirror);
        folder.File("mirror/" + MirrorMarker.FileName, content);

        PrefixOwner owner = PrefixOwner.Of("job", mirror);
        Assert.Equal(without.Marker, owner.Marker);
        Assert.Empty(owner.Metadata(mirror));
    }
}
