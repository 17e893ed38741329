using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Output;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

public sealed class RsyncProgressReporterTests
{
    private readonly RecordingObserver observer = new();

    [Fact]
    public void While_the_first_file_is_on_its_way_the_percentage_gives_the_total()
    {
        StageProgress progress = After(new RsyncProgressLine(500, 25, null, null, false));

        Assert.Equal((500L, 2000L), (progress.Bytes, progress.TotalBytes));
    }

    [Fact]
    public void While_rsync_still_scans_no_total_is_claimed()
    {
        StageProgress progress = After(new RsyncProgressLine(500, 25, 10, 20, false));

        Assert.Equal((10L, null, null), (progress.Files, progress.TotalFiles, progress.TotalBytes));
    }

    [Fact]
    public void After_the_scan_both_totals_are_known()
    {
        StageProgress progress = After(new RsyncProgressLine(500, 50, 5, 20, true));

        Assert.Equal((15L, 20L, 1000L), (progress.Files, progress.TotalFiles, progress.TotalBytes));
    }

    private StageProgress After(RsyncProgressLine line)
    {
        RsyncProgressReporter reporter = new(observer, "job", sources: 1);
        reporter.StartSource("Mirroring");
        reporter.Report(line);
        reporter.Complete();
        return observer.ProgressReports[^1];
    }
}
