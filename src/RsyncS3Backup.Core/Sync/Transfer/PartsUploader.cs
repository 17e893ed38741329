using System.Buffers;
using System.Collections.Concurrent;
using Amazon.S3;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.State.Catalogs;

namespace RsyncS3Backup.Sync.Transfer;

/// <summary>
/// Sends a large file in parts. What a crash or a paused run left is continued when the file is the same; a part counts only when its bytes
/// in the file have the checksum that S3 has. Every other exit that did not complete the upload aborts it, because its parts cost money. A
/// part that the object of before has is copied from there; that object stays what it is until the upload is completed.
/// </summary>
internal sealed class PartsUploader(
    IObjectStore store, TransferLimiter limiter, MemoryBudget memory, IUnfinishedUploads? unfinished, long usualPartSize,
    Action<long> onBytesSent, Action<long> onBytesKept, Action<long> onBytesCopied, UploadGate? gate = null)
{
    // So that one file does not take all the memory.
    private const int PartsInFlight = 8;
    private static readonly TimeSpan UnknownIsStale = TimeSpan.FromDays(1);

    private readonly SendRate rate = new(TimeProvider.System);

    /// <summary>Sends the file.</summary>
    /// <returns>Null when the file changed while it was read.</returns>
    /// <exception cref="UploadPausedException">The rest of it is left to the next run.</exception>
    public async Task<UploadedObject?> SendAsync(
        MirrorEntry entry, FileAttributesSnapshot version, ObjectHeaders headers, EarlierParts? earlier,
        CancellationToken cancellationToken)
    {
        // The same parts as before, so that they can be compared, as long as there are no more of them than S3 takes.
        if (earlier is not null && !PartSize.Fits(version.Size, earlier.PartSize))
            earlier = null;
        long partSize = earlier?.PartSize ?? PartSize.For(version.Size, usualPartSize);
        Dictionary<int, UploadedPart>? found = null;
        UnfinishedUpload? upload = unfinished?.Find(entry.RelativeKey);
        if (upload is not null)
        {
            if (IsFor(upload, version, partSize))
                found = await FindPartsAsync(upload, cancellationToken).ConfigureAwait(false);
            if (found is null)
                await GiveUpAsync(upload.RelativeKey, upload.UploadId).ConfigureAwait(false);
        }

        if (found is not null)
        {
            try
            {
                return await SendAsync(entry, version, headers, upload!.UploadId, NewParts(found), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (AbortedUploads.IsUnknown(exception))
            {
                // Somebody else ended it meanwhile.
            }
        }

        // Before an upload is begun that would stay empty.
        if (gate?.HasRoomFor(Math.Min(partSize, version.Size)) == false)
            throw new UploadPausedException(version.Size);
        string uploadId = await StartAsync(entry, version, partSize, headers, cancellationToken).ConfigureAwait(false);
        return await SendAsync(entry, version, headers, uploadId, NewParts([]), cancellationToken).ConfigureAwait(false);

        Parts NewParts(Dictionary<int, UploadedPart> known) => new(version.Size, partSize, known)
        {
            AreHashed = SameContent.CanBeCopied(store, headers.StorageClass),
            Earlier = earlier is null ? null : new EarlierObject(store, earlier),
        };
    }

    /// <summary>
    /// Aborts what no upload of this run continued: call it when all uploads are over. Never fails a run, whose objects are all there.
    /// </summary>
    /// <param name="remembered">What is remembered and not forgotten.</param>
    /// <param name="includeUnknown">True to abort also what nobody remembers under the prefix, when it is older than a day.</param>
    /// <param name="now">The time now.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>How many uploads were aborted, and the reason of the first that could not be.</returns>
    public async Task<(int Aborted, Exception? Problem)> AbortStaleAsync(
        IEnumerable<UnfinishedUpload> remembered, bool includeUnknown, DateTimeOffset now, CancellationToken cancellationToken)
    {
        int aborted = 0;
        Exception? problem = null;
        HashSet<string> known = [];
        HashSet<string> intended = [];
        List<string> intentions = [];
        foreach (UnfinishedUpload upload in remembered)
        {
            if (upload.IsIntention)
            {
                intended.Add(upload.RelativeKey);
                intentions.Add(upload.UploadId);
                continue;
            }

            known.Add(upload.UploadId);
            await TryAbortAsync(upload.RelativeKey, upload.UploadId).ConfigureAwait(false);
        }

        if (!includeUnknown && intended.Count == 0)
            return (aborted, problem);
        try
        {
            await foreach (PendingUpload upload in store.ListUploadsAsync(cancellationToken).ConfigureAwait(false))
            {
                bool isStale = intended.Contains(upload.RelativeKey) || (includeUnknown && now - upload.StartTime > UnknownIsStale);
                if (isStale && !known.Contains(upload.UploadId))
                    await TryAbortAsync(upload.RelativeKey, upload.UploadId).ConfigureAwait(false);
            }

            if (problem is null)
                intentions.ForEach(name => unfinished?.Forget(name));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            problem ??= exception;
        }

        return (aborted, problem);

        async Task TryAbortAsync(string relativeKey, string uploadId)
        {
            try
            {
                await store.AbortPartsAsync(relativeKey, uploadId, cancellationToken).ConfigureAwait(false);
                unfinished?.Forget(uploadId);
                aborted++;
            }
            catch (AmazonS3Exception exception) when (AbortedUploads.IsUnknown(exception))
            {
                unfinished?.Forget(uploadId);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                problem ??= exception;
            }
        }
    }

    private static bool IsFor(UnfinishedUpload upload, FileAttributesSnapshot version, long partSize) =>
        upload.Size == version.Size
        && upload.ModifiedNanoseconds == version.ModifiedNanoseconds
        && upload.ChangedNanoseconds == version.ChangedNanoseconds
        && upload.Inode == version.Inode
        && upload.PartSize == partSize;

    private async Task<Dictionary<int, UploadedPart>?> FindPartsAsync(UnfinishedUpload upload, CancellationToken cancellationToken)
    {
        try
        {
            Dictionary<int, UploadedPart> parts = [];
            await foreach (UploadedPart part in
                store.ListPartsAsync(upload.RelativeKey, upload.UploadId, cancellationToken).ConfigureAwait(false))
            {
                if (part.IsOfOtherAlgorithm)
                    return null;
                parts[part.Number] = part;
            }

            return parts;
        }
        catch (Exception exception) when (exception is AmazonS3Exception or BackupException && !cancellationToken.IsCancellationRequested)
        {
            // Unknown to S3 by now, or not to be listed by these credentials: then it begins anew.
            return null;
        }
    }

    private async Task<string> StartAsync(
        MirrorEntry entry, FileAttributesSnapshot version, long partSize, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        using TransferSlots.Slot slot = await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false);
        // S3 may carry out a request that is given up, and only its answer has the id that an abort needs. So it is waited for.
        using CancellationTokenSource patience = new();
        using CancellationTokenRegistration registration = cancellationToken.Register(() => patience.CancelAfter(AbortedUploads.Patience));
        UnfinishedUpload upload = new(
            entry.RelativeKey, UnfinishedUpload.NewIntention(), version.Size, partSize, version.ModifiedNanoseconds,
            version.ChangedNanoseconds, version.Inode, DateTimeOffset.UtcNow);
        unfinished?.Remember(upload);
        string uploadId;
        try
        {
            uploadId = await store.StartPartsAsync(entry.RelativeKey, headers, patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (!S3Errors.MayBeCarriedOut(exception))
        {
            unfinished?.Forget(upload.UploadId);
            throw;
        }

        try
        {
            unfinished?.Remember(upload with { UploadId = uploadId });
            unfinished?.Forget(upload.UploadId);
        }
        catch
        {
            await GiveUpAsync(entry.RelativeKey, uploadId).ConfigureAwait(false);
            throw;
        }

        return uploadId;
    }

    private async Task<UploadedObject?> SendAsync(
        MirrorEntry entry, FileAttributesSnapshot version, ObjectHeaders headers, string uploadId, Parts parts,
        CancellationToken cancellationToken)
    {
        bool mayStay = false;
        try
        {
            using (SafeFileHandle? file = MirrorFile.TryOpen(entry, version))
            {
                bool isWhole = file is not null
                    && await SendPartsAsync(entry.RelativeKey, file, parts, uploadId, cancellationToken).ConfigureAwait(false)
                    && FileAttributesReader.Read(file).IsSameVersionAs(version);
                if (!isWhole)
                    return null;
            }

            StoredObject stored;
            using (await limiter.EnterAsync(TransferLane.Objects, cancellationToken).ConfigureAwait(false))
            {
                stored = await store
                    .CompletePartsAsync(entry.RelativeKey, uploadId, parts.Done(), headers, cancellationToken).ConfigureAwait(false);
            }

            mayStay = true;
            unfinished?.Forget(uploadId);
            IReadOnlyList<UInt128>? hashes = parts.Hashes();
            ContentHash? whole = hashes is null ? null : ContentHash.OfParts(hashes, parts.Size);
            return new UploadedObject(version, stored, parts.WholeCrc32(), whole, hashes, parts.SentBytes)
            {
                CopiedBytes = parts.CopiedBytes,
            };
        }
        catch (UploadPausedException)
        {
            // What nobody remembers could not be continued.
            mayStay = unfinished is not null;
            throw;
        }
        finally
        {
            if (!mayStay)
                await GiveUpAsync(entry.RelativeKey, uploadId).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the file from front to end, once, while earlier parts are on their way.</summary>
    /// <returns>False when the file became shorter.</returns>
    /// <exception cref="UploadPausedException">Some parts are left to the next run; all that were begun are there.</exception>
    private async Task<bool> SendPartsAsync(
        string relativeKey, SafeFileHandle file, Parts parts, string uploadId, CancellationToken cancellationToken)
    {
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using SemaphoreSlim ahead = new(PartsInFlight);
        List<Task> sending = [];
        bool isWhole = true;
        bool isPaused = false;
        try
        {
            for (int number = 1; number <= parts.Count && isWhole && !isPaused; number++)
            {
                await ahead.WaitAsync(failed.Token).ConfigureAwait(false);
                MemoryBudget.Lease lease = await memory.AcquireAsync(parts.Length(number), failed.Token).ConfigureAwait(false);
                sending.Add(SendAsync(number, lease));
            }
        }
        catch (OperationCanceledException) when (failed.IsCancellationRequested)
        {
            // Either the caller's wish or a part that failed; the tasks below tell which.
        }

        await Task.WhenAll(sending).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return !isPaused || !isWhole ? isWhole : throw new UploadPausedException(parts.LeftBytes);

        async Task SendAsync(int number, MemoryBudget.Lease lease)
        {
            int length = parts.Length(number);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                if (MirrorFile.Read(file, buffer.AsSpan(0, length), parts.Offset(number)) < length)
                {
                    isWhole = false;
                    return;
                }

                // The loop goes on with the next part; hashing and sending this one happens beside it.
                await Task.Yield();
                ObjectContent content = new(relativeKey, buffer, length);
                if (parts.Found(number) is { } found && IsSame(found, content, store.ChecksumAlgorithm))
                {
                    string? checksum = store.ChecksumAlgorithm is { } own ? content.ChecksumBy(own) : null;
                    parts.Add(found with { Checksum = checksum }, content, wasSent: false);
                    onBytesKept(length);
                    return;
                }

                using TransferSlots.Slot slot = await limiter.EnterAsync(TransferLane.Parts, failed.Token).ConfigureAwait(false);
                if (gate?.Refuses() == true)
                {
                    isPaused = true;
                    return;
                }

                UploadedPart? copied = parts.Earlier is not { } earlier ? null
                    : await earlier.TryCopyAsync(uploadId, number, content, rate.BytesPerSecond, failed.Token).ConfigureAwait(false);
                if (copied is { } part)
                {
                    // The upload was begun with checksums, and whoever makes no checksum of a copy wants one of it in the end all the same.
                    string? checksum = part.Checksum ?? (store.ChecksumAlgorithm is { } asked ? content.ChecksumBy(asked) : null);
                    parts.Add(part with { Checksum = checksum }, content, wasSent: false);
                    parts.Copied(length);
                    onBytesCopied(length);
                    return;
                }

                if (gate?.TryBegin(length) == false)
                {
                    isPaused = true;
                    return;
                }

                parts.Add(await PutAsync(uploadId, number, content, failed.Token).ConfigureAwait(false), content, wasSent: true);
                onBytesSent(length);
            }
            catch
            {
                await failed.CancelAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
                lease.Dispose();
                ahead.Release();
            }
        }
    }

    private async Task<UploadedPart> PutAsync(
        string uploadId, int number, ObjectContent content, CancellationToken cancellationToken)
    {
        long arrived = 0;
        rate.Begin();
        try
        {
            UploadedPart sent = await store.PutPartAsync(uploadId, number, content, cancellationToken).ConfigureAwait(false);
            arrived = content.Length;
            return sent;
        }
        finally
        {
            rate.End(arrived);
        }
    }

    // The entity tag of a part is its MD5, but not with SSE-KMS; a checksum is what S3 verified when it took the part.
    private static bool IsSame(UploadedPart found, ObjectContent content, string? algorithm) => found.Size == content.Length
        && (string.IsNullOrEmpty(found.Checksum)
            ? string.Equals(found.ETag, Convert.ToHexString(Convert.FromBase64String(content.Md5)), StringComparison.OrdinalIgnoreCase)
            : found.Checksum == content.ChecksumBy(algorithm ?? S3ChecksumAlgorithms.Crc32));

    // What is remembered still is aborted by the next run.
    private async Task GiveUpAsync(string relativeKey, string uploadId)
    {
        if (await store.AbortQuietlyAsync(relativeKey, uploadId).ConfigureAwait(false))
            unfinished?.Forget(uploadId);
    }

    /// <summary>The parts of one file. Thread-safe.</summary>
    private sealed class Parts(long size, long partSize, IReadOnlyDictionary<int, UploadedPart> found)
    {
        private readonly ConcurrentDictionary<int, (UploadedPart Part, string Crc32, UInt128 Hash)> done = new();
        private long sentBytes;
        private long copiedBytes;

        /// <summary>False where nothing will ever be copied from the object.</summary>
        public required bool AreHashed { get; init; }

        /// <summary>What can be copied instead of sent; null for nothing.</summary>
        public required EarlierObject? Earlier { get; init; }

        /// <summary>Bytes of each part but the last.</summary>
        public long Size => partSize;

        public int Count { get; } = PartSize.Count(size, partSize);

        public long SentBytes => Interlocked.Read(ref sentBytes);

        public long CopiedBytes => Interlocked.Read(ref copiedBytes);

        /// <summary>Bytes that S3 does not have yet.</summary>
        public long LeftBytes => size - done.Values.Sum(item => item.Part.Size);

        public long Offset(int number) => (number - 1) * partSize;

        public int Length(int number) => (int)Math.Min(partSize, size - Offset(number));

        public UploadedPart? Found(int number) => found.TryGetValue(number, out UploadedPart part) ? part : null;

        public void Add(UploadedPart part, ObjectContent content, bool wasSent)
        {
            done[part.Number] = (part, content.Crc32, AreHashed ? content.Hash : default);
            if (wasSent)
                Interlocked.Add(ref sentBytes, part.Size);
        }

        public void Copied(long bytes) => Interlocked.Add(ref copiedBytes, bytes);

        public IEnumerable<UploadedPart> Done() => done.Values.Select(item => item.Part);

        public string WholeCrc32() => Crc32Combination.Combine(
            Enumerable.Range(1, Count).Select(number => (done[number].Crc32, (long)Length(number))));

        public UInt128[]? Hashes() => AreHashed ? [.. Enumerable.Range(1, Count).Select(number => done[number].Hash)] : null;
    }
}
