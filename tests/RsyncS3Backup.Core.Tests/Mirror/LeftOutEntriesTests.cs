using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Mirror;

public sealed class LeftOutEntriesTests
{
    private readonly string job = "left-out-" + Guid.NewGuid().ToString("N");

    [Fact]
    public void Each_kind_is_said_once_with_its_count_and_first_names()
    {
        LeftOut leftOut = new();
        for (int i = 0; i < 7; i++)
            leftOut.Add(LeftOutKind.Special, $"link{i}");
        leftOut.Add(LeftOutKind.Special, "link0");
        leftOut.Add(LeftOutKind.TooLarge, "film");
        StageReport report = new(null);

        leftOut.Tell(report);

        Assert.Equal(
            [
                "7 entries are links, pipes, sockets or devices, which the mirror's drive cannot hold: 'link0', 'link1', 'link2', 'link3', 'link4' and 2 "
                    + "more. They are not in the mirror, and what S3 has of them stays. Rename, move or exclude them, or use another drive.",
                "1 file is larger than the mirror's drive takes: 'film'. It is not in the mirror, and what S3 has of it stays. Rename, move or exclude it, "
                    + "or use another drive.",
            ],
            report.Warnings());
    }

    [Fact]
    public void Of_more_than_can_be_remembered_everything_is_covered()
    {
        LeftOut leftOut = new();
        for (int i = 0; i <= LeftOut.KeptPaths; i++)
            leftOut.Add(LeftOutKind.Special, $"{i}");
        leftOut.Save(job, "/mirror", isWhole: true);

        Assert.True(LeftOutEntries.Load(job, "/mirror").Cover("another"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void So_it_is_when_the_rest_is_of_another_run_or_was_told_elsewhere(bool isOfAnotherRun)
    {
        LeftOut leftOut = new();
        for (int i = 0; i < LeftOut.KeptPaths; i++)
            leftOut.Add(LeftOutKind.Special, $"{i}");
        if (isOfAnotherRun)
        {
            leftOut.Save(job, "/mirror", isWhole: true);
            Assert.False(LeftOutEntries.Load(job, "/mirror").HasMore);
            leftOut = new LeftOut();
        }

        leftOut.AddSilently("one more");
        leftOut.Save(job, "/mirror", isWhole: false);

        Assert.True(LeftOutEntries.Load(job, "/mirror").Cover("another"));
    }

    [Fact]
    public void A_file_that_says_nothing_protects_everything()
    {
        File.WriteAllText(Path.Combine(StateFolder.ForJob(job).Path, "left-out.json"), "{");
        Assert.True(LeftOutEntries.Load(job, "/mirror").HasMore);
    }
}
