using System.Management.Automation;
using RsyncS3Backup.Module.Tests.Support;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Module.Tests.EndToEnd;

/// <summary>
/// Every early end of a run with real children: when the call returns, no rsync lives, no multipart upload is half-made, no bar is shown.
/// </summary>
public sealed class StopTests : EndToEndTest
{
    private const int LargeFile = 9 * 1024 * 1024;

    // A listing of two objects has two pages.
    private protected override S3ServerOptions ServerOptions => new() { MaxKeys = 1 };

    public static TheoryData<string, string> SlowRsyncs() => new()
    {
        // Real, with its three processes, at the pace of a very bad drive.
        { "real", """exec rsync --bwlimit=16 "$@" """ },
        // One that sits in a system call, and one that has a child of its own and ends politely.
        { "blocking", """touch "${@: -1}/started"; exec sleep 600""" },
        { "with a child", """trap 'kill $!; wait; exit 20' INT; sleep 600 & touch "${@: -1}/started"; wait""" },
    };

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(SlowRsyncs))]
    public void A_stopped_pipeline_leaves_no_rsync(string kind, string body)
    {
        string job = SlowJob(kind, body);
        using RunningScript running = Session.Start("param($Path) Invoke-RsyncToS3Backup $Path @keys", job);
        // Before rsync starts, the mirror's drive is asked by entries in it.
        Await(() => File.Exists(Folder.File("pids")) && Directory.EnumerateFileSystemEntries(Mirror).Any());
        Assert.NotEmpty(Alive());

        SessionResult result = running.Stop();

        Assert.Empty(Alive());
        Assert.IsType<PipelineStoppedException>(result.Terminating, exactMatch: false);
        // But for the look at the bucket, which a first run takes meanwhile.
        Assert.Equal(Server.Requests["GetObject"], Server.Requests.Total);
    }

    [Fact]
    public void A_stopped_pipeline_leaves_no_sleeping_grandchild()
    {
        string pid = Folder.File("pid");
        string job = SlowJob("with a child", $"""
            trap 'kill $!; wait; exit 20' INT
            sleep 600 &
            echo $! > '{pid}.tmp'
            mv '{pid}.tmp' '{pid}'
            wait
            """);
        using RunningScript running = Session.Start("param($Path) Invoke-RsyncStage -ConfigPath $Path", job);
        Await(() => File.Exists(pid));

        running.Stop();

        Assert.False(IsAlive(File.ReadAllText(pid).Trim()));
    }

    [Fact]
    public void A_stopped_stage_1_keeps_what_the_mirror_had_and_the_next_run_finishes()
    {
        BackupWell(WriteJob());
        SortedDictionary<string, string> before = Files(Mirror);
        string job = SlowJob("real", """exec rsync --bwlimit=16 "$@" """);
        using RunningScript running = Session.Start("param($Path) Invoke-RsyncToS3Backup $Path @keys", job);
        Await(() => Directory.EnumerateFileSystemEntries(Mirror, ".*").Any());

        running.Stop();

        Assert.Equal(before, new(Files(Mirror).Where(pair => before.ContainsKey(pair.Key)).ToDictionary(), StringComparer.Ordinal));
        Assert.False(File.Exists(Path.Combine(Mirror, "z-large.bin")));
        BackupWell(WriteJob());
        Assert.Equal(Files(Source), Objects());
    }

    [Fact]
    public void WarningAction_Stop_in_the_middle_of_stage_1_leaves_no_rsync()
    {
        string job = SlowJob("talking", """
            echo '         1,024   1%    1.00kB/s    0:00:10 (xfr#1, to-chk=4/5)'
            echo 'file has vanished: "/some/file"' >&2
            exec sleep 600
            """);

        SessionResult result = Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -WarningAction Stop", job);

        Assert.Empty(Alive());
        Assert.Equal("ActionPreferenceStop", result.TerminatingError!.Id());
        AssertBarsCompleted(result);
    }

    [Theory]
    [InlineData("Invoke-RsyncToS3Backup $Path @keys -ErrorAction Stop")]
    [InlineData("$ErrorActionPreference = 'Stop'; Invoke-RsyncToS3Backup $Path @keys")]
    [InlineData("Invoke-RsyncToS3Backup $Path @keys -Parallel 2 -ErrorAction Stop")]
    public void ErrorAction_Stop_stops_the_pipeline_after_one_file_that_failed_and_never_the_backup(string script)
    {
        // The real one, and a file that it could not read.
        string rsync = WriteScript("partial-rsync", """
            [ "$1" = --version ] && exec rsync --version
            rsync "$@"
            echo 'rsync: [sender] send_files failed to open "/some/file": Permission denied (13)' >&2
            exit 23
            """);

        SessionResult result = Session.Run(
            $"param($Path) $out = $null; try {{ {script} | ForEach-Object {{ $out = $_ }} }} catch {{ \"caught $($_.FullyQualifiedErrorId)\" }}; $out",
            WriteJob(("options.rsync.rsyncPath", rsync)));

        Assert.StartsWith("caught RsyncItemFailed", result.Objects[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(("Failed", "RsyncPartialTransfer"), (result.Objects[1].Text("Status"), result.Objects[1].Text("Error.Id")));
        Assert.Equal(Files(Source), Files(Mirror));
        Assert.Equal(["Failed RsyncPartialTransfer"], Session.Texts("Get-BackupHistory | ForEach-Object { \"$($_.Status) $($_.Error.Id)\" }"));
        Assert.Equal("/some/file", Session.Texts("(Get-BackupHistory).Stage1.FailedItems[0].Target").Single());
    }

    [Fact]
    public async Task A_pipeline_stopped_while_a_part_is_held_leaves_no_unfinished_upload()
    {
        AddLargeFile();
        FaultRule hold = Server.Faults.Add(new FaultRule { Kind = FaultKind.Hold, Operation = "UploadPart", Times = int.MaxValue });
        using RunningScript running = Session.Start("param($Path) Invoke-RsyncToS3Backup $Path @keys", WriteJob());
        await hold.Arrived.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Single(Server.Store.UnfinishedUploads(BucketName));

        SessionResult result = running.Stop();

        Assert.Empty(Server.Store.UnfinishedUploads(BucketName));
        Assert.IsType<PipelineStoppedException>(result.Terminating, exactMatch: false);
        Assert.Equal(Files(Source).Keys, Files(Mirror).Keys);
    }

    [Fact]
    public async Task A_pipeline_stopped_while_a_multipart_upload_starts_leaves_no_unfinished_upload()
    {
        AddLargeFile();
        TaskCompletionSource go = new();
        // Carries the request out after its client has given up, as S3 can, or when it is told to.
        FaultRule late = Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Custom,
            Operation = "CreateMultipartUpload",
            Handler = async http =>
            {
                using CancellationTokenRegistration registration = http.RequestAborted.Register(() => go.TrySetResult());
                await go.Task;
                return false;
            },
        });
        using RunningScript running = Session.Start("param($Path) Invoke-RsyncToS3Backup $Path @keys", WriteJob());
        await late.Arrived.WaitAsync(TimeSpan.FromMinutes(2));

        Task<SessionResult> stopping = Task.Run(running.Stop);
        Await(() => running.IsStopping);
        go.TrySetResult();
        await stopping;

        Assert.Empty(Server.Store.UnfinishedUploads(BucketName));
        Assert.Equal(1, Server.Requests["AbortMultipartUpload"]);
    }

    [Fact]
    public void ErrorAction_Stop_at_one_object_that_is_refused_sends_the_others()
    {
        AddLargeFile();
        Server.Faults.Add(new FaultRule { Kind = FaultKind.AccessDenied, Operation = "PutObject", KeyContains = "a.txt", Times = int.MaxValue });

        SessionResult result = Session.Run("param($Path) Invoke-RsyncToS3Backup $Path @keys -ErrorAction Stop", WriteJob());

        Assert.Equal("S3AccessDenied", result.TerminatingError!.Id());
        Assert.Contains("z-large.bin", Objects().Keys);
        Assert.Equal(["Failed"], Session.Texts("(Get-BackupHistory).Status"));
        AssertBarsCompleted(result);
    }

    [Fact]
    public void WarningAction_Stop_while_a_part_is_held_leaves_no_unfinished_upload()
    {
        // The listing's third page (the first has the marker that says whose the prefix is) comes only once the large file is on its way; the
        // file behind that page's key vanishes, a warning.
        Folder.Folder("mirror");
        File.WriteAllBytes(Path.Combine(Mirror, "a-large.bin"), new byte[LargeFile]);
        WriteFile("mirror/n.txt", "small");
        string vanishing = WriteFile("mirror/y.txt", "small");
        Server.Store.Put(BucketName, Prefix + "m", "old"u8);
        Server.Store.Put(BucketName, Prefix + "p", "old"u8);
        FaultRule hold = Server.Faults.Add(new FaultRule { Kind = FaultKind.Hold, Operation = "UploadPart", Times = int.MaxValue });
        Server.Faults.Add(new FaultRule
        {
            Kind = FaultKind.Custom,
            Operation = "ListObjectsV2",
            Skip = 2,
            Times = int.MaxValue,
            Handler = async _ =>
            {
                await hold.Arrived;
                File.Delete(vanishing);
                return false;
            },
        });

        SessionResult result = Session.Run(
            "param($Path) Invoke-S3SyncStage -ConfigPath $Path @keys -WarningAction Stop",
            WriteJob(("options.rsync.syncToS3.deleteFromS3", false)));

        Assert.Empty(Server.Store.UnfinishedUploads(BucketName));
        Assert.NotEqual(0, hold.Fired);
        Assert.IsType<ActionPreferenceStopException>(result.Terminating, exactMatch: false);
    }

    [Fact]
    public void A_downstream_that_has_enough_after_the_first_job_ends_the_others()
    {
        string[] jobs = [WriteJob(), WriteJobNamed("second"), WriteJobNamed("third")];

        SessionResult result = Session.Run(
            "param($Paths) foreach ($once in 1) { Invoke-RsyncToS3Backup $Paths @keys | ForEach-Object { $_; break } }",
            (object)jobs).ThrowOnError();

        Assert.Equal("photos", Assert.Single(result.Objects).Text("Name"));
        Assert.Equal(Files(Source), Objects());
        Assert.False(Directory.Exists(Folder.File("mirror-second")));
        AssertBarsCompleted(result);
    }

    [Fact]
    public void A_downstream_that_throws_after_the_first_job_ends_the_others()
    {
        string[] jobs = [WriteJob(), WriteJobNamed("second")];

        SessionResult result = Session.Run(
            "param($Paths) $Paths | Invoke-RsyncToS3Backup @keys | ForEach-Object { throw 'enough' }", (object)jobs);

        Assert.Equal("enough", result.Terminating!.Message);
        Assert.False(Directory.Exists(Folder.File("mirror-second")));
    }

    [Fact]
    public void ErrorAction_Stop_at_a_failed_first_job_ends_the_others_and_tells_its_exit_code()
    {
        string[] jobs = [WriteJob(("sources", Sources(Folder.File("missing")))), WriteJobNamed("second")];

        SessionResult result = Session.Run(
            "param($Paths) $Paths | Invoke-RsyncToS3Backup @keys -ExitCode -ErrorAction Stop", (object)jobs);

        Assert.Equal("SourceMissing", result.TerminatingError!.Id());
        Assert.Equal(3, Session.Host.ExitCode);
        Assert.False(Directory.Exists(Folder.File("mirror-second")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-ErrorAction Stop")]
    public void Both_stages_take_their_bars_away(string parameters)
    {
        AddLargeFile();

        SessionResult result = Session.Run($"param($Path) Invoke-RsyncToS3Backup $Path @keys {parameters}", WriteJob()).ThrowOnError();

        AssertBarsCompleted(result);
    }

    private string SlowJob(string kind, string body)
    {
        AddLargeFile();
        Directory.CreateDirectory(Mirror);
        string pids = Folder.File("pids");
        string slow = WriteScript("slow-rsync", $"""
            [ "$1" = --version ] && exec rsync --version
            echo $$ >> '{pids}'
            # {kind}
            {body}
            """);
        return WriteJob(("options.rsync.rsyncPath", slow));
    }

    private void AddLargeFile() => File.WriteAllBytes(Path.Combine(Source, "z-large.bin"), new byte[LargeFile]);

    private static void Await(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(2)));

    private static void AssertBarsCompleted(SessionResult result)
    {
        IEnumerable<ProgressRecord> last = result.Progress.GroupBy(record => record.ActivityId).Select(bar => bar.Last());
        Assert.All(last, record => Assert.Equal(ProgressRecordType.Completed, record.RecordType));
        Assert.NotEmpty(result.Progress);
    }

    /// <summary>The rsyncs that were started and still run, and their helper processes.</summary>
    private List<string> Alive() =>
        [.. ProcessesNaming(Mirror), .. File.ReadAllLines(Folder.File("pids")).Where(IsAlive)];

    // A process that has ended keeps its number until its parent asks for its exit code: state Z, behind the name in parentheses (proc(5)).
    private static bool IsAlive(string pid)
    {
        try
        {
            string status = File.ReadAllText($"/proc/{pid}/stat");
            return status[status.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static List<string> ProcessesNaming(string text)
    {
        List<string> found = [];
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                string commandLine = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
                if (commandLine.Contains(text, StringComparison.Ordinal))
                    found.Add(commandLine);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
