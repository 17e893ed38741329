using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.ObjectStore;

/// <summary>What is listed of a stretch: the keys behind one, until a page has come to another.</summary>
/// <param name="After">The key before the first one; null: from the first.</param>
/// <param name="Through">The last key; the page that shows it, or one behind it, is the last. Null: to the end.</param>
internal readonly record struct ListedStretch(string? After, string? Through);

/// <summary>Lists a stretch page by page, in key order; the last page may go on behind the stretch.</summary>
internal delegate IAsyncEnumerable<IReadOnlyList<StoredObject>> StretchLister(ListedStretch stretch, CancellationToken cancellationToken);

/// <summary>
/// A long listing whose stretches are asked for at the same time, handed out as one in order. What comes is what the listing from front to end
/// would give, whatever the cuts are and whatever the store makes of them.
/// </summary>
/// <remarks>
/// A stretch counts as complete only when it came to its last key or one behind it; that one must then be shown by the stretch that it is in.
/// So a store with an order of its own, one that does not know what "after" means and one that ends early leave a stretch that does not fit. From there
/// on, and after any error, the listing from front to end is read and believed or refused as ever: no stretch that is missing is taken for keys that are
/// not there.
/// </remarks>
/// <param name="list">Lists a stretch.</param>
/// <param name="repeatsKeys">True where a key comes several times, and with the last of a stretch perhaps on the next page again.</param>
/// <param name="mostRequests">How many pages may be asked for at the same time.</param>
/// <param name="throttled">How often the store asked to slow down so far.</param>
internal sealed class CutListing(StretchLister list, bool repeatsKeys, int mostRequests, Func<long> throttled)
{
    // At 40 ms a page that is 400 pages a second, which is what one processor reads.
    private const int AtOnce = 16;

    /// <summary>Hears that stretches did not fit together.</summary>
    public Action? OnMisfit { get; init; }

    /// <summary>The objects of a range in key order.</summary>
    public async IAsyncEnumerable<StoredObject> ReadAsync(KeyRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? last = null;
        int ofLast = 0;
        using IEnumerator<string> cuts = (range.Cuts ?? []).GetEnumerator();
        // One that ends before its first cut is not worth a second request.
        if (mostRequests > 1 && Advances(cuts))
        {
            // One is read while others are under way.
            Stretches stretches = new(list, repeatsKeys, Math.Clamp(mostRequests - 1, 1, AtOnce), throttled, range.Start, cuts, cancellationToken);
            await using ConfiguredAsyncDisposable _ = stretches.ConfigureAwait(false);
            while (await stretches.NextAsync().ConfigureAwait(false) is { } page)
            {
                foreach (StoredObject item in page)
                {
                    ofLast = item.RelativeKey == last ? ofLast + 1 : 1;
                    last = item.RelativeKey;
                    yield return item;
                }
            }

            if (stretches.AreWhole)
                yield break;
            if (!stretches.HaveFailed)
                OnMisfit?.Invoke();
        }

        await foreach (IReadOnlyList<StoredObject> page in list(default, cancellationToken).ConfigureAwait(false))
        {
            foreach (StoredObject item in page)
            {
                int order = last is null ? 1 : KeyOrder.Compare(item.RelativeKey, last);
                if (order > 0 || (order == 0 && --ofLast < 0))
                    yield return item;
            }
        }
    }

    private static bool Advances(IEnumerator<string> cuts)
    {
        try
        {
            return cuts.MoveNext();
        }
        catch (IOException)
        {
            // Who needs what it was read from hears of it.
            return false;
        }
    }

    /// <summary>The stretches that are under way, the first one first.</summary>
    private sealed class Stretches(
        StretchLister list, bool repeatsKeys, int atOnce, Func<long> throttled, string start, IEnumerator<string> cuts,
        CancellationToken cancellationToken)
        : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        private readonly Queue<Stretch> underWay = new();
        private int most = atOnce;
        private long throttledThen = throttled();
        private string? cut;
        private bool isCut = true;
        private bool isOver;
        private bool hasGiven;
        private string? lastKey;
        private Stretch? current;
        // Seen behind a stretch, so a later one has to show it.
        private string? promised;

        /// <summary>True when all stretches came and fit together.</summary>
        public bool AreWhole { get; private set; }

        /// <summary>True when one ended by an error.</summary>
        public bool HaveFailed { get; private set; }

