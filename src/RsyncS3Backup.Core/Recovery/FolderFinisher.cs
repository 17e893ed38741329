using RsyncS3Backup.Observation;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>
/// Gives folders their attributes when everything that is in them is there: each entry would change the time of its folder.
/// </summary>
/// <param name="counters">Counts.</param>
/// <param name="report">Hears what goes wrong.</param>
internal sealed class FolderFinisher(RestoreCounters counters, StageReport report)
{
    private readonly FolderList folders = new();

    /// <summary>A folder, and what it is to be.</summary>
    public void Add(RestoreTask task, EntryAttributes attributes) => folders.Add(task.Tree, task.Path, attributes);

    /// <summary>Gives folders their attributes, after everything that is in them.</summary>
    public void Finish(CancellationToken cancellationToken)
    {
        foreach ((DestinationTree tree, EntryPath path, EntryAttributes attributes) in folders.DeepestFirst())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                string full = path.Folder.Length == 0 ? path.Name : $"{path.Folder}/{path.Name}";
                using DestinationFolder folder = tree.Open(full);
                if (attributes.AreThoseOf(folder.LookAtItself(), tree))
                {
                    counters.EntryUnchanged(0);
                    continue;
                }

                if (!folder.SetOwnAttributes(attributes))
                    counters.OwnerNotSet();
                counters.EntryRestored(0);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                report.ItemFailed(RestoreErrors.WriteFailed(path.Full, exception.Message));
            }
        }
    }
}
