using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Rsync.Output;

namespace RsyncS3Backup.Rsync;

/// <summary>Hears what the rsyncs of a run change in the mirror, or what those of a plan would change.</summary>
internal interface IRsyncChanges
{
    /// <summary>A file that each rsync holds open as long as it lives; null: none.</summary>
    SafeFileHandle? File => null;

    /// <summary>An rsync starts.</summary>
    void PassStarts(RsyncLeg leg)
    {
    }

    /// <summary>It ended, and all that it printed was read.</summary>
    void PassEnded(bool isClean)
    {
    }

    /// <summary>One item; valid during the call only.</summary>
    /// <returns>False when it is no change: a dry run cannot tell it from one, and a run would not make it.</returns>
    bool TryAdd(RsyncLeg leg, in RsyncItem item);
}
