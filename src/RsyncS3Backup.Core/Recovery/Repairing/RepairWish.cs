namespace RsyncS3Backup.Recovery.Repairing;

/// <summary>One entry that somebody wants repaired.</summary>
/// <param name="Path">The path below the mirror's root with <c>/</c> between parts, as its difference names it.</param>
/// <param name="GoodCopy">
/// The copy that was good when the difference was found: what is to be taken was agreed to, the other way round was not. Null: nothing was to be done.
/// </param>
internal sealed record RepairWish(string Path, BackupCopy? GoodCopy);
