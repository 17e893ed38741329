using System.Text;
using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>What something other than stage 1 did to the mirror, and what changed too much at once, does not replace the good copy in S3.</summary>
public sealed class ChangedMirrorTests : SyncHarness
{
    private const int Files20 = 20;

    private S3SyncRequest Alone => Request with { FollowsStage1 = false, AllowEmptyMirror = false };

    [Fact]
    public async Task A_file_that_somebody_edits_in_the_mirror_is_told_of_and_sent()
    {
        await RunWithFilesAsync();
        Edit(Mirror, 3);

        S3SyncStageResult result = await SyncAsync(Alone);

        Assert.Equal((BackupStatus.SucceededWithWarnings, 1L), (result.Status, result.Updated));
        Assert.Contains("'3.txt'", Assert.Single(result.Warnings), StringComparison.Ordinal);
        Assert.Equal("edited 3", Content(3));
        Assert.Equal((BackupStatus.Succeeded, 0L), await StatusAsync(Alone));
    }

    [Theory]
    [InlineData(S3SyncMode.Auto)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task Nothing_is_sent_of_a_mirror_that_somebody_rewrote(S3SyncMode mode)
    {
        await RunWithFilesAsync();
        for (int i = 0; i < Files20; i++)
            Edit(Mirror, i);
        Files.File("mirror/new.txt", "a demand for money");

        S3SyncRequest request = Alone with { Options = Options with { SyncMode = mode } };
        S3SyncStageResult refused = await SyncAsync(request);

        Assert.Equal(
            (BackupStatus.Failed, "MirrorChangedOutside", BackupExitCode.Refused, 0L, 0L),
            (refused.Status, refused.Error?.Id, refused.Error?.ExitCode, refused.Updated, refused.Deleted));
        Assert.Contains("20 of 2", refused.Error!.Message, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, Files20), i => Assert.Equal($"content {i}", Content(i)));
        // Nor at the next try.
        Assert.Equal("MirrorChangedOutside", (await SyncAsync(request)).Error?.Id);
        S3SyncStageResult allowed = await SyncAsync(request with { AllowChangedMirror = true });
        Assert.Null(allowed.Error);
        AssertMirrored("when it is allowed");
    }

    [Fact]
    public async Task A_plan_says_that_stage_2_would_be_refused()
    {
        await RunWithFilesAsync();
        for (int i = 0; i < Files20; i++)
            Edit(Mirror, i);
        using RunContext context = RunContext.ForPlan(JobName, new RecordingObserver());

        S3SyncStageResult plan = await S3SyncStage.PlanAsync(Alone, context, new PlannedSync(null), CancellationToken.None);

        Assert.Equal("MirrorChangedOutside", plan.Error?.Id);
    }

    [Fact]
    public async Task What_stage_1_changed_is_not_told_of_however_much_it_is()
    {
        Write("folder/a.txt", "a");
        Write("folder/b.txt", "b");
        await RunWithFilesAsync();
        for (int i = 0; i < Files20; i++)
            Edit(Source, i);
        Directory.Delete(Path.Combine(Source, "folder"), recursive: true);
        Write("folder", "a file now");
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Alone);

