using RsyncS3Backup.Core.Tests.Rsync;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.NeverDelete;

/// <summary>What left the mirror only because something was not mounted. Each case once took the files of mirror and bucket.</summary>
public sealed class SourceTests : RsyncStageHarness
{
    private readonly List<IDisposable> drives = [];

    [SkippableFact]
    public async Task A_folder_of_the_source_that_is_not_mounted_any_more_is_refused()
    {
        Fill(Source, "local", 200);
        using (Mount("source/nas"))
        {
            Fill(Path.Combine(Source, "nas"), "f", 60);
            await SucceedsAsync(Deleting);
        }

        await RefusedAsync(Deleting, "SourceNotMounted", Path.Combine(Source, "nas"));
    }

    [SkippableFact]
    public async Task A_source_that_is_not_mounted_any_more_is_refused()
    {
        File.WriteAllText(Path.Combine(Source, "README"), "The drive belongs here.");
        using (Mount("source"))
        {
            Fill(Source, "f", 90);
            await SucceedsAsync(Deleting);
        }

        await RefusedAsync(Deleting, "SourceNotMounted", Source);
    }

    [SkippableFact]
    public async Task One_of_two_sources_that_is_not_mounted_any_more_is_refused()
    {
        RsyncStageRequest both = TwoSources();
        File.WriteAllText(Files["usb/README"], "The drive belongs here.");
        Fill(Files.Folder("other"), "f", 300);
        using (Mount("usb"))
        {
            Fill(Files["usb"], "f", 200);
            await SucceedsAsync(both);
        }

        await RefusedAsync(both, "SourceNotMounted", Files["usb"]);
    }

    [SkippableFact]
    public async Task A_part_of_the_source_that_lies_above_it_and_is_not_mounted_any_more_is_refused()
    {
        Files.Folder("drive/photos");
        File.WriteAllText(Files["drive/photos/README"], "The drive belongs here.");
        RsyncStageRequest request = Deleting with { Sources = [new BackupSource { Path = Files["drive/photos"] }] };
        using (Mount("drive"))
        {
            Files.Folder("drive/photos");
            Fill(Files["drive/photos"], "f", 30);
            await SucceedsAsync(request);
        }

        await RefusedAsync(request, "SourceNotMounted", Files["drive"]);
    }

    [SkippableFact]
    public async Task Another_drive_at_the_place_of_the_source_is_refused()
    {
        using (Mount("source"))
        {
            Fill(Source, "f", 20);
            await SucceedsAsync(Deleting);
        }

        Mount("source");
        Fill(Source, "other", 20);

        await RefusedAsync(Deleting, "SourceChanged", Source);
    }

    [SkippableFact]
    public async Task A_folder_that_is_to_be_an_ordinary_one_from_now_on_is_taken_once()
    {
        Fill(Source, "local", 20);
        using (Mount("source/nas"))
        {
            Fill(Path.Combine(Source, "nas"), "f", 6);
            await SucceedsAsync(Deleting);
        }

        RsyncStageResult taken = await RunAsync(Deleting with { AllowNewSource = true });

        Assert.Equal((BackupStatus.Succeeded, 6), (taken.Status, taken.Deleted));
        await SucceedsAsync(Deleting);
    }

    [SkippableFact]
    public async Task A_mounted_folder_that_is_excluded_may_come_and_go()
    {
        Options = Options with { ExcludePatterns = ["/nas/"] };
        Fill(Source, "local", 20);
        using (Mount("source/nas"))
        {
            Fill(Path.Combine(Source, "nas"), "f", 6);
            await SucceedsAsync(Deleting);
        }

        await SucceedsAsync(Deleting);
    }

