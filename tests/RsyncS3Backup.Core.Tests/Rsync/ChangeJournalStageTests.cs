using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Journal;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>When stage 1 says that its journal has everything, and when not.</summary>
[Collection(FakeRsync.Collection)]
public sealed class ChangeJournalStageTests : RsyncStageHarness
{
    [Theory]
    [InlineData("exit 0", false)]
    [InlineData("exit 24", false)]
    [InlineData("printf '\\tgarbage\\n'; exit 0", true)]
    [InlineData("exit 23", true)]
    [InlineData("exit 12", true)]
    [InlineData("kill -9 $$", true)]
    public async Task Only_a_run_that_told_everything_has_a_complete_journal(string end, bool requiresReconcile)
    {
        string fake = FakeRsync.Make(Files, $"""
            printf "$item"'>f+++++++++\t5\t5\ta//\n'
            {FakeRsync.Statistics}
            {end}
            """).Path;
        Options = Options with { RsyncPath = fake };
        Files.File("source/a", "12345");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(["Created a"], result.GetChanges().Select(change => change.ToString()));
        using ChangeJournalReader reader = ChangeJournalReader.Open(result.JournalPath!);
        reader.Skip();
        Assert.Equal(requiresReconcile, reader.End is not { IsComplete: true });
    }

    [Theory]
    [InlineData("cd+++++++++", "x///", BackupChangeKind.Created, BackupEntryType.Folder)]
    [InlineData("cD+++++++++", "x//", BackupChangeKind.Created, BackupEntryType.Device)]
    [InlineData("cS+++++++++", "x//", BackupChangeKind.Created, BackupEntryType.Special)]
    [InlineData("cLc.t......", "x// -> y", BackupChangeKind.Updated, BackupEntryType.SymbolicLink)]
    [InlineData("hf+++++++++", "x// => y", BackupChangeKind.HardLinked, BackupEntryType.File)]
    [InlineData(".f...p.....", "x//", BackupChangeKind.Metadata, BackupEntryType.File)]
    public async Task What_rsync_says_of_an_entry_is_in_the_journal(string flags, string name, BackupChangeKind kind, BackupEntryType type)
    {
        Options = Options with { RsyncPath = FakeRsync.Make(Files, $"printf \"$item\"'{flags}\\t7\\t0\\t{name}\\n'\n{FakeRsync.Statistics}").Path };
        Files.File("source/a");

        BackupChange change = Assert.Single((await RunAsync()).GetChanges());

        Assert.Equal((kind, type, "x", 7L), (change.Kind, change.EntryType, change.Path, change.Size));
    }

    [Fact]
    public async Task A_good_rsync_after_a_bad_one_does_not_make_the_journal_complete()
    {
        string fake = FakeRsync.Make(Files, $"""
            {FakeRsync.Statistics}
            case "$*" in *' {Source}/ '*) exit 23;; esac
            """).Path;
        Files.File("source/a");
        Files.File("second/b");

        RsyncStageResult result = await RunAsync(Request with
        {
            Sources = [new BackupSource { Path = Source }, new BackupSource { Path = Files["second"] }],
            Options = Options with { RsyncPath = fake },
        });

        Assert.Equal(("RsyncPartialTransfer", 0), (result.Error?.Id, result.RsyncExitCode));
        Assert.True(PendingChanges.Open(JobName, Mirror).RequiresWalk);
    }

    [Fact]
    public async Task A_run_that_is_stopped_while_rsync_is_at_work_has_no_complete_journal()
    {
        using CancellationTokenSource stop = new();
        Observer = new RecordingObserver { OnVerbose = message => StopAt("rsync: ready", message, stop) };
        Options = Options with { RsyncPath = FakeRsync.Make(Files, $"{FakeRsync.Statistics}\necho ready; exec sleep 7657").Path };
        Files.File("source/a");

        Assert.Equal(BackupStatus.Cancelled, (await RunAsync(Request, TimeSpan.FromMilliseconds(50), stop.Token)).Status);

        Assert.True(PendingChanges.Open(JobName, Mirror).RequiresWalk);
    }

    [Fact]
    public async Task Deletions_are_in_the_journal_once_and_only_when_they_happened()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/keep");
        Files.File("source/gone");
        await RunAsync();
        File.Delete(Files["source/gone"]);
        Options = Options with { MaxDelete = DeleteLimit.OfCount(0) };

        RsyncStageResult refused = await RunAsync();
        Options = Options with { MaxDelete = DeleteLimit.OfCount(1) };
        RsyncStageResult allowed = await RunAsync();

        Assert.Equal("DeleteLimitExceeded", refused.Error?.Id);
        Assert.DoesNotContain(refused.GetChanges(), change => change.Kind == BackupChangeKind.Deleted);
        Assert.Single(allowed.GetChanges(), change => change is { Kind: BackupChangeKind.Deleted, Path: "gone" });
    }

    [Fact]
    public async Task A_run_that_a_guard_refuses_leaves_no_journal()
    {
        Directory.Delete(Source);

        RsyncStageResult result = await RunAsync();

        Assert.Null(result.JournalPath);
        Assert.Empty(result.GetChanges());
    }

    [SkippableFact]
    public async Task A_journal_that_cannot_be_made_stops_the_stage_before_rsync_once_the_job_has_journals()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "uses /proc, where nobody can make files");
        Files.File("source/a");
        string folder = StateFolder.ForJob(JobName).Path + "/journal";
        Directory.CreateSymbolicLink(folder, "/proc");
        Options = Options with { RsyncPath = FakeRsync.Make(Files, $"echo run >> '{Files["runs"]}'").Path };

        RsyncStageResult result = await RunAsync();

        Assert.Equal(("JournalNotWritten", BackupExitCode.Stage1Failed), (result.Error?.Id, result.Error?.ExitCode));
        Assert.Null(result.JournalPath);
        Assert.False(File.Exists(Files["runs"]));
        Assert.False(Directory.Exists(Mirror));
    }

    [SkippableTheory]
    [Trait("Category", "Slow")]
    [InlineData(3000, "The change journal could not be written")]
    [InlineData(0, null)]
    public async Task A_journal_that_cannot_be_written_to_its_end_is_a_warning_and_means_unknown_changes(int changes, string? warning)
    {
        using SmallDrive drive = SmallDrive.Mount(StateFolder.ForJob(JobName).Folder("journal"), "16k");
        for (int number = 0; number < changes; number++)
            Files.File($"source/{number}");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(warning is null ? BackupStatus.Succeeded : BackupStatus.SucceededWithWarnings, result.Status);
        Assert.Equal(warning is not null, result.Warnings.Any(text => text.StartsWith(warning ?? "", StringComparison.Ordinal)));
        Assert.Equal(warning is not null, PendingChanges.Open(JobName, Mirror).RequiresWalk);
        Assert.Equal(changes, Directory.GetFiles(Mirror).Length - 1);
        // The next run, with room again, knows no more of this one than before.
        drive.Resize("4m");
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync()).Status);
        Assert.Equal(warning is not null, PendingChanges.Open(JobName, Mirror).RequiresWalk);
    }

    private static void StopAt(string text, string message, CancellationTokenSource stop)
    {
        if (message == text)
            stop.Cancel();
    }
}
