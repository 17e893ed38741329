using System.Buffers;
using System.Net;
using Amazon.S3;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>Content from S3: small objects in one request, large ones in parts.</summary>
/// <param name="store">The copy in S3.</param>
/// <param name="limiter">Says when a request may be sent.</param>
/// <param name="onBytes">Hears of content that arrived.</param>
/// <param name="onBytesKept">Hears of content that an earlier try had fetched already.</param>
internal sealed class ObjectContents(
    IObjectStore store, TransferLimiter limiter, Action<long> onBytes, Action<long> onBytesKept) : IContentSource
{
    /// <summary>Knows what need not be asked for; null: nothing is known.</summary>
    public RecordedObjects? Recorded { get; init; }

    /// <summary>True when set-user-ID and set-group-ID bits that objects carry were asked for.</summary>
    public bool KeepsSpecialBits { get; init; }

    /// <summary>True when objects had such bits that were left out.</summary>
    public bool HasLeftOutBits { get; private set; }

    /// <inheritdoc/>
    public async Task<EntryFacts> AskAsync(RestoreItem item, CancellationToken cancellationToken)
    {
        StoredObject stored = ((ObjectItem)item).Stored;
        return Recorded?.Find(stored) is { } recorded
            ? Checked(recorded)
            : Facts(await HeadAsync(stored, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async Task<IContent> OpenAsync(RestoreItem item, CancellationToken cancellationToken)
    {
        StoredObject stored = ((ObjectItem)item).Stored;
        if (stored.Size >= PartSize.Threshold)
        {
            StoredObject about = await HeadAsync(stored, cancellationToken).ConfigureAwait(false);
            RequireNotOlder(stored, about);
            if (about.Size >= PartSize.Threshold)
            {
                ObjectParts parts = new(store, limiter, Query(stored), about, onBytes, onBytesKept) { Evidence = Evidence(about) };
                return new LargeContent(parts, Facts(about));
            }
        }

        TransferSlots.Slot slot = await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectBody body = await store.GetAsync(Query(stored), cancellationToken).ConfigureAwait(false);
            try
            {
                RequireNotOlder(stored, body.About);
                RequireRoom(stored, body.About);
                StoredObject evidence = Evidence(body.About);
                return new SmallContent(body, Facts(body.About), evidence, slot, onBytes, (feed, token) => ContentJudge.JudgeAsync(
                    evidence, feed, number => store.PartSizeAsync(Query(stored), number, token)));
            }
            catch
            {
                body.Dispose();
                throw;
            }
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }

    /// <summary>What S3 knows of an object.</summary>
    /// <exception cref="AmazonS3Exception">S3 said no, or does not have it.</exception>
    public async Task<StoredObject> HeadAsync(StoredObject stored, CancellationToken cancellationToken)
    {
        using (await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false))
        {
            return await store.HeadAsync(Query(stored), cancellationToken).ConfigureAwait(false)
                // As S3 says it of a GET.
                ?? throw new AmazonS3Exception("It is not there.") { ErrorCode = "NoSuchKey", StatusCode = HttpStatusCode.NotFound };
        }

    }

    /// <summary>Asks S3 to bring an object back from the archive.</summary>
    public async Task RetrieveAsync(StoredObject stored, string tier, int? days, CancellationToken cancellationToken)
    {
        using (await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false))
            await store.RetrieveAsync(Query(stored), tier, days, cancellationToken).ConfigureAwait(false);
    }

    // A cache on the way may give what was there before. That somebody stored a newer one since it was listed is no harm.
    private static void RequireNotOlder(StoredObject listed, StoredObject found)
    {
        bool isOlder = listed.ETag.Length > 0 && found.ETag != listed.ETag
            && found.LastModified?.ToUnixTimeSeconds() < listed.LastModified?.ToUnixTimeSeconds();
        if (isOlder)
            throw new ContentChangedException("An older version came than the one that was listed.");
    }

    // What was listed is what there was found to be room for.
    private static void RequireRoom(StoredObject listed, StoredObject found)
    {
        if (found.Size > listed.Size && found.Size >= PartSize.Threshold)
        {
            throw new ContentChangedException(
                $"S3 lists it with {listed.Size} bytes and sends {found.Size}: it was replaced meanwhile, or the store is not to be trusted.");
        }
    }

    // What this machine recorded when it sent the object is as good as what the store could say of it.
    private StoredObject Evidence(StoredObject about) =>
        about.Checksums.Count == 0 && Recorded?.Crc32Of(about) is { } crc32 ? about with { Checksums = [new("crc32", crc32)] } : about;

    private ObjectQuery Query(StoredObject stored) => new(store.Key(stored.RelativeKey))
    {
        VersionId = stored.VersionId is { Length: > 0 } version ? version : null,
    };

    // The copies that S3 makes of the first name may have another entity tag than that.
    private EntryFacts Facts(StoredObject about)
    {
        string? crc32 = about.ChecksumBy("crc32");
        EntryAttributes attributes = Recorded?.FindPending(about) ?? EntryAttributes.Of(about);
        return Checked(new EntryFacts(attributes, about.Size, crc32 ?? about.ETag)
        {
            Content = new KnownContent(about.Size, about.IsTagOpaque ? "" : about.ETag, crc32, about.ChecksumBy("sha256")) { Stored = about },
        });
    }

    private EntryFacts Checked(EntryFacts facts)
    {
        EntryFacts known = facts with { Attributes = facts.Attributes.FromBucket(KeepsSpecialBits) };
        HasLeftOutBits |= known.Attributes.LeftOutBits != 0;
        return known;
    }

    /// <summary>An object that comes in one answer.</summary>
    /// <param name="body">The answer.</param>
    /// <param name="facts">What it is to be.</param>
    /// <param name="evidence">What is known of its content.</param>
    /// <param name="slot">The request's.</param>
    /// <param name="onBytes">Hears of content that arrived.</param>
    /// <param name="judge">Compares content that the cheapest evidence does not fit.</param>
    private sealed class SmallContent(
        ObjectBody body, EntryFacts facts, StoredObject evidence, TransferSlots.Slot slot, Action<long> onBytes,
        Func<Action<ContentSink>, CancellationToken, Task<ContentFit>> judge) : IContent
    {
        private const int BufferSize = 128 * 1024;
        private bool isDisposed;

        public EntryFacts Facts => facts;

        public ContentFit Fit { get; private set; } = ContentFit.Unknown;

        public async Task<byte[]> ReadAllAsync(CancellationToken cancellationToken)
        {
            // PATH_MAX of Linux, which no target exceeds.
            const int longest = 4096;
            if (Facts.Size > longest)
                throw new InvalidDataException($"the target of the link has {Facts.Size} bytes");
            byte[] buffer = new byte[Facts.Size];
            Stream stream = await BrokenTransfer.Catch(() => body.OpenAsync(cancellationToken).AsTask()).ConfigureAwait(false);
            int length = await FillAsync(stream, buffer, cancellationToken).ConfigureAwait(false);
            RequireLength(length);
            Fit = await judge(sink => sink(buffer), cancellationToken).ConfigureAwait(false);
            WrongContent.Refuse(Fit);
            return buffer;
        }

        public async Task<SafeFileHandle> WriteAsync(
            DestinationTree tree, EntryPath path, bool acceptsWrong, CancellationToken cancellationToken)
        {
            string name = TemporaryName.For(path.Name);
            int size = (int)Math.Clamp(body.Length, 1, BufferSize);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
            SafeFileHandle? file = null;
            try
            {
                using ContentProof cheap = ContentProof.Cheap(evidence);
                Stream stream = await BrokenTransfer.Catch(() => body.OpenAsync(cancellationToken).AsTask()).ConfigureAwait(false);
                long offset = 0;
                while (true)
                {
                    int read = await FillAsync(stream, buffer.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
                    cheap.Append(buffer.AsSpan(0, read));
                    if (file is null)
                    {
                        using DestinationFolder folder = tree.Open(path.Folder);
                        file = folder.CreateTemporary(name);
                    }

                    if (read > 0)
                        RandomAccess.Write(file, buffer.AsSpan(0, read), offset);
                    offset += read;
                    onBytes(read);
                    if (read < size || offset >= body.Length)
                        break;
                }

                RequireLength(offset);
                SafeFileHandle written = file;
                Fit = cheap.Fits() ? ContentFit.Right
                    : await judge(sink => WrittenFile.Read(written, buffer, sink, cancellationToken), cancellationToken).ConfigureAwait(false);
                if (!acceptsWrong)
                    WrongContent.Refuse(Fit);
                return file;
            }
            catch
            {
                if (file is not null)
                {
                    file.Dispose();
                    using DestinationFolder folder = tree.Open(path.Folder);
                    folder.Remove(name);
                }

                throw;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        public void Forget(DestinationFolder folder, EntryPath path)
        {
        }

        public void Dispose()
        {
            if (isDisposed)
                return;
            isDisposed = true;
            body.Dispose();
            slot.Dispose();
        }

        private void RequireLength(long length)
        {
            if (length != body.About.Size)
                throw new TransferBrokenException($"{length} of {body.About.Size} bytes came.");
        }

        private static async Task<int> FillAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            int total = 0;
            while (total < buffer.Length)
            {
                int read = await BrokenTransfer.Catch(() => stream.ReadAsync(buffer[total..], cancellationToken).AsTask()).ConfigureAwait(false);
                if (read == 0)
                    break;
                total += read;
            }

            return total;
        }
    }

    /// <summary>An object that comes in parts.</summary>
    private sealed class LargeContent(ObjectParts parts, EntryFacts facts) : IContent
    {
        public EntryFacts Facts => facts;

        public ContentFit Fit => parts.Fit;

        public Task<byte[]> ReadAllAsync(CancellationToken cancellationToken) =>
            throw new InvalidDataException($"the target of the link has {facts.Size} bytes");

        public Task<SafeFileHandle> WriteAsync(
            DestinationTree tree, EntryPath path, bool acceptsWrong, CancellationToken cancellationToken) =>
            parts.WriteAsync(tree, path, acceptsWrong, cancellationToken);

        public void Forget(DestinationFolder folder, EntryPath path) => folder.Remove(TemporaryName.PartsOf(path.Name));

        public void Dispose() => parts.Dispose();
    }
}

/// <summary>Tells faults of the network from those of the disk, which are the same exceptions.</summary>
internal static class BrokenTransfer
{
    /// <param name="receive">Receives something.</param>
    /// <param name="isAsking">True while there is no answer yet; false while one comes.</param>
    public static async Task<T> Catch<T>(Func<Task<T>> receive, bool isAsking = false)
    {
        try
        {
            return await receive().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new TransferBrokenException(exception.Message, exception) { IsUnanswered = isAsking };
        }
    }
}

/// <summary>Reads a file that was just written, which is still in the system's cache for the most part.</summary>
internal static class WrittenFile
{
    public static void Read(SafeFileHandle file, byte[] buffer, ContentSink sink, CancellationToken cancellationToken)
    {
        long offset = 0;
        for (int read; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sink(buffer.AsSpan(0, read));
        }
    }
}

/// <summary>Content that is not what S3 stored.</summary>
internal static class WrongContent
{
    /// <exception cref="TransferBrokenException">It is wrong.</exception>
    public static void Refuse(ContentFit fit)
    {
        if (fit == ContentFit.Wrong)
            throw new TransferBrokenException("what came does not have the checksum that S3 stored.") { IsWrongContent = true };
    }
}
