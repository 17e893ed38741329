namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>Ends work during which requests are under way but nothing moves any more.</summary>
internal sealed class StallWatch(Traffic traffic, TimeSpan timeout, TimeProvider clock)
{
    private const int ChecksPerTimeout = 20;

    /// <summary>Does the work, and stops it when nothing has moved for the timeout.</summary>
    /// <exception cref="BackupException">Nothing moved: <c>S3Stalled</c>.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> work, string endpoint, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bool isStalled = false;
        TimeSpan interval = timeout / ChecksPerTimeout;
        await using ITimer timer = clock.CreateTimer(_ => Check(), state: null, interval, interval);
        try
        {
            await work(stop.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (Volatile.Read(ref isStalled) && !cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Stalled(endpoint, timeout, exception);
        }

        void Check()
        {
            if (traffic.Stalled < timeout)
                return;
            Volatile.Write(ref isStalled, true);
            // Not on the timer's thread: callbacks of the token end requests.
            _ = stop.CancelAsync();
        }
    }
}
