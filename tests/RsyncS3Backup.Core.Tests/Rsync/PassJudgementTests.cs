using System.Text;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Output;
using RsyncS3Backup.Rsync.Remote;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>What the passes of a stage 1 come to, decided without an rsync.</summary>
public sealed class PassJudgementTests
{
    private static readonly BackupError Partial = Error(ErrorIds.RsyncPartialTransfer);

    [Theory]
    // Where the source is; what it has; what is withheld and deleted; whether its folder of the mirror holds something; whether that is an error.
    [InlineData("here", 1, 5, 0, true, true)]
    [InlineData("here", 1, 0, 5, true, true)]
    [InlineData("here", 0, 1, 0, false, true)]
    [InlineData("here", 1, 0, 0, true, false)]
    [InlineData("here", 2, 5, 5, true, false)]
    [InlineData("far", 1, 0, 0, true, true)]
    [InlineData("far", 1, 5, 5, false, false)]
    [InlineData("far", 2, 5, 5, true, false)]
    public void A_source_that_has_nothing_is_an_error_where_something_would_go_for_it(
        string where, long entries, long withheld, long deleted, bool holds, bool isError)
    {
        RsyncPassOutcome[] outcomes = [Outcome("other", isFar: false, 9, 0, 3), Outcome("emptied", where == "far", entries, withheld, deleted)];

        BackupError? error = PassJudgement.Emptied(allowEmpty: false, outcomes, leg => leg.Name == "emptied" && holds);

        Assert.Equal(isError ? ("SourceEmpty", outcomes[1].Leg.Source) : (null, null), (error?.Id, error?.Target));
        Assert.Null(PassJudgement.Emptied(allowEmpty: true, outcomes, _ => true));
    }

    [Fact]
    public void Of_several_sources_that_have_nothing_the_first_is_named()
    {
        RsyncPassOutcome[] outcomes = [Outcome("first", isFar: false, 1, 1, 0), Outcome("second", isFar: false, 1, 1, 0)];

        Assert.Equal("/src/first", PassJudgement.Emptied(allowEmpty: false, outcomes, _ => true)?.Target);
    }

    [Theory]
    // What the job says; why it failed; why each pass did.
    [InlineData(PartialTransferAction.Continue, "RsyncPartialTransfer", "RsyncPartialTransfer", true)]
    [InlineData(PartialTransferAction.Continue, "RsyncPartialTransfer", "RsyncPartialTransfer,,RsyncPartialTransfer", true)]
    [InlineData(PartialTransferAction.Continue, "RsyncPartialTransfer", "RsyncPartialTransfer,RsyncFailed", false)]
    [InlineData(PartialTransferAction.Continue, "DestinationFull", "RsyncPartialTransfer", false)]
    [InlineData(PartialTransferAction.Stop, "RsyncPartialTransfer", "RsyncPartialTransfer", false)]
    public void A_job_goes_on_when_it_says_so_and_all_that_failed_was_not_copied_wholly(PartialTransferAction onPartial, string error, string passes, bool goesOn)
    {
        RsyncPassOutcome[] outcomes = [.. passes.Split(',').Select(pass =>
            Outcome(pass, isFar: false, 9, 0, 0) with { Error = pass.Length == 0 ? null : Error(pass) })];

        Assert.Equal(goesOn, PassJudgement.MayGoOn(onPartial, error == Partial.Id ? Partial : Error(error), outcomes));
    }

    private static RsyncPassOutcome Outcome(string name, bool isFar, long entries, long withheld, long deleted)
    {
        RsyncStatistics statistics = new();
        statistics.TryRead(Encoding.ASCII.GetBytes($"Number of files: {entries}"));
        RsyncErrorOutput errors = new(new RsyncNeed());
        if (withheld > 0)
            errors.Feed(Encoding.ASCII.GetBytes($"Deletions stopped due to --max-delete limit ({withheld} skipped)\n"));
        BackupSource source = new() { Path = isFar ? "host:/" + name : "/src/" + name };
        RsyncLeg leg = new(source.Path, "/mirror/" + name, name) { Remote = isFar ? RemoteSource.Of(source) : null };
        return new RsyncPassOutcome(leg, RsyncPass.WithholdDeletions, 0, statistics, errors, IsBlockedForNow: false) { Deleted = deleted };
    }

    private static BackupError Error(string id) => BackupError.Make(id, BackupErrorCategory.ReadError, "message", "action", "target", BackupExitCode.Refused);
}
