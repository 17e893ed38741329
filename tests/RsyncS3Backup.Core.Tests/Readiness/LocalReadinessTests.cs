using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Runs;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Readiness;
using RsyncS3Backup.Rsync.Sources;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Readiness;

/// <summary>What keeps stage 1 from running is found before it runs, with the words of the run.</summary>
[Collection(FakeRsync.Collection)]
public sealed class LocalReadinessTests : LocalJob
{
    [Fact]
    public async Task A_job_that_is_ready_passes_and_leaves_nothing_behind()
    {
        IReadOnlyList<BackupReadiness> found = await CheckAsync();

        Assert.All(found, check => Assert.Equal(BackupReadinessStatus.Passed, check.Status));
        Assert.Equal(
            [
                BackupReadinessCheck.Configuration, BackupReadinessCheck.Rsync, BackupReadinessCheck.Source, BackupReadinessCheck.Mirror,
                BackupReadinessCheck.State, BackupReadinessCheck.Room,
            ],
            found.Select(check => check.Check));
        Assert.Contains("7 B are to be copied", found[^1].Detail, StringComparison.Ordinal);
        Assert.False(Directory.Exists(StatePath) || Directory.Exists(Files["mirror"]));
    }

    [Fact]
    public async Task A_job_that_has_run_passes_and_its_mirror_stays_as_it_was()
    {
        await RunAsync();
        DateTime before = Directory.GetLastWriteTimeUtc(Files["mirror"]);

        Assert.All(await CheckAsync(), check => Assert.Equal(BackupReadinessStatus.Passed, check.Status));
        Assert.Equal(before, Directory.GetLastWriteTimeUtc(Files["mirror"]));
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_checked() => Assert.Equal(
        [BackupReadinessCheck.Mirror, BackupReadinessCheck.State],
        (await CheckAsync(BackupReadinessCheck.State, BackupReadinessCheck.Mirror)).Select(check => check.Check));

    [Fact]
    public async Task An_rsync_that_is_not_there_or_too_old_is_told()
    {
        Options(options => options with { RsyncPath = Files["no-rsync"] });
        Assert.Equal(ErrorIds.RsyncNotFound, Failed(await CheckAsync(), BackupReadinessCheck.Rsync).ErrorId);

        Options(options => options with { RsyncPath = FakeRsync.Make(Files, "exit 0", version: "3.0.9").Path });
        BackupReadiness old = Failed(await CheckAsync(), BackupReadinessCheck.Rsync);
        Assert.Equal((ErrorIds.RsyncTooOld, Options().RsyncPath), (old.ErrorId, old.Target));
    }

    [Fact]
    public async Task Each_source_is_told_by_itself_and_no_dry_run_repeats_it()
    {
        Files.File("second/b", "b");
        Configuration = Configuration with
        {
            Sources = [new BackupSource { Path = Files["gone"] }, new BackupSource { Path = Files["second"] }],
        };

        IReadOnlyList<BackupReadiness> found = await CheckAsync();

        Assert.Equal(
            [(Files["gone"], ErrorIds.SourceMissing), (Files["second"], null)],
            found.Where(check => check.Check == BackupReadinessCheck.Source).Select(check => (check.Target, check.ErrorId)));
        Assert.DoesNotContain(found, check => check.Check == BackupReadinessCheck.Room);
        Assert.Equal(BackupExitCode.Refused, Failed(found, BackupReadinessCheck.Source).ExitCode);
    }

    [Fact]
    public async Task An_empty_source_is_a_warning_and_a_refusal_once_the_mirror_holds_something()
    {
        File.Move(Files["source/a"], Files["a"]);
        Assert.Equal(BackupReadinessStatus.Warning, Of(await CheckAsync(), BackupReadinessCheck.Source).Status);

        File.Move(Files["a"], Files["source/a"]);
        await RunAsync();
        File.Delete(Files["source/a"]);
        Assert.Equal(ErrorIds.SourceEmpty, Failed(await CheckAsync(), BackupReadinessCheck.Source).ErrorId);
    }

    [Fact]
    public async Task A_source_on_another_file_system_than_before_is_told()
    {
        await RunAsync();
        SourceMemory.Save(Name, [KeyValuePair.Create(Files["source"], new SourceFacts
        {
            FileSystem = new FileSystemIdentity("another", "id"),
            MountPoint = MountPoints.Holding(Files["source"]),
        })]);

        Assert.Equal(ErrorIds.SourceChanged, Failed(await CheckAsync(), BackupReadinessCheck.Source).ErrorId);
    }

    [SkippableFact]
    public void A_source_that_may_not_be_read_is_told()
    {
        Directory.CreateDirectory(Files["closed"], UnixFileMode.None);
        Configuration = Configuration with { Sources = [new BackupSource { Path = Files["closed"] }] };
        BackupReadiness? found = null;
        try
        {
            File.SetUnixFileMode(Files[""], (UnixFileMode)0b111_101_101);
            OrdinaryUser.Run(() => found = Failed(CheckAsync(BackupReadinessCheck.Source).GetAwaiter().GetResult(), BackupReadinessCheck.Source));
        }
        finally
        {
            File.SetUnixFileMode(Files["closed"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Assert.Equal(ErrorIds.SourceUnreadable, found!.ErrorId);
    }

    [Fact]
    public async Task A_mirror_whose_drive_is_not_mounted_or_that_is_anothers_is_told()
    {
        Options(options => options with { LocalDestination = Files["nowhere/mirror"] });
        Assert.Equal(ErrorIds.DestinationNotMounted, Failed(await CheckAsync(), BackupReadinessCheck.Mirror).ErrorId);

        string other = Files.Folder("other");
        MirrorMarker.New("another job", other).Write(other);
        Options(options => options with { LocalDestination = other });
        BackupReadiness changed = Failed(await CheckAsync(), BackupReadinessCheck.Mirror);
        Assert.Equal((ErrorIds.DestinationChanged, other), (changed.ErrorId, changed.Target));
        Assert.NotNull(changed.Recommendation);
    }

    [SkippableFact]
    public async Task A_mirror_that_must_be_a_mount_point_and_is_none_is_told()
    {
        Skip.If(MountPoints.Holding(Path.GetTempPath()) != "/", "The temporary folder is a file system of its own.");
        Options(options => options with { RequireMountPoint = true });

        Assert.Equal(ErrorIds.DestinationNotMounted, Failed(await CheckAsync(), BackupReadinessCheck.Mirror).ErrorId);
    }

    [Fact]
    public async Task What_the_drive_does_not_keep_is_a_warning_once_that_is_known()
    {
        await RunAsync();
        MirrorMemory memory = MirrorMemory.Load(Name, Files["mirror"]);
        (memory with { Drive = memory.Drive! with { Traits = memory.Drive.Traits with { KeepsOwners = false, KeepsPermissions = false } } }).Save(Name);

        BackupReadiness mirror = Of(await CheckAsync(), BackupReadinessCheck.Mirror);

        Assert.Equal(BackupReadinessStatus.Warning, mirror.Status);
        Assert.Contains("owners and groups, permissions", mirror.Detail, StringComparison.Ordinal);

        (memory with { Drive = memory.Drive! with { Traits = memory.Drive.Traits with { HasExtendedAttributes = false } } }).Save(Name);
        Options(options => options with { Ownership = MirrorOwnership.FakeSuper });
        Assert.Equal(ErrorIds.FakeSuperNotPossible, Failed(await CheckAsync(BackupReadinessCheck.Mirror), BackupReadinessCheck.Mirror).ErrorId);
    }

    [SkippableFact]
    public async Task What_does_not_fit_on_the_drive_is_told_before_it_is_copied()
    {
        using SmallDrive drive = SmallDrive.Mount(Files.Folder("small"), "64k");
        Files.File("source/large", new string('x', 200_000));
        Options(options => options with { LocalDestination = Files["small/mirror"] });

        Assert.Equal(ErrorIds.DestinationFull, Failed(await CheckAsync(), BackupReadinessCheck.Room).ErrorId);
    }

    [Fact]
    public async Task A_run_that_is_on_is_told_and_not_disturbed()
    {
        Directory.CreateDirectory(StatePath);
        using JobLock held = Hold();

        IReadOnlyList<BackupReadiness> found = await CheckAsync();

        Assert.Contains("A run of the job is on", Of(found, BackupReadinessCheck.State).Detail, StringComparison.Ordinal);
        Assert.Contains("nothing was measured", Of(found, BackupReadinessCheck.Room).Detail, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_state_folder_that_somebody_else_could_have_written_is_told()
    {
        Skip.If(OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess, "Only the superuser may give a folder away.");
        Directory.CreateDirectory(StatePath);
        File.SetUnixFileMode(StatePath, (UnixFileMode)0b111_111_111);
        Assert.Equal(0, Chown(StatePath, "65534"));

        BackupReadiness state = Failed(await CheckAsync(BackupReadinessCheck.State), BackupReadinessCheck.State);

        Assert.Equal((ErrorIds.StateFolderUnsafe, StatePath), (state.ErrorId, state.Target));
        Directory.Delete(StatePath);
    }

    [Fact]
    public async Task The_cheap_checks_are_sentences_without_what_was_told_already()
    {
        Options(options => options with { RsyncPath = Files["no-rsync"], LocalDestination = Files["nowhere/mirror"] });
        ReadinessRequest request = ReadinessRequest.For(Configuration);

        string doubt = Assert.Single(await ReadinessTest.DoubtsAsync(request, [ErrorIds.DestinationNotMounted], CancellationToken.None));

        Assert.StartsWith("A run would fail now: ", doubt, StringComparison.Ordinal);
        Assert.Contains(Files["no-rsync"], doubt, StringComparison.Ordinal);
    }

    private static int Chown(string path, string owner)
    {
        using System.Diagnostics.Process process = System.Diagnostics.Process.Start("chown", [owner, path]);
        process.WaitForExit();
        return process.ExitCode;
    }

    private static BackupReadiness Of(IReadOnlyList<BackupReadiness> found, BackupReadinessCheck check) => found.Single(item => item.Check == check);

    private static BackupReadiness Failed(IReadOnlyList<BackupReadiness> found, BackupReadinessCheck check) =>
        found.Single(item => item.Check == check && item.Status == BackupReadinessStatus.Failed);

    private RsyncOptions Options() => Configuration.Options.Rsync;

    private void Options(Func<RsyncOptions, RsyncOptions> change) =>
        Configuration = Configuration with { Options = new BackupOptions { Rsync = change(Configuration.Options.Rsync) } };

    private async Task<IReadOnlyList<BackupReadiness>> CheckAsync(params BackupReadinessCheck[] checks)
    {
        List<BackupReadiness> found = [];
        ReadinessRequest request = ReadinessRequest.For(Configuration) with { Checks = checks };
        await foreach (BackupReadiness check in ReadinessTest.RunAsync(request, CancellationToken.None))
            found.Add(check);
        return found;
    }
}
