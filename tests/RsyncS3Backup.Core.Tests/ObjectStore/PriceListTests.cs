using System.Collections.Immutable;
using RsyncS3Backup.ObjectStore.Prices;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>
/// Prices against worked examples of AWS. <c>[training]</c> is "Amazon S3 cost" of AWS Skill Builder, whose four examples are
/// also those of the S3 FAQs, https://aws.amazon.com/s3/faqs/, "How will I be charged and billed for my use of Amazon S3?";
/// <c>[retrieval]</c> is https://repost.aws/knowledge-center/s3-manage-data-retrieval; <c>[calculator]</c> what
/// https://calculator.aws shows for Deep Archive, as quoted in "Explain AWS S3 Glacier Storage Class charges" on Stack Overflow.
/// </summary>
public sealed class PriceListTests
{
    private const long Gigabyte = 1024L * 1024 * 1024;

    private static readonly PriceList Aws = PriceList.Aws;

    [Fact]
    public void A_month_of_52_900_GB_crosses_two_steps_as_in_the_training() =>
        Assert.Equal(1177.60m + 37.40m, Aws.Storage("STANDARD", 42_259_901_212_262_400m / 744).Amount, 6);

    [Fact]
    public void Requests_of_March_cost_what_the_training_says()
    {
        S3RequestCounts march = new() { Put = 310_000, Get = 620_000, Delete = 5_000 };

        Assert.Equal(1.55m + 0.248m, Aws.Requests(march, "STANDARD").Amount);
    }

    [Fact]
    public void Reading_300_GB_of_STANDARD_IA_costs_what_the_training_says() =>
        Assert.Equal(3.00m, Aws.Retrieval("STANDARD_IA", 300 * Gigabyte).Amount);

    [Fact]
    public void Traffic_of_62_TB_crosses_three_steps_as_in_the_training_with_100_GB_free_instead_of_1() =>
        Assert.Equal(921.51m + 3481.60m + 860.16m - (99 * 0.09m), Aws.TransferOut(63_488 * Gigabyte).Amount);

    [Theory]
    [InlineData(RetrievalTier.Standard, 750, 1024)]
    [InlineData(RetrievalTier.Expedited, 150_000, 3072)]
    [InlineData(RetrievalTier.Bulk, 0, 0)]
    public void Bringing_back_15_million_objects_of_100_TB_costs_what_the_knowledge_center_says(
        RetrievalTier tier, int requests, int gigabytes)
    {
        Assert.Equal(requests, Aws.RetrievalRequests("GLACIER", tier, 15_000_000).Amount);
        Assert.Equal(gigabytes, Aws.Retrieval("GLACIER", tier, 102_400 * Gigabyte).Amount);
    }

    [Fact]
    public void Small_objects_in_DEEP_ARCHIVE_cost_what_the_calculator_says()
    {
        ClassTotals totals = new() { Objects = 10_485_760, Bytes = 100 * Gigabyte, BilledBytes = 100 * Gigabyte };

        Assert.Equal(0.099m + 0.3168m + 1.84m, StorageBill.Storage(Aws, "DEEP_ARCHIVE", totals).Amount);
    }

    // The course says for GLACIER_IR: "a prorated early deletion fee of $0.012 per gigabyte deleted within three months. If you
    // delete the data on day 30, you will be charged a pro-rated fee of $0.008 for the remaining 60 days. If the data was deleted
    // on day 60, […] $0.004".
    [Theory]
    [InlineData(0, 0.012)]
    [InlineData(30, 0.008)]
    [InlineData(60, 0.004)]
    [InlineData(90, 0)]
    [InlineData(400, 0)]
    public void A_GB_of_GLACIER_IR_that_is_deleted_early_is_charged_for_the_days_that_are_left(int day, double expected)
    {
        DateTimeOffset now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
        StorageBill bill = new(Aws, now);
        bill.Add("GLACIER_IR", Gigabyte, now.AddDays(-day));

        Assert.Equal((decimal)expected, bill.EarlyDeletion().Amount, 12);
    }

    // "6 KB object … 6 KB and an additional minimum capacity charge equivalent to 122 KB":
    // https://aws.amazon.com/s3/storage-classes/
    [Theory]
    [InlineData("STANDARD_IA", 6, 128)]
    [InlineData("ONEZONE_IA", 6, 128)]
    [InlineData("GLACIER_IR", 6, 128)]
    [InlineData("STANDARD_IA", 129, 129)]
    [InlineData("STANDARD", 6, 6)]
    [InlineData("INTELLIGENT_TIERING", 6, 6)]
    [InlineData("GLACIER", 6, 6)]
    public void A_class_bills_small_objects_as_its_smallest(string storageClass, long kilobytes, long billed) =>
        Assert.Equal(billed * 1024, Aws.BilledSize(storageClass, kilobytes * 1024));

    [Fact]
    public void INTELLIGENT_TIERING_watches_objects_from_128_KB_on()
    {
        StorageBill bill = new(Aws, DateTimeOffset.UtcNow);
        for (int i = 0; i < 1000; i++)
            bill.Add("INTELLIGENT_TIERING", 128 * 1024, storedTime: null);
        bill.Add("INTELLIGENT_TIERING", (128 * 1024) - 1, storedTime: null);

        Assert.Equal(0.0025m, bill.Storage().Amount - Aws.Storage("INTELLIGENT_TIERING", (1001 * 128 * 1024) - 1).Amount);
    }

