using System.Security.Cryptography;
using System.Text;
using RsyncS3Backup.ObjectStore;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>Whether content is what S3 stored, from its entity tag, its checksums and the size of its parts.</summary>
public sealed class ContentJudgeTests
{
    private const string NoMd5 = "0123456789abcdef0123456789abcdef";
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("twelve bytes");
    private static readonly byte[] Other = Encoding.UTF8.GetBytes("other  bytes");

    public static TheoryData<string, string, string> WholeObjects => new()
    {
        // The entity tag, a checksum of the whole: what content that is right, and other content, is.
        { Tag(), "", "Right Wrong" },
        { Tag().ToUpperInvariant(), "", "Right Wrong" },
        { NoMd5, "", "Wrong Wrong" },
        { "abc", "", "Unknown Unknown" },
        { NoMd5[1..] + "g", "", "Unknown Unknown" },
        { "abc", "crc32", "Right Wrong" },
        { "abc", "crc32c", "Right Wrong" },
        { "abc", "crc64nvme", "Right Wrong" },
        { "abc", "sha1", "Right Wrong" },
        { "abc", "sha256", "Right Wrong" },
        // One piece of evidence that fits is proof.
        { NoMd5, "sha256", "Right Wrong" },
        { Tag(), "not base64", "Right Wrong" },
        { "abc", "not base64", "Wrong Wrong" },
        { Tag(), "unknown", "Right Wrong" },
    };

    [Theory]
    [MemberData(nameof(WholeObjects))]
    public async Task An_object_of_one_piece_is_known_by_its_entity_tag_or_a_checksum(string tag, string algorithm, string fits)
    {
        StoredObject stored = Object(tag) with { Checksums = Checksums(algorithm) };

        Assert.Equal(fits, $"{await Judge(stored, Content)} {await Judge(stored, Other)}");
    }

    [Fact]
    public async Task An_empty_object_is_right_and_an_opaque_tag_tells_nothing()
    {
        Assert.Equal(ContentFit.Right, await ContentJudge.JudgeAsync(new StoredObject("a", 0, NoMd5), _ => Assert.Fail("read"), _ => throw new InvalidOperationException()));
        Assert.Equal(ContentFit.Unknown, await Judge(Object(Tag()) with { IsTagOpaque = true }, Content));
        Assert.Equal(ContentFit.Unknown, await Judge(Object(PartsTag(5)) with { IsTagOpaque = true }, Content));
    }

    [Theory]
    // The part size it was stored with, what S3 tells of the first and of the last part: for right and for other content.
    [InlineData(4, 4L, 4L, "Right Wrong")]
    [InlineData(4, null, null, "Right Unknown")]
    [InlineData(4, 4L, null, "Right Unknown")]
    [InlineData(5, 5L, 2L, "Right Wrong")]
    [InlineData(5, null, 2L, "Unknown Unknown")]
    // Parts of other sizes than the first: nobody can compute what S3 has of them.
    [InlineData(5, 5L, 3L, "Right Unknown")]
    [InlineData(5, 6L, 2L, "Unknown Unknown")]
    [InlineData(5, 6L, 0L, "Unknown Unknown")]
    [InlineData(5, 4L, 4L, "Wrong Wrong")]
    [InlineData(12, 12L, 12L, "Right Wrong")]
    [InlineData(3, 3L, 3L, "Right Wrong")]
    [InlineData(11, 11L, 1L, "Right Wrong")]
    public async Task An_object_of_parts_is_known_once_the_size_of_its_parts_is(int partSize, long? first, long? last, string fits)
    {
        StoredObject byTag = Object(PartsTag(partSize));
        StoredObject byChecksum = Object("abc-" + Parts(partSize).Length) with
        {
            PartChecksums = [new("sha256", $"{Convert.ToBase64String(OfParts("sha256", partSize))}-{Parts(partSize).Length}")],
        };

        Assert.Equal(fits, $"{await Judge(byTag, Content, first, last)} {await Judge(byTag, Other, first, last)}");
        Assert.Equal(fits, $"{await Judge(byChecksum, Content, first, last)} {await Judge(byChecksum, Other, first, last)}");
    }

