using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>Single actions as objects.</summary>
public sealed class PassThruTests : EndToEndTest
{
    private const string Action = "RsyncS3Backup.BackupAction";

    [Fact]
    public void Every_entry_that_something_is_done_about_is_an_object_and_the_result_is_the_last()
    {
        string job = WriteJob();
        BackupWell(job);
        WriteFile("source/a.txt", "changed");
        WriteFile("source/new.txt", "new");
        File.Delete(Folder.File("source/sub/b.txt"));

        PSObject[] objects = [.. PassThru(job)];

        PSObject result = objects[^1];
        Assert.Equal("RsyncS3Backup.BackupResult", result.TypeNames[0]);
        Assert.All(objects[..^1], item => Assert.Equal(Action, item.TypeNames[0]));
        string[] files = [.. objects[..^1].Where(item => item.Text("Path").EndsWith(".txt", StringComparison.Ordinal))
            .Select(item => $"{item.Text("Stage")} {item.Text("Action")} {item.Text("Path")} {item.Text("Key")}").Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "1 Created new.txt ", "1 Deleted sub/b.txt ", "1 Updated a.txt ", "2 Created new.txt rsync/photos/new.txt",
                "2 Deleted sub/b.txt rsync/photos/sub/b.txt", "2 Updated a.txt rsync/photos/a.txt",
            ],
            files);
        foreach (string stage in (string[])["Stage1", "Stage2"])
        {
            long counted = result.Number($"{stage}.Created") + result.Number($"{stage}.Updated") + result.Number($"{stage}.MetadataChanged")
                + result.Number($"{stage}.Deleted");
            Assert.Equal(counted, objects[..^1].Count(item => $"Stage{item.Text("Stage")}" == stage));
        }
    }

    [Fact]
    public void Without_PassThru_the_result_is_all() => Assert.Single(Backup(WriteJob()).ThrowOnError().Objects);

    [Fact]
    public void With_PlanOnly_the_actions_are_those_that_the_run_then_takes_and_the_plan_is_the_last()
    {
        string job = WriteJob();
        PSObject[] planned = [.. PassThru(job, "-PlanOnly")];
        Assert.False(Directory.Exists(Mirror));

        PSObject[] done = [.. PassThru(job)];

        Assert.Equal("RsyncS3Backup.BackupPlan", planned[^1].TypeNames[0]);
        Assert.Equal(Texts(done), Texts(planned));
    }

    [Fact]
    public void What_fails_is_an_object_too()
    {
        string job = WriteJob();
        string longName = "source/" + string.Join('/', Enumerable.Repeat(new string('x', 200), 6));
        WriteFile(longName, "the key has more bytes than S3 takes");

        PSObject failed = Assert.Single(
            Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -PassThru", job).Objects,
            item => item.TypeNames[0] == Action && item.Text("Action") == "Failed");

        Assert.Equal("KeyTooLong", failed.Text("Error.Id"));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("")]
    [InlineData("-PlanOnly")]
    public void A_pipeline_that_wants_only_the_first_stops_the_run_and_leaves_nothing_behind(string parameters)
    {
        for (int i = 0; i < 600; i++)
            WriteFile($"source/many/{i:D3}.txt", "content");
        string job = WriteJob();

        // As Select-Object -First 1 does it, which this engine lacks: by an exception out of WriteObject.
        SessionResult first = Session.Run(
            $"param($Path) foreach ($once in 1) {{ Invoke-RsyncToS3Backup $Path @keys -PassThru {parameters} | ForEach-Object {{ $_; break }} }}", job);

        Assert.Equal(Action, Assert.Single(first.ThrowOnError().Objects).TypeNames[0]);
        Assert.Empty(Server.Store.UnfinishedUploads(BucketName));
        // The lock is free again, and the next run makes good what is missing.
        BackupWell(job);
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void More_actions_than_wait_at_a_time_all_arrive()
    {
        for (int i = 0; i < 1_000; i++)
            WriteFile($"source/many/{i:D4}.txt", "content");

        Assert.Equal(1_003, PassThru(WriteJob()).SkipLast(1).Count(item => item.Text("Stage") == "2"));
    }

    [Fact]
    public void Each_stage_alone_has_its_own()
    {
        string job = WriteJob();

        SessionResult stage1 = Session.Run("param($Path) Invoke-RsyncStage -ConfigPath $Path -PassThru", job).ThrowOnError();
        SessionResult stage2 = Session.Run("param($Path) Invoke-S3SyncStage -ConfigPath $Path @keys -PassThru", job).ThrowOnError();

        Assert.Equal(("RsyncS3Backup.RsyncStageResult", "1"), (stage1.Objects[^1].TypeNames[0], stage1.Objects[0].Text("Stage")));
        Assert.Equal(("RsyncS3Backup.S3SyncStageResult", "2"), (stage2.Objects[^1].TypeNames[0], stage2.Objects[0].Text("Stage")));
    }

    private IReadOnlyList<PSObject> PassThru(string job, string parameters = "") =>
        [.. Session.Run($"param($Path) Invoke-RsyncToS3Backup $Path @keys -PassThru {parameters}", job).ThrowOnError().Objects];

    private static IEnumerable<string> Texts(PSObject[] objects) => objects[..^1]
        .Select(item => $"{item.Text("Stage")} {item.Text("Action")} {item.Text("Path")} {item.Text("Key")} {item.Text("Length")}")
        .Order(StringComparer.Ordinal);
}