    [Fact]
    public void Listings_cost_the_same_in_every_class()
    {
        S3RequestCounts listings = new() { List = 1000 };

        Assert.All(S3StorageClasses.All, name => Assert.Equal(0.005m, Aws.Requests(listings, name).Amount));
    }

    [Fact]
    public void Every_class_has_prices_and_every_archive_two_tiers()
    {
        Assert.Equal(S3StorageClasses.All.Order(StringComparer.Ordinal), AwsPrices.Classes.Keys.Order(StringComparer.Ordinal));
        Assert.All(S3StorageClasses.All, name => Assert.Equal(S3StorageClasses.HasMinimum(name), AwsPrices.Classes[name].MinimumSize > 0));
        Assert.All(S3StorageClasses.All, name => Assert.Equal(S3StorageClasses.IsArchive(name), AwsPrices.Classes[name].Index > 0));
        Assert.All(
            S3StorageClasses.All.Where(S3StorageClasses.IsArchive), name => Assert.True(
                PriceList.CanRetrieve(name, RetrievalTier.Standard) && PriceList.CanRetrieve(name, RetrievalTier.Bulk)));
    }

    [Fact]
    public void A_class_that_a_store_made_up_costs_what_STANDARD_does() =>
        Assert.Equal(Aws.Storage("STANDARD", Gigabyte), Aws.Storage("COLD", Gigabyte));

    [Fact]
    public void A_price_of_the_configuration_comes_first_and_each_says_whose_it_is()
    {
        PriceList prices = PriceList.Of(new PriceOptions { Storage = Map("STANDARD", 0.0245m), Retrieval = Map("GLACIER/Bulk", 0.001m) });

        Price own = prices.Storage("STANDARD", 2 * Gigabyte);
        Price table = prices.Storage("STANDARD_IA", 2 * Gigabyte);
        Assert.Equal((0.049m, "configuration"), (own.Amount, prices.Describe(own.Origins)));
        Assert.Equal((0.025m, "AWS us-east-1, 2026-06"), (table.Amount, prices.Describe(table.Origins)));
        Assert.Equal("configuration; AWS us-east-1, 2026-06", prices.Describe((own + table).Origins));
        Assert.Equal((0.001m, 0.01m), (
            prices.Retrieval("GLACIER", RetrievalTier.Bulk, Gigabyte).Amount, prices.Retrieval("GLACIER", RetrievalTier.Standard, Gigabyte).Amount));
    }

    [Theory]
    [InlineData("EUR", PriceTable.AwsUsEast1)]
    [InlineData("USD", PriceTable.None)]
    public void Without_the_table_what_is_not_given_is_free_and_nothing_is_billed_at_least(string currency, PriceTable table)
    {
        PriceList prices = PriceList.Of(new PriceOptions { Currency = currency, Table = table, Storage = Map("STANDARD", 0.01m) });

        Assert.Equal(new Price(0.01m, PriceOrigins.Configuration), prices.Storage("STANDARD", Gigabyte));
        Assert.Equal(new Price(0, PriceOrigins.Configuration), prices.Storage("STANDARD_IA", Gigabyte));
        Assert.Equal(0, prices.Requests(new S3RequestCounts { Put = 1000, Get = 1000, List = 1000 }, "STANDARD").Amount);
        Assert.Equal(0, (prices.TransferOut(Gigabyte) + prices.RetrievalRequests("GLACIER", RetrievalTier.Standard, 1000)).Amount);
        Assert.Equal((1L, 0, (0L, 0L)), (prices.BilledSize("STANDARD_IA", 1), prices.MinimumDays("GLACIER"), prices.AddedBytes("GLACIER")));
        Assert.Equal("configuration", prices.Describe(prices.TransferOut(1).Origins));
    }

    [Fact]
    public void Minimum_days_of_the_configuration_count()
    {
        PriceList prices = PriceList.Of(new PriceOptions
        {
            Table = PriceTable.None,
            Storage = Map("STANDARD", 0.3m),
            MinimumDays = ImmutableSortedDictionary<string, int>.Empty.Add("STANDARD", 90),
        });
        DateTimeOffset now = DateTimeOffset.UtcNow;
        StorageBill bill = new(prices, now);
        bill.Add("STANDARD", Gigabyte, now.AddDays(-60));

        Assert.Equal(0.3m, bill.EarlyDeletion().Amount, 9);
    }

    [Fact]
    public void What_is_stored_and_what_goes_make_the_change_of_a_month()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        StorageChange change = new(Aws, now);
        change.Stored("STANDARD_IA", 3 * Gigabyte, versionId: null);
        change.Gone("STANDARD_IA", Gigabyte, now.AddDays(-20), versionId: null);
        change.Copied("STANDARD_IA", Gigabyte);

        Assert.Equal(0.025m, change.AMonth.Amount);
        Assert.Equal(0.0125m / 3, change.EarlyDeletion.Amount, 9);
        Assert.Equal(0.01m, change.Retrieval.Amount);
    }

    [Fact]
    public void What_a_bucket_keeps_as_a_version_does_not_go()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        StorageChange change = new(Aws, now);
        change.Gone("STANDARD_IA", Gigabyte, now, versionId: "v1");
        change.Stored("STANDARD_IA", Gigabyte, versionId: "v2");
        change.Gone("STANDARD_IA", Gigabyte, now, versionId: null);

        Assert.Equal((0.0125m, 0m), (change.AMonth.Amount, change.EarlyDeletion.Amount));
    }

    private static ImmutableSortedDictionary<string, decimal> Map(string name, decimal price) =>
        ImmutableSortedDictionary<string, decimal>.Empty.Add(name, price);
}
