using static RsyncS3Backup.ObjectStore.Prices.PriceSteps;

namespace RsyncS3Backup.ObjectStore.Prices;

/// <summary>What one storage class costs, and what it bills at least.</summary>
internal sealed record ClassPrices
{
    /// <summary>A GB a month.</summary>
    public required PriceSteps Storage { get; init; }

    /// <summary>1,000 requests that write.</summary>
    public required decimal PutRequests { get; init; }

    /// <summary>1,000 requests that read.</summary>
    public required decimal GetRequests { get; init; }

    /// <summary>A GB that is read; of an archive, one that has been brought back costs nothing more.</summary>
    public decimal Retrieval { get; init; }

    /// <summary>Bytes that each object is billed as at least.</summary>
    public long MinimumSize { get; init; }

    /// <summary>Days that each object is billed for at least.</summary>
    public int MinimumDays { get; init; }

    /// <summary>Bytes of this class that each object has beside its own.</summary>
    public long Index { get; init; }

    /// <summary>Bytes of STANDARD that each object has beside its own.</summary>
    public long NameInStandard { get; init; }

    /// <summary>1,000 objects that are watched, a month.</summary>
    public decimal Monitoring { get; init; }
}

/// <summary>What it costs to bring objects back from an archive.</summary>
/// <param name="Requests">1,000 objects.</param>
/// <param name="Gigabyte">A GB.</param>
internal sealed record RetrievalPrices(decimal Requests, decimal Gigabyte);

/// <summary>
/// The list prices of AWS for us-east-1, in US dollars, as the module's authors knew them in June 2026. They were not read from
/// AWS then or since by a program: AWS changes them seldom, and <c>prices</c> in a configuration gives others.
/// </summary>
/// <remarks>
/// Sources: "Amazon S3 pricing", https://aws.amazon.com/s3/pricing/, its tables for US East (N. Virginia) and the notes below
/// them (minimum sizes and days, the 40 KB of each archived object, monitoring of objects from 128 KB on only). The prices of
/// retrieval from Glacier Flexible Retrieval are also those of https://repost.aws/knowledge-center/s3-manage-data-retrieval. That
/// a listing costs what a PUT into STANDARD does: "LIST requests for any storage class are charged at the same rate as S3
/// Standard PUT, COPY, and POST requests". The first 100 GB that leave AWS in a month are free for an account as a whole.
/// REDUCED_REDUNDANCY is not on that page any more; its price is that of the AWS Price List.
/// </remarks>
internal static class AwsPrices
{
    /// <summary>The prices' place and date, for people.</summary>
    public const string Source = "AWS us-east-1, 2026-06";

    /// <summary>The region they are of.</summary>
    public const string Region = "us-east-1";

    /// <summary>Bytes of the smallest object that INTELLIGENT_TIERING watches, and moves.</summary>
    public const long SmallestWatched = 128 * KiB;

    private const long KiB = 1024;
    private const long SmallestInfrequent = 128 * KiB;

    private static readonly PriceSteps Frequent = new((Terabytes(50), 0.023m), (Terabytes(500), 0.022m), (Rest, 0.021m));

    /// <summary>By storage class.</summary>
    public static IReadOnlyDictionary<string, ClassPrices> Classes { get; } = new Dictionary<string, ClassPrices>
    {
        [S3StorageClasses.Standard] = new() { Storage = Frequent, PutRequests = 0.005m, GetRequests = 0.0004m },
        ["STANDARD_IA"] = new()
        {
            Storage = new(0.0125m),
            PutRequests = 0.01m,
            GetRequests = 0.001m,
            Retrieval = 0.01m,
            MinimumSize = SmallestInfrequent,
            MinimumDays = 30,
        },
        ["ONEZONE_IA"] = new()
        {
            Storage = new(0.01m),
            PutRequests = 0.01m,
            GetRequests = 0.001m,
            Retrieval = 0.01m,
            MinimumSize = SmallestInfrequent,
            MinimumDays = 30,
        },
        // In its tier for frequent access, where every object begins. It has had no minimum of days since September 2021.
        ["INTELLIGENT_TIERING"] = new() { Storage = Frequent, PutRequests = 0.005m, GetRequests = 0.0004m, Monitoring = 0.0025m },
        ["GLACIER_IR"] = new()
        {
            Storage = new(0.004m),
            PutRequests = 0.02m,
            GetRequests = 0.01m,
            Retrieval = 0.03m,
            MinimumSize = SmallestInfrequent,
            MinimumDays = 90,
        },
        ["GLACIER"] = new()
        {
            Storage = new(0.0036m),
            PutRequests = 0.03m,
            GetRequests = 0.0004m,
            MinimumDays = 90,
            Index = 32 * KiB,
            NameInStandard = 8 * KiB,
        },
        ["DEEP_ARCHIVE"] = new()
        {
            Storage = new(0.00099m),
            PutRequests = 0.05m,
            GetRequests = 0.0004m,
            MinimumDays = 180,
            Index = 32 * KiB,
            NameInStandard = 8 * KiB,
        },
        ["REDUCED_REDUNDANCY"] = new() { Storage = new(0.024m), PutRequests = 0.005m, GetRequests = 0.0004m },
    };

    /// <summary>By archive and tier.</summary>
    public static IReadOnlyDictionary<(string StorageClass, RetrievalTier Tier), RetrievalPrices> Retrieval { get; } =
        new Dictionary<(string, RetrievalTier), RetrievalPrices>
        {
            [("GLACIER", RetrievalTier.Expedited)] = new(10m, 0.03m),
            [("GLACIER", RetrievalTier.Standard)] = new(0.05m, 0.01m),
            [("GLACIER", RetrievalTier.Bulk)] = new(0m, 0m),
            [("DEEP_ARCHIVE", RetrievalTier.Standard)] = new(0.1m, 0.02m),
            [("DEEP_ARCHIVE", RetrievalTier.Bulk)] = new(0.025m, 0.0025m),
        };

    /// <summary>What leaves AWS for the internet in a month.</summary>
    public static PriceSteps TransferOut { get; } = new(
        (100, 0m), (Terabytes(10), 0.09m), (Terabytes(50), 0.085m), (Terabytes(150), 0.07m), (Rest, 0.05m));
}
