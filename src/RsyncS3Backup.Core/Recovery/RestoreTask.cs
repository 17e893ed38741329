using RsyncS3Backup.Files;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.Recovery.Writing;

namespace RsyncS3Backup.Recovery;

/// <summary>An entry and where it goes.</summary>
/// <param name="Item">The entry.</param>
/// <param name="Tree">The destination.</param>
/// <param name="Path">Its path there.</param>
internal sealed record RestoreTask(RestoreItem Item, DestinationTree Tree, EntryPath Path)
{
    /// <summary>True to take content that is not what was stored, under a name that says so.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>True for a folder that was not there before.</summary>
    public bool IsNewFolder { get; init; }

    /// <summary>What an exception that is about the destination means for the entry.</summary>
    public BackupError ErrorFor(Exception exception) => exception switch
    {
        PathBlockedException blocked => RestoreErrors.PathBlocked(Item.RelativeKey, blocked.Path),
        BlockedException => RestoreErrors.PathBlocked(Item.RelativeKey, Path.Full),
        _ when InUse.Is(exception) => RestoreErrors.InUse(Item.RelativeKey, WindowsPath.Below(Tree.Path, Path.Full)),
        _ => RestoreErrors.WriteFailed(Item.RelativeKey, exception.Message),
    };
}
