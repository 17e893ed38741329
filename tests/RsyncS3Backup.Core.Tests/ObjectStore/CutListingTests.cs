using System.Runtime.CompilerServices;
using RsyncS3Backup.Core.Tests.Support;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using Xunit;

namespace RsyncS3Backup.Core.Tests.ObjectStore;

/// <summary>A listing in stretches says what the one from front to end says, whatever keys, cuts, pages and the store are.</summary>
public sealed class CutListingTests
{
    // Few, so that cuts meet keys; the last two sort differently in UTF-16.
    private static readonly string[] Letters = ["a", "b", "/", " ", "é", "\uFF5E", "\U0001F600"];

    [Fact]
    public async Task Any_keys_with_any_cuts_and_pages_are_listed_as_from_front_to_end()
    {
        for (int seed = 0; seed < TestEffort.Times(2_000); seed++)
        {
            Random random = new(seed);
            FakeStore store = FakeStore.Any(random);
            string[] cuts = AnyCuts(random, store);
            Assert.True((await OutcomeAsync(store, [])).SequenceEqual(await OutcomeAsync(store, cuts)), $"seed {seed}");
        }
    }

    public static TheoryData<string> Oddities => ["order", "after ignored", "after included", "after refused"];

    [Theory]
    [MemberData(nameof(Oddities))]
    public async Task A_store_with_ideas_of_its_own_is_listed_whole_or_refused(string oddity)
    {
        int refused = 0;
        for (int seed = 0; seed < TestEffort.Times(1_000); seed++)
        {
            Random random = new(seed);
            FakeStore store = FakeStore.Any(random);
            string[] cuts = AnyCuts(random, store);
            List<string> all = await OutcomeAsync(store, []);
            store.Oddity = oddity;
            List<string> found = await OutcomeAsync(store, cuts);
            bool isRefused = found is [.., "refused"] && await OutcomeAsync(store, []) is [.., "refused"];
            refused += isRefused ? 1 : 0;
            Assert.True(isRefused || all.SequenceEqual(found), $"seed {seed}");
        }

        Assert.Equal(oddity == "order", refused > 0);
    }

    [Fact]
    public async Task A_stretch_that_ends_early_or_fails_is_never_taken_for_keys_that_are_not_there()
    {
        for (int seed = 0; seed < TestEffort.Times(1_000); seed++)
        {
            Random random = new(seed);
            FakeStore store = FakeStore.Any(random);
            string[] cuts = AnyCuts(random, store);
            List<string> whole = await OutcomeAsync(store, []);
            // That not all versions of the last key of all came, nobody can see.
            store.Fault = (After: cuts.Length == 0 ? null : cuts[random.Next(cuts.Length)], EndsEarly: store.Versions is null && random.Next(2) == 0);
            Assert.True(whole.SequenceEqual(await OutcomeAsync(store, cuts)), $"seed {seed}");
        }
    }

    [Fact]
    public async Task A_store_that_fails_for_good_fails_the_listing()
    {
        FakeStore store = new([.. Enumerable.Range(0, 100).Select(Key)]) { PageSize = 3, FailsAfter = Key(50) };
        Assert.Equal("refused", (await OutcomeAsync(store, [Key(20), Key(40), Key(60)]))[^1]);
    }

    [Fact]
    public async Task What_the_cuts_know_costs_no_page_more_than_from_front_to_end()
    {
        FakeStore store = new([.. Enumerable.Range(0, 1_000).Select(Key)]) { PageSize = 10 };
        await OutcomeAsync(store, []);
        int whole = store.Pages;
        store.Pages = 0;
        await OutcomeAsync(store, [.. Enumerable.Range(1, 24).Select(i => Key((40 * i) - 1))]);
        Assert.Equal(whole, store.Pages);
    }

