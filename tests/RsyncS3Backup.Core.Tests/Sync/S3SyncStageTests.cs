using System.Security.Cryptography;
using System.Text;
using Amazon.S3.Model;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync;
using RsyncS3Backup.Sync.Transfer;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>Stage 2 against a real HTTP server; runs against independent servers too.</summary>
[Trait("Suite", "S3")]
public sealed class S3SyncStageTests(S3Fixture server) : IClassFixture<S3Fixture>, IDisposable
{
    private const int Copied = (int)SameContent.SmallestCopy;
    private const int LargeFile = (int)PartSize.Threshold + 5;

    private readonly TemporaryFolder mirror = new();
    private readonly string prefix = $"t-{Guid.NewGuid():N}/";

    public void Dispose() => mirror.Dispose();

    [Fact]
    public async Task A_first_run_uploads_every_file_byte_by_byte()
    {
        mirror.File("a.txt", "alpha");
        mirror.File("folder/inner/b.txt", "beta");
        mirror.File("empty.bin", "");

        S3SyncStageResult result = await Sync();

        AssertSucceeded(result);
        Assert.Equal((3, 0, 0, 0), (result.Created, result.Updated, result.Deleted, result.Unchanged));
        // And the marker that says whose the prefix is.
        Assert.Equal(3 + 1, result.Requests.Put);
        Assert.Equal(["a.txt", "empty.bin", "folder/inner/b.txt"], await Bucket.KeysAsync());
        Assert.Equal("beta", Encoding.UTF8.GetString(await Bucket.BytesAsync("folder/inner/b.txt")));
        Assert.Equal(9, result.TransferredBytes);
        Assert.Equal(9, result.TotalBytes);
    }

    [Fact]
    public async Task A_second_run_without_changes_uploads_nothing()
    {
        mirror.File("a.txt", "alpha");
        mirror.File("b/c.txt", "gamma");
        Directory.CreateDirectory(Path.Combine(mirror.Path, "hollow"));
        await Sync();

        S3SyncStageResult result = await Sync();

        AssertSucceeded(result);
        Assert.Equal((0, 0, 0, 3), (result.Created, result.Updated, result.Deleted, result.Unchanged));
        Assert.Equal(0, result.Requests.Put);
        Assert.Equal(0, result.TransferredBytes);
    }

    [Fact]
    public async Task A_run_that_finds_nothing_to_do_writes_nothing_into_the_catalog()
    {
        mirror.File("a.txt", "alpha");
        await Sync();
        string catalog = Path.Combine(StateFolder.ForJob($"s3-{prefix}").Path, "catalog.db");
        byte[] before = File.ReadAllBytes(catalog);

        S3SyncStageResult result = await Sync();

        Assert.Equal((S3SyncMode.Catalog, 0L), (result.SyncMode, result.Requests.Total));
        Assert.Equal(before, File.ReadAllBytes(catalog));
    }

    [Fact]
    public async Task A_run_that_finds_nothing_to_do_needs_no_profile()
    {
        mirror.File("a.txt", "alpha");
        await Sync();
        S3SyncRequest request = Request();

        AssertSucceeded(await Run(request with { Destination = request.Destination with { Profile = "there-is-none" } }));

        mirror.File("b.txt", "beta");
        S3SyncStageResult refused = await Run(request with { Destination = request.Destination with { Profile = "there-is-none" } });
        Assert.Equal("S3ProfileNotFound", refused.Error?.Id);
    }

    [Fact]
    public async Task A_change_of_equal_size_with_an_older_time_is_uploaded()
    {
        string file = mirror.File("a.txt", "first");
        await Sync();
        File.WriteAllText(file, "other");
        File.SetLastWriteTimeUtc(file, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));

        S3SyncStageResult result = await Sync();

