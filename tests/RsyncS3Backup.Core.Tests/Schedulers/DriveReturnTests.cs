using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Schedulers;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Schedulers;

public sealed class DriveReturnTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.FromHours(1));

    [Theory]
    [InlineData(BackupStatus.Skipped, BackupStatus.Skipped, null, true)]
    [InlineData(BackupStatus.Failed, BackupStatus.Failed, "DestinationNotMounted", true)]
    [InlineData(BackupStatus.Failed, BackupStatus.Failed, "DestinationChanged", false)]
    [InlineData(BackupStatus.Failed, BackupStatus.Succeeded, null, false)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Succeeded, null, false)]
    // Stage 1 was left out on request.
    [InlineData(BackupStatus.Failed, BackupStatus.Skipped, null, false)]
    // It is on.
    [InlineData(null, null, null, false)]
    public void Only_a_run_that_did_not_find_its_drive_is_made_good_by_it(BackupStatus? status, BackupStatus? stage1, string? error, bool isMadeGood)
    {
        BackupRun run = new()
        {
            Name = "photos",
            RunId = "x",
            HostName = "x",
            Status = status,
            Stage1 = stage1 is { } of
                ? new RsyncStageResult
                {
                    Name = "photos",
                    RunId = "x",
                    Status = of,
                    Source = ["/data"],
                    Destination = "/mirror",
                    Error = error is null ? null : BackupError.Make(error, BackupErrorCategory.NotSpecified, "x", "x", "x", BackupExitCode.Refused),
                }
                : null,
        };

        Assert.Equal(isMadeGood, DriveReturn.FoundNoDrive(run));
    }

    [Fact]
    public void A_run_is_made_good_once_whoever_asks()
    {
        string job = $"drive-{Guid.NewGuid():N}";
        Assert.True(ScheduleState.IsReturnOpen(job, Noon, Noon.AddHours(-1), isOnce: false));

        bool[] claims = new bool[8];
        Parallel.For(0, claims.Length, number => claims[number] = ScheduleState.ClaimReturn(
            job, Noon.ToOffset(TimeSpan.FromHours(number)), Noon.AddHours(-1), isOnce: false));

        Assert.Single(claims, claim => claim);
        Assert.False(ScheduleState.IsReturnOpen(job, Noon, Noon.AddHours(-1), isOnce: false));
    }

    // A check of every hour must not run into the same failure every hour.
    [Fact]
    public void What_failed_again_is_made_good_in_the_next_period_and_what_was_skipped_again_when_the_drive_comes_again()
    {
        string job = $"drive-{Guid.NewGuid():N}";
        (DateTimeOffset period, DateTimeOffset again) = (Noon.AddHours(-1), Noon.AddMinutes(5));
        Assert.True(ScheduleState.ClaimReturn(job, Noon, period, isOnce: true));

        Assert.False(ScheduleState.IsReturnOpen(job, again, period, isOnce: true));
        Assert.False(ScheduleState.ClaimReturn(job, again, period, isOnce: true));
        Assert.True(ScheduleState.IsReturnOpen(job, again, period, isOnce: false));
        Assert.True(ScheduleState.ClaimReturn(job, again, Noon.AddHours(1), isOnce: true));
    }

    [SkippableFact]
    public void The_drive_is_where_it_is_mounted_and_the_systems_own_is_none()
    {
        using TemporaryFolder folder = new();
        using SmallDrive drive = SmallDrive.Mount(folder.Folder("my drive"), "1m");
        BackupConfiguration job = new()
        {
            Name = "photos",
            Sources = [],
            Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = folder["my drive/a"] } },
        };

        Assert.Equal(folder["my drive"], DriveReturn.PlaceOf(job));
        BackupException exception = Assert.Throws<BackupException>(
            () => DriveReturn.PlaceOf(job with { Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = "/mirror" } } }));
        Assert.Equal("ScheduleDriveUnknown", exception.Error.Id);
        // What holds the place of a drive that is away is no drive of its own.
        exception = Assert.Throws<BackupException>(() => DriveReturn.PlaceOf(
            job with { Options = new BackupOptions { Rsync = new RsyncOptions { LocalDestination = folder["my drive/away/mirror"] } } }));
        Assert.Equal("ScheduleDriveUnknown", exception.Error.Id);
    }
}
