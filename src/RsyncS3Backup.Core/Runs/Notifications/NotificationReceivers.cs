using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Reporting;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Who a job tells, with their secrets or why these are missing.</summary>
/// <param name="secrets">What must not be shown; what is found is added.</param>
/// <param name="delays">How long to wait before the second try and each further one; null: as the sender does.</param>
internal sealed class NotificationReceivers(KnownSecrets secrets, IReadOnlyList<TimeSpan>? delays)
{
    private readonly NotificationSender sender = new(secrets, delays);
    private readonly List<(NotificationOptions Options, NotificationTarget? Target, BackupError? Error)> found = [];

    /// <summary>True when anybody is told of that.</summary>
    public bool Tell(NotificationEvent what) => found.Exists(receiver => receiver.Options.Tells(what));

    /// <summary>Finds the secrets.</summary>
    public async Task FindAsync(IEnumerable<NotificationOptions> notifications, ISecretReader? reader, CancellationToken cancellationToken)
    {
        foreach (NotificationOptions options in notifications)
        {
            try
            {
                NotificationTarget target = await NotificationTarget.FindAsync(options, reader, secrets, cancellationToken).ConfigureAwait(false);
                found.Add((options, target, null));
            }
            catch (BackupException exception)
            {
                found.Add((options, null, exception.Error));
            }
            catch (OperationCanceledException)
            {
                found.Add((options, null, NotificationErrors.SecretMissing("its secret", "the run was stopped.")));
            }
        }
    }

    /// <summary>Tells all who are told of something.</summary>
    /// <param name="report">The message.</param>
    /// <param name="what">What it is.</param>
    /// <param name="told">What they heard already: whoever is told of that hears no more; null: nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<NotificationResult[]> SendAsync(
        RunReport report, NotificationEvent what, NotificationEvent? told, CancellationToken cancellationToken) => Task.WhenAll(
            found.Where(receiver => receiver.Options.Tells(what) && !(told is { } heard && receiver.Options.Tells(heard)))
                .Select(receiver => receiver.Target is { } target
                    ? sender.SendAsync(target, report, what, cancellationToken)
                    : Task.FromResult(NotificationSender.Unsendable(receiver.Options, report, what, receiver.Error!))));
}
