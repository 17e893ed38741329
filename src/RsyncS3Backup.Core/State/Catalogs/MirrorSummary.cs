namespace RsyncS3Backup.State.Catalogs;

/// <summary>What a run knows of the mirror when it ends; the next run may rest on it without a walk.</summary>
/// <param name="IsEverythingSent">True when the run left nothing of the mirror unsent.</param>
/// <param name="Entries">How many entries belong in S3.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Settings">The settings that decided what belongs in S3.</param>
internal sealed record MirrorSummary(bool IsEverythingSent, long Entries, long Bytes, string Settings);
