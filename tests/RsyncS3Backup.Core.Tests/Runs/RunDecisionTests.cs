using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Runs;
using RsyncS3Backup.Sync;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Runs;

public sealed class RunDecisionTests
{
    [Theory]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Succeeded, BackupStatus.Succeeded)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Skipped, BackupStatus.Succeeded)]
    [InlineData(BackupStatus.SucceededWithWarnings, BackupStatus.Skipped, BackupStatus.SucceededWithWarnings)]
    [InlineData(BackupStatus.SucceededWithWarnings, BackupStatus.Succeeded, BackupStatus.SucceededWithWarnings)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.SucceededWithWarnings, BackupStatus.SucceededWithWarnings)]
    [InlineData(BackupStatus.Failed, BackupStatus.Skipped, BackupStatus.Failed)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Failed, BackupStatus.Failed)]
    [InlineData(BackupStatus.SucceededWithWarnings, BackupStatus.Failed, BackupStatus.Failed)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Cancelled, BackupStatus.Cancelled)]
    [InlineData(BackupStatus.Cancelled, BackupStatus.Skipped, BackupStatus.Cancelled)]
    [InlineData(BackupStatus.Skipped, BackupStatus.Succeeded, BackupStatus.Succeeded)]
    [InlineData(BackupStatus.Skipped, BackupStatus.Failed, BackupStatus.Failed)]
    [InlineData(BackupStatus.Skipped, BackupStatus.Skipped, BackupStatus.Skipped)]
    [InlineData(BackupStatus.Failed, BackupStatus.Succeeded, BackupStatus.Failed)]
    [InlineData(BackupStatus.Failed, BackupStatus.Cancelled, BackupStatus.Cancelled)]
    [InlineData(BackupStatus.Succeeded, BackupStatus.Paused, BackupStatus.Paused)]
    [InlineData(BackupStatus.SucceededWithWarnings, BackupStatus.Paused, BackupStatus.Paused)]
    [InlineData(BackupStatus.Paused, BackupStatus.Skipped, BackupStatus.Paused)]
    [InlineData(BackupStatus.Skipped, BackupStatus.Paused, BackupStatus.Paused)]
    [InlineData(BackupStatus.Paused, BackupStatus.Failed, BackupStatus.Failed)]
    public void A_run_is_as_bad_as_the_worse_of_its_stages(BackupStatus stage1, BackupStatus stage2, BackupStatus expected) =>
        Assert.Equal(expected, RunDecision.Worse(stage1, stage2));

    [Theory]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Succeeded, null, BackupExitCode.Succeeded)]
    [InlineData(BackupStatus.SucceededWithWarnings, null, BackupStatus.SucceededWithWarnings, null, BackupExitCode.Succeeded)]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Skipped, null, BackupExitCode.Succeeded)]
    [InlineData(BackupStatus.Failed, BackupExitCode.Stage1Failed, BackupStatus.Skipped, null, BackupExitCode.Stage1Failed)]
    [InlineData(BackupStatus.Failed, BackupExitCode.Refused, BackupStatus.Skipped, null, BackupExitCode.Refused)]
    [InlineData(BackupStatus.Failed, BackupExitCode.BadConfiguration, BackupStatus.Skipped, null, BackupExitCode.BadConfiguration)]
    [InlineData(BackupStatus.Cancelled, null, BackupStatus.Skipped, null, BackupExitCode.Stage1Failed)]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Failed, BackupExitCode.Stage2Failed, BackupExitCode.Stage2Failed)]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Failed, BackupExitCode.Refused, BackupExitCode.Refused)]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Cancelled, null, BackupExitCode.Stage2Failed)]
    [InlineData(BackupStatus.Succeeded, null, BackupStatus.Paused, null, BackupExitCode.Succeeded)]
    [InlineData(BackupStatus.Paused, null, BackupStatus.Skipped, null, BackupExitCode.Succeeded)]
    public void The_exit_code_says_which_stage_failed_or_what_refused(
        BackupStatus status1, BackupExitCode? error1, BackupStatus status2, BackupExitCode? error2, BackupExitCode expected) =>
        Assert.Equal(expected, RunDecision.ExitCode(Stage1(status1, error1), Stage2(status2, error2)));

    [Fact]
    public void A_run_of_which_one_stage_ran_is_as_that_stage_was()
    {
        Assert.Equal(BackupStatus.Skipped, RunDecision.Status(null, null));
        Assert.Equal(BackupStatus.Failed, RunDecision.Status(Stage1(BackupStatus.Failed, null), null));
        Assert.Equal(BackupStatus.SucceededWithWarnings, RunDecision.Status(null, Stage2(BackupStatus.SucceededWithWarnings, null)));
        Assert.Equal(BackupExitCode.Succeeded, RunDecision.ExitCode(null, null));
        Assert.Equal(BackupExitCode.Stage1Failed, RunDecision.ExitCode(Stage1(BackupStatus.Failed, null), null));
        Assert.Equal(BackupExitCode.Stage2Failed, RunDecision.ExitCode(null, Stage2(BackupStatus.Failed, null)));
        Assert.Equal(BackupExitCode.Refused, RunDecision.ExitCode(Stage1(BackupStatus.Skipped, BackupExitCode.Refused), null));
        Assert.Equal(BackupExitCode.Stage2Failed, RunDecision.ExitCode(Stage1(BackupStatus.Skipped, null), Stage2(BackupStatus.Failed, null)));
        Assert.Equal(BackupExitCode.Refused, RunDecision.ExitCode(null, Stage2(BackupStatus.Skipped, BackupExitCode.Refused)));
        Assert.Equal(BackupExitCode.Succeeded, RunDecision.ExitCode(null, Stage2(BackupStatus.Skipped, null)));
        Assert.Equal(BackupExitCode.Succeeded, RunDecision.ExitCode(null, Stage2(BackupStatus.Succeeded, null)));
    }

    [Fact]
    public void What_was_refused_has_failed_unless_another_run_is_on_or_the_user_stopped_it()
    {
        BackupError error = Error(BackupExitCode.Refused)!;

        Assert.Equal(BackupStatus.Failed, RunDecision.RefusedStatus(error));
        Assert.Equal(BackupStatus.Skipped, RunDecision.RefusedStatus(error with { Id = ErrorIds.JobAlreadyRunning }));
        Assert.Equal(BackupStatus.Cancelled, RunDecision.RefusedStatus(RsyncS3Backup.State.RunErrors.Cancelled("job", BackupExitCode.Stage1Failed)));
    }

    [Theory]
    [InlineData(null, true, null)]
    [InlineData(null, false, "The job is local only (syncToS3.enabled is false).")]
    [InlineData(BackupStatus.Succeeded, true, null)]
    [InlineData(BackupStatus.Succeeded, false, "The job is local only (syncToS3.enabled is false).")]
    [InlineData(BackupStatus.Failed, true, "Stage 1 failed (X); the bucket was not touched.")]
    [InlineData(BackupStatus.Cancelled, true, "Stage 1 was cancelled; the bucket was not touched.")]
    [InlineData(BackupStatus.Skipped, true, "Stage 1 was skipped (X); the bucket was not touched.")]
    [InlineData(BackupStatus.Paused, true, "Stage 1 was paused; the bucket was not touched.")]
    public void Why_stage_2_of_a_job_does_not_run_is_said(BackupStatus? status, bool enabled, string? reason)
    {
        BackupConfiguration configuration = Stage1(BackupStatus.Succeeded, null, enabled).Configuration!;
        RsyncStageResult? stage1 = status is { } known ? Stage1(known, BackupExitCode.Refused, enabled) with { Configuration = null } : null;

        Assert.Equal(reason, RunDecision.SkipReason(configuration, stage1));
    }

    [Theory]
    [InlineData(BackupStatus.Failed, true, true, true)]
    [InlineData(BackupStatus.Failed, false, true, false)]
    [InlineData(BackupStatus.Failed, null, true, false)]
    [InlineData(BackupStatus.Failed, true, false, false)]
    [InlineData(BackupStatus.Paused, true, true, true)]
    [InlineData(BackupStatus.Cancelled, true, true, false)]
    [InlineData(BackupStatus.Skipped, true, true, false)]
    [InlineData(BackupStatus.Succeeded, true, true, false)]
    [InlineData(null, true, true, false)]
    public void Locks_are_renewed_without_stage_2_after_a_stage_1_that_failed(BackupStatus? status, bool? renews, bool enabled, bool expected)
    {
        BackupConfiguration configuration = Stage1(BackupStatus.Succeeded, null, enabled).Configuration!;
        RsyncOptions rsync = configuration.Options.Rsync;
        ObjectLockOptions? wanted = renews is { } known ? new ObjectLockOptions { Mode = ObjectLockMode.Compliance, Days = 1, Renew = known } : null;
        S3SyncOptions sync = rsync.SyncToS3 with { Protection = new ProtectionOptions { ObjectLock = wanted } };
        configuration = configuration with { Options = new BackupOptions { Rsync = rsync with { SyncToS3 = sync } } };

        Assert.Equal(expected, RunDecision.RenewsLocks(configuration, status is { } ended ? Stage1(ended, BackupExitCode.Stage1Failed) : null));
    }

    [Fact]
    public void A_stage_1_from_parameters_that_was_skipped_without_an_error_keeps_stage_2_from_running()
    {
        Assert.Equal("Stage 1 was skipped; the bucket was not touched.", RunDecision.SkipReason(Stage1(BackupStatus.Skipped, null)));
        Assert.Null(RunDecision.SkipReason(Stage1(BackupStatus.Succeeded, null) with { Configuration = null }));
    }

    [Theory]
    [InlineData(BackupStatus.Succeeded, true, false)]
    [InlineData(BackupStatus.SucceededWithWarnings, true, false)]
    [InlineData(BackupStatus.Succeeded, false, true)]
    [InlineData(BackupStatus.Failed, true, true)]
    [InlineData(BackupStatus.Cancelled, true, true)]
    [InlineData(BackupStatus.Skipped, true, true)]
    public void Stage_2_is_skipped_for_a_reason_unless_stage_1_succeeded_and_it_is_enabled(BackupStatus status, bool enabled, bool skips) =>
        Assert.Equal(skips, RunDecision.SkipReason(Stage1(status, null, enabled)) is not null);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_allowed_for_one_run_is_allowed_only_when_it_is_asked_for(bool isAsked)
    {
        BackupConfiguration configuration = Stage1(BackupStatus.Succeeded, null).Configuration! with
        {
            Destination = new S3Destination { Bucket = "bucket" },
        };
        BackupRunOptions options = new()
        {
            AllowInsecureEndpoint = isAsked,
            AllowEmptySource = isAsked,
            AllowNewDestination = isAsked,
            AllowNewSource = isAsked,
            AllowChangedMirror = isAsked,
            NoPause = isAsked,
            MaxDelete = isAsked ? DeleteLimit.OfCount(3) : null,
            MaxChange = isAsked ? ChangeLimit.Proposed : null,
        };

        S3SyncRequest stage2 = RunDecision.Asked(configuration, options);
        RsyncStageRequest stage1 = RunDecision.Asked(RsyncStageRequest.From(configuration), options);

        Assert.Equal(
            (isAsked, isAsked, isAsked, isAsked, isAsked),
            (stage2.AllowInsecureEndpoint, stage2.AllowEmptyMirror, stage2.AllowNewDestination, stage2.AllowChangedMirror, stage2.NoPause));
        Assert.Equal((isAsked, isAsked, isAsked), (stage1.AllowEmptySource, stage1.AllowNewDestination, stage1.AllowNewSource));
        DeleteLimit limit = isAsked ? DeleteLimit.OfCount(3) : DeleteLimit.Default;
        Assert.Equal((limit, limit), (stage1.Options.MaxDelete, stage2.MaxDelete));
        Assert.Equal(isAsked ? ChangeLimit.Proposed : ChangeLimit.Off, stage2.MaxChange);
    }

    [Fact]
    public void A_skipped_stage_2_says_where_it_would_have_gone()
    {
        RsyncStageResult stage1 = Stage1(BackupStatus.Failed, null);
        using RunContext context = RunContext.Start("job", SilentObserver.Instance);

        S3SyncStageResult skipped = BackupRunner.Skipped(
            stage1 with { Configuration = stage1.Configuration! with { Destination = new S3Destination { Bucket = "bucket" } } }, "reason", context);

        Assert.Equal(("bucket", "rsync/job/", "reason"), (skipped.BucketName, skipped.KeyPrefix, skipped.SkippedReason));
    }

    private static RsyncStageResult Stage1(BackupStatus status, BackupExitCode? error, bool stage2Enabled = true) => new()
    {
        Name = "job",
        RunId = "run",
        Status = status,
        Source = ["/s"],
        Destination = "/m",
        Error = Error(error),
        Configuration = new BackupConfiguration
        {
            Name = "job",
            Sources = [new BackupSource { Path = "/s" }],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions { LocalDestination = "/m", SyncToS3 = new S3SyncOptions { Enabled = stage2Enabled } },
            },
        },
    };

    private static S3SyncStageResult Stage2(BackupStatus status, BackupExitCode? error) => new()
    {
        Name = "job",
        RunId = "run",
        Status = status,
        Path = "/m",
        Error = Error(error),
    };

    private static BackupError? Error(BackupExitCode? exitCode) => exitCode is not { } code ? null : new BackupError
    {
        Id = "X",
        Category = BackupErrorCategory.NotSpecified,
        Message = "x",
        RecommendedAction = "x",
        ExitCode = code,
    };
}
