using System.Diagnostics;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Sends notifications: three tries each, each bounded in time. Never throws for what can go wrong with one.</summary>
/// <param name="secrets">What must not be shown.</param>
/// <param name="delays">How long to wait before the second try and each further one; null: 1 and 4 seconds.</param>
internal sealed class NotificationSender(KnownSecrets secrets, IReadOnlyList<TimeSpan>? delays = null)
{
    private static readonly IReadOnlyList<TimeSpan> DefaultDelays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4)];

    // A server that asks for more than this is not waited for.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(15);

    private readonly IReadOnlyList<TimeSpan> delays = delays ?? DefaultDelays;

    /// <summary>Sends one notification.</summary>
    public async Task<NotificationResult> SendAsync(
        NotificationTarget target, RunReport report, NotificationEvent what, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        NotificationResult result = new()
        {
            Name = report.Name,
            RunId = report.RunId,
            Kind = target.Options.Type,
            Event = what,
            Target = target.Display,
            Status = BackupStatus.Failed,
        };
        int attempts = 0;
        try
        {
            while (true)
            {
                attempts++;
                if (await TryAsync(target, report, what, cancellationToken).ConfigureAwait(false) is not { } failure)
                    return Ended(BackupStatus.Succeeded, error: null);
                if (!failure.IsTransient || attempts > delays.Count || failure.RetryAfter > LongestRetryAfter)
                    return Ended(BackupStatus.Failed, failure.Error);
                TimeSpan delay = delays[attempts - 1];
                await Task.Delay(failure.RetryAfter > delay ? failure.RetryAfter.Value : delay, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Ended(BackupStatus.Cancelled, error: null);
        }
        catch (Exception exception)
        {
            // Of a library below that has more ways to fail than it tells.
            return Ended(BackupStatus.Failed, NotificationErrors.Unreachable(target.Display, secrets.Hide(exception.Message)));
        }

        NotificationResult Ended(BackupStatus status, BackupError? error) =>
            result with { Status = status, Error = error, Attempts = attempts, Duration = Stopwatch.GetElapsedTime(started) };
    }

    /// <summary>The result of a notification that has no target.</summary>
    public static NotificationResult Unsendable(NotificationOptions options, RunReport report, NotificationEvent what, BackupError error) => new()
    {
        Name = report.Name,
        RunId = report.RunId,
        Kind = options.Type,
        Event = what,
        Target = error.Target ?? "",
        Status = BackupStatus.Failed,
        Error = error,
    };

    private async Task<DeliveryException?> TryAsync(
        NotificationTarget target, RunReport report, NotificationEvent what, CancellationToken cancellationToken)
    {
        using CancellationTokenSource attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        attempt.CancelAfter(target.Options.Timeout < TimeSpan.FromHours(1) ? target.Options.Timeout : TimeSpan.FromHours(1));
        try
        {
            if (target.Options.Type == NotificationKind.Email)
            {
                await new MailDelivery(target, secrets).SendAsync(report, attempt.Token).ConfigureAwait(false);
                return null;
            }

            using HttpDelivery delivery = new(target, secrets);
            await delivery.SendAsync(report, what, attempt.Token).ConfigureAwait(false);
            return null;
        }
        catch (DeliveryException exception)
        {
            return exception;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DeliveryException(
                NotificationErrors.Unreachable(target.Display, $"no answer came within {HumanText.Duration(target.Options.Timeout)}."), isTransient: true);
        }
    }
}
