using System.Security.Cryptography;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What is recorded of an object decides whether a file is the same, without a request.</summary>
public sealed class KnownContentTests : IDisposable
{
    private const string NoMd5 = "0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder mirror = new();

    public void Dispose() => mirror.Dispose();

    [Fact]
    public async Task The_entity_tag_of_a_whole_object_decides() => Assert.True(await IsSame(Text(), new KnownContent(5, Md5("alpha"), null, null)));

    [Fact]
    public async Task The_CRC32_decides_where_the_entity_tag_is_no_MD5() =>
        Assert.True(await IsSame(Text(), new KnownContent(5, NoMd5, Crc32("alpha"), null)));

    [Fact]
    public async Task The_SHA256_decides_alone() => Assert.True(await IsSame(Text(), new KnownContent(5, NoMd5, null, Sha256("alpha"))));

    [Fact]
    public async Task A_wrong_SHA256_is_not_overruled() =>
        Assert.False(await IsSame(Text(), new KnownContent(5, Md5("alpha"), Crc32("alpha"), Sha256("other"))));

    [Fact]
    public async Task Other_content_is_not_the_same() =>
        Assert.False(await IsSame(Text(), new KnownContent(5, Md5("other"), Crc32("other"), null)));

    [Fact]
    public async Task Another_size_is_not_the_same_whatever_the_checksums_say() =>
        Assert.False(await IsSame(Text(), new KnownContent(6, Md5("alpha"), Crc32("alpha"), null)));

    [Fact]
    public async Task A_link_is_compared_by_its_target()
    {
        string path = Path.Combine(mirror.Path, "link");
        File.CreateSymbolicLink(path, "alpha");
        MirrorEntry link = new("link", path, MirrorEntryKind.SymbolicLink, FileAttributesReader.Read(path));

        Assert.True(await IsSame(link, new KnownContent(5, Md5("alpha"), null, null)));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(16)]
    public async Task The_entity_tag_of_parts_is_found_for_any_usual_part_size(int partMiB)
    {
        byte[] bytes = new byte[(20 * 1024 * 1024) + 7];
        new Random(1).NextBytes(bytes);
        string path = Path.Combine(mirror.Path, "large");
        File.WriteAllBytes(path, bytes);
        MirrorEntry file = new("large", path, MirrorEntryKind.File, FileAttributesReader.Read(path));
        byte[][] parts = [.. bytes.Chunk(partMiB * 1024 * 1024)];
#pragma warning disable CA5351 // an entity tag is an MD5 by S3's definition
        byte[] whole = MD5.HashData([.. parts.SelectMany(MD5.HashData)]);
#pragma warning restore CA5351
        string etag = $"{Convert.ToHexString(whole).ToLowerInvariant()}-{parts.Length}";

        Assert.True(await IsSame(file, new KnownContent(bytes.Length, etag, null, null)));
    }

    private static Task<bool> IsSame(MirrorEntry entry, KnownContent known) =>
        ContentComparer.IsSameAsync(entry, known, CancellationToken.None);

    private MirrorEntry Text()
    {
        string path = mirror.File("a.txt", "alpha");
        return new MirrorEntry("a.txt", path, MirrorEntryKind.File, FileAttributesReader.Read(path));
    }

    private static string Md5(string text)
    {
#pragma warning disable CA5351 // an entity tag is an MD5 by S3's definition
        return Convert.ToHexString(MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text))).ToLowerInvariant();
#pragma warning restore CA5351
    }

    private static string Sha256(string text) => Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    private static string Crc32(string text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return new ObjectContent("a", bytes, bytes.Length).Crc32;
    }
}
