namespace RsyncS3Backup.Rsync;

/// <summary>What the passes of a stage 1 come to. Pure but for what it is given.</summary>
internal static class PassJudgement
{
    /// <summary>
    /// What nobody can look into before rsync does, a source on another machine, may be empty too; and of one that is there, patterns may leave
    /// nothing: that is an error where something would be deleted for it.
    /// </summary>
    /// <param name="allowEmpty">True when the user takes empty sources for what they are.</param>
    /// <param name="outcomes">What each pass found.</param>
    /// <param name="holdsSomething">True for a source whose folder of the mirror holds what a run could delete.</param>
    public static BackupError? Emptied(bool allowEmpty, IEnumerable<RsyncPassOutcome> outcomes, Func<RsyncLeg, bool> holdsSomething)
    {
        RsyncPassOutcome? emptied = allowEmpty ? null : outcomes.FirstOrDefault(outcome => outcome.IsEmptySource
            && (outcome.Leg.Remote is not null ? holdsSomething(outcome.Leg) : outcome.Withheld + outcome.Deleted > 0));
        return emptied is null ? null : RsyncErrors.SourceEmpty(emptied.Leg.Source, emptied.Leg.Destination);
    }

    /// <summary>True when the job goes on although not everything could be copied: of several sources none failed for another reason.</summary>
    /// <param name="onPartial">What the job says.</param>
    /// <param name="error">Why the run failed.</param>
    /// <param name="outcomes">How each pass ended.</param>
    public static bool MayGoOn(PartialTransferAction onPartial, BackupError error, IEnumerable<RsyncPassOutcome> outcomes) =>
        onPartial == PartialTransferAction.Continue && error.Id == ErrorIds.RsyncPartialTransfer
        && outcomes.All(outcome => outcome.Error is null or { Id: ErrorIds.RsyncPartialTransfer });
}
