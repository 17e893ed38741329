using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace RsyncS3Backup.Pipeline;

/// <summary>
/// Runs async work on the thread pool while the pipeline thread executes what the work posts to it: only that thread may call WriteObject,
/// WriteError and their like. One pump serves one piece of work.
/// </summary>
/// <remarks>
/// What a post does may throw: <c>-ErrorAction Stop</c>, <c>-WarningAction Stop</c>, a downstream <c>Select-Object -First</c>, Ctrl+C.
/// Leaving at once would abandon the work with its rsync child and its multipart uploads. So the work is cancelled, further posts are
/// dropped, and the exception goes on only when the work has ended, or when the grace period is over. Posting never blocks, so the work
/// can always reach its end.
/// </remarks>
/// <param name="stopping">Cancelled when the user stops the pipeline.</param>
/// <param name="gracePeriod">How long cancelled work may take to clean up; null: 60 seconds.</param>
internal sealed class PipelinePump(CancellationToken stopping, TimeSpan? gracePeriod = null)
{
    private readonly object gate = new();
    private readonly Queue<PostedCall> calls = new();
    private readonly TimeSpan gracePeriod = gracePeriod ?? TimeSpan.FromSeconds(60);
    private bool closed;
    private long? deadline;

    /// <summary>Has the pipeline thread do something, soon. Callable from any thread; dropped when the work has ended or is cancelled.</summary>
    internal void Post(Action action) => TryEnqueue(new PostedCall(action, Dropped: null));

    /// <summary>Likewise; false when nobody will do it, now or later. When it is dropped after all, <paramref name="dropped"/> is called.</summary>
    internal bool TryPost(Action action, Action dropped) => TryEnqueue(new PostedCall(action, dropped));

    /// <summary>
    /// Has the pipeline thread answer something (ShouldContinue, for one). A question that is dropped is a cancelled task: whoever awaits
    /// it is never left waiting.
    /// </summary>
    internal Task<T> AskAsync<T>(Func<T> question)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!TryEnqueue(new PostedCall(() => answer.TrySetResult(question()), () => answer.TrySetCanceled())))
            answer.TrySetCanceled(CancellationToken.None);
        return answer.Task;
    }

    /// <summary>Runs the work to its end and returns what it returns; call it on the pipeline thread.</summary>
    /// <exception cref="PipelineStoppedException">
    /// The pipeline was stopped, and the work ended by throwing <see cref="OperationCanceledException"/> or not at all.
    /// </exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "Work that outlives its grace period still holds the token.")]
    internal T Run<T>(Func<CancellationToken, Task<T>> work)
    {
        CancellationTokenSource cancelling = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        CancellationToken token = cancelling.Token;
        using CancellationTokenRegistration wake = token.Register(StartGracePeriod);
        Task<T> running = Task.Run(() => work(token), CancellationToken.None);
        running.ContinueWith(
            _ => Close(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        ExceptionDispatchInfo? thrown = null;
        while (TryDequeue(out PostedCall? call))
        {
            if (thrown is not null)
            {
                call.Dropped?.Invoke();
                continue;
            }

            try
            {
                call.Action();
            }
            catch (Exception exception)
            {
                thrown = ExceptionDispatchInfo.Capture(exception);
                call.Dropped?.Invoke();
                // Not Cancel(): the callbacks that kill a child or abort an upload would run here, on the thread that must keep draining.
                _ = cancelling.CancelAsync();
            }
        }

        Abandon();
        thrown?.Throw();
        if (!running.IsCompleted || (running.IsCanceled && stopping.IsCancellationRequested))
            throw new PipelineStoppedException();
        return running.GetAwaiter().GetResult();
    }

    private bool TryEnqueue(PostedCall call)
    {
        lock (gate)
        {
            if (closed)
                return false;
            calls.Enqueue(call);
            Monitor.Pulse(gate);
            return true;
        }
    }

    /// <summary>Waits for the next call; false when the work has ended and all its calls are taken, or when the grace period is over.</summary>
    private bool TryDequeue([NotNullWhen(true)] out PostedCall? call)
    {
        lock (gate)
        {
            call = null;
            while (true)
            {
                long remaining = deadline is { } end ? Math.Max(0, end - Environment.TickCount64) : Timeout.Infinite;
                if (remaining == 0)
                    return false;
                if (calls.TryDequeue(out call))
                    return true;
                if (closed)
                    return false;
                Monitor.Wait(gate, (int)remaining);
            }
        }
    }

    private void StartGracePeriod()
    {
        lock (gate)
        {
            deadline ??= Environment.TickCount64 + (long)gracePeriod.TotalMilliseconds;
            Monitor.Pulse(gate);
        }
    }

    private void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }

    // After this nobody executes calls any more, so whoever waits for an answer must hear that none will come.
    private void Abandon()
    {
        Close();
        foreach (PostedCall call in calls)
            call.Dropped?.Invoke();
    }

    private sealed record PostedCall(Action Action, Action? Dropped);
}
