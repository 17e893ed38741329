using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

/// <summary>Whether a folder is the job's mirror, decided without an rsync.</summary>
public sealed class MirrorGuardCheckTests : IDisposable
{
    private static readonly FileSystemIdentity Elsewhere = new("another", null);

    private readonly TemporaryFolder folder = new();
    private readonly string job = "mirror-" + Guid.NewGuid().ToString("N");
    private readonly StageReport report = new(context: null);

    public void Dispose() => folder.Dispose();

    private string Mirror => folder["mirror"];

    [Fact]
    public void Where_a_mirror_is_begun_is_remembered_until_its_first_good_run()
    {
        MirrorGuard first = Check();

        Assert.Null(first.KnownEntries);
        first.Begins(report);
        Assert.Equal(FileSystemIdentity.Of(folder.Path), MirrorMemory.Load(job, Mirror).Begun);
        folder.Folder("mirror");
        first.Succeeded(7, wasChecksumRun: false, hasStoredStat: false, report);
        MirrorMemory memory = MirrorMemory.Load(job, Mirror);
        Assert.Equal((null, 7, null), (memory.Begun, memory.Entries, memory.LastChecksum));
        Assert.False(report.HasWarnings);
    }

    [Fact]
    public void A_first_good_run_marks_the_mirror()
    {
        Make();

        MirrorMarker marker = MirrorMarker.Read(Mirror)!;
        Assert.Equal((job, KeyPrefix.Host, RealPath.Of(Mirror), null), (marker.Job, marker.Host, marker.Path, marker.Replaces));
        Assert.Equal((marker.Id, 7), (MirrorMemory.Load(job, Mirror).MarkerId, Check().KnownEntries));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_mirror_with_a_marker_is_begun_no_more_also_after_the_state_was_lost(bool isLost)
    {
        Make();
        if (isLost)
            Directory.Delete(StateFolder.ForJob(job).Path, recursive: true);

        Check().Begins(report);

        Assert.Null(MirrorMemory.Load(job, Mirror).Begun);
    }

    [Fact]
    public void Where_nothing_is_new_nothing_is_written()
    {
        Make();
        string[] files = [Path.Combine(Mirror, MirrorMarker.FileName), Path.Combine(StateFolder.ForJob(job).Path, "mirror.json")];
        DateTime before = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        foreach (string file in files)
            File.SetLastWriteTimeUtc(file, before);

        Check().Succeeded(7, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.All(files, file => Assert.Equal(before, File.GetLastWriteTimeUtc(file)));
        Check().Succeeded(null, wasChecksumRun: false, hasStoredStat: false, report);
        Assert.Null(Check().KnownEntries);
    }

    [Fact]
    public void When_contents_were_compared_last_is_remembered()
    {
        folder.Folder("mirror");
        Check().Succeeded(1, wasChecksumRun: true, hasStoredStat: false, report);
        DateTimeOffset? last = MirrorMemory.Load(job, Mirror).LastChecksum;

        Assert.NotNull(last);
        Check().Succeeded(2, wasChecksumRun: false, hasStoredStat: false, report);
        Assert.Equal(last, MirrorMemory.Load(job, Mirror).LastChecksum);
    }

    [Fact]
    public void A_source_of_which_nothing_is_mirrored_makes_no_mirror()
    {
        Check().Succeeded(0, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.False(Directory.Exists(Mirror));
        Assert.Null(MirrorMemory.Load(job, Mirror).MarkerId);
        Assert.False(report.HasWarnings);
    }

    [Theory]
    [InlineData("another job", "it is the mirror of the job 'other', says its marker")]
    [InlineData("another mirror", "it is another mirror of this job, with a marker of its own")]
    [InlineData("another file system", "it was made on another file system (another; this one is ")]
    [InlineData("no marker at all", "its marker .rsyncs3backup.json cannot be read: it is not what this module writes")]
    public void Another_mirror_is_refused_and_taken_when_the_user_says_so(string what, string text)
    {
        Make();
        MirrorMarker marker = MirrorMarker.Read(Mirror)!;
        if (what == "no marker at all")
            folder.File("mirror/" + MirrorMarker.FileName, "{}");
        else
            (what switch
            {
                "another job" => marker with { Job = "other" },
                "another mirror" => marker with { Id = "other" },
                _ => marker with { FileSystem = Elsewhere },
            }).Write(Mirror);

        BackupError error = Refusal();

        Assert.Equal(("DestinationChanged", Mirror), (error.Id, error.Target));
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
        MirrorGuard taken = MirrorGuard.Check(job, Mirror, allowNew: true);
        Assert.Null(taken.KnownEntries);
        taken.Succeeded(3, wasChecksumRun: false, hasStoredStat: false, report);
        MirrorMarker made = MirrorMarker.Read(Mirror)!;
        // A mirror of its own, which takes the place of the last one that the job had: what that one owned in S3 is its own.
        Assert.Equal((job, marker.Id), (made.Job, made.Replaces));
        Assert.NotEqual(marker.Id, made.Id);
        Assert.Equal(3, Check().KnownEntries);
    }

    [Fact]
    public void The_mirror_of_another_job_that_is_taken_by_a_job_without_one_is_replaced_with_what_it_owned()
    {
        folder.Folder("mirror");
        MirrorMarker theirs = MirrorMarker.New("other", Mirror);
        theirs.Write(Mirror);
        Assert.Equal("DestinationChanged", Refusal().Id);

        MirrorGuard.Check(job, Mirror, allowNew: true).Succeeded(1, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.Equal((job, theirs.Id), (MirrorMarker.Read(Mirror)!.Job, MirrorMarker.Read(Mirror)!.Replaces));
    }

    [Fact]
    public void The_jobs_own_mirror_stays_what_it_is_when_the_user_allows_another()
    {
        Make();
        MirrorMarker marker = MirrorMarker.Read(Mirror)!;

        MirrorGuard taken = MirrorGuard.Check(job, Mirror, allowNew: true);

        Assert.Equal(7, taken.KnownEntries);
        taken.Succeeded(7, wasChecksumRun: false, hasStoredStat: false, report);
        Assert.Equal(marker, MirrorMarker.Read(Mirror));
    }

    [Fact]
    public void A_new_place_takes_that_of_the_last_one()
    {
        Make();
        folder.Folder("second");

        MirrorGuard.Check(job, folder["second"], allowNew: false).Succeeded(1, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.Equal(MirrorMarker.Read(Mirror)!.Id, MirrorMarker.Read(folder["second"])!.Replaces);
    }

    [Theory]
    [InlineData(null, "DestinationNotMounted")]
    [InlineData("", "DestinationNotMounted")]
    [InlineData("lost+found", "DestinationNotMounted")]
    [InlineData("file", "DestinationChanged")]
    public void A_mirror_whose_marker_is_gone_is_refused(string? left, string id)
    {
        Make();
        Directory.Delete(Mirror, recursive: true);
        if (left is not null)
            folder.Folder(Path.Combine("mirror", left));

        BackupError error = Refusal();

        Assert.Equal((id, Mirror), (error.Id, error.Target));
        Assert.Null(MirrorGuard.Check(job, Mirror, allowNew: true).KnownEntries);
    }

    [Fact]
    public void A_first_run_that_did_not_finish_binds_the_next_one_to_its_file_system()
    {
        new MirrorMemory { Path = Mirror, Begun = Elsewhere }.Save(job);

        BackupError error = Refusal();

        Assert.Equal("DestinationChanged", error.Id);
        Assert.Contains("its first run, which did not finish, was on another file system (another; this one is ", error.Message, StringComparison.Ordinal);
        // There by now, too.
        folder.Folder("mirror");
        Assert.Equal("DestinationChanged", Refusal().Id);
        MirrorGuard.Check(job, Mirror, allowNew: true).Begins(report);
        Check();
    }

    [Fact]
    public void What_was_begun_counts_no_more_once_the_mirror_is_marked()
    {
        Make();
        (MirrorMemory.Load(job, Mirror) with { Begun = Elsewhere }).Save(job);

        Check();
    }

    [Fact]
    public void A_new_mirror_in_another_one_is_refused_and_an_old_one_stays()
    {
        folder.Folder("mirror");
        MirrorMarker.New("outer", folder.Path).Write(folder.Path);

        BackupError error = Refusal();

        Assert.Equal(("DestinationInMirror", Mirror), (error.Id, error.Target));
        Assert.Contains($"'{folder.Path}'", error.Message, StringComparison.Ordinal);
        MirrorMarker.New(job, Mirror).Write(Mirror);
        Check();
    }

    [Fact]
    public void A_copy_of_a_mirror_above_is_no_mirror()
    {
        folder.Folder("mirror");
        (MirrorMarker.New("outer", folder.Path) with { Path = "/somewhere/else" }).Write(folder.Path);

        Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_marker_of_an_earlier_version_is_told_where_it_is(bool hasPath)
    {
        folder.Folder("mirror");
        MirrorMarker old = MirrorMarker.New(job, Mirror) with { Path = hasPath ? RealPath.Of(Mirror) : null, Host = null };
        old.Write(Mirror);

        Check().Succeeded(1, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.Equal(old with { Path = RealPath.Of(Mirror), Host = KeyPrefix.Host }, MirrorMarker.Read(Mirror));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mirror_that_was_moved_or_that_another_machine_made_keeps_its_id_and_host(bool isMoved)
    {
        folder.Folder("mirror");
        MirrorMarker made = MirrorMarker.New(job, Mirror) with { Path = isMoved ? "/before" : RealPath.Of(Mirror), Host = "elsewhere" };
        made.Write(Mirror);

        Check().Succeeded(1, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.Equal(made with { Path = RealPath.Of(Mirror) }, MirrorMarker.Read(Mirror));
    }

    [Theory]
    [InlineData(null, 90L, 90L)]
    [InlineData(100L, 90L, 90L)]
    [InlineData(80L, 90L, 80L)]
    public void A_refused_run_remembers_the_least_that_was_there(long? before, long found, long known)
    {
        folder.Folder("mirror");
        if (before is not null)
            Check().Succeeded(before, wasChecksumRun: false, hasStoredStat: false, report);

        MirrorGuard refused = Check();
        refused.Refused(found, report);

        Assert.Equal((known, known), (refused.KnownEntries, Check().KnownEntries));
    }

    [Theory]
    // Days since the last one that compared by checksum; how many may pass.
    [InlineData(null, 7, true)]
    [InlineData(6, 7, false)]
    [InlineData(8, 7, true)]
    // By a clock that was ahead.
    [InlineData(-1, 7, true)]
    [InlineData(8, null, false)]
    [InlineData(null, null, false)]
    public void Contents_are_compared_again_when_it_is_time(int? daysAgo, int? every, bool isDue)
    {
        new MirrorMemory { Path = Mirror, LastChecksum = daysAgo is { } days ? DateTimeOffset.UtcNow.AddDays(-days) : null }.Save(job);

        Assert.Equal(isDue, Check().IsChecksumDue(every is { } most ? TimeSpan.FromDays(most) : null));
    }

    [Fact]
    public void What_cannot_be_remembered_is_told()
    {
        folder.Folder("mirror");
        MirrorGuard guard = Check();
        Directory.CreateDirectory(Path.Combine(StateFolder.ForJob(job).Path, "mirror.json"));

        guard.Succeeded(1, wasChecksumRun: false, hasStoredStat: false, report);

        Assert.StartsWith($"What the job has to remember of the mirror '{Mirror}' was not written", Assert.Single(report.Warnings()), StringComparison.Ordinal);
        Assert.Null(guard.KnownEntries);
    }

    private MirrorGuard Check() => MirrorGuard.Check(job, Mirror, allowNew: false);

    private BackupError Refusal() => Assert.Throws<BackupException>(Check).Error;

    private void Make()
    {
        folder.Folder("mirror");
        Check().Succeeded(7, wasChecksumRun: false, hasStoredStat: false, report);
    }
}
