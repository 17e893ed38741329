namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// What requests cost, in US dollars per 1,000, at the list price of us-east-1. Source: the Amazon S3 pricing page, "Requests &amp; data
/// retrievals"; prices of other regions and stores differ, so the results call it an estimate.
/// </summary>
internal static class RequestPrices
{
    private const decimal ListPer1000 = 0.005m;
    private const decimal ReadPer1000 = 0.0004m;

    /// <summary>The price of these requests when what they write is of this storage class. Deletes are free.</summary>
    public static decimal Estimate(S3RequestCounts requests, string storageClass) =>
        (((requests.Put + requests.Copy) * WritePer1000(storageClass))
            + (requests.List * ListPer1000)
            + ((requests.Get + requests.Head) * ReadPer1000)) / 1000;

    /// <summary>The price of listing that many objects, 1,000 a request.</summary>
    public static decimal OfListing(long objects) => Math.Max(1, (objects + 999) / 1000) * ListPer1000 / 1000;

    private static decimal WritePer1000(string storageClass) => storageClass switch
    {
        "STANDARD_IA" or "ONEZONE_IA" => 0.01m,
        "GLACIER_IR" => 0.02m,
        "GLACIER" => 0.03m,
        "DEEP_ARCHIVE" => 0.05m,
        _ => 0.005m,
    };
}
