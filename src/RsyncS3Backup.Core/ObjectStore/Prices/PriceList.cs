using System.Globalization;

namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>
/// What a job's store asks for: what its configuration says, and <see cref="AwsPrices"/> where that says nothing. Amounts are not
/// rounded; a GB is 1,073,741,824 bytes, as on AWS's bills, and a month has 30 days.
/// </summary>
internal sealed class PriceList
{
    /// <summary>Days of a month.</summary>
    public const int DaysOfMonth = 30;

    private const long Gigabyte = 1024L * 1024 * 1024;
    private const int KeysOfListing = 1000;
    private const string Configuration = "configuration";

    private readonly PriceOptions given;
    private readonly bool hasTable;

    private PriceList(PriceOptions given)
    {
        this.given = given;
        hasTable = given is { Table: PriceTable.AwsUsEast1, Currency: PriceOptions.TableCurrency };
    }

    /// <summary>The module's own table alone.</summary>
    public static PriceList Aws { get; } = new(new PriceOptions());

    /// <summary>The currency of all amounts.</summary>
    public string Currency => given.Currency;

    /// <summary>The prices of a job.</summary>
    /// <param name="given">What its configuration says; null: nothing.</param>
    public static PriceList Of(PriceOptions? given) => given is null ? Aws : new PriceList(given);

    /// <summary>Whose prices are in an amount, for people.</summary>
    public string Describe(PriceOrigins origins) => origins switch
    {
        PriceOrigins.Table | PriceOrigins.Configuration => $"{Configuration}; {AwsPrices.Source}",
        PriceOrigins.Configuration => Configuration,
        PriceOrigins.Table => AwsPrices.Source,
        _ => hasTable ? AwsPrices.Source : Configuration,
    };

    /// <summary>An amount and its currency, e.g. <c>1,118.23 USD</c>; of less than a cent its first digits.</summary>
    public string Text(Price price) => price.Amount is > 0 and < 0.000001m
        ? $"less than 0.000001 {Currency}"
        : $"{price.Amount.ToString(price.Amount < 0.01m ? "0.00####" : "#,0.00", CultureInfo.InvariantCulture)} {Currency}";

    /// <summary>True when some of the prices are those of the module's own table.</summary>
    public bool UsesTable => hasTable;

    /// <summary>The bytes that an object is billed as, without <see cref="AddedBytes"/>.</summary>
    public long BilledSize(string storageClass, long size) => Math.Max(size, Known(storageClass)?.MinimumSize ?? 0);

    /// <summary>The bytes that the class adds to each object, where they are billed.</summary>
    public (long InClass, long InStandard) AddedBytes(string storageClass) =>
        Known(storageClass) is { } known ? (known.Index, known.NameInStandard) : (0, 0);

    /// <summary>True for a class of which each object of a certain size is watched for a price.</summary>
    public bool IsWatched(string storageClass, long size) =>
        Known(storageClass) is { Monitoring: > 0 } && size >= AwsPrices.SmallestWatched;

    /// <summary>For how many days at least the class bills an object.</summary>
    public int MinimumDays(string storageClass) =>
        given.MinimumDays.TryGetValue(storageClass, out int days) ? days : Known(storageClass)?.MinimumDays ?? 0;

    /// <summary>For how many more days at least an object is billed, from now on.</summary>
    /// <param name="storageClass">Its class.</param>
    /// <param name="storedTime">When it was stored.</param>
    /// <param name="now">Now.</param>
    public decimal DaysLeft(string storageClass, DateTimeOffset storedTime, DateTimeOffset now) =>
        MinimumDays(storageClass) is > 0 and int days ? Math.Clamp(days - (decimal)(now - storedTime).TotalDays, 0, days) : 0;

    /// <summary>What bytes of a class cost a month.</summary>
    public Price Storage(string storageClass, decimal bytes) =>
        given.Storage.TryGetValue(storageClass, out decimal price) ? Given(price, bytes / Gigabyte)
        : Known(storageClass) is { } known ? FromTable(known.Storage.Of(bytes / Gigabyte))
        : Unknown;

    /// <summary>What it costs that objects are deleted before the days are over for which they are billed at least.</summary>
    /// <param name="storageClass">Their class.</param>
    /// <param name="byteDays">The billed bytes of each times the days that are left.</param>
    public Price EarlyDeletion(string storageClass, decimal byteDays) =>
        byteDays == 0 ? default : Storage(storageClass, byteDays / DaysOfMonth);

    /// <summary>What watching objects costs a month.</summary>
    public Price Monitoring(string storageClass, long objects) =>
        Known(storageClass) is { Monitoring: > 0 } known ? PerThousand(objects, FromTable(known.Monitoring)) : default;

