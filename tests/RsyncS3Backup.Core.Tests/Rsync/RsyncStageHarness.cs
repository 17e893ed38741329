using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.Rsync.Invocation;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Rsync;

/// <summary>A source, a mirror, and stage 1 between them.</summary>
public abstract class RsyncStageHarness : IDisposable
{
    protected RsyncStageHarness()
    {
        Source = Files.Folder("source");
        Mirror = Files["mirror"];
        Options = new RsyncOptions { LocalDestination = Mirror };
        Sources = [new BackupSource { Path = Source }];
    }

    protected TemporaryFolder Files { get; } = new();

    protected string Source { get; }

    protected string Mirror { get; }

    protected RsyncOptions Options { get; set; }

    protected IReadOnlyList<BackupSource> Sources { get; set; }

    /// <summary>A job of this test alone: what a job remembers of its mirror is in its state.</summary>
    protected string JobName { get; set; } = "test-" + Guid.NewGuid().ToString("N");

    private protected RecordingObserver Observer { get; set; } = new();

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => Files.Dispose();

    private protected RsyncStageRequest Request => new() { Sources = [.. Sources], Options = Options };

    protected Task<RsyncStageResult> RunAsync() => RunAsync(Request);

    private protected async Task<RsyncStageResult> RunAsync(
        RsyncStageRequest request, TimeSpan? grace = null, CancellationToken cancellationToken = default)
    {
        using RunContext context = RunContext.Start(JobName, Observer);
        RsyncStageResult result =
            await RsyncStage.RunAsync(request, context, grace ?? RsyncProcess.DefaultGrace, cancellationToken);
        Assert.Equal(1, Observer.ProgressReports.Count(progress => progress.Completed));
        Assert.True(Observer.ProgressReports[^1].Completed);
        Observer = new RecordingObserver { OnVerbose = Observer.OnVerbose, OnProgress = Observer.OnProgress };
        return result;
    }

    protected static void AssertCounts(
        RsyncStageResult result, long created = 0, long updated = 0, long metadata = 0, long deleted = 0, long unchanged = 0, long failed = 0) =>
        Assert.Equal(
            (created, updated, metadata, deleted, unchanged, failed),
            (result.Created, result.Updated, result.MetadataChanged, result.Deleted, result.Unchanged, result.Failed));

    /// <summary>One line an entry but the marker: kind, mode, time, size, target or content. Of names that are not UTF-8 only that they are there.</summary>
    protected static IReadOnlyList<string> Snapshot(string root) =>
        [.. HostileTree.Entries(root)
            .Where(entry => entry.FullName != Path.Combine(root, MirrorMarker.FileName))
            .Prepend(new DirectoryInfo(root))
            .Select(entry => $"{Path.GetRelativePath(root, entry.FullName)} | {Describe(entry)}")
            .Order(StringComparer.Ordinal)];

    private static string Describe(FileSystemInfo entry) => entry switch
    {
        { LinkTarget: { } target } => $"link to {target} {entry.LastWriteTimeUtc.Ticks}",
        DirectoryInfo => $"folder {entry.UnixFileMode} {entry.LastWriteTimeUtc.Ticks}",
        FileInfo { Length: var length } =>
            $"file {entry.UnixFileMode} {entry.LastWriteTimeUtc.Ticks} {length} {Convert.ToHexString(File.ReadAllBytes(entry.FullName))}",
        _ => "?",
    };
}
