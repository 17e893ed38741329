using System.Diagnostics;
using System.Globalization;
using RsyncS3Backup;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;

namespace Benchmarks;

/// <summary>
/// Small objects sent to a store that takes 40 ms for each: with the number of requests that is found while they go, and with the best one from the
/// start, as a hand would set it.
/// </summary>
internal static class RampBenchmark
{
    private const int MillisecondsAPut = 40;
    private const int Most = TransferLimiter.DefaultMaximum;

    public static async Task RunAsync(ServerProcess server, int objects, int rounds)
    {
        Console.WriteLine(Line($"{Environment.NewLine}{objects:N0} × 4 KiB sent at {MillisecondsAPut} ms a request, {rounds} turns each"));
        server.Tell($"slow PutObject {MillisecondsAPut}");
        List<double> found = [], known = [], byHand = [];
        for (int round = 0; round < rounds; round++)
        {
            found.Add(await SendAsync(known: null));
            known.Add(await SendAsync(known: Most));
            byHand.Add(await SendAsync(known: 2 * Most));
        }

        double hand = Show("128 by hand", byHand, null);
        Show("found", found, hand);
        Show("found before", known, hand);
        server.Tell("no-faults");

        async Task<double> SendAsync(int? known)
        {
            S3Access access = new()
            {
                Destination = new S3Destination { Bucket = ServerProcess.Bucket, Region = server.Environment["AWS_REGION"], EndpointUrl = server.Endpoint },
                Credentials = new S3Credentials(server.Environment["AWS_ACCESS_KEY_ID"], server.Environment["AWS_SECRET_ACCESS_KEY"]),
            };
            using S3ObjectStore store = new(access, "ramp/", connections: 2 * Most);
            store.Connect();
            TransferLimiter limiter = new(store.Traffic, Most, TimeProvider.System, known);
            byte[] content = new byte[4096];
            ObjectHeaders headers = new() { ContentType = "application/octet-stream", StorageClass = S3StorageClasses.Standard };
            long started = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(0, objects, new ParallelOptions { MaxDegreeOfParallelism = Most }, async (number, token) =>
            {
                using (await limiter.EnterAsync(TransferLane.Objects, token))
                {
                    ObjectContent one = new(number.ToString(CultureInfo.InvariantCulture), content, content.Length);
                    await store.PutAsync(one, headers, token);
                }
            });
            return Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }

    private static double Show(string name, List<double> turns, double? limit)
    {
        double[] sorted = [.. turns.Order()];
        double median = sorted[sorted.Length / 2];
        string ratio = limit is { } most ? Line($", {median / most:0.00} × by hand") : "";
        Console.WriteLine(Line($"    {name,-14}{median,8:0.00} s ({sorted[0]:0.00} to {sorted[^1]:0.00}){ratio}"));
        return median;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
