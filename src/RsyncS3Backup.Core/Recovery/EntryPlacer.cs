using RsyncS3Backup.Files;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>Finds where entries go.</summary>
/// <param name="targets">The destinations.</param>
/// <param name="report">Hears of entries that go nowhere.</param>
/// <param name="renamed">Hears of entries that get another name: their own, and that one.</param>
internal sealed class EntryPlacer(RestoreTargets targets, StageReport report, Action<string, string>? renamed = null)
{
    /// <summary>
    /// Finds where an entry goes. For one caller at a time, in the order of keys: the first of two names that a file system takes for one wins, and a
    /// folder is there, closed to others, before what is in it.
    /// </summary>
    /// <returns>Null when it goes nowhere; that is reported.</returns>
    public RestoreTask? Place(RestoreItem item)
    {
        BackupError? refusal = targets.Resolve(item.RelativeKey, out RestoreTarget target, out EntryPath path, out bool isRenamed);
        if (refusal is null && path.Name.Length > 0 && target.Names.Claim(path) is { } first)
            refusal = RestoreErrors.NameCollision(item.RelativeKey, first);
        if (refusal is not null)
        {
            report.ItemFailed(refusal);
            return null;
        }

        if (isRenamed)
            renamed?.Invoke(item.RelativeKey, path.Full);
        RestoreTask task = new(item, target.Tree, path);
        if (!path.IsFolder || path.Name.Length == 0)
            return task;
        return TryMakeFolder(task) is { } isNew ? task with { IsNewFolder = isNew } : null;
    }

    /// <returns>Whether it is new; null when it could not be made, which is reported.</returns>
    private bool? TryMakeFolder(RestoreTask task)
    {
        try
        {
            using DestinationFolder parent = task.Tree.Open(task.Path.Folder);
            return parent.MakeFolder(task.Path.Name);
        }
        catch (PathBlockedException exception)
        {
            report.ItemFailed(RestoreErrors.PathBlocked(task.Item.RelativeKey, exception.Path));
        }
        catch (BlockedException)
        {
            report.ItemFailed(RestoreErrors.PathBlocked(task.Item.RelativeKey, task.Path.Full.TrimEnd('/')));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !RestoreErrors.IsDiskFull(exception))
        {
            report.ItemFailed(RestoreErrors.WriteFailed(task.Item.RelativeKey, exception.Message));
        }

        return null;
    }
}