    [SkippableFact]
    public async Task A_drive_that_is_mounted_again_goes_on()
    {
        string drive = Files.Folder("drive");
        Fill(Source, "local", 20);
        Mount("drive");
        Fill(drive, "f", 6);
        string nas = Files.Folder("source/nas");
        using (Keep(SmallDrive.MountAgain(drive, nas)))
            await SucceedsAsync(Deleting);
        await RefusedAsync(Deleting, "SourceNotMounted", nas);

        Keep(SmallDrive.MountAgain(drive, nas));

        await SucceedsAsync(Deleting);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_source_that_is_empty_now_is_refused_whether_or_not_the_job_deletes(bool deletes)
    {
        RsyncStageRequest request = Request with { Options = Options with { DeleteExtraneous = deletes } };
        Fill(Source, "f", 5);
        await SucceedsAsync(request);
        foreach (string file in Directory.GetFiles(Source))
            File.Delete(file);

        await RefusedAsync(request, "SourceEmpty", Source);
        Assert.Equal(BackupStatus.Succeeded, (await RunAsync(request with { AllowEmptySource = true })).Status);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_one_source_lost_is_not_small_beside_what_the_others_hold()
    {
        RsyncStageRequest both = TwoSources();
        Fill(Files["usb"], "f", 200);
        Fill(Files.Folder("other"), "f", 900);
        await SucceedsAsync(both);
        foreach (string file in Directory.GetFiles(Files["usb"]).Skip(1))
            File.Delete(file);

        await RefusedAsync(both, "DeleteLimitExceeded", Files["mirror/usb"]);
    }

    [Fact]
    public async Task A_hundred_deletions_are_too_many_where_they_are_nearly_all_of_a_source()
    {
        Fill(Source, "f", 90);
        await SucceedsAsync(Deleting);
        foreach (string file in Directory.GetFiles(Source))
            File.Delete(file);
        File.WriteAllText(Path.Combine(Source, "README"), "The drive belongs here.");

        await RefusedAsync(Deleting, "DeleteLimitExceeded", Mirror);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_run_that_is_refused_twice_is_not_let_through_by_what_it_copied()
    {
        RsyncStageRequest both = TwoSources();
        Fill(Files["usb"], "f", 200);
        Fill(Files.Folder("other"), "f", 900);
        await SucceedsAsync(both);
        foreach (string file in Directory.GetFiles(Files["usb"]))
            File.Delete(file);
        Fill(Files["usb"], "new", 300);

        await RefusedAsync(both, "DeleteLimitExceeded", Files["mirror/usb"], copies: true);
        await RefusedAsync(both, "DeleteLimitExceeded", Files["mirror/usb"], copies: true);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(10, 9)]
    [InlineData(61, 54)]
    [InlineData(111, 99)]
    [InlineData(112, 100)]
    [InlineData(200, 100)]
    [InlineData(1000, 500)]
    public void The_default_limit_keeps_a_tenth_of_a_small_source(long existing, long allowed) =>
        Assert.Equal(allowed, DeleteLimit.Default.AllowedOfSource(existing));

    [Fact]
    public void A_limit_that_the_job_names_counts_as_it_is_for_each_source()
    {
        Assert.Equal(100, DeleteLimit.OfCount(100).AllowedOfSource(60));
        Assert.Equal(60, DeleteLimit.Unlimited.AllowedOfSource(60));
        Assert.Equal(15, DeleteLimit.OfPercent(25).AllowedOfSource(60));
    }

    private RsyncStageRequest Deleting => Request with { Options = Options with { DeleteExtraneous = true } };

    private RsyncStageRequest TwoSources() => Deleting with
    {
        Sources = [new BackupSource { Path = Files.Folder("usb") }, new BackupSource { Path = Files.Folder("other") }],
    };

    private IDisposable Mount(string folder) => Keep(SmallDrive.Mount(Files.Folder(folder), "4m"));

    private IDisposable Keep(IDisposable drive)
    {
        drives.Add(drive);
        return drive;
    }

    private static void Fill(string folder, string name, int count)
    {
        for (int i = 0; i < count; i++)
            File.WriteAllText(Path.Combine(folder, $"{name}{i}"), $"{name} {i}");
    }

    private async Task SucceedsAsync(RsyncStageRequest request)
    {
        RsyncStageResult result = await RunAsync(request);
        Assert.True(result.Status == BackupStatus.Succeeded, result.Error?.ToString());
    }

    private async Task RefusedAsync(RsyncStageRequest request, string id, string target, bool copies = false)
    {
        IReadOnlyList<string> before = Snapshot(Mirror);

        RsyncStageResult result = await RunAsync(request);

        Assert.Equal((BackupStatus.Failed, id, target), (result.Status, result.Error?.Id, result.Error?.Target));
        Assert.Equal((BackupExitCode.Refused, 0L), (result.Error!.ExitCode, result.Deleted));
        Assert.Subset(new HashSet<string>(Names(Snapshot(Mirror))), new HashSet<string>(Names(before)));
        if (!copies)
            Assert.Equal(id, (await PlanAsync(request)).Error?.Id);
    }

    private static IEnumerable<string> Names(IEnumerable<string> snapshot) => snapshot.Select(line => line.Split(" | ")[0]);

    private async Task<RsyncStageResult> PlanAsync(RsyncStageRequest request)
    {
        using RunContext context = RunContext.ForPlan(JobName, SilentObserver.Instance);
        using PlannedMirror plan = new(Mirror, keepsHardLinks: false);
        return await RsyncStage.PlanAsync(request, context, plan, CancellationToken.None);
    }

    protected override void Dispose(bool disposing)
    {
        drives.ForEach(drive => drive.Dispose());
        base.Dispose(disposing);
    }
}
