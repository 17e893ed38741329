using System.Threading.Channels;

namespace RsyncS3Backup.Recovery.Writing;

/// <summary>
/// Gives finished files their names, after their content is on the disk: so each name stands for the old file or for the whole new one, also
/// after a power failure. One wait for the disk serves all files that were finished during the last one.
/// </summary>
internal sealed class Committer
{
    private const int FilesAhead = 1024;

    private readonly Channel<Work> finished =
        Channel.CreateBounded<Work>(new BoundedChannelOptions(FilesAhead) { SingleReader = true });

    private readonly Task working;

    public Committer() => working = Task.Factory.StartNew(
        CommitAll, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Hands in a finished file; waits while the disk is far behind.</summary>
    public ValueTask AddAsync(FinishedFile file) => finished.Writer.WriteAsync(new Work(file, null));

    /// <summary>Waits until every file that was handed in before has its name, or has heard why it has not; further files may follow.</summary>
    public async Task FlushAsync()
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await finished.Writer.WriteAsync(new Work(null, reached)).ConfigureAwait(false);
        await reached.Task.ConfigureAwait(false);
    }

    /// <summary>Waits until every file that was handed in has its name.</summary>
    public async Task CompleteAsync()
    {
        finished.Writer.TryComplete();
        await working.ConfigureAwait(false);
    }

    private void CommitAll()
    {
        List<FinishedFile> batch = new(FilesAhead);
        List<TaskCompletionSource> waiting = [];
        while (finished.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < FilesAhead && finished.Reader.TryRead(out Work work))
            {
                if (work.File is { } file)
                    batch.Add(file);
                else
                    waiting.Add(work.Reached!);
            }

            Commit(batch);
            batch.Clear();
            waiting.ForEach(reached => reached.SetResult());
            waiting.Clear();
        }
    }

    private static void Commit(List<FinishedFile> batch)
    {
        Dictionary<DestinationTree, Exception?> trees = [];
        foreach (FinishedFile file in batch)
        {
            if (file.IsWaitingForTree && !trees.ContainsKey(file.Tree))
                trees[file.Tree] = Try(file.Tree.WriteBack);
        }

        foreach (FinishedFile file in batch)
        {
            Exception? problem = file.IsWaitingForTree ? trees[file.Tree] : null;
            file.Ended(problem ?? Try(() => Name(file)));
        }
    }

    private static void Name(FinishedFile file)
    {
        using DestinationFolder folder = file.Tree.Open(file.Path.Folder);
        try
        {
            folder.Rename(file.TemporaryName, file.Path.Name);
        }
        catch
        {
            folder.Remove(file.TemporaryName);
            throw;
        }
    }

    private static Exception? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    /// <summary>A file, or a mark in the row of files.</summary>
    private readonly record struct Work(FinishedFile? File, TaskCompletionSource? Reached);
}

/// <summary>A file that has all but its name.</summary>
/// <param name="Tree">The destination.</param>
/// <param name="Path">Where it goes.</param>
/// <param name="TemporaryName">What it is called now.</param>
/// <param name="IsWaitingForTree">True when its content is not on the disk yet, but will be when the tree is written back.</param>
/// <param name="Ended">Hears that it has its name, or why it has not.</param>
internal sealed record FinishedFile(
    DestinationTree Tree, EntryPath Path, string TemporaryName, bool IsWaitingForTree, Action<Exception?> Ended);
