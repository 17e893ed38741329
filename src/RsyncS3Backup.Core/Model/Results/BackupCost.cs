namespace RsyncS3Backup;

/// <summary>
/// What a job's copy in S3 costs. All amounts are estimates without taxes and discounts, in <see cref="Currency"/>; a month has
/// 30 days, a GB 1,073,741,824 bytes.
/// </summary>
public sealed record BackupCost
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>What every key starts with; of dated snapshots, unless the bucket was listed, that of the newest one.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>When this was worked out.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>True when the bucket was listed; false when the catalog was read.</summary>
    public bool IsMeasured { get; init; }

    /// <summary>Current objects.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>The currency of all amounts (ISO 4217), e.g. <c>USD</c>.</summary>
    public required string Currency { get; init; }

    /// <summary>Whose prices were used, e.g. <c>AWS us-east-1, 2026-06</c>, <c>configuration</c>, or both.</summary>
    public required string PriceSource { get; init; }

    /// <summary>What is stored, by kind and storage class.</summary>
    public IReadOnlyList<BackupStorageCost> Storage { get; init => field = ListText.Of(value); } = ListText.Of<BackupStorageCost>([]);

    /// <summary>What storing all of that costs a month.</summary>
    public decimal StorageCost { get; init; }

    /// <summary>
    /// What S3 would charge beside that if all current objects were deleted now: the rest of the days for which their classes
    /// bill at least.
    /// </summary>
    public decimal EarlyDeletionCost { get; init; }

    /// <summary>How many backups and tests the history knows of the last 30 days.</summary>
    public int Runs { get; init; }

    /// <summary>The requests of these.</summary>
    public S3RequestCounts Requests { get; init; } = new();

    /// <summary>What those requests cost.</summary>
    public decimal RequestCost { get; init; }

    /// <summary>What S3 charged for objects that these deleted or replaced early, as they estimated it.</summary>
    public decimal EarlyDeletionCostOfRuns { get; init; }

    /// <summary>
    /// By how many bytes the mirror grows in 30 days: the slope of the straight line that fits the sizes in the history best;
    /// null when the history has not two backups at least a week apart.
    /// </summary>
    public long? GrowthBytes { get; init; }

    /// <summary>The days of history that the growth was seen in.</summary>
    public int GrowthDays { get; init; }

    /// <summary>
    /// What storing costs a month later, if the growth goes on and sizes and classes stay as they are mixed now.
    /// </summary>
    public IReadOnlyList<BackupCostForecast> Forecast { get; init => field = ListText.Of(value); } = ListText.Of<BackupCostForecast>([]);

    /// <summary>
    /// What a restore of all current objects costs: one line, or one for each retrieval tier where some are in an archive.
    /// </summary>
    public IReadOnlyList<BackupRestoreCost> Restore { get; init => field = ListText.Of(value); } = ListText.Of<BackupRestoreCost>([]);

    /// <summary>What these numbers rest on, and what they leave out.</summary>
    public IReadOnlyList<string> Notes { get; init => field = ListText.Of(value); } = ListText.Of<string>([]);

    /// <summary>The job and what it costs a month, e.g. <c>photos: 1.25 USD a month</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Name}: {StorageCost:0.00##} {Currency} a month");
}

/// <summary>What of a job is stored.</summary>
public enum BackupStorageKind : long
{
    /// <summary>Objects as they are now.</summary>
    Current,

    /// <summary>Versions that are not the current ones any more.</summary>
    OldVersions,

    /// <summary>Parts of uploads that were neither completed nor aborted.</summary>
    UnfinishedUploads,
}

/// <summary>What one kind of object in one storage class costs.</summary>
public sealed record BackupStorageCost
{
    /// <summary>What the bytes are: current objects, old versions, or unfinished uploads.</summary>
    public required BackupStorageKind Kind { get; init; }

    /// <summary>The storage class.</summary>
    public required string StorageClass { get; init; }

    /// <summary>How many objects, versions or uploads.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>
    /// The bytes that are billed: small objects as the smallest that the class bills, and what an archive adds for each object.
    /// </summary>
    public long BilledBytes { get; init; }

