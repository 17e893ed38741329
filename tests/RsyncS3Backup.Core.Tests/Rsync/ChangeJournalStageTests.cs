using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>When stage 1 says that its journal has everything, and when not.</summary>
[Collection(FakeRsync.Collection)]
public sealed class ChangeJournalStageTests : RsyncStageHarness
{
    [Theory]
    [InlineData("exit 0", false)]
    [InlineData("exit 24", false)]
    [InlineData("printf '\\tgarbage\\n'; exit 0", true)]
    [InlineData("exit 23", true)]
    [InlineData("exit 12", true)]
    [InlineData("kill -9 $$", true)]
    public async Task Only_a_run_that_told_everything_has_a_complete_journal(string end, bool requiresReconcile)
    {
        string fake = FakeRsync.Make(Files, $"""
            printf '\t>f+++++++++\t5\t5\ta//\n'
            {FakeRsync.Statistics}
            {end}
            """).Path;
        Options = Options with { RsyncPath = fake };
        Files.File("source/a", "12345");

        RsyncStageResult result = await RunAsync();

        Assert.Equal(["Created a"], result.GetChanges().Select(change => change.ToString()));
        using ChangeJournalReader reader = ChangeJournalReader.Open(result.JournalPath!);
        reader.Skip();
        Assert.Equal(requiresReconcile, reader.End is not { IsComplete: true });
    }

    [Fact]
    public async Task Deletions_are_in_the_journal_once_and_only_when_they_happened()
    {
        Options = Options with { DeleteExtraneous = true };
        Files.File("source/keep");
        Files.File("source/gone");
        await RunAsync();
        File.Delete(Files["source/gone"]);
        Options = Options with { MaxDelete = DeleteLimit.OfCount(0) };

        RsyncStageResult refused = await RunAsync();
        Options = Options with { MaxDelete = DeleteLimit.OfCount(1) };
        RsyncStageResult allowed = await RunAsync();

        Assert.Equal("DeleteLimitExceeded", refused.Error?.Id);
        Assert.DoesNotContain(refused.GetChanges(), change => change.Kind == BackupChangeKind.Deleted);
        Assert.Single(allowed.GetChanges(), change => change is { Kind: BackupChangeKind.Deleted, Path: "gone" });
    }

    [Fact]
    public async Task A_run_that_a_guard_refuses_leaves_no_journal()
    {
        Directory.Delete(Source);

        RsyncStageResult result = await RunAsync();

        Assert.Null(result.JournalPath);
        Assert.Empty(result.GetChanges());
    }
}