        /// <summary>The next page, without what is behind its stretch; null at the end, and where something does not fit.</summary>
        public async ValueTask<IReadOnlyList<StoredObject>?> NextAsync()
        {
            while (true)
            {
                Begin();
                if (current is null && !underWay.TryDequeue(out current))
                {
                    AreWhole = promised is null;
                    return null;
                }

                IReadOnlyList<StoredObject>? page;
                try
                {
                    page = await current.NextAsync(stop.Token).ConfigureAwait(false);
                }
                catch (Exception) when (current.What.After is not null && !cancellationToken.IsCancellationRequested)
                {
                    HaveFailed = true;
                    return null;
                }

                if (page is null)
                {
                    if (!current.HasCome && !isOver)
                        ConfirmEnd();
                    current = null;
                    continue;
                }

                if (!TryTake(current, ref page))
                    return null;
                if (page.Count == 0)
                    continue;
                hasGiven = true;
                return page;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Stretch stretch in current is null ? underWay : underWay.Prepend(current))
                await stretch.EndAsync().ConfigureAwait(false);
            stop.Dispose();
        }

        private void Begin()
        {
            if (throttled() is var now && now > throttledThen)
            {
                throttledThen = now;
                most = Math.Max(1, most / 2);
            }

            // Who wants no more than the first page does not pay for others.
            while (isCut && underWay.Count < (hasGiven ? most : 1))
            {
                string? after = cut;
                cut = NextCut();
                isCut = cut is not null;
                underWay.Enqueue(new Stretch(list, new ListedStretch(after, cut), stop.Token));
            }
        }

        /// <summary>A stretch came to the end of all keys: no more are begun but one, which has to say so too.</summary>
        private void ConfirmEnd()
        {
            isOver = true;
            isCut = false;
            underWay.Enqueue(new Stretch(list, new ListedStretch(lastKey, Through: null), stop.Token));
        }

        private string? NextCut()
        {
            // The first one was asked for to see whether there is any.
            bool isThere = cut is null || Advances(cuts);
            while (isThere && cut is not null && KeyOrder.Compare(cuts.Current, cut) <= 0)
                isThere = Advances(cuts);
            return isThere && cuts.Current.StartsWith(start, StringComparison.Ordinal) ? cuts.Current : null;
        }

        private bool TryTake(Stretch stretch, ref IReadOnlyList<StoredObject> page)
        {
            // An earlier stretch came to the end of all keys.
            if (page.Count > 0 && (isOver || (stretch.What.After is { } after && KeyOrder.Compare(page[0].RelativeKey, after) <= 0)))
                return false;
            int count = page.Count;
            if (stretch.What.Through is { } through)
            {
                while (count > 0 && KeyOrder.Compare(page[count - 1].RelativeKey, through) > 0)
                    count--;
                stretch.HasCome |= count < page.Count || (!repeatsKeys && count > 0 && page[count - 1].RelativeKey == through);
            }
            else
            {
                stretch.HasCome = true;
            }

            if (!KeepsPromise(page, count))
                return false;
            if (count > 0)
                lastKey = page[count - 1].RelativeKey;
            if (count == page.Count)
                return true;
            string behind = page[count].RelativeKey;
            if (promised is not null && promised != behind)
                return false;
            promised = behind;
            page = [.. page.Take(count)];
            return true;
        }

        private bool KeepsPromise(IReadOnlyList<StoredObject> page, int count)
        {
            for (int i = 0; i < count && promised is not null; i++)
            {
                int order = KeyOrder.Compare(page[i].RelativeKey, promised);
                if (order > 0)
                    return false;
                if (order == 0)
                    promised = null;
            }

            return true;
        }
    }

    /// <summary>One stretch, read some pages ahead.</summary>
    private sealed class Stretch
    {
        // What the catalog knows of a stretch fits; of one with more in it than that, only so much waits in memory.
        private const int PagesAhead = 5;

        private readonly Channel<IReadOnlyList<StoredObject>> pages =
            Channel.CreateBounded<IReadOnlyList<StoredObject>>(new BoundedChannelOptions(PagesAhead) { SingleReader = true, SingleWriter = true });

        private readonly Task reading;

        public Stretch(StretchLister list, ListedStretch what, CancellationToken cancellationToken)
        {
            What = what;
            reading = Task.Run(() => ReadAsync(list, cancellationToken), CancellationToken.None);
        }

        public ListedStretch What { get; }

        /// <summary>True when it came to its last key.</summary>
        public bool HasCome { get; set; }

        /// <summary>The next page; null after the last one.</summary>
        public async ValueTask<IReadOnlyList<StoredObject>?> NextAsync(CancellationToken cancellationToken) =>
            await pages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && pages.Reader.TryRead(out IReadOnlyList<StoredObject>? page)
                ? page : null;

        /// <summary>Waits until nothing of it is under way any more; it was cancelled.</summary>
        public async Task EndAsync() => await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        private async Task ReadAsync(StretchLister list, CancellationToken cancellationToken)
        {
            try
            {
                await foreach (IReadOnlyList<StoredObject> page in list(What, cancellationToken).ConfigureAwait(false))
                    await pages.Writer.WriteAsync(page, cancellationToken).ConfigureAwait(false);
                pages.Writer.Complete();
            }
            catch (Exception exception)
            {
                pages.Writer.Complete(exception);
            }
        }
    }
}
