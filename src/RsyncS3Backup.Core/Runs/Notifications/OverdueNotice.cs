using RsyncS3Backup.Calendar;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Runs.Reporting;
using RsyncS3Backup.State;

namespace RsyncS3Backup.Runs.Notifications;

/// <summary>Tells that a job's last good run is too old: once in each time of its <c>maxAge</c>, by whatever of the job runs then.</summary>
internal static class OverdueNotice
{
    /// <summary>When it is to be told next, also when that has been for long; null: nobody wants to hear of it, or it is never too old.</summary>
    public static DateTimeOffset? Next(BackupConfiguration job, SuccessAge age, BackupTestLevel? test = null) =>
        job.Notifications.Any(options => options.Tells(NotificationEvent.Overdue)) ? OverdueState.Next(job.Name, age, test) : null;

    /// <summary>Tells of it outside of a run.</summary>
    /// <returns>One result for each message; none when it is not overdue, or was told already.</returns>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static async Task<IReadOnlyList<NotificationResult>> TellAsync(
        BackupConfiguration job, SuccessAge age, ISecretReader? reader, CancellationToken cancellationToken,
        IReadOnlyList<TimeSpan>? delays = null, BackupTestLevel? test = null)
    {
        if (!job.Notifications.Any(options => options.Tells(NotificationEvent.Overdue)))
            return [];
        NotificationReceivers receivers = new(new KnownSecrets(), delays);
        await receivers.FindAsync(job.Notifications, reader, cancellationToken).ConfigureAwait(false);
        RunReport report = new()
        {
            Name = job.Name,
            RunId = "",
            HostName = Environment.MachineName,
            ConfigurationPath = job.Path,
            OverdueTest = test,
        };
        return await TellAsync(receivers, report, age, told: null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells of it at the end of a run that did not change that.</summary>
    /// <param name="receivers">Who is told.</param>
    /// <param name="report">The run.</param>
    /// <param name="age">How old the last good run is.</param>
    /// <param name="told">What was told of the run, which says how old it is as well; null: nothing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The state folder cannot be used (<c>ScheduleStateNotWritten</c>).</exception>
    public static async Task<IReadOnlyList<NotificationResult>> TellAsync(
        NotificationReceivers receivers, RunReport report, SuccessAge age, NotificationEvent? told, CancellationToken cancellationToken)
    {
        if (!receivers.Tell(NotificationEvent.Overdue) || !OverdueState.Claim(report.Name, age, report.OverdueTest))
            return [];
        RunReport notice = report with { Age = age, IsOverdueNotice = true };
        NotificationResult[] sent = await receivers.SendAsync(notice, NotificationEvent.Overdue, told, cancellationToken).ConfigureAwait(false);
        if (sent.Length > 0 && sent.All(notification => notification.Status != BackupStatus.Succeeded))
            OverdueState.Forget(report.Name, report.OverdueTest);
        return sent;
    }
}