        Assert.Equal((BackupStatus.Succeeded, 20L, 1L, 2L), (result.Status, result.Updated, result.Created, result.Deleted));
        AssertMirrored("after a folder became a file");
    }

    [Fact]
    public async Task What_the_mirror_lost_stays_in_S3_until_stage_1_says_whether_the_source_has_it()
    {
        await RunWithFilesAsync();
        File.Delete(Path.Combine(Mirror, "1.txt"));
        File.Delete(Path.Combine(Mirror, "2.txt"));
        File.Delete(Path.Combine(Source, "2.txt"));

        S3SyncStageResult alone = await SyncAsync(Alone);

        Assert.Equal((BackupStatus.SucceededWithWarnings, 0L), (alone.Status, alone.Deleted));
        Assert.Contains("removed 2 files: '1.txt', '2.txt'.", Assert.Single(alone.Warnings), StringComparison.Ordinal);
        Assert.Equal(("content 1", "content 2"), (Content(1), Content(2)));
        S3SyncStageResult both = await RunAsync();
        Assert.Equal((BackupStatus.Succeeded, 1L, "content 1"), (both.Status, both.Deleted, Content(1)));
        AssertMirrored("after stage 1");
        AssertCatalog("after stage 1");
    }

    [Theory]
    [InlineData(15, "MirrorChangedOutside")]
    [InlineData(20, "MirrorEmpty")]
    public async Task A_mirror_that_lost_most_of_its_files_is_an_error(int lost, string error)
    {
        await RunWithFilesAsync();
        for (int i = 0; i < lost; i++)
            File.Delete(Path.Combine(Mirror, $"{i}.txt"));
        for (int i = lost; i < Files20; i++)
            Edit(Mirror, i);

        S3SyncStageResult refused = await SyncAsync(Alone);

        Assert.Equal((error, 0L, 0L), (refused.Error?.Id, refused.Deleted, refused.Updated));
        Assert.All(Enumerable.Range(0, Files20), i => Assert.Equal($"content {i}", Content(i)));
    }

    [Fact]
    public async Task What_the_mirror_lost_is_deleted_when_the_user_says_so()
    {
        await RunWithFilesAsync();
        File.Delete(Path.Combine(Mirror, "1.txt"));

        S3SyncStageResult result = await SyncAsync(Alone with { AllowChangedMirror = true });

        Assert.Equal((BackupStatus.Succeeded, 1L), (result.Status, result.Deleted));
        AssertMirrored("after the deletion");
    }

    [Fact]
    public async Task A_folder_that_no_stage_1_made_is_sent_as_it_is()
    {
        for (int i = 0; i < Files20; i++)
            Files.File($"mirror/{i}.txt", $"content {i}");
        Assert.Null((await SyncAsync(Alone)).Error);
        for (int i = 1; i < Files20; i++)
            Edit(Mirror, i);
        File.Delete(Path.Combine(Mirror, "0.txt"));

        S3SyncStageResult result = await SyncAsync(Alone);

        Assert.Equal((BackupStatus.Succeeded, 19L, 1L), (result.Status, result.Updated, result.Deleted));
    }

    [SkippableTheory]
    [InlineData("a link", true)]
    [InlineData("a link", false)]
    [InlineData("a folder", true)]
    [InlineData("a folder", false)]
    [InlineData("a file with a second name", true)]
    public async Task It_makes_no_difference_what_somebody_makes_of_the_files_of_the_mirror(string what, bool deletes)
    {
        Skip.If(OperatingSystem.IsWindows(), "makes links");
        Options = Options with { DeleteFromS3 = deletes };
        await RunWithFilesAsync();
        for (int i = 0; i < Files20; i++)
            Become(what, Path.Combine(Mirror, $"{i}.txt"));

        S3SyncStageResult refused = await SyncAsync(Alone);

        Assert.Equal(("MirrorChangedOutside", 0L, 0L), (refused.Error?.Id, refused.Updated, refused.Deleted));
        Assert.All(Enumerable.Range(0, Files20), i => Assert.Equal($"content {i}", Content(i)));
    }

    [Theory]
    [InlineData(S3SyncMode.Auto)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task Files_that_become_folders_are_changed_files(S3SyncMode mode)
    {
        await RunWithFilesAsync();
        for (int i = 0; i < 11; i++)
            Become("a folder", Path.Combine(Source, $"{i}.txt"));
        await MirrorAsync();

        S3SyncStageResult refused = await SyncAsync(Limited("50%") with { Options = Options with { SyncMode = mode } });

        Assert.Equal("ChangeLimitExceeded", refused.Error?.Id);
        // As many as are allowed have gone before that was known.
        Assert.Equal(10, Server.Store.Keys(BucketName).Count(key => key.EndsWith(".txt", StringComparison.Ordinal)));
        Assert.Null((await SyncAsync(Limited("60%"))).Error);
        AssertMirrored("with a higher limit");
    }

    [Fact]
    public async Task Objects_that_somebody_replaced_in_the_bucket_are_sent_again_however_many()
    {
        await RunWithFilesAsync();
        for (int i = 0; i < 15; i++)
            Server.Store.Put(BucketName, $"{Prefix}{i}.txt", "something else, and of another size"u8);

        S3SyncStageResult result = await SyncAsync(Limited("50%") with { Options = Options with { SyncMode = S3SyncMode.Reconcile } });

        Assert.Equal((BackupStatus.Succeeded, 15L), (result.Status, result.Updated));
        AssertMirrored("after the repair");
    }

    [Theory]
    [InlineData(S3SyncMode.Auto)]
    [InlineData(S3SyncMode.Catalog)]
    [InlineData(S3SyncMode.Reconcile)]
    public async Task More_changed_files_than_the_job_allows_are_not_sent(S3SyncMode mode)
    {
        await RunWithFilesAsync();
        for (int i = 0; i < 11; i++)
            Edit(Source, i);
        File.Delete(Path.Combine(Source, "19.txt"));
        Write("new.txt", "new");
        await MirrorAsync();

        S3SyncRequest request = Limited("50%") with { Options = Options with { SyncMode = mode } };
        S3SyncStageResult refused = await SyncAsync(request);

        Assert.Equal(
            (BackupStatus.Failed, "ChangeLimitExceeded", BackupExitCode.Refused, 0L),
            (refused.Status, refused.Error?.Id, refused.Error?.ExitCode, refused.Deleted));
        Assert.Contains("11 of 20 files", refused.Error!.Message, StringComparison.Ordinal);
        Assert.All(Enumerable.Range(0, Files20), i => Assert.Equal($"content {i}", Content(i)));
        // A night later stage 1 has nothing new to tell.
        await MirrorAsync();
        Assert.Equal("ChangeLimitExceeded", (await SyncAsync(request)).Error?.Id);
        S3SyncStageResult allowed = await SyncAsync(request with { MaxChange = Limit("60%") });
        Assert.Equal((BackupStatus.Succeeded, 1L), (allowed.Status, allowed.Deleted));
        AssertMirrored("with a higher limit");
    }

    [Fact]
    public async Task As_many_changed_files_as_the_job_allows_are_sent_and_new_ones_do_not_count()
    {
        await RunWithFilesAsync();
        for (int i = 0; i < 10; i++)
            Edit(Source, i);
        for (int i = 0; i < 30; i++)
            Write($"new {i}.txt", "new");
        await MirrorAsync();

        S3SyncStageResult result = await SyncAsync(Limited("50%"));

        Assert.Equal((BackupStatus.Succeeded, 10L, 30L), (result.Status, result.Updated, result.Created));
        AssertMirrored("within the limit");
    }

    [Theory]
    [InlineData("off", 1000, long.MaxValue)]
    [InlineData("500", 1000, 500)]
    [InlineData("0", 1000, 0)]
    [InlineData("60%", 1000, 600)]
    [InlineData("33%", 10, 3)]
    [InlineData("60% or 500", 1000, 600)]
    [InlineData("60% or 500", 100, 500)]
    [InlineData("100%", 7, 7)]
    public void A_limit_is_a_number_a_share_or_the_larger_of_both(string text, long existing, long allowed)
    {
        Assert.Equal((allowed, text), (Limit(text).Allowed(existing), Limit(text).ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("101%")]
    [InlineData("default")]
    [InlineData("60% or")]
    [InlineData("500 or 60%")]
    [InlineData("60% or 5%")]
    public void Nothing_else_is_a_limit(string text) => Assert.False(ChangeLimit.TryParse(text, out _));

    private static ChangeLimit Limit(string text) =>
        ChangeLimit.TryParse(text, out ChangeLimit limit) ? limit : throw new ArgumentException(text, nameof(text));

    private S3SyncRequest Limited(string limit) => Request with { MaxChange = Limit(limit) };

    private async Task RunWithFilesAsync()
    {
        for (int i = 0; i < Files20; i++)
            Write($"{i}.txt", $"content {i}");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
    }

    private async Task<(BackupStatus, long)> StatusAsync(S3SyncRequest request)
    {
        S3SyncStageResult result = await SyncAsync(request);
        return (result.Status, result.Requests.Total);
    }

    private static void Become(string what, string path)
    {
        File.Delete(path);
        if (what == "a link")
        {
            File.CreateSymbolicLink(path, "somewhere/else");
        }
        else if (what == "a folder")
        {
            Directory.CreateDirectory(path);
            File.WriteAllText(Path.Combine(path, "pay"), "pay");
        }
        else
        {
            File.WriteAllText(path, "pay");
            RawFileSystem.MakeHardLink(MirrorTrees.Latin1(path + " too"), MirrorTrees.Latin1(path));
        }
    }

    private static void Edit(string root, int file) => File.WriteAllText(Path.Combine(root, $"{file}.txt"), $"edited {file}");

    private string Content(int file) => Encoding.UTF8.GetString(Server.Store.GetBytes(BucketName, $"{Prefix}{file}.txt"));
}
