using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>Stage 1 with an rsync that fails in ways in which a real one cannot be made to fail.</summary>
[Collection(FakeRsync.Collection)]
public sealed class RsyncStageFaultTests : RsyncStageHarness
{
    public static TheoryData<int> Codes => [.. RsyncExitCodes.Known.Keys, 77];

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Codes))]
    public async Task Every_exit_code_gives_its_status_and_error(int code)
    {
        RsyncStageResult result = await RunFakeAsync($"{FakeRsync.Statistics}\nexit {code}");

        RsyncExitCode entry = RsyncExitCodes.Find(code);
        Assert.Equal((entry.Status, entry.ErrorId), (result.Status, result.Error?.Id));
        Assert.Equal(code, result.RsyncExitCode);
        Assert.Equal(entry.ErrorId is null ? null : code, result.Error?.RsyncExitCode);
        Assert.Equal(5, result.Total);
    }

    [Fact]
    public async Task Vanished_files_are_warnings()
    {
        RsyncStageResult result = await RunFakeAsync($"""
            echo 'file has vanished: "/a/b"' >&2
            {FakeRsync.Statistics}
            exit 24
            """);
        Assert.Equal(BackupStatus.SucceededWithWarnings, result.Status);
        Assert.Equal(["file has vanished: \"/a/b\""], result.Warnings);
        Assert.Equal(0, result.Failed);
    }

    [Fact]
    public async Task Failed_entries_are_listed_up_to_a_cap_and_all_counted()
    {
        RsyncStageResult result = await RunFakeAsync($$"""
            for i in {1..250}; do echo "rsync: [sender] send_files failed to open \"/x/$i\": Permission denied (13)" >&2; done
            {{FakeRsync.Statistics}}
            exit 23
            """);
        Assert.Equal(("RsyncPartialTransfer", 250L), (result.Error?.Id, result.Failed));
        Assert.Equal(BackupLimits.ReportedItems, result.FailedItems.Count);
        Assert.Equal("/x/1", result.FailedItems[0].Target);
        Assert.Equal(250, File.ReadLines(result.LogPath!).Count(line => line.Contains("\"RsyncItemFailed\"", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("echo 'rsync: [sender] send_files failed to open \"/x\": Permission denied (13)' >&2", "RsyncPartialTransfer")]
    public async Task What_nothing_but_the_entry_itself_can_change_is_a_warning_a_kind_and_the_run_goes_on(string more, string? error)
    {
        RsyncStageResult result = await RunFakeAsync($"""
            echo 'ERROR: vm/disk failed verification -- update discarded.' >&2
            echo 'filename overflows max-path len by 171: deep/name' >&2
            echo 'rsync: [generator] recv_generator: mkdir "{Mirror}/long" failed: File name too long (36)' >&2
            {more}
            {FakeRsync.Statistics}
            exit 23
            """);

        Assert.Equal(error, result.Error?.Id);
        Assert.Equal(error is null ? 0 : 1, result.Failed);
        Assert.Equal(2, result.Warnings.Count);
        Assert.Contains("2 entries have names or paths that are too long: 'deep/name', 'long'.", result.Warnings[0]);
        Assert.Contains("1 file changed each time it was read: 'vm/disk'.", result.Warnings[1]);
        LeftOutEntries leftOut = LeftOutEntries.Load(JobName, Mirror);
        Assert.True(leftOut.Cover("vm/disk") && leftOut.Cover("deep/name/") && leftOut.Cover("long/beneath"));
        Assert.False(leftOut.Cover("vm") || leftOut.Cover("longer") || leftOut.HasMore);
        Assert.False(LeftOutEntries.Load(JobName, Mirror + "2").Cover("vm/disk"));
    }

    [Fact]
    public async Task What_was_left_out_once_is_remembered_until_a_run_is_through_without_it()
    {
        const string leaves = "echo 'ERROR: disk failed verification -- update discarded.' >&2";
        await RunFakeAsync($"{leaves}\n{FakeRsync.Statistics}\nexit 23");
        await RunFakeAsync("exit 12");
        bool afterFailure = LeftOutEntries.Load(JobName, Mirror).Cover("disk");
        await RunFakeAsync($"{FakeRsync.Statistics}\nexit 0");

        Assert.True(afterFailure);
        Assert.False(LeftOutEntries.Load(JobName, Mirror).Cover("disk"));
    }

    [Fact]
    public async Task A_failed_entry_means_that_nothing_is_deleted()
    {
        Options = Options with { DeleteExtraneous = true };
        RsyncStageResult result = await RunFakeAsync($"""
            echo run >> '{Files["runs"]}'
            echo 'rsync: [sender] send_files failed to open "/x": Permission denied (13)' >&2
            echo 'Deletions stopped due to --max-delete limit (3 skipped)' >&2
            {FakeRsync.Statistics}
            exit 23
            """);
        Assert.Equal("RsyncPartialTransfer", result.Error?.Id);
        Assert.Single(File.ReadAllLines(Files["runs"]));
    }

    [Fact]
    public async Task Vanished_files_do_not_hide_withheld_deletions()
    {
        Options = Options with { DeleteExtraneous = true };
        RsyncStageResult result = await RunFakeAsync($"""
            case "$*" in *--max-delete=0*)
                echo 'file has vanished: "/a/b"' >&2
                echo 'Deletions stopped due to --max-delete limit (1 skipped)' >&2
                {FakeRsync.Statistics}
                exit 24;;
            esac
            printf "$item"'*deleting  \t0\t0\tgone//\n'
            {FakeRsync.Statistics}
            """);
        Assert.Equal((BackupStatus.SucceededWithWarnings, 1L), (result.Status, result.Deleted));
    }

    [Fact]
    public async Task A_source_that_shrinks_between_the_passes_cannot_exceed_the_limit()
    {
        Options = Options with { DeleteExtraneous = true, MaxDelete = DeleteLimit.OfCount(7) };
        RsyncStageResult result = await RunFakeAsync($"""
            case "$*" in
            *--max-delete=0*)
                echo 'Deletions stopped due to --max-delete limit (3 skipped)' >&2
                {FakeRsync.Statistics}
                exit 25;;
            *--max-delete=7*)
                for i in 1 2 3 4 5 6 7; do printf "$item"'*deleting  \t0\t0\t%s//\n' $i; done
                echo 'Deletions stopped due to --max-delete limit (2 skipped)' >&2
                {FakeRsync.Statistics}
                exit 25;;
            esac
            exit 1
            """);
        Assert.Equal(("DeleteLimitExceeded", BackupExitCode.Stage1Failed, 7L), (result.Error?.Id, result.Error?.ExitCode, result.Deleted));
    }

    [Fact]
    public async Task A_source_that_shrinks_between_the_passes_does_not_use_up_what_another_may_lose()
    {
        // 40 of 101 entries of each are to go: of each 90 may, of both together 101.
        string statistics = FakeRsync.Statistics.Replace("files: 5 (reg: 4, dir: 1)", "files: 61 (reg: 60, dir: 1)", StringComparison.Ordinal);
        Options = Options with { DeleteExtraneous = true };
        Sources = [new BackupSource { Path = Files.Folder("one") }, new BackupSource { Path = Files.Folder("two") }];
        await RunFakeAsync($"""
            echo "$*" | grep -o -e '--max-delete=[0-9]*' >> '{Files["limits"]}'
            case "$*" in
            *--max-delete=0*)
                echo 'Deletions stopped due to --max-delete limit (40 skipped)' >&2
                {statistics}
                exit 25;;
            *--max-delete=90*) for i in $(seq 20); do printf "$item"'*deleting  \t0\t0\t%s//\n' $i; done;;
            esac
            {statistics}
            """);
        Assert.Equal(["--max-delete=0", "--max-delete=0", "--max-delete=90", "--max-delete=81"], File.ReadAllLines(Files["limits"]));
    }

    [Fact]
    public async Task A_full_drive_has_its_own_error()
    {
        RsyncStageResult result = await RunFakeAsync("""
            echo 'rsync: [receiver] write failed on "/m/big": No space left on device (28)' >&2
            echo 'rsync error: error in file IO (code 11) at receiver.c(380) [receiver=3.5.0]' >&2
            exit 11
            """);
        Assert.Equal(("DestinationFull", 11), (result.Error?.Id, result.Error?.RsyncExitCode));
        Assert.Equal(Mirror, result.Error?.Target);
    }

    [Theory]
    [InlineData("echo hello")]
    [InlineData("true")]
    [InlineData("head -c 300000 /dev/urandom; head -c 300000 /dev/urandom >&2")]
    [InlineData("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")]
    public async Task An_rsync_that_reports_nothing_sensible_is_not_believed(string body) =>
        Assert.Equal("RsyncOutputNotUnderstood", (await RunFakeAsync(body)).Error?.Id);

    [Fact]
    public async Task Death_by_a_signal_is_a_failure()
    {
        RsyncStageResult result = await RunFakeAsync("kill -KILL $$");
        Assert.Equal(("RsyncKilled", 137), (result.Error?.Id, result.RsyncExitCode));
        Assert.Contains("137", result.Error?.Message);
    }

    [Fact]
    public async Task What_rsync_said_last_is_in_the_error() =>
        Assert.Contains("the words", (await RunFakeAsync("echo 'rsync: the words' >&2; exit 12")).Error?.Message);

    [Fact]
    public async Task An_rsync_that_hangs_and_ignores_sigint_is_killed_with_its_children()
    {
        using CancellationTokenSource cancellation = new();
        Observer = new RecordingObserver { OnVerbose = message => CancelAt("ready", message, cancellation) };
        string number = $"7654.{Environment.ProcessId}";

        RsyncStageResult result = await RunFakeAsync(
            $"""
            trap '' INT
            echo ready
            sleep {number}
            """,
            TimeSpan.FromMilliseconds(50),
            cancellation.Token);

        Assert.Equal(BackupStatus.Cancelled, result.Status);
        Assert.Empty(RsyncStageTests.ProcessesMentioning(Files.Path));
        Assert.Empty(RsyncStageTests.ProcessesMentioning(number));
    }

    [Fact]
    public async Task A_partial_transfer_is_a_warning_and_deletes_nothing_when_the_job_goes_on()
    {
        Options = Options with { DeleteExtraneous = true, OnPartial = PartialTransferAction.Continue };
        RsyncStageResult result = await RunFakeAsync($"""
            echo run >> '{Files["runs"]}'
            echo 'rsync: [sender] send_files failed to open "/x": Permission denied (13)' >&2
            echo 'Deletions stopped due to --max-delete limit (3 skipped)' >&2
            {FakeRsync.Statistics}
            exit 23
            """);

        Assert.Equal((BackupStatus.SucceededWithWarnings, null, true, 1L), (result.Status, result.Error?.Id, result.IsPartial, result.Failed));
        Assert.Single(File.ReadAllLines(Files["runs"]));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(23)]
    public async Task Nothing_goes_on_after_another_failure_or_where_the_job_does_not_say_so(int code)
    {
        Options = Options with { OnPartial = code == 23 ? PartialTransferAction.Stop : PartialTransferAction.Continue };

        RsyncStageResult result = await RunFakeAsync($"{FakeRsync.Statistics}\nexit {code}");

        Assert.Equal((BackupStatus.Failed, false), (result.Status, result.IsPartial));
        Assert.Equal(code == 23, result.Error!.RecommendedAction.Contains("onPartial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_stage_reports_the_bytes_that_it_moved_until_then()
    {
        using CancellationTokenSource cancellation = new();
        Observer = new RecordingObserver { OnVerbose = message => CancelAt("ready", message, cancellation) };

        RsyncStageResult result = await RunFakeAsync(
            """
            echo '        1048576  10%    1.00MB/s    0:00:10 (xfr#1, to-chk=4/5)'
            echo ready
            exec sleep 600
            """,
            TimeSpan.FromMilliseconds(50),
            cancellation.Token);

        Assert.Equal((BackupStatus.Cancelled, 1048576L), (result.Status, result.TransferredBytes));
    }

    [Fact]
    public async Task An_rsync_that_cannot_be_started_is_an_error()
    {
        string path = Files.File("not-a-program", "#!/nowhere/interpreter\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Files.File("source/a");
        Options = Options with { RsyncPath = path };
        Assert.Equal("RsyncCannotStart", (await RunAsync()).Error?.Id);
    }

    [Fact]
    public async Task A_guard_that_refuses_starts_no_rsync()
    {
        Directory.Delete(Source);
        FakeRsync fake = FakeRsync.Make(Files, $"echo run >> '{Files["runs"]}'");
        Options = Options with { RsyncPath = fake.Path };

        RsyncStageResult result = await RunAsync();

        Assert.Equal(("SourceMissing", BackupExitCode.Refused), (result.Error?.Id, result.Error?.ExitCode));
        Assert.False(File.Exists(Files["runs"]));
    }

    private static void CancelAt(string word, string message, CancellationTokenSource cancellation)
    {
        if (message.Contains(word, StringComparison.Ordinal))
            cancellation.Cancel();
    }

    private Task<RsyncStageResult> RunFakeAsync(string body, TimeSpan? grace = null, CancellationToken cancellationToken = default)
    {
        Files.File("source/a");
        Options = Options with { RsyncPath = FakeRsync.Make(Files, body).Path };
        return RunAsync(Request, grace, cancellationToken);
    }
}
