using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.State;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.State.History;

namespace RsyncS3Backup.Costs;

/// <summary>What a job's copy in S3 costs, and what it would cost in other classes.</summary>
/// <param name="Cost">What it costs.</param>
/// <param name="Classes">What it would cost.</param>
internal sealed record CostAnswer(BackupCost Cost, IReadOnlyList<BackupClassCost> Classes);

/// <summary>Works out what jobs cost.</summary>
internal static class BackupCosts
{
    private const int DaysOfRequests = 30;

    // Older sizes say little of the growth to come.
    private const int DaysOfGrowth = 365;

    private static readonly int[] MonthsAhead = [3, 6, 12];

    /// <summary>
    /// Works it out: from the catalog and the history of this machine, without a request; or, where that was asked for, by a
    /// listing.
    /// </summary>
    /// <exception cref="BackupException">There is no catalog, or the bucket could not be listed.</exception>
    public static async Task<CostAnswer> WorkOutAsync(CostRequest request, CancellationToken cancellationToken)
    {
        PriceList prices = PriceList.Of(request.S3.Prices);
        DateTimeOffset now = request.S3.Clock.GetLocalNow();
        List<string> notes = [.. PlaceNotes(request, prices)];
        BucketMeasure measure = new(request, now);
        CostTally Begin() => new(request, prices, now);
        (CostTally tally, string keyPrefix) = request.Measure
            ? (await measure.RunAsync(Begin, notes, cancellationToken).ConfigureAwait(false), measure.KeyPrefix)
            : FromCatalog(request, prices, now, notes);
        (IReadOnlyList<BackupRestoreCost> restores, PriceOrigins ofRestores) = tally.Restores();
        BackupCost cost = new()
        {
            Name = request.Configuration.Name,
            BucketName = request.S3.Destination.Bucket,
            KeyPrefix = keyPrefix,
            Time = now,
            IsMeasured = request.Measure,
            Objects = tally.Objects,
            Bytes = tally.Bytes,
            Currency = prices.Currency,
            PriceSource = "",
            Storage = tally.Lines(),
            StorageCost = tally.Storage().Rounded,
            EarlyDeletionCost = tally.Current.EarlyDeletion().Rounded,
            Restore = restores,
        };
        if (tally.Current.Classes.ContainsKey("INTELLIGENT_TIERING"))
            notes.Add("INTELLIGENT_TIERING counts as its tier for frequent access; what S3 moved to its other tiers costs less.");
        if (!request.Measure && tally.HasVersions)
            notes.Add("The bucket keeps versions. Old ones are not counted; -Measure counts them.");
        (cost, PriceOrigins ofRequests) = WithHistory(cost, request, prices, tally, now);
        PriceOrigins origins = tally.Storage().Origins | tally.Current.EarlyDeletion().Origins | ofRequests | ofRestores;
        return new CostAnswer(cost with { PriceSource = prices.Describe(origins), Notes = notes }, tally.Comparisons());
    }

    private static (CostTally Tally, string KeyPrefix) FromCatalog(
        CostRequest request, PriceList prices, DateTimeOffset now, List<string> notes)
    {
        string job = request.Configuration.Name;
        (CatalogView catalog, string keyPrefix) = Open(request, now, notes);
        using (catalog)
        {
            if (catalog.Properties.RunStart is not null)
                notes.Add("A run of the job is on, or died: the catalog may not know all that it did.");
            else if (!catalog.IsSound)
            {
                string why = catalog.Properties.DoubtReason ?? catalog.Properties.Doubt.ToString();
                notes.Add($"The catalog may not be right ({why}); the next run mends it.");
            }

            CostTally tally = new(request, prices, now);
            try
            {
                foreach (CatalogEntry row in catalog.Read())
                {
                    // Of a row without a class nobody knows whether there is an object.
                    if (row.StorageClass.Length > 0)
                        tally.AddCurrent(row.StorageClass, row.Size, row.StoredTime, row.VersionId);
                }
            }
            catch (IOException exception)
            {
                throw CostErrors.NotReadable(job, exception);
            }

            return (tally, keyPrefix);
        }
    }