    [Fact]
    public async Task What_the_cuts_do_not_know_costs_a_page_more_for_each_stretch_at_most()
    {
        // One new key in each stretch.
        string[] keys = [.. Enumerable.Range(0, 1_000).Select(Key), .. Enumerable.Range(0, 25).Select(i => Key(40 * i) + "+")];
        FakeStore store = new(keys) { PageSize = 10 };
        await OutcomeAsync(store, []);
        int whole = store.Pages;
        store.Pages = 0;
        await OutcomeAsync(store, [.. Enumerable.Range(1, 24).Select(i => Key((40 * i) - 1))]);
        Assert.InRange(store.Pages, whole, whole + 25);
    }

    [Fact]
    public async Task Objects_that_are_all_gone_cost_a_request_for_each_stretch_that_was_begun()
    {
        FakeStore store = new([Key(0)]) { PageSize = 10 };
        Assert.Equal(["k0000"], await OutcomeAsync(store, [.. Enumerable.Range(1, 24).Select(i => Key(40 * i))]));
        Assert.InRange(store.Pages, 1, 18);
    }

    [Fact]
    public async Task Who_takes_one_page_pays_for_one_stretch()
    {
        FakeStore store = new([.. Enumerable.Range(0, 1_000).Select(Key)]) { PageSize = 1_000 };
        await foreach (StoredObject _ in store.List(KeyRange.Everything with { Cuts = Enumerable.Range(1, 24).Select(i => Key(40 * i)) }))
            break;
        Assert.Equal(1, store.Pages);
    }

    [Fact]
    public async Task Stretches_are_under_way_at_the_same_time_and_fewer_when_the_store_asks_to_slow_down()
    {
        string[] keys = [.. Enumerable.Range(0, 1_000).Select(Key)];
        string[] cuts = [.. Enumerable.Range(1, 99).Select(i => Key((10 * i) - 1))];
        FakeStore free = new(keys) { PageSize = 10, Waits = true };
        await OutcomeAsync(free, cuts);
        Assert.InRange(free.MostUnderWay, 3, 17);
        FakeStore slow = new(keys) { PageSize = 10, Waits = true, Throttles = true };
        await OutcomeAsync(slow, cuts);
        Assert.InRange(slow.MostUnderWay, 1, 2);
    }

    [Fact]
    public async Task Cuts_that_cannot_be_read_end_the_cutting_and_not_the_listing()
    {
        FakeStore store = new([.. Enumerable.Range(0, 100).Select(Key)]) { PageSize = 10 };
        List<string> found = [];
        await foreach (StoredObject item in store.List(KeyRange.Everything with { Cuts = Broken() }))
            found.Add(item.RelativeKey);
        Assert.Equal(store.Keys, found);

        static IEnumerable<string> Broken()
        {
            yield return Key(20);
            yield return Key(40);
            throw new IOException("The disk is gone.");
        }
    }

    private static string Key(int number) => $"k{number:0000}";

    private static string[] AnyCuts(Random random, FakeStore store)
    {
        IEnumerable<string> cuts = store.Keys.Where(_ => random.Next(3) == 0)
            .Concat(Enumerable.Range(0, random.Next(4)).Select(_ => FakeStore.AnyKey(random)));
        // Rows may be written meanwhile, and then cuts need not even be in order.
        return random.Next(8) == 0 ? [.. cuts] : [.. cuts.Distinct().OrderBy(key => key, KeyOrder.Instance)];
    }

    private static async Task<List<string>> OutcomeAsync(FakeStore store, string[] cuts)
    {
        List<string> found = [];
        try
        {
            await foreach (StoredObject item in store.List(KeyRange.Everything with { Cuts = cuts }))
                found.Add(item.VersionId is { } version ? $"{item.RelativeKey} {version}" : item.RelativeKey);
        }
        catch (BackupException)
        {
            found.Add("refused");
        }

        return found;
    }

    /// <summary>A store that lists as <see cref="ListRequests"/> does, checks included.</summary>
    private sealed class FakeStore(string[] keys)
    {
        private readonly object gate = new();
        private long throttled;
        private int underWay;

        public string[] Keys { get; } = keys;

        public int PageSize { get; init; } = 1;