    [Fact]
    public async Task A_wrong_checksum_of_the_whole_is_one_whatever_the_parts_are()
    {
        StoredObject stored = Object(PartsTag(5)) with { Checksums = Checksums("not base64") };

        Assert.Equal(ContentFit.Wrong, await Judge(stored, Content));
        Assert.Equal(ContentFit.Right, await Judge(stored, Content, 5, 2));
    }

    [Fact]
    public async Task A_checksum_of_parts_that_calls_itself_one_of_the_whole_fits_too()
    {
        StoredObject stored = Object("abc-3") with { Checksums = [new("crc32", Convert.ToBase64String(OfParts("crc32", 4)))] };

        Assert.Equal(ContentFit.Right, await Judge(stored, Content));
    }

    [Fact]
    public async Task S3_is_asked_for_the_first_part_and_for_the_last_and_content_is_read_once_more_only_for_another_part_size()
    {
        List<int> asked = [];
        int read = 0;

        await ContentJudge.JudgeAsync(Object(PartsTag(4)), Feed(Other), Ask(4));
        Assert.Equal((1, "1 3"), (read, string.Join(' ', asked)));
        (read, asked) = (0, []);
        await ContentJudge.JudgeAsync(Object(PartsTag(5)), Feed(Content), Ask(5));
        Assert.Equal((2, "1"), (read, string.Join(' ', asked)));
        (read, asked) = (0, []);
        await ContentJudge.JudgeAsync(Object(Tag()), Feed(Content), Ask(5));
        Assert.Equal((1, ""), (read, string.Join(' ', asked)));
        (read, asked) = (0, []);
        await ContentJudge.JudgeAsync(Object(Tag()), Feed(Other), Ask(5));
        Assert.Equal((1, ""), (read, string.Join(' ', asked)));
        (read, asked) = (0, []);
        await ContentJudge.JudgeAsync(Object("abc"), Feed(Content), Ask(5));
        Assert.Equal((0, ""), (read, string.Join(' ', asked)));

        Action<ContentSink> Feed(byte[] content) => sink =>
        {
            read++;
            sink(content);
        };

        Func<int, Task<long?>> Ask(long size) => number =>
        {
            asked.Add(number);
            return Task.FromResult<long?>(size);
        };
    }

    [Theory]
    [InlineData("0123-3", null, 3)]
    [InlineData("0123", "sha=-2", 2)]
    [InlineData("0123-3", "sha=-2", 2)]
    [InlineData("0123-3", "sha", 3)]
    [InlineData("0123", null, null)]
    [InlineData("0123-", null, null)]
    [InlineData("0123-x", null, null)]
    [InlineData("-3", null, 3)]
    public void The_number_of_parts_is_in_the_entity_tag_or_in_a_checksum(string tag, string? checksum, int? parts) =>
        Assert.Equal(parts, ContentProof.PartCount(Object(tag) with { PartChecksums = checksum is null ? [] : [new("sha256", checksum)] }));

