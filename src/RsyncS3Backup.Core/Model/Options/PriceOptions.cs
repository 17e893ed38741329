using System.Collections.Immutable;

namespace RsyncS3Backup;

/// <summary>
/// The <c>prices</c> of a job: what its store asks for, where that is not what the module's own table says. Names of storage
/// classes are those of <see cref="S3StorageClasses.All"/>.
/// </summary>
public sealed record PriceOptions
{
    /// <summary>The currency that the module's own table is in.</summary>
    internal const string TableCurrency = "USD";

    /// <summary>The currency of all prices (ISO 4217). Default: USD.</summary>
    public string Currency { get; init; } = TableCurrency;

    /// <summary>What counts where these say nothing.</summary>
    public PriceTable Table { get; init; }

    /// <summary>What a GB (1,073,741,824 bytes) costs a month, by storage class.</summary>
    public IReadOnlyDictionary<string, decimal> Storage { get; init; } = None;

    /// <summary>
    /// What 1,000 requests cost that write (PUT, COPY, POST), by storage class; listings cost what STANDARD says.
    /// </summary>
    public IReadOnlyDictionary<string, decimal> PutRequests { get; init; } = None;

    /// <summary>What 1,000 requests cost that read (GET, HEAD), by storage class.</summary>
    public IReadOnlyDictionary<string, decimal> GetRequests { get; init; } = None;

    /// <summary>
    /// What it costs to read a GB of a class, or to bring it back from an archive: <c>GLACIER</c> by the tier Standard,
    /// <c>GLACIER/Bulk</c> by another one.
    /// </summary>
    public IReadOnlyDictionary<string, decimal> Retrieval { get; init; } = None;

    /// <summary>What 1,000 requests cost that bring objects back from an archive, by archive or archive and tier.</summary>
    public IReadOnlyDictionary<string, decimal> RetrievalRequests { get; init; } = None;

    /// <summary>What a GB costs that leaves the store; null: what the table says.</summary>
    public decimal? TransferOut { get; init; }

    /// <summary>For how many days at least an object is billed, by storage class.</summary>
    public IReadOnlyDictionary<string, int> MinimumDays { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    private static ImmutableSortedDictionary<string, decimal> None => ImmutableSortedDictionary<string, decimal>.Empty;
}

/// <summary>The prices that count where a job gives none.</summary>
public enum PriceTable : long
{
    /// <summary>The list prices of AWS in us-east-1 that the module knows, in US dollars; with another currency none.</summary>
    AwsUsEast1,

    /// <summary>None: what the job does not give costs nothing.</summary>
    None,
}