        /// <summary>How many versions each key has; null: it is no listing of versions.</summary>
        public int? Versions { get; init; }

        public string Oddity { get; set; } = "";

        /// <summary>The stretch that meets a fault.</summary>
        public (string? After, bool EndsEarly) Fault { get; set; }

        public string? FailsAfter { get; init; }

        public bool Waits { get; init; }

        /// <summary>True when each answer asks to slow down.</summary>
        public bool Throttles { get; init; }

        public int Pages { get; set; }

        /// <summary>The most requests at a time, once half a hundred were answered.</summary>
        public int MostUnderWay { get; private set; }

        public static FakeStore Any(Random random) =>
            new([.. Enumerable.Range(0, random.Next(40)).Select(_ => AnyKey(random)).Distinct().OrderBy(key => key, KeyOrder.Instance)])
            {
                PageSize = random.Next(1, 6),
                Versions = random.Next(2) == 0 ? null : random.Next(1, 4),
            };

        public static string AnyKey(Random random) =>
            string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Letters[random.Next(Letters.Length)]));

        public IAsyncEnumerable<StoredObject> List(KeyRange range) =>
            new CutListing(PagesAsync, repeatsKeys: Versions is not null, mostRequests: 17, () => Interlocked.Read(ref throttled)).ReadAsync(range, default);

        private async IAsyncEnumerable<IReadOnlyList<StoredObject>> PagesAsync(
            ListedStretch stretch, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            IComparer<string> order = Oddity == "order" ? StringComparer.Ordinal : KeyOrder.Instance;
            if (stretch.After is not null && Oddity == "after refused")
                throw S3Errors.OutOfOrder("after", "", "");
            IEnumerable<string> from = Keys.OrderBy(key => key, order);
            if (stretch.After is { } after && Oddity != "after ignored")
                from = from.Where(key => order.Compare(key, after) > (Oddity == "after included" ? -1 : 0));
            StoredObject[] all = [.. from.SelectMany(key => Versions is { } count
                ? Enumerable.Range(0, count).Select(number => new StoredObject(key, number, "") { VersionId = $"v{number}" })
                : [new StoredObject(key, 0, "")])];
            bool isFaulty = Fault.After is not null && stretch.After == Fault.After && stretch.Through is not null;
            string? previous = null;
            // A last page may be empty.
            for (int start = 0; start == 0 || start < all.Length; start += PageSize)
            {
                await AnswerAsync(cancellationToken);
                if (isFaulty && Fault.EndsEarly && start > 0)
                    yield break;
                if (isFaulty && !Fault.EndsEarly)
                    throw S3Errors.OutOfOrder("a fault", "", "");
                StoredObject[] page = all[start..Math.Min(all.Length, start + PageSize)];
                foreach (StoredObject item in page)
                {
                    if (FailsAfter is not null && KeyOrder.Compare(item.RelativeKey, FailsAfter) >= 0)
                        throw S3Errors.OutOfOrder("a fault", "", "");
                    int compared = previous is null ? -1 : KeyOrder.Compare(previous, item.RelativeKey);
                    if (compared > 0 || (compared == 0 && Versions is null))
                        throw S3Errors.OutOfOrder("a listing", previous!, item.RelativeKey);
                    previous = item.RelativeKey;
                }

                yield return page;
                int end = stretch.Through is null || page.Length == 0 ? -1 : KeyOrder.Compare(page[^1].RelativeKey, stretch.Through);
                if (end > 0 || (end == 0 && Versions is null))
                    yield break;
            }
        }

        private async Task AnswerAsync(CancellationToken cancellationToken)
        {
            lock (gate)
            {
                Pages++;
                underWay++;
                if (Pages > 50)
                    MostUnderWay = Math.Max(MostUnderWay, underWay);
                throttled += Throttles ? 1 : 0;
            }

            // Gives the others their turn.
            for (int i = 0; Waits && i < 20; i++)
                await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            lock (gate)
                underWay--;
        }
    }
}
