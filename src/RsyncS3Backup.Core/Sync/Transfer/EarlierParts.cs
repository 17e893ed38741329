using RsyncS3Backup.ObjectStore.Prices;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// The object that S3 has of a large file from before it changed: what is still the same in the file can be copied from it.
/// </summary>
internal sealed class EarlierParts
{
    /// <summary>
    /// What an hour of sending is worth at most, in the currency of the prices. Copies cost the requests that sending costs too,
    /// and in some classes the reading; so 1 means that at 50 Mbit/s copies are made from all of them (0.23 an hour in
    /// STANDARD_IA, 0.68 in GLACIER_IR), and at 1 Gbit/s from none of those.
    /// </summary>
    internal const decimal HourIsWorth = 1;

    private const int SecondsPerHour = 3600;

    private readonly object gate = new();
    private string? refused;

    /// <summary>The object's whole key.</summary>
    public required string SourceKey { get; init; }

    /// <summary>Its row.</summary>
    public required CatalogEntry Row { get; init; }

    /// <summary>The hashes of its parts, in order.</summary>
    public required IReadOnlyList<UInt128> Hashes { get; init; }

    /// <summary>What copies and requests cost.</summary>
    public required PriceList Prices { get; init; }

    /// <summary>Told once why parts are sent that S3 has.</summary>
    public required Action<string> Refused { get; init; }

    /// <summary>Told that S3 has not what the row says.</summary>
    public required Action<string> Refuted { get; init; }

    /// <summary>Bytes of each of its parts but the last.</summary>
    public long PartSize => Row.Hash!.Value.PartSize;

    /// <summary>True when the object has these bytes at that place, as the catalog knows it.</summary>
    /// <param name="number">The part, from 1.</param>
    /// <param name="length">Bytes of the part.</param>
    /// <param name="hash">Their hash.</param>
    public bool Has(int number, int length, UInt128 hash) =>
        number <= Hashes.Count && Hashes[number - 1] == hash && ((number - 1) * PartSize) + length <= Row.Size;

    /// <summary>True when copying is better than sending. Asked before each part, because the rate shows on the way.</summary>
    /// <param name="bytesPerSecond">How fast content goes out; null when that is not known yet.</param>
    public bool IsWorthIt(double? bytesPerSecond)
    {
        if (WhyNot(Prices, Row.StorageClass, bytesPerSecond) is not { } reason)
            return true;
        lock (gate)
        {
            if (refused is null)
                Refused(refused = reason);
        }

        return false;
    }

    /// <summary>Why copying is not worth it; null when it is. Pure.</summary>
    /// <param name="prices">The prices.</param>
    /// <param name="storageClass">The class that would be read.</param>
    /// <param name="bytesPerSecond">How fast content goes out; null when that is not known yet.</param>
    internal static string? WhyNot(PriceList prices, string storageClass, double? bytesPerSecond)
    {
        if (bytesPerSecond is not { } rate)
            return null;
        // Requests cost the same either way, and what goes into S3 is free: there is only what reading the old object costs.
        Price anHour = prices.Retrieval(storageClass, (long)(rate * SecondsPerHour));
        return anHour.Amount <= HourIsWorth ? null
            : $"reading it in {storageClass} would cost {prices.Text(anHour)} for each hour of sending that it saves at {HumanText.Rate(rate)}";
    }
}