        Assert.Equal(1, result.Updated);
        Assert.Equal("other", Encoding.UTF8.GetString(await Bucket.BytesAsync("a.txt")));
    }

    [Fact]
    public async Task What_the_mirror_lost_stays_in_the_bucket_unless_deletion_is_on()
    {
        string file = mirror.File("gone.txt", "x");
        mirror.File("kept.txt", "y");
        await Sync();
        File.Delete(file);

        S3SyncStageResult kept = await Sync();
        Assert.Equal(0, kept.Deleted);
        Assert.Equal(["gone.txt", "kept.txt"], await Bucket.KeysAsync());

        S3SyncStageResult deleted = await Sync(deleteFromS3: true);
        AssertSucceeded(deleted);
        Assert.Equal((1, 1), (deleted.Deleted, deleted.DeletedBytes));
        Assert.Equal(["kept.txt"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task Deletion_never_leaves_the_prefix()
    {
        BucketView neighbour = new(server.Client, server.BucketName, prefix.TrimEnd('/') + "-neighbour/");
        await neighbour.PutAsync("a.txt", "theirs");
        string file = mirror.File("gone.txt", "x");
        mirror.File("kept.txt", "y");
        await Sync();
        File.Delete(file);

        await Sync(deleteFromS3: true);

        Assert.Equal(["a.txt"], await neighbour.KeysAsync());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_large_file_goes_in_parts_and_compares_equal_afterwards()
    {
        byte[] content = RandomNumberGenerator.GetBytes((20 * 1024 * 1024) + 12345);
        await File.WriteAllBytesAsync(Path.Combine(mirror.Path, "large.bin"), content);

        AssertSucceeded(await Sync());
        byte[] stored = await Bucket.BytesAsync("large.bin");
        Assert.True(content.AsSpan().SequenceEqual(stored));
        Assert.EndsWith("-3\"", (await Bucket.HeadAsync("large.bin")).ETag, StringComparison.Ordinal);
        Assert.Equal(0, await Bucket.UnfinishedUploadsAsync());

        S3SyncStageResult again = await Sync();
        Assert.Equal((1, 0), (again.Unchanged, again.Requests.Put));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_file_of_exactly_the_threshold_and_its_neighbours_arrive_whole()
    {
        const int threshold = 8 * 1024 * 1024;
        foreach (int size in new[] { threshold - 1, threshold, threshold + 1, 2 * threshold })
            await File.WriteAllBytesAsync(Path.Combine(mirror.Path, $"{size}.bin"), RandomNumberGenerator.GetBytes(size));

        AssertSucceeded(await Sync());

        foreach (string key in await Bucket.KeysAsync())
        {
            byte[] expected = await File.ReadAllBytesAsync(Path.Combine(mirror.Path, key));
            byte[] stored = await Bucket.BytesAsync(key);
            Assert.True(expected.AsSpan().SequenceEqual(stored), key);
        }

        Assert.Equal(4, (await Sync()).Unchanged);
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("a b")]
    [InlineData("100%")]
    [InlineData("a+b")]
    [InlineData("%2B%20")]
    [InlineData("quote'\"`")]
    [InlineData("emoji 😀 \uFF5E")]
    [InlineData("back\\slash")]
    [InlineData("new\nline")]
    [InlineData("control\u0001")]
    [InlineData("-n")]
    [InlineData("?query&x=1#fragment")]
    [InlineData("<xml>&amp;")]
    [InlineData("e\u0301 and é")]
    [InlineData(".hidden")]
    [InlineData("a\u2028b")]
    [InlineData("~(star)*!;:@,$")]
    public async Task Every_name_a_file_may_have_is_uploaded_compared_and_deleted(string name)
    {
        string file = mirror.File(name, "content of " + name);
        mirror.File("stays", "x");

        S3SyncStageResult first = await Sync();
        AssertSucceeded(first);
        // One request a file, and one for the marker: the signature of the short way was accepted for this name.
        Assert.Equal(2 + 1, first.Requests.Put);
        Assert.Contains(name, await Bucket.KeysAsync());
        Assert.Equal("content of " + name, Encoding.UTF8.GetString(await Bucket.BytesAsync(name)));
        S3SyncStageResult again = await Sync(deleteFromS3: true);
        Assert.Equal((0, 0, 2), (again.Created, again.Deleted, again.Unchanged));

        File.Delete(file);
        S3SyncStageResult deleted = await Sync(deleteFromS3: true);
        AssertSucceeded(deleted);
        Assert.Equal(["stays"], await Bucket.KeysAsync());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task More_keys_than_a_page_holds_are_all_uploaded_compared_and_deleted()
    {
        const int count = 1003;
        for (int i = 0; i < count; i++)
            mirror.File($"{i % 7}/{i}", "x");
        mirror.File("stays", "y");

        Assert.Equal(count + 1, (await Sync()).Created);
        Assert.Equal(count + 1, (await Sync()).Unchanged);
        for (int i = 0; i < 7; i++)
            Directory.Delete(Path.Combine(mirror.Path, $"{i}"), recursive: true);

        S3SyncStageResult deleted = await Sync(deleteFromS3: true, maxDelete: DeleteLimit.Unlimited);
        AssertSucceeded(deleted);
        Assert.Equal(count, deleted.Deleted);
        Assert.Equal(["stays"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task Attributes_travel_as_the_metadata_that_other_tools_read()
    {
        string file = mirror.File("a.txt", "x");
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddTicks(1595002920_1234567));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        AssertSucceeded(await Sync());

        MetadataCollection metadata = (await Bucket.HeadAsync("a.txt")).Metadata;

        Assert.Equal("1595002920123456700ns", metadata["file-mtime"]);
        Assert.Equal("1595002920.123456700", metadata["mtime"]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("0100640", metadata["file-permissions"]);
            Assert.True(uint.TryParse(metadata["file-owner"], out _), metadata["file-owner"]);
            Assert.True(uint.TryParse(metadata["file-group"], out _), metadata["file-group"]);
        }
    }

    [Fact]
    public async Task A_symbolic_link_becomes_an_object_that_holds_its_target()
    {
        File.CreateSymbolicLink(Path.Combine(mirror.Path, "link"), "../else where");
        File.CreateSymbolicLink(Path.Combine(mirror.Path, "loop"), ".");

        AssertSucceeded(await Sync());

        Assert.Equal(["link", "loop"], await Bucket.KeysAsync());
        Assert.Equal("../else where", Encoding.UTF8.GetString(await Bucket.BytesAsync("link")));
        Assert.StartsWith("0120", (await Bucket.HeadAsync("link")).Metadata["file-permissions"], StringComparison.Ordinal);
        Assert.Equal(2, (await Sync()).Unchanged);
    }

    [Fact]
    public async Task An_empty_folder_becomes_a_marker_that_goes_when_the_folder_fills()
    {
        Directory.CreateDirectory(Path.Combine(mirror.Path, "hollow"));
        mirror.File("x", "x");
        AssertSucceeded(await Sync());
        Assert.Equal(["hollow/", "x"], await Bucket.KeysAsync());

        mirror.File("hollow/now", "full");
        AssertSucceeded(await Sync(deleteFromS3: true));

        Assert.Equal(["hollow/now", "x"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task What_rsync_keeps_for_itself_is_not_uploaded()
    {
        mirror.File(".rsync-partial/half", "x");
        mirror.File("a/.~tmp~/half", "x");
        mirror.File(".rsyncs3backup.json", "{}");
        mirror.File("a/.rsyncs3backup.json", "a file of the user's");
        mirror.File("a/b", "x");

        await Sync();

        Assert.Equal(["a/.rsyncs3backup.json", "a/b"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task An_empty_mirror_deletes_nothing_unless_it_is_allowed_to()
    {
        string file = mirror.File("a.txt", "x");
        await Sync();
        File.Delete(file);

        S3SyncStageResult refused = await Sync(deleteFromS3: true);
        Assert.Equal((BackupStatus.Failed, "MirrorEmpty"), (refused.Status, refused.Error?.Id));
        Assert.Equal(BackupExitCode.Refused, refused.Error!.ExitCode);
        Assert.Equal(["a.txt"], await Bucket.KeysAsync());

        S3SyncStageResult allowed = await Run(Request(deleteFromS3: true) with { AllowEmptyMirror = true });
        AssertSucceeded(allowed);
        Assert.Empty(await Bucket.KeysAsync());
    }

    [Fact]
    public async Task More_deletions_than_allowed_delete_nothing()
    {
        for (int i = 0; i < 10; i++)
            mirror.File($"{i}.txt", "x");
        await Sync();
        for (int i = 0; i < 4; i++)
            File.Delete(Path.Combine(mirror.Path, $"{i}.txt"));

        S3SyncStageResult refused = await Sync(deleteFromS3: true, maxDelete: DeleteLimit.OfCount(3));
        Assert.Equal((BackupStatus.Failed, "DeleteLimitExceeded"), (refused.Status, refused.Error?.Id));
        Assert.Contains("0.txt", refused.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(10, (await Bucket.KeysAsync()).Count);

        AssertSucceeded(await Sync(deleteFromS3: true, maxDelete: DeleteLimit.OfPercent(40)));
        Assert.Equal(6, (await Bucket.KeysAsync()).Count);
    }

    [Fact]
    public async Task Objects_of_other_tools_with_the_same_content_are_not_uploaded_again()
    {
        mirror.File("theirs.txt", "the same");
        await Bucket.PutAsync("theirs.txt", "the same");

        S3SyncStageResult result = await Sync();

        AssertSucceeded(result);
        Assert.Equal((1, 0, 1), (result.MetadataChanged, result.TransferredBytes, result.Requests.Copy));
        Assert.Equal("the same", Encoding.UTF8.GetString(await Bucket.BytesAsync("theirs.txt")));
    }

    [Fact]
    public async Task A_key_that_S3_cannot_hold_fails_alone_and_withholds_no_deletion()
    {
        string old = mirror.File("old", "x");
        await Sync();
        File.Delete(old);
        string longName = string.Join('/', Enumerable.Repeat(new string('n', 240), 5));
        mirror.File(longName, "x");
        mirror.File("fine", "x");

        S3SyncStageResult result = await Sync(deleteFromS3: true);

        Assert.Equal((BackupStatus.Failed, "S3PartialTransfer"), (result.Status, result.Error?.Id));
        Assert.Equal("KeyTooLong", Assert.Single(result.FailedItems).Id);
        Assert.Equal(["fine"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task A_renamed_folder_is_copied_inside_the_store_and_nothing_of_it_is_sent()
    {
        for (int i = 0; i < 5; i++)
            mirror.File($"old/{i}.txt", new string((char)('a' + i), Copied));
        mirror.File("old/large.bin", new string('x', LargeFile));
        await Sync();
        Directory.Move(Path.Combine(mirror.Path, "old"), Path.Combine(mirror.Path, "new"));

        S3SyncStageResult result = await Sync(deleteFromS3: true, DeleteLimit.Unlimited);

        AssertSucceeded(result);
        Assert.Equal((6, 6, 6, 0), (result.Created, result.Copied, result.Deleted, result.TransferredBytes));
        Assert.Equal((6, 0, 5 * Copied + LargeFile), (result.Requests.Copy, result.Requests.Put, result.CopiedBytes));
        Assert.Equal([.. Enumerable.Range(0, 5).Select(i => $"new/{i}.txt"), "new/large.bin"], await Bucket.KeysAsync());
        Assert.Equal(new string('d', Copied), Encoding.UTF8.GetString(await Bucket.BytesAsync("new/3.txt")));
        Assert.Equal(new string('x', LargeFile), Encoding.UTF8.GetString(await Bucket.BytesAsync("new/large.bin")));
        Assert.Equal(0, (await Sync(deleteFromS3: true)).Requests.Total);
    }

    [Fact]
    public async Task Of_a_large_file_that_changed_and_grew_only_the_parts_with_changes_are_sent()
    {
        const int part = (int)PartSize.Threshold;
        byte[] content = new byte[(3 * part) + 100];
        new Random(1).NextBytes(content);
        string path = mirror.File("large.bin", "");
        await File.WriteAllBytesAsync(path, content);
        await Sync();
        content[part] ^= 1;
        byte[] grown = [.. content, 1, 2, 3];
        await File.WriteAllBytesAsync(path, grown);

        S3SyncStageResult result = await Run(Request() with { AllowChangedMirror = true });

        AssertSucceeded(result);
        Assert.Equal((part + 103, 2 * part, 2), (result.TransferredBytes, result.CopiedBytes, result.Requests.Copy));
        Assert.Equal(SHA256.HashData(grown), SHA256.HashData(await Bucket.BytesAsync("large.bin")));
        Assert.Equal((0, 1), ((await Sync()).Requests.Total, (await Sync()).Unchanged));
    }

    [Fact]
    public async Task A_swap_of_names_and_a_row_that_is_not_true_any_more_end_with_the_right_content()
    {
        string a = mirror.File("a", new string('a', Copied));
        string b = mirror.File("b", new string('b', Copied + 1));
        string c = mirror.File("c", new string('c', Copied));
        await Sync();
        File.Move(a, a + "side");
        File.Move(b, a);
        File.Move(a + "side", b);
        File.Move(c, c + " renamed");
        // Behind the module's back.
        await server.Client.PutObjectAsync(
            new PutObjectRequest { BucketName = server.BucketName, Key = prefix + "c", ContentBody = "forged" });

        S3SyncStageResult result = await Sync(deleteFromS3: true, DeleteLimit.Unlimited);

        AssertSucceeded(result);
        Assert.Equal(["a", "b", "c renamed"], await Bucket.KeysAsync());
        Assert.Equal(new string('b', Copied + 1), Encoding.UTF8.GetString(await Bucket.BytesAsync("a")));
        Assert.Equal(new string('a', Copied), Encoding.UTF8.GetString(await Bucket.BytesAsync("b")));
        Assert.Equal(new string('c', Copied), Encoding.UTF8.GetString(await Bucket.BytesAsync("c renamed")));
    }

    [Fact]
    public async Task With_the_catalog_lost_a_rename_is_proven_by_what_the_store_says()
    {
        mirror.File("old/a", new string('a', Copied));
        mirror.File("old/large", new string('x', LargeFile));
        await Sync();
        Directory.Move(Path.Combine(mirror.Path, "old"), Path.Combine(mirror.Path, "new"));
        foreach (string file in Directory.GetFiles(StateFolder.ForJob($"s3-{prefix}").Path, "catalog.db*"))
            File.Delete(file);

        S3SyncStageResult result = await Sync(deleteFromS3: true, DeleteLimit.Unlimited);

        AssertSucceeded(result);
        Assert.Equal((S3SyncMode.Reconcile, 2, 0), (result.SyncMode, result.Copied, result.TransferredBytes));
        Assert.Equal(["new/a", "new/large"], await Bucket.KeysAsync());
        Assert.Equal(new string('x', LargeFile), Encoding.UTF8.GetString(await Bucket.BytesAsync("new/large")));
    }

    [Fact]
    public async Task A_date_in_the_prefix_is_that_of_the_run()
    {
        mirror.File("a.txt", "x");
        S3SyncRequest request = Request();

        S3SyncStageResult result = await Run(request with
        {
            Options = request.Options with { S3Prefix = prefix + "{yyyy-MM-dd}" },
            Timezone = "Etc/UTC",
        });

        AssertSucceeded(result);
        Assert.Matches($"^{prefix}[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/$", result.KeyPrefix);
        string date = result.KeyPrefix[prefix.Length..];
        Assert.Equal([date + ".rsyncs3backup-snapshot.json", date + "a.txt"], await Bucket.KeysAsync());
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_named()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Run(Request() with { Destination = server.Destination with { Bucket = "there-is-no-such-bucket" } });

        Assert.Equal((BackupStatus.Failed, "S3BucketNotFound"), (result.Status, result.Error?.Id));
        Assert.Contains("there-is-no-such-bucket", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("NoSuchBucket", result.Error.S3ErrorCode);
        Assert.Equal(BackupExitCode.Stage2Failed, result.Error.ExitCode);
    }

    [Fact]
    public async Task A_wrong_secret_key_is_said_to_be_one()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Run(Request() with { Credentials = new S3Credentials(server.Credentials.AccessKey, "not the secret") });

        Assert.Equal((BackupStatus.Failed, "S3SignatureMismatch"), (result.Status, result.Error?.Id));
    }

    [Fact]
    public async Task An_unknown_access_key_is_said_to_be_one()
    {
        mirror.File("a.txt", "x");

        S3SyncStageResult result = await Run(Request() with { Credentials = new S3Credentials("NOBODYKNOWSTHISKEY", "secret") });

        Assert.Equal((BackupStatus.Failed, "S3InvalidAccessKey"), (result.Status, result.Error?.Id));
    }

    private BucketView Bucket => new(server.Client, server.BucketName, prefix);

    private S3SyncRequest Request(bool deleteFromS3 = false, DeleteLimit maxDelete = default) => new()
    {
        MirrorPath = mirror.Path,
        Destination = server.Destination,
        Options = new S3SyncOptions { S3Prefix = prefix, DeleteFromS3 = deleteFromS3 },
        Credentials = server.Credentials,
        MaxDelete = maxDelete,
    };

    private Task<S3SyncStageResult> Sync(bool deleteFromS3 = false, DeleteLimit maxDelete = default) => Run(Request(deleteFromS3, maxDelete));

    private async Task<S3SyncStageResult> Run(S3SyncRequest request)
    {
        using RunContext context = RunContext.Start($"s3-{prefix}", SilentObserver.Instance);
        return await S3SyncStage.RunAsync(request, context, CancellationToken.None);
    }

    private static void AssertSucceeded(S3SyncStageResult result) =>
        Assert.True(result.Status == BackupStatus.Succeeded, $"{result.Status}: {result.Error} {string.Join(", ", result.FailedItems)}");
}
