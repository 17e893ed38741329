using System.Collections.Immutable;

namespace RsyncS3Backup.Configuration.Keys;

/// <summary>The keys of <c>prices</c>.</summary>
internal sealed class PriceKeys() : ConfigurationSection<PriceOptions>(new PriceOptions())
{
    private static readonly string[] RetrievalNames =
    [
        .. S3StorageClasses.All.Where(name => name != S3StorageClasses.Standard),
        "GLACIER/Bulk", "GLACIER/Expedited", "DEEP_ARCHIVE/Bulk",
    ];

    protected override IEnumerable<ConfigurationKey<PriceOptions>> MakeTable() =>
    [
        Text("currency", KeyRule.Currency, prices => prices.Currency, (prices, value) => prices with { Currency = value },
            "The currency of all prices, three letters. With another one than `USD` nothing of the module's table counts, because that is in "
            + "US dollars.") with
        { Examples = """["EUR"]""", Parameter = "PriceCurrency" },

        OneOf<PriceTable>("table", "price table", prices => prices.Table, (prices, value) => prices with { Table = value },
            "What counts where these keys say nothing: `aws-us-east-1`, the list prices of AWS that the module knows, with their smallest sizes "
            + "and days; or `none`, for another store: what is not given costs nothing then.") with
        { Parameter = "PriceTable" },

        Map("storage", "StoragePrice", """[{ "STANDARD": 0.0245 }]""",
            prices => prices.Storage, (prices, value) => prices with { Storage = value },
            "What a GB costs a month, by storage class."),

        Map("putRequests", "PutRequestPrice", """[{ "STANDARD": 0.0054 }]""",
            prices => prices.PutRequests, (prices, value) => prices with { PutRequests = value },
            "What 1,000 requests cost that write (PUT, COPY, POST), by storage class. Listings cost what `STANDARD` says."),

        Map("getRequests", "GetRequestPrice", """[{ "STANDARD": 0.00043 }]""",
            prices => prices.GetRequests, (prices, value) => prices with { GetRequests = value },
            "What 1,000 requests cost that read (GET, HEAD), by storage class."),

        Map("retrieval", "RetrievalPrice", """[{ "STANDARD_IA": 0.01, "GLACIER/Bulk": 0 }]""",
            prices => prices.Retrieval, (prices, value) => prices with { Retrieval = value },
            "What it costs to read a GB of a storage class. For an archive, what it costs to bring a GB back: `GLACIER` by the tier Standard, "
            + "`GLACIER/Bulk`, `GLACIER/Expedited` and `DEEP_ARCHIVE/Bulk` by others.", isOfTiers: true),

        Map("retrievalRequests", "RetrievalRequestPrice", """[{ "GLACIER": 0.05 }]""",
            prices => prices.RetrievalRequests, (prices, value) => prices with { RetrievalRequests = value },
            "What 1,000 requests cost that bring objects back from an archive, by the same names.", isOfTiers: true),

        Decimal("transferOut", KeyRule.Price, prices => prices.TransferOut, (prices, value) => prices with { TransferOut = value },
            "What a GB costs that leaves the store.") with
        { Default = "the table's", Examples = "[0.09]", Parameter = "TransferOutPrice" },

        NumberMap("minimumDays", S3StorageClasses.All, KeyRule.MinimumDays,
            prices => prices.MinimumDays.ToDictionary(pair => pair.Key, pair => (decimal)pair.Value),
            (prices, value) => prices with
            {
                MinimumDays = value.ToImmutableSortedDictionary(pair => pair.Key, pair => (int)pair.Value, StringComparer.Ordinal),
            },
            "For how many days at least an object is billed, by storage class.") with
        {
            Allowed = $"an object of whole numbers of days from 0 to 3650 by storage class: {string.Join(", ", S3StorageClasses.All)}",
            Default = "the table's",
            Examples = """[{ "STANDARD": 90 }]""",
            Parameter = "MinimumBilledDays",
        },
    ];

    // By storage class, or by archive and tier too.
    private ConfigurationKey<PriceOptions> Map(
        string name, string parameter, string example, Func<PriceOptions, IReadOnlyDictionary<string, decimal>> get,
        Func<PriceOptions, ImmutableSortedDictionary<string, decimal>, PriceOptions> set, string description, bool isOfTiers = false)
    {
        IReadOnlyList<string> names = isOfTiers ? RetrievalNames : S3StorageClasses.All;
        string by = isOfTiers ? "storage class, or archive and tier" : "storage class";
        return NumberMap(name, names, KeyRule.Price, get, set, description) with
        {
            Allowed = $"an object of prices from 0 to 1000000 by {by}: {string.Join(", ", names)}",
            Default = "the table's",
            Examples = example,
            Parameter = parameter,
        };
    }
}