    [Fact]
    public void The_cheap_proof_is_one_checksum_or_the_entity_tag_of_the_whole()
    {
        Assert.Equal(1, Count(ContentProof.Cheap(Object(Tag()))));
        Assert.Equal(1, Count(ContentProof.Cheap(Object(Tag()) with { Checksums = Checksums("crc64nvme") })));
        Assert.Equal(1, Count(ContentProof.Cheap(Object(Tag()) with { PartChecksums = [new("crc32", "AAAAAA==-3")] })));
        Assert.Equal(0, Count(ContentProof.Cheap(Object(PartsTag(4)))));
        Assert.Equal(1, Count(ContentProof.All(Object("abc-3") with { Checksums = Checksums("crc64nvme") })));
        // Where there is a checksum, the entity tag is left out.
        Assert.True(ContentJudge.IsProven(ContentProof.Cheap(Object(Tag())), sink => sink(Content)));
        Assert.False(ContentJudge.IsProven(
            ContentProof.Cheap(Object(Tag()) with { Checksums = [new("crc32", "AAAAAA==")] }), sink => sink(Content)));
        Assert.False(ContentJudge.IsProven(
            ContentProof.Cheap(Object(Tag()) with { PartChecksums = [new("crc32", "AAAAAA==-3")] }), sink => sink(Content)));
        Assert.Equal(2, Count(ContentProof.All(Object(Tag()) with { Checksums = Checksums("sha256") })));
        Assert.Equal(1, Count(ContentProof.All(Object("abc") with { Checksums = [.. Checksums("sha256"), .. Checksums("crc32")] })));
    }

    [Theory]
    [InlineData(8 * 1024 * 1024, 2)]
    [InlineData(8 * 1024 * 1024 + 1, 3)]
    public void Where_nothing_tells_of_parts_those_that_would_have_been_made_are_tried(long size, int count) =>
        Assert.Equal(count, Count(ContentProof.All(new StoredObject("a", size, NoMd5) { Checksums = Checksums("crc32") })));

    [Theory]
    [InlineData("x-1", false, false, false)]
    [InlineData("x-2", false, false, true)]
    [InlineData("x-2", true, false, false)]
    [InlineData("x-2", true, true, true)]
    [InlineData("x", false, true, false)]
    public void The_size_of_parts_tells_more_where_there_are_some_and_something_to_compare_with(string tag, bool isOpaque, bool hasChecksum, bool tells)
    {
        Assert.Equal(tells, ContentProof.IsOfParts(Object(tag) with { IsTagOpaque = isOpaque, Checksums = Checksums(hasChecksum ? "crc32" : "") }));
        Assert.Equal(tells, ContentProof.IsOfParts(
            Object(tag) with { IsTagOpaque = isOpaque, PartChecksums = hasChecksum ? [new("crc32", "AAAAAA==")] : [] }));
    }

    private static int Count(ContentProof proof)
    {
        using (proof)
        {
            Assert.Equal(proof.Count == 0, proof.IsEmpty);
            return proof.Count;
        }
    }

    private static Task<ContentFit> Judge(StoredObject stored, byte[] content, long? first = null, long? last = null) => ContentJudge.JudgeAsync(
        stored,
        sink =>
        {
            // Not in the steps of any part size.
            foreach (byte[] chunk in content.Chunk(7))
                sink(chunk);
        },
        number => Task.FromResult(number == 1 ? first : number == ContentProof.PartCount(stored) ? last : throw new InvalidOperationException()));

    private static StoredObject Object(string tag) => new("a", Content.Length, tag);

    private static string Tag() => Convert.ToHexStringLower(MD5.HashData(Content));

    private static string PartsTag(int size) => $"{Convert.ToHexStringLower(OfParts(ContentChecksum.Md5, size))}-{Parts(size).Length}";

    private static byte[][] Parts(int size) => [.. Content.Chunk(size)];

    private static byte[] OfParts(string algorithm, int size) => Sum(algorithm, [.. Parts(size).SelectMany(part => Sum(algorithm, part))]);

    private static IReadOnlyList<KeyValuePair<string, string>> Checksums(string algorithm) => algorithm switch
    {
        "" => [],
        "not base64" => [new("crc32", "?")],
        "unknown" => [new("crc1024", "AAAA")],
        _ => [new(algorithm, Convert.ToBase64String(Sum(algorithm, Content)))],
    };

    private static byte[] Sum(string algorithm, byte[] bytes)
    {
        using ContentChecksum.IRunning running = ContentChecksum.Start(algorithm);
        running.Append(bytes);
        return running.Finish();
    }
}
