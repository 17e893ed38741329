using System.Security.Cryptography;
using RsyncS3Backup.Configuration;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>Restores over a network and from a store that misbehave, and restores that end early.</summary>
public sealed class RestoreFaultTests : RestoreHarness
{
    private const int LargeSize = (3 * (int)PartSize.Threshold) + 1;

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(FaultKind.ServiceUnavailable)]
    [InlineData(FaultKind.InternalError)]
    [InlineData(FaultKind.ConnectionReset)]
    [InlineData(FaultKind.ConnectionDroppedMidBody)]
    [InlineData(FaultKind.CorruptBody)]
    public async Task A_passing_fault_is_met_by_asking_again(FaultKind kind)
    {
        byte[] large = PutLarge("large");
        Put("small", new string('s', 100_000));
        FaultRule ofSmall = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "small", Kind = kind, Times = 2 });
        FaultRule ofLarge = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "large", Kind = kind });

        await RestoreWellAsync(Restore());

        Assert.Equal((2, 1), (ofSmall.Fired, ofLarge.Fired));
        Assert.Equal(["large", "small"], Restored());
        Assert.Equal(new string('s', 100_000), await File.ReadAllTextAsync(Path.Combine(Target, "small")));
        Assert.Equal(SHA256.HashData(large), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("small", FaultKind.CorruptBody, "RestoreContentWrong")]
    [InlineData("small", FaultKind.AccessDenied, "S3AccessDenied")]
    [InlineData("small", FaultKind.ConnectionDroppedMidBody, "RestoreTransferBroken")]
    [InlineData("large", FaultKind.CorruptBody, "RestoreContentWrong")]
    public async Task A_lasting_fault_is_the_error_of_one_file_whose_old_content_stays(string name, FaultKind kind, string id)
    {
        PutLarge("large");
        Put("small", "of the backup");
        Put("other", "other");
        Files.File("restored/" + name, "old");
        Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = name, Kind = kind, Times = int.MaxValue });

        RestoreResult result = await RestoreAsync(Restore());

        Assert.Equal(("RestoreIncomplete", 1L, 2L), (result.Error?.Id, result.Failed, result.Restored));
        Assert.Equal((id, name), (Assert.Single(result.FailedItems).Id, result.FailedItems[0].Target));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(Target, name)));
        Assert.Equal(["large", "other", "small"], Restored());
    }

    [Fact]
    public void An_endpoint_is_gone_when_many_entries_in_a_row_got_no_answer()
    {
        BackupError silent = RestoreErrors.Failed("key", new HttpRequestException("refused"), new S3Target("b", "e", "r", ""));
        LostEndpoint lost = new();

        bool[] first = [.. Enumerable.Range(1, LostEndpoint.Many - 1).Select(_ => lost.Ends(silent))];
        lost.Answered();
        bool[] second = [.. Enumerable.Range(1, LostEndpoint.Many).Select(_ => lost.Ends(silent))];

        Assert.DoesNotContain(true, first);
        Assert.Equal(LostEndpoint.Many - 1, Array.IndexOf(second, true));
    }

    [Fact]
    public void What_every_entry_would_meet_ends_it_at_once()
    {
        LostEndpoint lost = new();

        Assert.True(lost.Ends(RestoreErrors.Failed(
            "key", new Amazon.S3.AmazonS3Exception("no") { ErrorCode = "InvalidAccessKeyId" }, new S3Target("b", "e", "r", ""))));
        Assert.False(lost.Ends(RestoreErrors.BrokenOff("key", "cut")));
    }

    [Fact]
    public async Task Parts_of_an_object_that_is_replaced_meanwhile_never_mix()
    {
        PutLarge("large");
        byte[] replaced = RandomNumberGenerator.GetBytes(LargeSize);
        Server.Faults.Add(new FaultRule
        {
            Operation = "GetObject",
            Skip = 1,
            Kind = FaultKind.Custom,
            Handler = _ =>
            {
                Server.Store.Put(BucketName, Prefix + "large", replaced);
                return Task.FromResult(false);
            },
        });

        await RestoreWellAsync(Restore() with { ThrottleLimit = 1 });

        Assert.Equal(SHA256.HashData(replaced), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_stopped_restore_leaves_whole_files_and_the_next_one_fetches_only_what_is_missing()
    {
        byte[] large = PutLarge("large");
        for (int i = 0; i < 20; i++)
            Put($"small-{i:00}", $"content {i}");
        Files.File("restored/small-19", "old");
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "small-19", Kind = FaultKind.Hold, Times = int.MaxValue });
        FaultRule holdPart = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "large", Skip = 2, Kind = FaultKind.Hold, Times = int.MaxValue });
        using CancellationTokenSource stop = new();

        Task<RestoreResult> running = RestoreAsync(Restore() with { ThrottleLimit = 2 }, stop.Token);
        await Task.WhenAll(hold.Arrived, holdPart.Arrived);
        await stop.CancelAsync();
        RestoreResult stopped = await running;

        Assert.Equal((BackupStatus.Cancelled, "RestoreCancelled"), (stopped.Status, stopped.Error?.Id));
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(Target, "small-19")));
        Assert.False(File.Exists(Path.Combine(Target, "large")));
        for (int i = 0; i < 19; i++)
            Assert.True(!File.Exists(Path.Combine(Target, $"small-{i:00}")) || await File.ReadAllTextAsync(Path.Combine(Target, $"small-{i:00}")) == $"content {i}");
        Server.Faults.Clear();

        RestoreResult second = await RestoreWellAsync(Restore());

        Assert.Equal(21, second.Total);
        Assert.Equal(stopped.Restored, second.Unchanged);
        // The parts that were there are not fetched again.
        Assert.True(second.TransferredBytes < LargeSize, $"{second.TransferredBytes}");
        Assert.Equal(SHA256.HashData(large), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
        Assert.Equal(21, Restored().Count);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_was_fetched_of_another_object_is_not_gone_on_with()
    {
        PutLarge("large");
        await StopInTheMiddleAsync();
        byte[] other = PutLarge("large");

        RestoreResult result = await RestoreWellAsync(Restore());

        Assert.Equal(LargeSize, result.TransferredBytes);
        Assert.Equal(SHA256.HashData(other), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_part_that_is_noted_and_not_on_the_disk_is_fetched_again()
    {
        byte[] large = PutLarge("large");
        await StopInTheMiddleAsync();
        string half = Directory.GetFiles(Target, ".rsyncs3backup-restore-*").Single(path => !path.EndsWith(".parts", StringComparison.Ordinal));
        await using (FileStream file = new(half, FileMode.Open))
            file.Write(new byte[1024]);

        await RestoreWellAsync(Restore());

        Assert.Equal(SHA256.HashData(large), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
        Assert.Equal(["large"], Restored());
    }

    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task A_restore_that_was_killed_left_whole_files_and_goes_on()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "kills as Linux does");
        byte[] large = PutLarge("large");
        for (int i = 0; i < 30; i++)
            Put($"small-{i:00}", $"content {i}");
        string path = Files["job.json"];
        await File.WriteAllTextAsync(path, ConfigurationWriter.ToJson(Job));
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "small-2", Kind = FaultKind.Hold, Times = int.MaxValue });
        using (StageProcess process = StageProcess.Start(path, "restore", Request.Credentials, more: [Target]))
        {
            await hold.Arrived;
            process.Kill();
        }

        Server.Faults.Clear();
        string[] whole = [.. Restored().Where(name => !name.StartsWith('.'))];
        Assert.All(whole.Where(name => name != "large"), name => Assert.Equal($"content {int.Parse(name[6..], System.Globalization.CultureInfo.InvariantCulture)}", File.ReadAllText(Path.Combine(Target, name))));

        RestoreResult result = await RestoreWellAsync(Restore());

        Assert.Equal((31, whole.Length), (result.Total, result.Unchanged));
        Assert.Equal(31, Restored().Count);
        Assert.Equal(SHA256.HashData(large), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Target, "large"))));
    }

    [SkippableFact]
    public async Task A_full_drive_ends_the_restore_and_with_more_room_it_goes_on()
    {
        for (int i = 0; i < 8; i++)
            Put($"file-{i}", new string('x', 200_000));
        Directory.CreateDirectory(Target);
        using SmallDrive drive = SmallDrive.Mount(Target, "1m");

        RestoreResult full = await RestoreAsync(Restore() with { ThrottleLimit = 1 });

        Assert.Equal(("RestoreDiskFull", BackupStatus.Failed), (full.Error?.Id, full.Status));
        Assert.All(Directory.GetFiles(Target), path => Assert.Equal(200_000, new FileInfo(path).Length));
        drive.Resize("4m");
        RestoreResult second = await RestoreWellAsync(Restore());
        Assert.Equal((8, full.Restored), (second.Total, second.Unchanged));
        Assert.Equal(8, Restored().Count);
    }

    private byte[] PutLarge(string key)
    {
        byte[] content = RandomNumberGenerator.GetBytes(LargeSize);
        Server.Store.Put(BucketName, Prefix + key, content);
        return content;
    }

    private async Task StopInTheMiddleAsync()
    {
        FaultRule hold = Server.Faults.Add(new FaultRule { Operation = "GetObject", Skip = 2, Kind = FaultKind.Hold, Times = int.MaxValue });
        using CancellationTokenSource stop = new();
        Task<RestoreResult> running = RestoreAsync(Restore() with { ThrottleLimit = 1 }, stop.Token);
        await hold.Arrived;
        await stop.CancelAsync();
        Assert.Equal(BackupStatus.Cancelled, (await running).Status);
        Server.Faults.Clear();
    }
}
