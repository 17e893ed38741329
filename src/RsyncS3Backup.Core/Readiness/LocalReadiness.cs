using RsyncS3Backup.Configuration;
using RsyncS3Backup.Files;
using RsyncS3Backup.Jobs;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using RsyncS3Backup.Rsync.Remote;
using RsyncS3Backup.Rsync.Sources;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Readiness;

/// <summary>What stage 1 needs, by its own guards.</summary>
internal static class LocalReadiness
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>All but the dry run.</summary>
    /// <param name="request">The job.</param>
    /// <param name="isQuick">Leave out what asks other machines, and other jobs.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<IReadOnlyList<BackupReadiness>> QuickAsync(ReadinessRequest request, bool isQuick, CancellationToken cancellationToken)
    {
        List<BackupReadiness> found = [];
        if (request.Asks(BackupReadinessCheck.Configuration) && !isQuick)
            found.AddRange(Configuration(request));
        RsyncProgram? program = null;
        if (request.Asks(BackupReadinessCheck.Rsync) || request.Asks(BackupReadinessCheck.Source))
        {
            (program, BackupReadiness rsync) = await RsyncAsync(request, cancellationToken).ConfigureAwait(false);
            if (request.Asks(BackupReadinessCheck.Rsync))
                found.Add(rsync);
        }

        RsyncStageRequest stage1 = RsyncStageRequest.From(request.Job);
        if (request.Asks(BackupReadinessCheck.Source))
            found.AddRange(await SourcesAsync(request, stage1, program, isQuick, cancellationToken).ConfigureAwait(false));
        if (request.Asks(BackupReadinessCheck.Mirror))
            found.AddRange(Mirror(request, stage1));
        if (request.Asks(BackupReadinessCheck.State))
            found.Add(State(request));
        return found;
    }

    /// <summary>Whether what is missing in the mirror fits on its drive.</summary>
    public static async Task<BackupReadiness> RoomAsync(ReadinessRequest request, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Room;
        RsyncOptions rsync = request.Job.Options.Rsync;
        string mirror = rsync.LocalDestination;
        if (JobLock.Holder(request.Job.Name) is { } holder)
            return request.Passed(check, mirror, $"A run of the job is on ({holder}), so nothing was measured.");
        using RunContext context = RunContext.ForPlan(request.Job.Name, SilentObserver.Instance);
        using PlannedMirror planned = new(mirror, rsync.HardLinks);
        RsyncStageResult plan =
            await RsyncStage.PlanAsync(RsyncStageRequest.From(request.Job), context, planned, cancellationToken).ConfigureAwait(false);
        if (plan.Error is { } error)
            return request.Failed(check, mirror, error);
        string needed = HumanText.Bytes(plan.TransferredBytes);
        if (FreeSpace.Of(Directory.Exists(mirror) ? mirror : Path.GetDirectoryName(mirror) ?? mirror) is not { } free)
            return request.Passed(check, mirror, $"{needed} are to be copied; the drive does not say how much is free.");
        string detail = $"{needed} are to be copied, and {HumanText.Bytes(free)} are free.";
        if (plan.TransferredBytes > free)
            return request.Failed(check, mirror, RsyncErrors.DestinationFull(mirror, free, plan.TransferredBytes, exitCode: null));
        return plan.Warnings.Count == 0
            ? request.Passed(check, mirror, detail)
            : request.Warning(check, mirror, $"{detail} {plan.Warnings[0]}", "Run Invoke-RsyncToS3Backup -PlanOnly to see all that a run would warn of.");
    }

    private static List<BackupReadiness> Configuration(ReadinessRequest request)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Configuration;
        BackupConfiguration job = request.Job;
        string target = job.Path ?? "";
        List<BackupReadiness> found = [];
        foreach (ConfigurationProblem overlap in request.Jobs?.OverlapsOf(job) ?? [])
            found.Add(request.Warning(check, target, $"{overlap.Message} Each would delete what the other wrote.", $"Choose {overlap.Allowed}."));
        if (job.Schedule is { } schedule && JobDoubts.RareRuns(job, schedule, DateTimeOffset.Now) is { } rare)
            found.Add(request.Warning(check, target, rare, recommendation: null));
        return found.Count > 0 ? found : [request.Passed(check, target, "The configuration is valid, and no other job uses its mirror or key prefix.")];
    }

    private static async Task<(RsyncProgram? Program, BackupReadiness Check)> RsyncAsync(ReadinessRequest request, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Rsync;
        RsyncOptions options = request.Job.Options.Rsync;
        try
        {
            RsyncProgram program = await RsyncProbe.FindAsync(options.RsyncPath, cancellationToken).ConfigureAwait(false);
            RsyncCapabilities.Demand(program, options);
            bool asksOthers = request.Job.Sources.Any(source => RemotePath.IsRemote(source.Path));
            return (program, asksOthers && RsyncCapabilities.RemoteWarning(program) is { } warning
                ? request.Warning(check, program.Path, warning, "Install a newer rsync.")
                : request.Passed(check, program.Path, $"rsync {program.VersionText}"));
        }
        catch (BackupException exception)
        {
            return (null, request.Failed(check, options.RsyncPath ?? "rsync", exception.Error));
        }
    }

    private static async Task<IEnumerable<BackupReadiness>> SourcesAsync(
        ReadinessRequest request, RsyncStageRequest stage1, RsyncProgram? program, bool isQuick, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Source;
        IReadOnlyList<RsyncLeg> legs;
        try
        {
            legs = RsyncGuards.Foresee(stage1);
        }
        catch (BackupException exception)
        {
            return [request.Failed(check, exception.Error.Target ?? "", exception.Error)];
        }

        List<BackupReadiness> found = [];
        foreach (RsyncLeg leg in legs.Where(leg => leg.Remote is null || !isQuick))
        {
            try
            {
                RsyncGuards.DemandSource(stage1, leg);
                if (leg.Remote is null)
                    SourceGuard.Check(request.Job.Name, [leg], allowNew: false);
                else if (program is null)
                    continue;
                else
                    await AskRemoteAsync(request, program, leg, cancellationToken).ConfigureAwait(false);
                found.Add(leg.Remote is null && RsyncGuards.IsEmpty(leg.Source)
                    ? request.Warning(check, leg.Source, $"'{leg.Source}' is empty.", "Check that what should be there is mounted.")
                    : request.Passed(check, leg.Source, leg.Remote is null
                        ? $"'{leg.Source}' can be read."
                        : $"'{leg.Source}' can be reached."));
            }
            catch (BackupException exception)
            {
                found.Add(request.Failed(check, leg.Source, exception.Error));
            }
        }

        return found;
    }

    private static async Task AskRemoteAsync(ReadinessRequest request, RsyncProgram program, RsyncLeg leg, CancellationToken cancellationToken)
    {
        using RunContext context = RunContext.ForPlan(request.Job.Name, SilentObserver.Instance);
        await RemoteCheck.DemandAsync(program, request.Job.Options.Rsync, leg, context, Grace, cancellationToken).ConfigureAwait(false);
    }

    private static List<BackupReadiness> Mirror(ReadinessRequest request, RsyncStageRequest stage1)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Mirror;
        RsyncOptions options = request.Job.Options.Rsync;
        string mirror = options.LocalDestination;
        List<BackupReadiness> found = [];
        try
        {
            RsyncGuards.DemandDestination(stage1);
            MirrorGuard guard = MirrorGuard.Check(request.Job.Name, mirror, allowNew: false, options.Drives);
            if (!guard.KnowsDrive)
            {
                found.Add(request.Passed(check, mirror, $"'{mirror}' can be written. The first run finds out what its drive keeps."));
                return [.. found, .. Doubts()];
            }

            FileSystemTraits traits = guard.KnownTraits();
            IReadOnlyList<string> losses = DriveFit.Losses(options, traits);
            found.Add(losses.Count == 0
                ? request.Passed(check, mirror, $"'{mirror}' is the job's mirror and can be written; its drive keeps what the job asks for.")
                : request.Warning(
                    check, mirror, $"The drive of '{mirror}' does not keep: {string.Join(", ", losses)}.",
                    "Get-Help about_RsyncS3Backup_Drives tells which drives keep what."));
        }
        catch (BackupException exception)
        {
            return [AbsentMirror.SkipReason(options.WhenAbsent, isNew: false, request.Job.Name, mirror) is { } absence
                ? request.Warning(check, mirror, $"A run would be skipped: {absence}", "Mount its drive.")
                : request.Failed(check, mirror, exception.Error)];
        }

        return [.. found, .. Doubts()];

        IEnumerable<BackupReadiness> Doubts()
        {
            if (JobDoubts.OpenMirror(request.Job) is { } open)
                yield return request.Warning(check, mirror, open, recommendation: null);
            if (options.Ownership == MirrorOwnership.Keep && !Environment.IsPrivilegedProcess)
            {
                yield return request.Warning(
                    check, mirror, "The job keeps owners (ownership 'keep'), and only an administrator can give files to others.",
                    "Run the job as root, or set 'ownership' to 'auto' or 'fakeSuper'.");
            }
        }
    }

    private static BackupReadiness State(ReadinessRequest request)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.State;
        string folder = StateFolder.Root();
        try
        {
            folder = StateFolder.PathFor(request.Job.Name);
            string there = folder;
            while (!Directory.Exists(there) && Path.GetDirectoryName(there) is { } above)
                there = above;
            return RsyncGuards.WhyNotWritable(there) is { } reason
                ? request.Failed(
                    check, folder, $"The state folder '{folder}' cannot be written: {reason}",
                    "Check the permissions of the state folder; RSYNCS3BACKUP_STATE moves it.")
                : request.Passed(check, folder, JobLock.Holder(request.Job.Name) is { } holder
                    ? $"'{folder}' can be written. A run of the job is on: {holder}."
                    : $"'{folder}' can be written.");
        }
        catch (StateFolderUnsafeException exception)
        {
            return request.Failed(check, exception.Folder, RunErrors.StateFolderUnsafe(exception));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return request.Failed(
                check, folder, $"The state folder '{folder}' cannot be used: {exception.Message}",
                "Check the state folder, its permissions and its free space; RSYNCS3BACKUP_STATE moves it.");
        }
    }
}
