using FsCheck.Xunit;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Runs;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>How many runs an upload takes, and when it is done.</summary>
public sealed class UploadForecastTests
{
    private const long GiB = 1L << 30;

    private static readonly ScheduleZone Utc = ScheduleZone.Of(TimeZoneInfo.Utc);
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 6, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_rate_of_the_last_days_says_when_it_is_done()
    {
        UploadForecast forecast = Forecast(Paused(0, 20, left: 70), [Paused(1, 30), Paused(2, 10)]);

        // 20 GiB a day.
        Assert.Equal(new UploadForecast(3, Now.AddDays(4)), forecast);
    }

    [Fact]
    public void Days_without_a_run_count_and_those_of_more_than_a_week_ago_do_not() => Assert.Equal(
        new UploadForecast(3, Now.AddDays(7)), Forecast(Paused(0, 10, left: 49), [Paused(6, 39), Paused(8, 1000)]));

    [Fact]
    public void One_day_tells_nothing_unless_it_moved_all_that_a_day_may()
    {
        S3SyncStageResult first = Paused(0, 20, left: 70);

        Assert.Equal(new UploadForecast(1, null), Forecast(first, []));
        Assert.Equal(new UploadForecast(1, Now.AddDays(4)), Forecast(first, [], isDayUsedUp: true));
    }

    [Fact]
    public void A_night_is_of_the_day_on_which_it_began()
    {
        // 22:00 to 06:00.
        S3SyncStageResult OfNight(int daysAgo, long moved, long left = 0) =>
            Paused(daysAgo, moved, left) with { StartTime = Now.AddDays(-daysAgo).AddHours(-8) };

        Assert.Equal(new UploadForecast(1, null), Forecast(OfNight(0, 20, left: 70), []));
        Assert.Equal(new UploadForecast(2, Now.AddDays(4)), Forecast(OfNight(0, 20, left: 70), [OfNight(1, 20)]));
    }

    [Fact]
    public void Runs_that_are_too_long_ago_to_be_looked_at_count_as_the_last_one_knew()
    {
        Assert.Equal(501, Forecast(Paused(0, 20, left: 70), [Paused(1, 20) with { UploadRuns = 500 }]).Runs);
    }

    [Fact]
    public void Without_any_movement_nothing_is_told() =>
        Assert.Equal(new UploadForecast(3, null), Forecast(Paused(0, 0, left: 70), [Paused(1, 0), Paused(2, 0)]));

    [Fact]
    public void An_upload_begins_after_the_last_good_run_and_failed_ones_belong_to_it()
    {
        S3SyncStageResult failed = Paused(1, 20) with { Status = BackupStatus.Failed };
        S3SyncStageResult skipped = Paused(2, 0) with { Status = BackupStatus.Skipped };
        S3SyncStageResult good = Paused(4, 1000) with { Status = BackupStatus.SucceededWithWarnings };

        Assert.Equal(new UploadForecast(3, Now.AddDays(2)), Forecast(Paused(0, 20, left: 30), [failed, skipped, Paused(3, 20), good, Paused(5, 1)]));
    }

    [Fact]
    public void The_run_that_ends_an_upload_says_how_many_there_were()
    {
        S3SyncStageResult good = Paused(0, 5) with { Status = BackupStatus.Succeeded };

        Assert.Equal(new UploadForecast(3, null), Forecast(good, [Paused(1, 20), Paused(2, 20)]));
        Assert.Equal(default, Forecast(good, [good]));
        Assert.Equal(default, Forecast(good, [good with { Status = BackupStatus.Failed }]));
        Assert.Equal(default, Forecast(good with { Status = BackupStatus.Failed }, [Paused(1, 20)]));
    }

    [Property]
    public bool What_is_left_is_done_when_each_day_moves_as_much_as_the_last_ones(ushort moved, ushort left)
    {
        DateTimeOffset? end = Forecast(Paused(0, moved, left), [Paused(1, moved)]).End;
        return end is null ? moved == 0 || left / moved >= 3649 : (end.Value - Now).TotalDays * moved >= left && (end.Value - Now).TotalDays * moved < left + (2 * moved);
    }

    private static UploadForecast Forecast(S3SyncStageResult ended, S3SyncStageResult[] newestFirst, bool isDayUsedUp = false) => UploadForecast.Of(
        ended,
        newestFirst.Select(stage => new BackupRun { Name = "job", RunId = stage.RunId, HostName = "host", StartTime = stage.StartTime, Stage2 = stage }),
        Utc,
        isDayUsedUp,
        Now);

    private static S3SyncStageResult Paused(int daysAgo, long moved, long left = 0) => new()
    {
        Name = "job",
        RunId = $"{daysAgo}",
        Status = BackupStatus.Paused,
        Path = "/mirror",
        StartTime = Now.AddDays(-daysAgo).AddHours(-3),
        TransferredBytes = moved * GiB,
        RemainingItems = 1,
        RemainingBytes = left * GiB,
    };
}
