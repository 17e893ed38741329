using System.Diagnostics;
using System.Globalization;
using Amazon.S3.Model;
using RsyncS3Backup;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.State.Catalogs;

namespace Benchmarks;

/// <summary>
/// What a reconcile lists, from a store that takes 40 ms for a page: in the stretches that the catalog knows, and from front to end.
/// </summary>
internal static class ListBenchmark
{
    private const string Prefix = "listed/";
    private const int MillisecondsAPage = 40;
    private const int ItemsBetweenLooks = 5_000;

    public static async Task RunAsync(ServerProcess server, Workplace workplace, int objects, int rounds)
    {
        Console.WriteLine(Line($"{Environment.NewLine}{objects:N0} objects listed at {MillisecondsAPage} ms a page, the median of {rounds} turns each"));
        server.Tell($"fill {Prefix} {objects}");
        server.Tell($"slow ListObjectsV2 {MillisecondsAPage}");
        using Catalog catalog = Fill(Path.Combine(workplace.Root, "listed.db"), server, objects);
        S3Access access = new()
        {
            Destination = new S3Destination { Bucket = ServerProcess.Bucket, Region = server.Environment["AWS_REGION"], EndpointUrl = server.Endpoint },
            Credentials = new S3Credentials(server.Environment["AWS_ACCESS_KEY_ID"], server.Environment["AWS_SECRET_ACCESS_KEY"]),
        };
        List<Turn> stretches = [];
        List<Turn> whole = [];
        List<Turn> bySdk = [];
        for (int round = 0; round < rounds; round++)
        {
            stretches.Add(await ListAsync(KeyRange.Everything with { Cuts = catalog.Cuts(after: "") }));
            whole.Add(await ListAsync(KeyRange.Everything));
            bySdk.Add(await MeasureAsync(store => BySdkAsync(access)));
        }

        double ours = Show("in stretches", stretches);
        Show("front to end", whole);
        Console.WriteLine(Line($"    in stretches is {ours / Show("the SDK alone", bySdk):0.00} × the SDK alone"));
        server.Tell("no-faults");

        Task<Turn> ListAsync(KeyRange range) => MeasureAsync(store => store.ListAsync(range, CancellationToken.None));

        async Task<Turn> MeasureAsync(Func<S3ObjectStore, IAsyncEnumerable<StoredObject>> list)
        {
            using S3ObjectStore store = new(access, Prefix, connections: 32);
            server.TakeRequests();
            GC.Collect();
            long idle = GC.GetTotalMemory(forceFullCollection: true);
            long most = 0;
            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            long started = Stopwatch.GetTimestamp();
            int seen = 0;
            await foreach (StoredObject _ in list(store))
            {
                if (seen++ % ItemsBetweenLooks == 0)
                    most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false) - idle);
            }

            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            if (seen != objects)
                throw new InvalidOperationException($"{seen} objects came.");
            return new Turn(
                seconds, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds, most / 1048576.0, server.TakeRequests());
        }
    }

    private static async IAsyncEnumerable<StoredObject> BySdkAsync(S3Access access)
    {
        using S3Connection connection = S3ClientFactory.Create(access, connections: 32);
        ListObjectsV2Request list = new() { BucketName = ServerProcess.Bucket, Prefix = Prefix };
        ListObjectsV2Response page;
        do
        {
            page = await connection.Client.ListObjectsV2Async(list);
            foreach (ListedObject item in ListPage.Of(page).Objects)
                yield return ObjectAnswers.Listed(item.Key, item);
            list.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated == true);
    }

    private static Catalog Fill(string path, ServerProcess server, int objects)
    {
        Catalog catalog = Catalog.Open(path, new CatalogIdentity(server.Endpoint, ServerProcess.Bucket, Prefix, "/mirror"));
        catalog.BeginRun(isReconcile: true, DateTimeOffset.Now);
        for (int number = 0; number < objects; number++)
        {
            catalog.Put(new CatalogEntry
            {
                RelativeKey = S3Server.S3Store.KeyOf("", number),
                Size = 0,
                ModifiedNanoseconds = 0,
                ETag = "d41d8cd98f00b204e9800998ecf8427e",
                Crc32 = "AAAAAA==",
                StorageClass = "STANDARD",
                ConfirmedTime = DateTimeOffset.UtcNow,
            });
        }

        catalog.EndRun(isComplete: true);
        return catalog;
    }

    private static double Show(string name, List<Turn> turns)
    {
        Turn[] sorted = [.. turns.OrderBy(turn => turn.Seconds)];
        Turn median = sorted[sorted.Length / 2];
        Console.WriteLine(Line(
            $"    {name,-14}{median.Seconds,8:0.00} s ({sorted[0].Seconds:0.00} to {sorted[^1].Seconds:0.00}), processor {median.Processor:0.00} s, up to {turns.Max(turn => turn.PeakMiB):0} MiB, {median.Requests}"));
        return median.Seconds;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Turn(double Seconds, double Processor, double PeakMiB, string Requests);
}
