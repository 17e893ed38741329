using System.Globalization;
using System.Text;
using RsyncS3Backup.State.Sqlite;

namespace RsyncS3Backup.State.History;

/// <summary>
/// What all backups and tests of a job came to together, also those that its history has forgotten: sums that never go down while the
/// history is the same file.
/// </summary>
internal sealed record HistoryTotals
{
    // What the rows that are gone came to.
    private const string Property = "forgottenTotals";

    /// <summary>Bytes uploaded by backups.</summary>
    public long UploadedBytes { get; init; }

    /// <summary>Requests to S3 by type.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>Estimated costs of requests, early deletions and retrievals, by currency.</summary>
    public IReadOnlyDictionary<string, decimal> Costs { get; init; } = new Dictionary<string, decimal>();

    /// <summary>The sums as they are now.</summary>
    /// <exception cref="SqliteException">A run makes no sense, or cannot be read.</exception>
    public static HistoryTotals Of(SqliteDatabase database) => Forgotten(database).And(Sum(database, runId: null));

    /// <summary>Some runs are about to be removed, or to be written anew.</summary>
    public static void Keep(SqliteDatabase database, IReadOnlyCollection<string> runIds)
    {
        HistoryTotals gone = runIds.Aggregate(new HistoryTotals(), (sum, runId) => sum.And(Sum(database, runId)));
        if (gone.UploadedBytes == 0 && gone.Requests.Total == 0 && gone.Costs.Values.All(cost => cost == 0))
            return;
        HistoryTotals all = Forgotten(database).And(gone);
        using SqliteStatement statement = database.Prepare("INSERT OR REPLACE INTO property(name, value) VALUES(?1, ?2)");
        statement.Bind(1, Property).Bind(2, HistoryJson.Write(all)).Run();
    }

    private static HistoryTotals Forgotten(SqliteDatabase database)
    {
        using SqliteStatement statement = database.Prepare($"SELECT value FROM property WHERE name='{Property}'");
        HistoryTotals? found = statement.Step() ? HistoryJson.Read<HistoryTotals>(Encoding.UTF8.GetBytes(statement.Text(0))) : null;
        return found is null ? new HistoryTotals() : found with
        {
            Requests = found.Requests ?? new S3RequestCounts(),
            Costs = found.Costs ?? new Dictionary<string, decimal>(),
        };
    }

    private static HistoryTotals Sum(SqliteDatabase database, string? runId)
    {
        // A cost as its digits: a sum of floating numbers depends on their order, and could go down when rows are forgotten.
        using SqliteStatement statement = database.Prepare(
            "SELECT did->>'$.transferredBytes', did->>'$.requests.put', did->>'$.requests.copy', did->>'$.requests.list', "
            + "did->>'$.requests.get', did->>'$.requests.head', did->>'$.requests.delete', "
            + $"coalesce(did->>'$.currency', '{PriceOptions.TableCurrency}'), did->'$.estimatedRequestCost', "
            + "did->'$.estimatedEarlyDeletionCost', did->'$.estimatedRetrievalCost' "
            // Of one run by its key: a condition for both cases would read all of them for each run.
            + $"FROM (SELECT coalesce(stage2, test) AS did FROM run{(runId is null ? "" : " WHERE run_id=?1")}) WHERE did IS NOT NULL");
        if (runId is not null)
            statement.Bind(1, runId);
        long bytes = 0;
        S3RequestCounts requests = new();
        Dictionary<string, decimal> costs = new(StringComparer.Ordinal);
        while (statement.Step())
        {
            bytes += statement.Int64(0);
            requests = requests.And(new S3RequestCounts
            {
                Put = statement.Int64(1),
                Copy = statement.Int64(2),
                List = statement.Int64(3),
                Get = statement.Int64(4),
                Head = statement.Int64(5),
                Delete = statement.Int64(6),
            });
            string currency = statement.Text(7);
            costs[currency] = costs.GetValueOrDefault(currency) + Number(statement, 8) + Number(statement, 9) + Number(statement, 10);
        }

        return new HistoryTotals { UploadedBytes = bytes, Requests = requests, Costs = costs };
    }

    private static decimal Number(SqliteStatement statement, int column) =>
        decimal.TryParse(statement.TextOrNull(column), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) ? number : 0;

    private HistoryTotals And(HistoryTotals others)
    {
        Dictionary<string, decimal> costs = new(Costs, StringComparer.Ordinal);
        foreach ((string currency, decimal cost) in others.Costs)
            costs[currency] = costs.GetValueOrDefault(currency) + cost;
        return new HistoryTotals
        {
            UploadedBytes = UploadedBytes + others.UploadedBytes,
            Requests = Requests.And(others.Requests),
            Costs = costs,
        };
    }
}
