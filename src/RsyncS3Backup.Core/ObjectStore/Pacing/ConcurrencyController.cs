namespace RsyncS3Backup.ObjectStore.Pacing;

/// <summary>What happened in one stretch of time.</summary>
/// <param name="Work">How much got done, in any unit that stays the same.</param>
/// <param name="Duration">How long the stretch was.</param>
/// <param name="IsSaturated">True when every slot was in use at some moment: more slots could have been used.</param>
/// <param name="IsThrottled">True when the store asked to slow down, or did not answer in time.</param>
internal readonly record struct ConcurrencySample(double Work, TimeSpan Duration, bool IsSaturated, bool IsThrottled);

/// <summary>
/// Finds how many requests at a time do best. It doubles at first, then climbs as long as more requests get more done, steps back when they do not and
/// tries again later, halves when the store says that it is too much and then feels its way back by ones: S3 spreads a prefix over more partitions only
/// while load rises slowly ("Best practices design patterns", Amazon S3 User Guide). Without I/O and without a clock. Not thread-safe.
/// </summary>
internal sealed class ConcurrencyController
{
    private const double StartClimb = 2;
    private const double UsualClimb = 1.5;
    private const double ClimbAfterThrottling = 1.1;

    // Less than this is noise.
    private const double WorthIt = 1.08;
    private const int SamplesBetweenProbes = 20;
    private const int SamplesAfterThrottling = 4;

    private readonly int maximum;
    private double climb = StartClimb;
    private double rateBefore;
    private int limitBefore;
    private int patience;
    private int recoverTo;

    /// <summary>A controller that starts at <paramref name="initial"/> and stays between one and <paramref name="maximum"/>.</summary>
    public ConcurrencyController(int initial, int maximum)
    {
        this.maximum = maximum;
        Limit = Math.Min(initial, maximum);
    }

    /// <summary>How many requests may be under way.</summary>
    public int Limit { get; private set; }

    /// <summary>True until more requests did not get more done, or were too much, for the first time.</summary>
    public bool IsStarting => climb == StartClimb && Limit < maximum;

    /// <summary>Learns from a stretch of time, and changes <see cref="Limit"/> for the next.</summary>
    public void Observe(ConcurrencySample sample)
    {
        double rate = sample.Work / Math.Max(sample.Duration.TotalSeconds, 0.001);
        if (sample.IsThrottled)
            BackOff();
        else if (patience > 0)
            patience--;
        else if (!sample.IsSaturated)
            Forget();
        else if (Limit < recoverTo)
            Recover();
        else if (limitBefore > 0 && rate < rateBefore * WorthIt)
            StepBack();
        else
            StepUp(rate);
    }

    private void BackOff()
    {
        // What was too much once is reached again by ones only, and passed only by a probe.
        recoverTo = Math.Max(1, (int)(Limit * 0.9));
        Limit = Math.Max(1, Limit / 2);
        patience = SamplesAfterThrottling;
        limitBefore = 0;
        climb = ClimbAfterThrottling;
    }

    private void Recover()
    {
        Limit++;
        if (Limit == recoverTo)
            patience = SamplesBetweenProbes;
    }

    private void StepBack()
    {
        Limit = limitBefore;
        // Between it and the double there may be a better one.
        patience = IsStarting ? 1 : SamplesBetweenProbes;
        climb = Math.Min(climb, UsualClimb);
        limitBefore = 0;
    }

    private void StepUp(double rate)
    {
        int next = Math.Min(maximum, Math.Max(Limit + 1, (int)(Limit * climb)));
        // At the top there is nothing to compare with later.
        limitBefore = next > Limit ? Limit : 0;
        rateBefore = rate;
        Limit = next;
    }

    // With too little to do, a rate says nothing about the store.
    private void Forget()
    {
        if (limitBefore > 0)
            Limit = limitBefore;
        limitBefore = 0;
    }
}
