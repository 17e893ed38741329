using System.Collections.Concurrent;
using System.Management.Automation;
using RsyncS3Backup.Observation;

namespace RsyncS3Backup.Pipeline;

/// <summary>A cmdlet whose work is asynchronous. Stopping it (Ctrl+C) cancels the work and waits for its clean-up.</summary>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<ErrorRecord> itemErrors = new();

    /// <summary>Cancelled when the pipeline is stopped.</summary>
    private protected CancellationToken StopToken => stopping.Token;

    /// <summary>True when the cmdlet ends the process itself after a run that SIGTERM ended; else the signal does.</summary>
    private protected virtual bool EndsTerminatedProcess => false;

    /// <summary>True once SIGTERM has ended a run.</summary>
    private protected bool IsTerminated { get; private set; }

    /// <summary>Runs async work; what it tells the observer reaches the pipeline while it runs.</summary>
    /// <param name="activity">The title of the progress bar above the stages' own; null for a cmdlet that runs one stage.</param>
    /// <param name="work">The work.</param>
    /// <param name="emitsActions">True to write every action as an object, while the work goes on.</param>
    /// <param name="label">What warnings and errors begin with, where several jobs run; null: nothing.</param>
    private protected T Run<T>(
        string? activity, Func<CmdletObserver, CancellationToken, Task<T>> work, bool emitsActions = false, string? label = null)
    {
        PipelinePump pump = new(StopToken);
        CmdletObserver observer = new(this, pump, activity, label, emitsActions: emitsActions);
        return Run(pump, token => work(observer, token), observer.CompleteProgress);
    }

    /// <summary>Runs several pieces of async work at once; what they tell their observers reaches the pipeline while they run.</summary>
    /// <param name="work">The work.</param>
    /// <param name="emitsActions">True to write every action as an object, while the work goes on.</param>
    private protected void RunSeveral(Func<SeveralRuns, CancellationToken, Task> work, bool emitsActions)
    {
        PipelinePump pump = new(StopToken);
        SeveralRuns runs = new(this, pump, emitsActions);
        Run(pump, async token =>
        {
            await work(runs, token).ConfigureAwait(false);
            return true;
        }, runs.CompleteProgress);
    }

    /// <summary>Writes each object as soon as there is one. A slow pipeline slows the work down, so that nothing piles up.</summary>
    /// <param name="work">The work.</param>
    private protected void RunStream<T>(Func<IRunObserver, CancellationToken, IAsyncEnumerable<T>> work)
    {
        PipelinePump pump = new(StopToken);
        CmdletObserver observer = new(this, pump, runActivity: null) { WritesItemErrors = true };
        Run(pump, async token =>
        {
            int ahead = 0;
            await foreach (T item in work(observer, token).WithCancellation(token).ConfigureAwait(false))
            {
                pump.Post(() => WriteObject(item));
                if (++ahead % BoundedPost.MostAhead == 0)
                    await pump.AskAsync(() => true).ConfigureAwait(false);
            }

            return true;
        }, observer.CompleteProgress);
    }

    private T Run<T>(PipelinePump pump, Func<CancellationToken, Task<T>> work, Action completeProgress)
    {
        using Termination termination = new(StopProcessing, EndsTerminatedProcess);
        try
        {
            return pump.Run(work);
        }
        finally
        {
            IsTerminated |= termination.IsRequested;
            completeProgress();
        }
    }

    /// <summary>
    /// Runs async work that hands out objects on its way to a result. A slow pipeline slows the work down, so that nothing piles up.
    /// </summary>
    /// <param name="work">The work; what it hands out may come from any thread.</param>
    /// <param name="write">Takes each object, on the pipeline thread.</param>
    private protected TResult RunEmitting<TItem, TResult>(
        Func<IRunObserver, Action<TItem>, CancellationToken, Task<TResult>> work, Action<TItem> write)
    {
        PipelinePump pump = new(StopToken);
        CmdletObserver observer = new(this, pump, runActivity: null);
        BoundedPost handedOut = new(pump);
        return Run(pump, token => work(observer, item => handedOut.Post(() => write(item)), token), observer.CompleteProgress);
    }

    /// <summary>
    /// Keeps the error of a single entry until its run has ended and the result is out: written at once, <c>-ErrorAction Stop</c> would end the run
    /// because of one file, and not the pipeline behind it.
    /// </summary>
    internal void Keep(ErrorRecord itemError) => itemErrors.Enqueue(itemError);

    /// <summary>Writes a result, and then what went wrong.</summary>
    /// <param name="result">What is written.</param>
    /// <param name="error">Why it failed; null when it did not.</param>
    /// <param name="jobName">The job whose result it is; null for none.</param>
    /// <param name="label">What the error begins with, where several jobs run; null: nothing.</param>
    private protected void WriteResult(object result, BackupError? error, string? jobName = null, string? label = null)
    {
        WriteObject(result);
        WriteItemErrors();
        if (error is not null)
            WriteError(ErrorRecords.From(error, label, jobName));
    }

    /// <summary>Writes the errors of single entries: each by itself while there are few, else one for each kind.</summary>
    private protected void WriteItemErrors()
    {
        List<ErrorRecord> all = [];
        while (itemErrors.TryDequeue(out ErrorRecord? itemError))
            all.Add(itemError);
        foreach (ErrorRecord record in EqualErrors.Merged(all))
            WriteError(record);
    }

    /// <summary>Writes a non-terminating error.</summary>
    private protected void WriteError(BackupError error) => WriteError(ErrorRecords.From(error));

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        try
        {
            stopping.Cancel();
        }
        catch (Exception exception) when (exception is ObjectDisposedException or AggregateException)
        {
            // The pipeline ended while it was being stopped, or somebody's clean-up failed: neither may hold up the stop.
        }
    }

    /// <summary>Releases what the cmdlet holds; the engine calls it.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            stopping.Dispose();
    }
}
