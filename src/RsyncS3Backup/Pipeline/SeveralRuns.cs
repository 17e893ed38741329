namespace RsyncS3Backup.Pipeline;

/// <summary>What several runs at once share: the pipeline. Each has an observer of its own, whose lines begin with its name.</summary>
/// <param name="cmdlet">Whose streams are written.</param>
/// <param name="pump">Brings the writes to the pipeline thread.</param>
/// <param name="emitsActions">True to write every action of every run as an object.</param>
internal sealed class SeveralRuns(AsyncCmdlet cmdlet, PipelinePump pump, bool emitsActions)
{
    private readonly List<CmdletObserver> observers = [];

    /// <summary>An observer for one more run.</summary>
    /// <param name="activity">The title of its progress bar.</param>
    /// <param name="label">What its lines begin with.</param>
    internal CmdletObserver Observe(string activity, string label)
    {
        lock (observers)
        {
            int firstActivity = observers.Count * CmdletObserver.Activities;
            CmdletObserver observer = new(cmdlet, pump, activity, label, firstActivity, emitsActions);
            observers.Add(observer);
            return observer;
        }
    }

    /// <summary>Has the pipeline thread write what a run gave, and take its progress bars away.</summary>
    internal void Ended(CmdletObserver observer, Action write) => pump.Post(() =>
    {
        observer.CompleteProgress();
        write();
    });

    /// <summary>Takes every bar away that is still shown; on the pipeline thread, on every way out.</summary>
    internal void CompleteProgress()
    {
        lock (observers)
            observers.ForEach(observer => observer.CompleteProgress());
    }
}
