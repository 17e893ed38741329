using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Core.Tests.Sync;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>Whatever becomes of the state folder, a run of both stages leaves the bucket as the mirror is, and says what was wrong.</summary>
public sealed class StateFaultTests : SyncHarness
{
    private readonly RecordingObserver observer = new();

    private string StatePath => StateFolder.ForJob(JobName).Path;

    private BackupConfiguration Configuration => new()
    {
        Name = JobName,
        Sources = [new BackupSource { Path = Source }],
        Options = new BackupOptions { Rsync = Rsync with { SyncToS3 = Options } },
        Destination = Destination,
    };

    private BackupRunOptions RunOptions => new() { Credentials = Request.Credentials };

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("history.db")]
    [InlineData("catalog.db")]
    [InlineData("run.lock.json")]
    [InlineData("journal")]
    public async Task After_one_damaged_file_the_next_run_sends_what_changed(string file)
    {
        await ChangeDamageAndRunAsync(file);
    }

    [Fact]
    public async Task After_damage_of_every_file_the_next_run_sends_what_changed()
    {
        await ChangeDamageAndRunAsync("history.db", "catalog.db", "run.lock.json", "journal");

        Assert.Contains(observer.Warnings, warning => warning.StartsWith("The history of the job was damaged", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task With_a_read_only_state_folder_both_stages_do_their_work_and_warn()
    {
        Write("a", "content");
        using SmallDrive drive = SmallDrive.Mount(StatePath, "1m");
        drive.MakeReadOnly();

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, observer, CancellationToken.None);

        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        AssertMirrored("with a read-only state folder");
        Assert.NotEmpty(observer.Warnings);
    }

    [Fact]
    public async Task Between_two_stages_of_a_pipeline_another_run_may_come_and_the_bucket_is_the_mirror_at_the_end()
    {
        Write("a", "of the first");
        RsyncStageResult first = await Stage1Async();
        Write("b", "of the other");
        File.Delete(Files["source/a"]);

        BackupResult other = await BackupRunner.RunAsync(Configuration, RunOptions, observer, CancellationToken.None);
        S3SyncStageResult second = await BackupRunner.RunStage2Async(Configuration, first, RunOptions, observer, CancellationToken.None);

        Assert.Equal((BackupStatus.Succeeded, BackupStatus.Succeeded), (other.Status, second.Status));
        Assert.Equal((0L, 0L, 0L), (second.Created, second.Updated, second.Deleted));
        AssertMirrored("after both");
    }

    [Fact]
    public async Task Between_two_stages_of_a_pipeline_another_stage_1_may_come_and_its_changes_are_sent_too()
    {
        Write("a", "of the first");
        Write("c", "stays");
        await BackupRunner.RunAsync(Configuration, RunOptions, observer, CancellationToken.None);
        Write("a", "changed by the first");
        RsyncStageResult first = await Stage1Async();
        Write("b", "of the other");
        await Stage1Async();

        S3SyncStageResult second = await BackupRunner.RunStage2Async(Configuration, first, RunOptions, observer, CancellationToken.None);

        Assert.Equal((S3SyncMode.Journal, 1L, 1L), (second.SyncMode, second.Created, second.Updated));
        AssertMirrored("after the first stage 2");
    }

    private Task<RsyncStageResult> Stage1Async() => BackupRunner.RunStage1Async(
        RsyncStageRequest.From(Configuration), JobName, RunOptions, observer, CancellationToken.None);

    private async Task ChangeDamageAndRunAsync(params string[] files)
    {
        Write("kept", "content");
        Write("changed", "before");
        await BackupRunner.RunAsync(Configuration, RunOptions, observer, CancellationToken.None);
        Write("changed", "after it");
        // Leaves a journal that waits for a stage 2.
        await Stage1Async();
        foreach (string file in files)
        {
            string[] paths = file == "journal" ? Directory.GetFiles(Path.Combine(StatePath, file), "*.changes") : [Path.Combine(StatePath, file)];
            Assert.NotEmpty(paths);
            foreach (string path in paths)
                File.WriteAllText(path, string.Concat(Enumerable.Repeat("this is no file of that kind ", 300)));
        }

        BackupResult result = await BackupRunner.RunAsync(Configuration, RunOptions, observer, CancellationToken.None);

        Assert.True(result.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings, result.Error?.ToString());
        AssertMirrored("after " + string.Join(", ", files));
    }
}
