using System.Text.Json;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Runs;
using RsyncS3Backup.State;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Core.Tests.Runs;

/// <summary>A job without stage 2: a source with one file, a mirror, and a state folder of its own.</summary>
public abstract class LocalJob : IDisposable
{
    protected LocalJob()
    {
        Files.File("source/a", "content");
        Configuration = new BackupConfiguration
        {
            Name = "local-" + Guid.NewGuid().ToString("N"),
            Sources = [new BackupSource { Path = Files["source"] }],
            Options = new BackupOptions
            {
                Rsync = new RsyncOptions { LocalDestination = Files["mirror"], SyncToS3 = new S3SyncOptions { Enabled = false } },
            },
        };
    }

    protected TemporaryFolder Files { get; } = new();

    protected BackupConfiguration Configuration { get; set; }

    protected string Name => Configuration.Name;

    private protected RecordingObserver Observer { get; init; } = new();

    protected string StatePath => Path.Combine(StateFolder.Root(), StateFolder.FolderName(Name));

    protected string HistoryPath => Path.Combine(StatePath, HistoryFile.Name);

    protected string MirroredFile => Path.Combine(Files["mirror"], "a");

    public void Dispose()
    {
        Files.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<BackupResult> RunAsync(BackupRunOptions? options = null, CancellationToken cancellationToken = default) =>
        BackupRunner.RunAsync(Configuration, options ?? new BackupRunOptions(), Observer, cancellationToken);

    /// <summary>Takes the job's lock as another run does.</summary>
    private protected JobLock Hold() => JobLock.TryTake(Name, "another", DateTimeOffset.Now)!;

    /// <summary>The job's runs on record, newest first.</summary>
    protected IReadOnlyList<BackupRun> History() => JobHistory.Find(Name)!.Read(since: null, last: null);

    /// <summary>The job as a configuration file whose rsync is this program.</summary>
    protected string Write(string rsyncPath) => Files.File("job.json", JsonSerializer.Serialize(new
    {
        name = Name,
        sources = new[] { new { path = Files["source"] } },
        options = new { rsync = new { localDestination = Files["mirror"], rsyncPath, syncToS3 = new { enabled = false } } },
    }));
}
