using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Observation;
using RsyncS3Backup.Rsync;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.Sqlite;
using RsyncS3Backup.Sync;
using S3Server;
using Xunit;

namespace RsyncS3Backup.Core.Tests.Sync;

/// <summary>A source, a mirror, a bucket of our own server, and both stages between them.</summary>
public abstract class SyncHarness : IAsyncLifetime
{
    protected const string BucketName = "tests";
    protected const string Prefix = "p/";

    protected TemporaryFolder Files { get; } = new();

    protected LoopbackS3Server Server { get; private set; } = null!;

    // A small page, so that every listing has several.
    protected virtual S3ServerOptions ServerOptions => new() { MaxKeys = 7 };

    protected string Source => Files["source"];

    protected virtual string Mirror => Files["mirror"];

    /// <summary>A job of this test alone: its catalog and journals are in its state.</summary>
    protected string JobName { get; } = "sync-" + Guid.NewGuid().ToString("N");

    protected RsyncOptions Rsync { get; set; } = null!;

    protected S3SyncOptions Options { get; set; } =
        new() { S3Prefix = Prefix, DeleteFromS3 = true, SyncMode = S3SyncMode.Auto };

    protected S3Destination Destination { get; set; } = null!;

    protected string CatalogPath => Path.Combine(StateFolder.ForJob(JobName).Path, "catalog.db");

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(Source);
        Rsync = new RsyncOptions { LocalDestination = Mirror, DeleteExtraneous = true, HardLinks = true, MaxDelete = DeleteLimit.Unlimited };
        Server = await LoopbackS3Server.StartAsync(ServerOptions);
        Server.Store.CreateBucket(BucketName);
        Destination = new S3Destination { Bucket = BucketName, Region = Server.Region, EndpointUrl = Server.Endpoint.ToString() };
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        Files.Dispose();
    }

    private protected S3SyncRequest Request => new()
    {
        MirrorPath = Mirror,
        Destination = Destination,
        Options = Options,
        Credentials = new S3Credentials(Server.AccessKey, Server.SecretKey),
        MaxDelete = DeleteLimit.Unlimited,
        AllowEmptyMirror = true,
        FollowsStage1 = true,
    };

    /// <summary>Stage 1, which must succeed.</summary>
    protected async Task MirrorAsync()
    {
        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        RsyncStageRequest request = new() { Sources = [new BackupSource { Path = Source }], Options = Rsync, AllowEmptySource = true };
        RsyncStageResult result = await RsyncStage.RunAsync(request, context, CancellationToken.None);
        Assert.True(result.Status is BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings, result.Error?.Message);
    }

    /// <summary>Stage 2, whatever becomes of it.</summary>
    private protected async Task<S3SyncStageResult> SyncAsync(S3SyncRequest? request = null, CancellationToken cancellationToken = default)
    {
        using RunContext context = RunContext.Start(JobName, new RecordingObserver());
        return await S3SyncStage.RunAsync(request ?? Request, context, cancellationToken);
    }

    /// <summary>Both.</summary>
    protected async Task<S3SyncStageResult> RunAsync()
    {
        await MirrorAsync();
        return await SyncAsync();
    }

    /// <summary>A file of the source, with a time that no other has.</summary>
    protected string Write(string path, string content) => Files.File(Path.Combine("source", path), content);

    /// <summary>What the bucket holds below the prefix but the marker that says whose it is.</summary>
    internal Dictionary<string, ExpectedObject> ReadBucket() => Objects().ToDictionary(
        item => item.Key[Prefix.Length..],
        item => new ExpectedObject(
            Convert.ToHexString(Server.Store.GetBytes(BucketName, item.Key)), ExpectedBucket.Text(item.Metadata)));

    private IEnumerable<StoredObjectInfo> Objects() =>
        Server.Store.Objects(BucketName, Prefix).Where(item => item.Key != Prefix + MirrorMarker.FileName);

    /// <summary>Every row of the catalog.</summary>
    internal List<CatalogEntry> ReadCatalog()
    {
        using CatalogReader reader = new(SqliteDatabase.Open(CatalogPath), [], null);
        List<CatalogEntry> rows = [];
        while (reader.Next() is { } row)
            rows.Add(row);
        return rows;
    }

    /// <summary>The bucket is the mirror and nothing else, down to the metadata.</summary>
    protected void AssertMirrored(string where) =>
        AssertBucket(where, ExpectedBucket.Of(Mirror, Options.DirectoryMarkers, excludesTemporary: Options.ExcludePatterns.Count > 0));

    /// <summary>The bucket holds these objects and nothing else.</summary>
    internal void AssertBucket(string where, IReadOnlyDictionary<string, ExpectedObject> expected)
    {
        Dictionary<string, ExpectedObject> found = ReadBucket();
        string[] different = [.. expected.Keys.Union(found.Keys).Order(StringComparer.Ordinal)
            .Where(key => expected.GetValueOrDefault(key) != found.GetValueOrDefault(key))
            .Select(key => $"'{key}': expected {expected.GetValueOrDefault(key)}, found {found.GetValueOrDefault(key)}")];
        Assert.True(different.Length == 0, $"{where}: {string.Join(Environment.NewLine, different.Select(line => line.Length > 600 ? line[..200] + "..." + line[^380..] : line))}");
        Assert.Empty(Server.Store.UnfinishedUploads(BucketName));
    }

    /// <summary>No row says what S3 does not have.</summary>
    /// <param name="where">For the message.</param>
    /// <param name="isWhole">True when every object must have its row.</param>
    protected void AssertCatalog(string where, bool isWhole = true)
    {
        Dictionary<string, StoredObjectInfo> objects = Objects().ToDictionary(item => item.Key[Prefix.Length..]);
        List<CatalogEntry> rows = ReadCatalog();
        foreach (CatalogEntry row in rows)
        {
            // It says that nothing is known.
            if (row.ETag.Length == 0)
                continue;
            Assert.True(objects.TryGetValue(row.RelativeKey, out StoredObjectInfo? stored), $"{where}: a row, but no object: '{row.RelativeKey}'");
            Assert.True(
                (row.ETag, row.Size, row.StorageClass) == (stored.ETag, stored.Size, stored.StorageClass),
                $"{where}: '{row.RelativeKey}': the row says {row.ETag} {row.Size} {row.StorageClass}, S3 has {stored.ETag} {stored.Size}");
            // Somebody else's, of which only the listing is known.
            if (!row.IsOurs || row.ModifiedNanoseconds == long.MinValue)
                continue;
            Assert.True(
                stored.Metadata.GetValueOrDefault("file-mtime") == $"{row.ModifiedNanoseconds}ns"
                && stored.Metadata.GetValueOrDefault("file-permissions") == "0" + Convert.ToString(row.Mode, 8)
                && stored.Metadata.GetValueOrDefault("file-owner") == $"{row.UserId}"
                && stored.Metadata.GetValueOrDefault("file-group") == $"{row.GroupId}"
                && (stored.Metadata.GetValueOrDefault("file-link-group") ?? "0") == $"{row.LinkGroup:x}",
                $"{where}: '{row.RelativeKey}': the row is {row}, S3 has {ExpectedBucket.Text(stored.Metadata)}");
        }

        if (isWhole)
            Assert.Equal(objects.Keys.Order(StringComparer.Ordinal), rows.Select(row => row.RelativeKey).Order(StringComparer.Ordinal));
    }
}