    /// <summary>What requests cost that write objects of a class.</summary>
    public Price Put(string storageClass, long requests) =>
        PerThousand(requests, Asked(given.PutRequests, storageClass, known => known.PutRequests));

    /// <summary>What requests cost that read objects of a class, or ask about them.</summary>
    public Price Get(string storageClass, long requests) =>
        PerThousand(requests, Asked(given.GetRequests, storageClass, known => known.GetRequests));

    /// <summary>What listings cost, which is the same for all classes.</summary>
    public Price List(long requests) => Put(S3StorageClasses.Standard, requests);

    /// <summary>
    /// What the requests of a run cost when the objects that they are about are of one class. Deletions are free.
    /// </summary>
    public Price Requests(S3RequestCounts requests, string storageClass) =>
        Put(storageClass, requests.Put + requests.Copy) + Get(storageClass, requests.Get + requests.Head) + List(requests.List);

    /// <summary>What listing that many objects costs.</summary>
    public Price Listing(long objects) => List(ListRequests(objects));

    /// <summary>What it costs to read bytes of a class that can be read at once.</summary>
    public Price Retrieval(string storageClass, long bytes)
    {
        decimal gigabytes = (decimal)bytes / Gigabyte;
        return S3StorageClasses.IsArchive(storageClass) ? default
            : given.Retrieval.TryGetValue(storageClass, out decimal price) ? Given(price, gigabytes)
            : Known(storageClass) is not { } known ? Unknown
            : known.Retrieval > 0 ? gigabytes * FromTable(known.Retrieval)
            : default;
    }

    /// <summary>True for a tier that brings objects of a class back.</summary>
    public static bool CanRetrieve(string storageClass, RetrievalTier tier) =>
        AwsPrices.Retrieval.ContainsKey((storageClass, tier));

    /// <summary>What the requests cost that bring objects back from an archive.</summary>
    public Price RetrievalRequests(string storageClass, RetrievalTier tier, long objects) => PerThousand(
        objects,
        given.RetrievalRequests.TryGetValue(Name(storageClass, tier), out decimal price) ? Given(price, 1)
            : hasTable ? FromTable(AwsPrices.Retrieval[(storageClass, tier)].Requests)
            : Unknown);

    /// <summary>What it costs to bring bytes back from an archive.</summary>
    public Price Retrieval(string storageClass, RetrievalTier tier, long bytes)
    {
        decimal gigabytes = (decimal)bytes / Gigabyte;
        return given.Retrieval.TryGetValue(Name(storageClass, tier), out decimal price) ? Given(price, gigabytes)
            : hasTable ? gigabytes * FromTable(AwsPrices.Retrieval[(storageClass, tier)].Gigabyte)
            : Unknown;
    }

    /// <summary>What it costs when bytes leave the store within a month.</summary>
    public Price TransferOut(long bytes)
    {
        decimal gigabytes = (decimal)bytes / Gigabyte;
        return given.TransferOut is { } price ? Given(price, gigabytes)
            : hasTable ? FromTable(AwsPrices.TransferOut.Of(gigabytes))
            : Unknown;
    }

    /// <summary>How many requests list that many objects.</summary>
    public static long ListRequests(long objects) => Math.Max(1, (objects + KeysOfListing - 1) / KeysOfListing);

    /// <summary>What a price of a retrieval is called in a configuration.</summary>
    public static string Name(string storageClass, RetrievalTier tier) =>
        tier == RetrievalTier.Standard ? storageClass : $"{storageClass}/{tier}";

    // What nobody gives costs nothing, which is what the configuration says then.
    private static Price Unknown => new(0, PriceOrigins.Configuration);

    private static Price Given(decimal price, decimal count) => count * new Price(price, PriceOrigins.Configuration);

    private static Price FromTable(decimal amount) => new(amount, PriceOrigins.Table);

    private static Price PerThousand(long count, Price price) => (decimal)count / 1000 * price;

    private Price Asked(
        IReadOnlyDictionary<string, decimal> configured, string storageClass, Func<ClassPrices, decimal> inTable) =>
        configured.TryGetValue(storageClass, out decimal price) ? Given(price, 1)
        : Known(storageClass) is { } known ? FromTable(inTable(known))
        : Unknown;

    // A class that stores have made up themselves is taken for the one that they put objects into without a word.
    private ClassPrices? Known(string storageClass) =>
        !hasTable ? null : AwsPrices.Classes.GetValueOrDefault(storageClass) ?? AwsPrices.Classes[S3StorageClasses.Standard];
}
