using System.Runtime.CompilerServices;

namespace RsyncS3Backup.Readiness;

/// <summary>
/// Whether a job can run, by the guards and the requests of a run. Nothing is changed anywhere, but for one object of its own under the job's prefix
/// that is removed again, and test messages where they are asked for.
/// </summary>
internal static class ReadinessTest
{
    /// <summary>Checks one thing after the other, and hands out what it finds.</summary>
    public static async IAsyncEnumerable<BackupReadiness> RunAsync(
        ReadinessRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool isLocallyReady = true;
        foreach (BackupReadiness check in await LocalReadiness.QuickAsync(request, isQuick: false, cancellationToken).ConfigureAwait(false))
        {
            isLocallyReady &= check.Status != BackupReadinessStatus.Failed;
            yield return check;
        }

        // A dry run ends at the first of the guards that refused already.
        if (request.Asks(BackupReadinessCheck.Room) && isLocallyReady)
            yield return await LocalReadiness.RoomAsync(request, cancellationToken).ConfigureAwait(false);
        await foreach (BackupReadiness check in BucketReadiness.RunAsync(request, cancellationToken).ConfigureAwait(false))
            yield return check;
        await foreach (BackupReadiness check in ScheduleReadiness.RunAsync(request, cancellationToken).ConfigureAwait(false))
            yield return check;
        if (!request.Asks(BackupReadinessCheck.Notification))
            yield break;
        foreach (BackupReadiness check in await NotificationReadiness.RunAsync(request, cancellationToken).ConfigureAwait(false))
            yield return check;
    }

    /// <summary>What would keep a job from running on this machine, as far as it is quickly found without a request to anybody.</summary>
    /// <param name="request">The job.</param>
    /// <param name="known">Ids of errors that were told already.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Sentences.</returns>
    public static async Task<IReadOnlyList<string>> DoubtsAsync(
        ReadinessRequest request, IReadOnlyCollection<string> known, CancellationToken cancellationToken)
    {
        IReadOnlyList<BackupReadiness> found = await LocalReadiness.QuickAsync(request, isQuick: true, cancellationToken).ConfigureAwait(false);
        return
        [
            .. found.Where(check => check.Status == BackupReadinessStatus.Failed && !(check.ErrorId is { } id && known.Contains(id)))
                .Select(check => $"A run would fail now: {check.Detail} {check.Recommendation}"),
        ];
    }
}
