using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Recovery.Testing;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Recovery;

/// <summary>A test of level Restore really restores, and leaves nothing behind.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RestoreDrillTests : RestoreHarness
{
    private readonly List<BackupDifference> differences = [];

    private string Temporary => Files["drills"];

    [Fact]
    public async Task Everything_is_restored_compared_and_removed_and_its_rate_is_recorded()
    {
        await BackUpTreeAsync();

        BackupTestResult test = await TestAsync(percent: 100);

        Assert.True(test.Status == BackupStatus.Succeeded, $"{test.Error} {string.Join(' ', test.Warnings)}");
        Assert.Empty(differences);
        // Three files, one of them with a second name, and a link.
        Assert.Equal((5, 100.0), (test.Restored, test.SamplePercent));
        Assert.True(test is { RestoredBytes: > 0, RestoreDuration: { } took, Seed: not null } && took > TimeSpan.Zero);
        Assert.Equal(test.Restored, test.Checked);
        Assert.True(test.Requests.Get > 0 && test.Requests.Put + test.Requests.Delete == 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
        BackupJob job = JobReport.Of(
            new JobFile { Name = JobName, Path = "/jobs/job.json", Folder = new JobFolder("/jobs", BackupJobScope.User), Configuration = Job }, Assert.Fail);
        Assert.Equal((test.StartTime, BackupTestLevel.Restore), (job.LastRestoreTest!.Value, job.LastTestLevel!.Value));
        Assert.InRange(job.EstimatedRestoreDuration!.Value, test.RestoreDuration!.Value * 0.99, test.RestoreDuration.Value * 1.01);
    }

    [Fact]
    public async Task A_share_too_small_for_any_file_takes_one_and_the_same_seed_takes_the_same()
    {
        for (int i = 0; i < 30; i++)
            Write($"{i}.txt", new string('x', 10 + i));
        await RunAsync();

        BackupTestResult first = await TestAsync(percent: 0.0001);
        BackupTestResult again = await TestAsync(percent: 0.0001, seed: first.Seed);

        Assert.Equal((1, 1), (first.Restored, again.Restored));
        Assert.Equal(first.RestoredBytes, again.RestoredBytes);
        Assert.Equal(
            first.RestoreDuration!.Value * 30, first.RestoreTime(30, first.RestoredBytes));
        Assert.Equal(first.RestoreDuration.Value * 7, first.RestoreTime(1, first.RestoredBytes * 7));
    }

    [Fact]
    public async Task What_S3_sends_otherwise_fails_the_drill_although_the_quick_comparison_finds_nothing()
    {
        Write("a.txt", "alpha");
        await RunAsync();
        Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "a.txt", Kind = FaultKind.CorruptBody, Times = int.MaxValue });

        BackupTestResult test = await TestAsync(percent: 100);

        Assert.Equal((BackupStatus.Failed, 0L, 1L), (test.Status, test.Differences, test.Failed));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
    }

    [Fact]
    public async Task Bit_rot_in_the_mirror_is_a_difference()
    {
        File.SetLastWriteTimeUtc(Write("a.txt", "alpha"), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        await RunAsync();
        Rot(Path.Combine(Mirror, "a.txt"), "alphb");

        BackupTestResult test = await TestAsync(percent: 100);

        BackupDifference difference = Assert.Single(differences);
        Assert.Equal((BackupStatus.Failed, "a.txt"), (test.Status, difference.Path));
        Assert.Equal((BackupDifferenceKind.MirrorCorrupted, BackupCopy.S3), (difference.Kind, difference.GoodCopy));
    }

    [Fact]
    public async Task A_key_that_may_not_read_fails_the_drill()
    {
        Write("a.txt", "alpha");
        await RunAsync();
        Server.Faults.Add(FaultRule.Refusal("GetObject", 403, "AccessDenied"));

        BackupTestResult test = await TestAsync(percent: 100);

        Assert.Equal(BackupStatus.Failed, test.Status);
        Assert.Equal(0, test.Restored);
        Assert.Null(test.RestoreTime(1, 1));
    }

    [Fact]
    public async Task What_was_told_as_a_difference_is_not_told_again()
    {
        Write("a.txt", "alpha");
        Write("b.txt", "beta");
        await RunAsync();
        Write("a.txt", "alpha has changed since");
        await MirrorAsync();

        BackupTestResult test = await TestAsync(percent: 100);

        Assert.Equal([BackupDifferenceKind.NotYetSent], differences.Select(difference => difference.Kind));
        Assert.Equal(BackupStatus.Succeeded, test.Status);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_an_error_and_nothing_is_asked_for()
    {
        Write("a.txt", "alpha");
        await RunAsync();

        BackupTestResult test = await TestAsync(percent: 100, temporary: Files["no-such-folder"]);

        Assert.Equal((ErrorIds.TestFailed, Files["no-such-folder"]), (test.Error!.Id, test.Error.Target));
        Assert.Equal(0, test.Requests.Get);
    }

    [Fact]
    public async Task A_drill_that_is_stopped_leaves_nothing_behind()
    {
        Write("a.txt", "alpha");
        await RunAsync();
        using CancellationTokenSource stop = new();
        FaultRule held = Server.Faults.Add(new FaultRule { Operation = "GetObject", KeyContains = "a.txt", Kind = FaultKind.Hold });

        Task<BackupTestResult> testing = TestAsync(percent: 100, cancellationToken: stop.Token);
        await held.Arrived;
        await stop.CancelAsync();
        BackupTestResult test = await testing;

        held.Release();
        Assert.Equal(BackupStatus.Cancelled, test.Status);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Temporary));
    }

    private async Task BackUpTreeAsync()
    {
        Rsync = Rsync with { HardLinks = true };
        string file = Write("a.txt", "alpha");
        Write("folder/b.txt", "beta");
        Write("folder/c.txt", new string('c', 300_000));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        RawFileSystem.MakeHardLink(MirrorTrees.Latin1(Path.Combine(Source, "folder", "second name")), MirrorTrees.Latin1(file));
        File.CreateSymbolicLink(Path.Combine(Source, "link"), "../no/where");
        await RunAsync();
    }

    private static void Rot(string path, string content)
    {
        DateTime modified = File.GetLastWriteTimeUtc(path);
        File.WriteAllText(path, content);
        File.SetLastWriteTimeUtc(path, modified);
    }

    private async Task<BackupTestResult> TestAsync(
        double percent, int? seed = null, string? temporary = null, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(Temporary);
        BackupTestRequest request = new()
        {
            Configuration = Job,
            S3 = Request,
            Level = BackupTestLevel.Restore,
            SamplePercent = percent,
            Seed = seed,
            TemporaryPath = temporary ?? Temporary,
        };
        return await BackupTest.RunAsync(
            request, Observer, difference =>
            {
                lock (differences)
                    differences.Add(difference);
            },
            cancellationToken);
    }
}