    private static (CatalogView Catalog, string KeyPrefix) Open(CostRequest request, DateTimeOffset now, List<string> notes)
    {
        string job = request.Configuration.Name;
        string bucket = request.S3.Destination.Bucket;
        string? prefix = request.S3.Options.S3Prefix;
        if (!KeyPrefix.HasDateTokens(prefix))
        {
            string keyPrefix = KeyPrefix.Resolve(prefix, job, now, request.S3.Timezone);
            return (CatalogView.TryOpen(job, bucket, keyPrefix, isDated: false) ?? throw CostErrors.NotRecorded(job), keyPrefix);
        }

        // The newest first; one that is not complete yet may hold little.
        foreach (string keyPrefix in SnapshotCatalogs.ToRead(job).KeyPrefixes())
        {
            if (CatalogView.TryOpen(job, bucket, keyPrefix, isDated: true) is not { } catalog)
                continue;
            notes.Add($"Only the snapshot under '{keyPrefix}' is counted; -Measure counts all of them.");
            return (catalog, keyPrefix);
        }

        throw CostErrors.NotRecorded(job);
    }

    private static (BackupCost Cost, PriceOrigins Origins) WithHistory(
        BackupCost cost, CostRequest request, PriceList prices, CostTally tally, DateTimeOffset now)
    {
        // Tests send requests too; of repairs nobody counted them.
        IReadOnlyList<BackupRun> history =
            JobHistory.Find(request.Configuration.Name)?
                .Read(now.AddDays(-DaysOfGrowth), last: null, [BackupRunKind.Backup, BackupRunKind.Test]) ?? [];
        BackupRun[] last = [.. history.Where(run => run.StartTime >= now.AddDays(-DaysOfRequests))];
        S3RequestCounts requests = new();
        Price requestCost = default;
        foreach (BackupRun run in last)
        {
            foreach (S3RequestCounts? sent in new[] { run.Stage2?.Requests, run.Test?.Requests })
            {
                if (sent is null)
                    continue;
                requests = requests.And(sent);
                requestCost += prices.Requests(sent, run.Stage2?.StorageClass ?? request.S3.Options.StorageClass);
            }
        }

        GrowthTrend? trend = GrowthTrend.Of(
        [
            .. history
                .Where(run => run.Stage2 is
                {
                    SyncMode: not null,
                    Status: BackupStatus.Succeeded or BackupStatus.SucceededWithWarnings,
                })
                .Select(run => (run.StartTime, run.Stage2!.TotalBytes)),
        ]);
        decimal current = tally.Current.Storage().Amount;
        return (cost with
        {
            Runs = last.Length,
            Requests = requests,
            RequestCost = requestCost.Rounded,
            EarlyDeletionCostOfRuns = last.Where(run => run.Stage2?.Currency == prices.Currency)
                .Sum(run => run.Stage2!.EstimatedEarlyDeletionCost),
            GrowthBytes = trend is { } known ? (long)(known.BytesADay * PriceList.DaysOfMonth) : null,
            GrowthDays = (int)(trend?.Days ?? 0),
            Forecast = trend is { } growth && tally.Bytes > 0
                ? [.. MonthsAhead.Select(months => Forecast(months, growth, tally.Bytes, current, prices))]
                : [],
        }, requestCost.Origins);
    }

    private static BackupCostForecast Forecast(int months, GrowthTrend growth, long bytes, decimal cost, PriceList prices)
    {
        long then = growth.After(bytes, months * PriceList.DaysOfMonth);
        return new BackupCostForecast
        {
            Months = months,
            Bytes = then,
            StorageCost = Math.Round(cost * then / bytes, 6),
            Currency = prices.Currency,
        };
    }

    private static IEnumerable<string> PlaceNotes(CostRequest request, PriceList prices)
    {
        S3Destination bucket = request.S3.Destination;
        string given = "'prices' in the configuration gives others (Get-Help about_RsyncS3Backup_Cost).";
        if (!prices.UsesTable)
            yield return "What 'prices' in the configuration does not give counts as free.";
        else if (bucket.EndpointUrl is { } endpoint)
            yield return $"The bucket is at {endpoint}, and the table has the prices of AWS; {given}";
        else if (bucket.Region is { } region && region != AwsPrices.Region)
            yield return $"The bucket is in {region}, and the table has the prices of {AwsPrices.Region}; {given}";
    }
}
