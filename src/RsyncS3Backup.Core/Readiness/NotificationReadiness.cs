using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Notifications;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Readiness;

/// <summary>Whether those can be told who are to be told.</summary>
internal static class NotificationReadiness
{
    /// <summary>Finds the secrets of all, and sends a test message to each where that is asked for.</summary>
    public static async Task<IReadOnlyList<BackupReadiness>> RunAsync(ReadinessRequest request, CancellationToken cancellationToken)
    {
        List<BackupReadiness> found = [];
        foreach (NotificationOptions options in request.Job.Notifications)
            found.Add(await OneAsync(request, options, cancellationToken).ConfigureAwait(false));
        return found;
    }

    private static async Task<BackupReadiness> OneAsync(ReadinessRequest request, NotificationOptions options, CancellationToken cancellationToken)
    {
        const BackupReadinessCheck check = BackupReadinessCheck.Notification;
        KnownSecrets secrets = new();
        NotificationTarget target;
        try
        {
            target = await NotificationTarget.FindAsync(options, request.Secrets, secrets, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException exception)
        {
            // A run would not fail because of it: nobody would hear of it.
            return Untold(exception.Error, exception.Error.Target ?? "");
        }

        string what = $"{options.Type.ToString().ToLowerInvariant()} to {target.Display}";
        if (!request.Notifies)
        {
            return request.Passed(
                check, target.Display, $"The address and the secrets of the {what} were found. Nothing was sent"
                + (options.Type == NotificationKind.Ping ? ": only runs send pings." : "; -Notify sends a test message."));
        }

        if (options.Type == NotificationKind.Ping)
            return request.Passed(check, target.Display, $"The {what} is sent by runs only: the service would take a test for a run.");
        RunReport report = new()
        {
            Name = request.Job.Name,
            RunId = "",
            Status = BackupStatus.Succeeded,
            IsTest = true,
            StartTime = DateTimeOffset.Now,
            HostName = Environment.MachineName,
            ConfigurationPath = request.Job.Path,
        };
        NotificationSender sender = new(secrets, request.NotificationDelays);
        NotificationResult sent = await sender.SendAsync(target, report, NotificationEvent.Success, cancellationToken).ConfigureAwait(false);
        return sent.Error is { } error
            ? Untold(error, target.Display)
            : request.Passed(check, target.Display, $"The {what} was sent as a test.");

        BackupReadiness Untold(BackupError error, string place) =>
            request.Failed(check, place, error.Message, error.RecommendedAction) with { ErrorId = error.Id };
    }
}