    /// <summary>What they cost a month, the monitoring of INTELLIGENT_TIERING included.</summary>
    public decimal StorageCost { get; init; }

    /// <summary>The currency.</summary>
    public required string Currency { get; init; }

    /// <summary>Whose prices these are.</summary>
    public required string PriceSource { get; init; }

    /// <summary>E.g. <c>Current STANDARD_IA: 12 objects, 0.0125 USD a month</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Kind} {StorageClass}: {Objects} objects, {HumanText.Bytes(Bytes)}, {StorageCost:0.00##} {Currency} a month");
}

/// <summary>What storing costs at a time to come.</summary>
public sealed record BackupCostForecast
{
    /// <summary>In how many months of 30 days.</summary>
    public required int Months { get; init; }

    /// <summary>The bytes of the current objects then.</summary>
    public long Bytes { get; init; }

    /// <summary>What storing costs a month then.</summary>
    public decimal StorageCost { get; init; }

    /// <summary>The currency.</summary>
    public required string Currency { get; init; }

    /// <summary>E.g. <c>in 3 months: 1.2 TiB, 26.00 USD a month</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"in {Months} months: {HumanText.Bytes(Bytes)}, {StorageCost:0.00##} {Currency} a month");
}

/// <summary>What a restore of everything costs.</summary>
public sealed record BackupRestoreCost
{
    /// <summary>How fast objects are brought back from an archive; null when none is in one.</summary>
    public RetrievalTier? Tier { get; init; }

    /// <summary>
    /// How long that takes at most before the first byte can be read; null when nothing has to be brought back.
    /// </summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Objects that are read.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>What the requests cost that read, and those that bring objects back.</summary>
    public decimal RequestCost { get; init; }

    /// <summary>What reading from the storage classes costs, and 7 days of the copies that are brought back.</summary>
    public decimal RetrievalCost { get; init; }

    /// <summary>What sending it out of the store costs, to a machine that is not in the bucket's region.</summary>
    public decimal TransferCost { get; init; }

    /// <summary>All of that.</summary>
    public decimal TotalCost => RequestCost + RetrievalCost + TransferCost;

    /// <summary>The currency.</summary>
    public required string Currency { get; init; }

    /// <summary>Whose prices these are.</summary>
    public required string PriceSource { get; init; }

    /// <summary>E.g. <c>Bulk: 9.20 USD, within 12 hours</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{(Tier is { } tier ? $"{tier}: " : "")}{TotalCost:0.00##} {Currency}")
        + (Wait is { } wait ? $", after up to {HumanText.Duration(wait)}" : "");
}

/// <summary>
/// What a job would cost with all its objects in one storage class, by the estimates of <see cref="BackupCost"/>.
/// </summary>
public sealed record BackupClassCost
{
    /// <summary>The job's name.</summary>
    public required string Name { get; init; }

    /// <summary>The storage class.</summary>
    public required string StorageClass { get; init; }

    /// <summary>Objects.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>The bytes that would be billed.</summary>
    public long BilledBytes { get; init; }

    /// <summary>What storing them would cost a month.</summary>
    public decimal StorageCost { get; init; }

    /// <summary>How much more that is than what storing costs now; negative for less.</summary>
    public decimal Change { get; init; }

    /// <summary>What the requests would cost that write all objects into the class once.</summary>
    public decimal UploadCost { get; init; }

    /// <summary>What a restore of everything would cost, from an archive by the cheapest tier.</summary>
    public decimal RestoreCost { get; init; }

    /// <summary>That tier; null for a class that can be read at once.</summary>
    public RetrievalTier? Tier { get; init; }

    /// <summary>How long that tier takes at most; null likewise.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>For how many days at least each object would be billed.</summary>
    public int MinimumDays { get; init; }

    /// <summary>The currency.</summary>
    public required string Currency { get; init; }

    /// <summary>Whose prices these are.</summary>
    public required string PriceSource { get; init; }

    /// <summary>E.g. <c>in GLACIER_IR photos would cost 4.00 USD a month and 95.00 USD to restore</c>.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"in {StorageClass} {Name} would cost {StorageCost:0.00##} {Currency} a month and {RestoreCost:0.00##} {Currency} to restore");
}
