namespace RsyncS3Backup.Rsync;

/// <summary>
/// Stops a stage at an instant, by a look at the wall clock each second: a clock of running time stands still while a laptop sleeps.
/// </summary>
internal sealed class StageTime : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource source;
    private readonly ITimer? timer;

    /// <param name="stop">The instant; null: never.</param>
    /// <param name="clock">The wall clock.</param>
    /// <param name="cancellationToken">Stops the stage before that.</param>
    public StageTime(DateTimeOffset? stop, TimeProvider clock, CancellationToken cancellationToken)
    {
        source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (stop is not { } end)
            return;
        if (clock.GetUtcNow() >= end)
            source.Cancel();
        else
            timer = clock.CreateTimer(_ => Look(), null, LookEvery, LookEvery);

        void Look()
        {
            if (clock.GetUtcNow() < end)
                return;
            try
            {
                source.Cancel();
            }
            catch (AggregateException)
            {
                // Of those that were to stop. It would end the process here; the token is cancelled all the same.
            }
        }
    }

    /// <summary>What the stage listens to.</summary>
    public CancellationToken Token => source.Token;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (timer is not null)
            await timer.DisposeAsync().ConfigureAwait(false);
        source.Dispose();
    }
}
