using FsCheck.Xunit;
using RsyncS3Backup.Calendar;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>What may begin, of a day's bytes and of a run's time.</summary>
public sealed class UploadGateTests
{
    private const long Most = 1000;

    private readonly ManualClock clock = new();
    private Traffic traffic = new(TimeProvider.System);
    private readonly string job = "gate-" + Guid.NewGuid().ToString("N");

    [Fact]
    public void What_has_begun_counts_before_it_is_sent_and_what_is_sent_again_counts_twice()
    {
        UploadGate gate = Open();

        Assert.True(gate.TryBegin(600));
        Assert.True(gate.HasRoomFor(400));
        Assert.False(gate.HasRoomFor(401));
        Assert.Equal(PauseCause.MaxUpload, gate.Cause);

        UploadGate retried = Open();
        Assert.True(retried.TryBegin(400));
        traffic.Sent(900);
        Assert.False(retried.TryBegin(200));
    }

    [Fact]
    public void Nothing_begins_after_something_was_refused()
    {
        UploadGate gate = Open();
        Assert.True(gate.TryBegin(900));

        Assert.False(gate.TryBegin(200));

        Assert.False(gate.TryBegin(1));
        Assert.True(gate.Refuses());
    }

    [Fact]
    public void The_next_run_of_the_day_knows_what_went_out_and_the_next_day_begins_anew()
    {
        UploadGate first = Open();
        Assert.True(first.TryBegin(900));
        traffic.Sent(900);
        Assert.Null(first.Keep());

        Assert.False(Open().TryBegin(101));
        Assert.True(Open().TryBegin(100));
        clock.Advance(TimeSpan.FromDays(1));
        Assert.True(Open().TryBegin(1000));
    }

    [Fact]
    public void A_run_that_is_killed_has_told_what_it_sent_ten_seconds_ago()
    {
        UploadGate killed = Open();
        Assert.True(killed.TryBegin(900));
        traffic.Sent(900);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(killed.TryBegin(0));

        Assert.False(Open().TryBegin(200));
    }

    [Fact]
    public void A_day_that_begins_in_a_run_brings_new_bytes()
    {
        UploadGate gate = Open();
        clock.Advance(TimeSpan.FromHours(23));
        Assert.True(gate.TryBegin(900));
        traffic.Sent(900);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.True(gate.TryBegin(1000));
        Assert.False(gate.TryBegin(1));
    }

    [Fact]
    public void The_day_is_that_of_the_zone()
    {
        Assert.True(ScheduleZone.TryFind("Pacific/Auckland", out ScheduleZone? auckland, out _));
        UploadGate gate = new(Limits with { Zone = auckland }, new UploadLedger(job), traffic, clock);
        Assert.True(gate.TryBegin(900));
        traffic.Sent(900);
        // 13 hours ahead of UTC on 1 January.
        clock.Advance(TimeSpan.FromHours(11));

        Assert.True(gate.TryBegin(900));
    }

    [Fact]
    public void A_time_that_is_up_is_why_something_is_refused_and_not_that_nothing_is_left()
    {
        UploadGate gate = new(Limits with { StopTime = clock.GetUtcNow() + TimeSpan.FromHours(1) }, new UploadLedger(job), traffic, clock);
        Assert.True(gate.TryBegin(1));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(gate.Cause);

        Assert.Throws<UploadPausedException>(() => gate.Demand(1));
        Assert.Equal(PauseCause.StopAt, gate.Cause);
    }

    [Fact]
    public void A_ledger_that_makes_no_sense_says_nothing()
    {
        File.WriteAllText(Path.Combine(StateFolder.ForJob(job).Path, "upload.json"), "{ \"day\": 7 }");

        Assert.True(Open().TryBegin(1000));
    }

    [Property]
    public bool Pieces_of_a_day_are_no_more_than_its_bytes_but_for_one_that_no_day_has_room_for(ushort[] pieces, ushort limit)
    {
        long most = limit + 10L;
        long used = 0;
        foreach (ushort piece in pieces.Where(piece => UploadGate.Fits(used, piece, most)))
            used += piece;
        long tooLarge = pieces.Where(piece => piece > most).Select(piece => (long)piece).DefaultIfEmpty(0).Max();
        return used <= Math.Max(most, tooLarge + (most / 10));
    }

    [Property]
    public bool Whatever_its_size_a_new_day_has_room_for_it(ushort piece, ushort limit) => UploadGate.Fits(0, piece, limit + 10L);

    private static PauseLimits Limits => new() { MaxUpload = Most, Zone = ScheduleZone.Of(TimeZoneInfo.Utc) };

    // A run with connections of its own.
    private UploadGate Open()
    {
        traffic = new Traffic(TimeProvider.System);
        return new UploadGate(Limits, new UploadLedger(job), traffic, clock);
    }
}
