using System.Runtime.CompilerServices;
using System.Text.Json;
using RsyncS3Backup.Schedulers;

namespace RsyncS3Backup.Readiness;

/// <summary>Whether something starts the job, and what the job finds then: its launcher is started as the scheduler starts it.</summary>
internal static class ScheduleReadiness
{
    private const BackupReadinessCheck Check = BackupReadinessCheck.Scheduler;

    // What the launcher prints before each check.
    private const string Line = "RsyncS3Backup: check ";

    /// <summary>Checks each entry of the job.</summary>
    public static async IAsyncEnumerable<BackupReadiness> RunAsync(
        ReadinessRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!request.Asks(Check) || request.Schedules is not { } schedules)
            yield break;
        NativeEntry[] entries = [.. (await schedules.ListAsync(cancellationToken).ConfigureAwait(false))
            .Where(entry => entry.Registration?.JobName == request.Job.Name)];
        if (!entries.Any(entry => entry.Registration!.Task == BackupScheduleTask.Backup))
        {
            yield return NotRegistered(request);
            foreach (string lost in Lost(request))
                yield return request.Warning(BackupReadinessCheck.Credentials, "a scheduler", lost, recommendation: null);
        }

        if (request.Job.Tests.Count > 0 && !entries.Any(entry => entry.Registration!.Task == BackupScheduleTask.Test))
        {
            yield return request.Warning(
                Check, "tests", "The job has tests, and no scheduler of this machine starts them.",
                $"Register-BackupSchedule {Quoted(request)} -Task Test registers them.");
        }

        foreach (NativeEntry entry in entries)
        {
            foreach (BackupReadiness check in await OfEntryAsync(request, schedules, entry, cancellationToken).ConfigureAwait(false))
                yield return check;
        }
    }

    private static IEnumerable<string> Lost(ReadinessRequest request) =>
        request.Job.Schedule is null ? [] : LostCredentials.Warnings(request.Job, JobEnvironment.Current(PowerShellProgram.Find()));

    private static string Quoted(ReadinessRequest request) => $"'{request.Job.Name.Replace("'", "''", StringComparison.Ordinal)}'";

    private static BackupReadiness NotRegistered(ReadinessRequest request)
    {
        return request.Job.Schedule is null
            ? request.Passed(Check, "", "The job has no schedule and is registered with no scheduler: it is started by hand.")
            : request.Warning(
                Check, "", "The job has a schedule, and no scheduler of this machine starts it.", $"Register-BackupSchedule {Quoted(request)} registers it.");
    }

    private static async Task<IReadOnlyList<BackupReadiness>> OfEntryAsync(
        ReadinessRequest request, BackupSchedules schedules, NativeEntry entry, CancellationToken cancellationToken)
    {
        BackupSchedule described = schedules.Describe([entry], request.Launcher)[0];
        string target = $"{described.Scheduler}, {described.Scope} scope{(described.Task == BackupScheduleTask.Test ? ", tests" : "")}";
        if (described.State == BackupScheduleState.Disabled)
            return [request.Warning(Check, target, $"{target} has the job, and it is disabled.", "Enable-BackupSchedule lets it run again.")];
        if (described.State == BackupScheduleState.Broken)
        {
            return [request.Failed(
                Check, target, $"{target} has the job, and it would not run: {described.Problem}", "Register it again with Register-BackupSchedule.")];
        }

        if (await entry.Scheduler.ObstacleAsync(cancellationToken).ConfigureAwait(false) is { } obstacle)
            return [request.Failed(Check, target, $"{target} does not answer: {obstacle}", "Start the scheduler, or register the job with another one.")];
        List<BackupReadiness> found = [];
        foreach (string doubt in await entry.Scheduler.DoubtsAsync(cancellationToken).ConfigureAwait(false))
            found.Add(request.Warning(Check, target, doubt, recommendation: null));
        if (described.Problem is { } problem)
            found.Add(request.Warning(Check, target, problem, "Register it again with Register-BackupSchedule."));
        if (entry.Scheduler.Scope == BackupScheduleScope.System && !Environment.IsPrivilegedProcess)
        {
            found.Add(request.Warning(
                Check, target, $"{target} starts the job as another user, so what it finds then was not checked.", "Run this as root, or as an administrator."));
            return found;
        }

        try
        {
            string said = await StartCheck
                .RunAsync(entry.Scheduler, entry.Registration! with { ChecksReadiness = true }, cancellationToken).ConfigureAwait(false);
            if (found.Count == 0)
            {
                string next = described.NextRun is { } run ? $"; it starts next at {HumanText.Time(run)}" : "";
                found.Add(request.Passed(Check, target, $"{target} can start the job and read its configuration{next}."));
            }

            found.AddRange(Read(said).Select(check => check with { Name = request.Job.Name, Target = Joined(check.Target, target) }));
        }
        catch (BackupException exception)
        {
            found.Add(request.Failed(Check, target, exception.Error));
        }

        return found;
    }

    private static string Joined(string target, string scheduler) => target.Length == 0 ? scheduler : $"{target} ({scheduler})";

    /// <summary>The checks in what the launcher printed. What is no check is left out.</summary>
    internal static IEnumerable<BackupReadiness> Read(string output)
    {
        foreach (string line in output.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith(Line, StringComparison.Ordinal) && Parse(line[Line.Length..]) is { } check)
                yield return check;
        }
    }

    private static BackupReadiness? Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            BackupReadinessStatus status = (BackupReadinessStatus)root.GetProperty(nameof(BackupReadiness.Status)).GetInt32();
            return new BackupReadiness
            {
                Name = "",
                Check = (BackupReadinessCheck)root.GetProperty(nameof(BackupReadiness.Check)).GetInt32(),
                Target = Text(root, nameof(BackupReadiness.Target)) ?? "",
                Status = status,
                Detail = ShownText.Of($"As the scheduler starts it: {Text(root, nameof(BackupReadiness.Detail))}"),
                Recommendation = Text(root, nameof(BackupReadiness.Recommendation)) is { } advice ? ShownText.Of(advice) : null,
                ErrorId = Text(root, nameof(BackupReadiness.ErrorId)),
                ExitCode = status == BackupReadinessStatus.Failed ? BackupExitCode.Stage2Failed : BackupExitCode.Succeeded,
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
}
