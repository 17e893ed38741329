using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.S3.Client;
using RsyncS3Backup.S3.Mirror;

namespace RsyncS3Backup.S3.Transfer;

/// <summary>
/// Sends one entry of the mirror. A file that changes while it is read is read again; what S3 holds afterwards is one version of it, never a
/// mixture. Every exit from a multipart upload that did not complete aborts it.
/// </summary>
internal sealed class Uploader(Bucket bucket, EntryHeaders headers, MemoryBudget memory, Action<long> onBytesSent)
{
    private const int TriesForChangingFile = 3;
    private const int PartsInFlight = 8;
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(20);

    /// <summary>Uploads the entry.</summary>
    /// <returns>The attributes of the version that was sent; null when the file changed each time it was read.</returns>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    public async Task<FileAttributesSnapshot?> UploadAsync(MirrorEntry entry, CancellationToken cancellationToken)
    {
        for (int attempt = 1; attempt <= TriesForChangingFile; attempt++)
        {
            FileAttributesSnapshot before = FileAttributesReader.Read(entry.Path);
            bool sent = entry.Kind switch
            {
                MirrorEntryKind.EmptyFolder => await SendBytesAsync(entry, before, [], cancellationToken).ConfigureAwait(false),
                MirrorEntryKind.SymbolicLink =>
                    await SendBytesAsync(entry, before, MirrorFile.LinkTarget(entry), cancellationToken).ConfigureAwait(false),
                _ when before.Size < PartSize.Threshold => await SendFileAsync(entry, before, cancellationToken).ConfigureAwait(false),
                _ => await SendPartsAsync(entry, before, cancellationToken).ConfigureAwait(false),
            };
            if (sent)
                return before;
        }

        return null;
    }

    private async Task<bool> SendBytesAsync(
        MirrorEntry entry, FileAttributesSnapshot attributes, byte[] bytes, CancellationToken cancellationToken)
    {
        ObjectContent content = new(entry.RelativeKey, bytes, bytes.Length);
        await bucket.PutAsync(content, headers.For(entry, attributes), cancellationToken).ConfigureAwait(false);
        onBytesSent(bytes.Length);
        return true;
    }

    private async Task<bool> SendFileAsync(MirrorEntry entry, FileAttributesSnapshot before, CancellationToken cancellationToken)
    {
        int size = (int)before.Size;
        using MemoryBudget.Lease lease = await memory.AcquireAsync(size, cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            using (SafeFileHandle file = MirrorFile.Open(entry.Path))
            {
                if (MirrorFile.Read(file, buffer.AsSpan(0, size), 0) < size)
                    return false;
            }

            if (!FileAttributesReader.Read(entry.Path).IsSameVersionAs(before))
                return false;
            ObjectContent content = new(entry.RelativeKey, buffer, size);
            await bucket.PutAsync(content, headers.For(entry, before), cancellationToken).ConfigureAwait(false);
            onBytesSent(size);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<bool> SendPartsAsync(MirrorEntry entry, FileAttributesSnapshot before, CancellationToken cancellationToken)
    {
        string uploadId = await StartAsync(entry, before, cancellationToken).ConfigureAwait(false);
        bool completed = false;
        try
        {
            IReadOnlyCollection<UploadedPart>? parts = await SendAllPartsAsync(entry, before, uploadId, cancellationToken).ConfigureAwait(false);
            if (parts is null || !FileAttributesReader.Read(entry.Path).IsSameVersionAs(before))
                return false;
            await bucket.Multipart.CompleteAsync(entry.RelativeKey, uploadId, parts, cancellationToken).ConfigureAwait(false);
            return completed = true;
        }
        finally
        {
            if (!completed)
                await AbortAsync(entry.RelativeKey, uploadId).ConfigureAwait(false);
        }
    }

    private async Task<string> StartAsync(MirrorEntry entry, FileAttributesSnapshot before, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // S3 may carry out a request that is given up, and only its answer has the id that an abort needs. So it is waited for.
        using CancellationTokenSource patience = new();
        using CancellationTokenRegistration registration = cancellationToken.Register(() => patience.CancelAfter(AbortPatience));
        return await bucket.Multipart.StartAsync(entry.RelativeKey, headers.For(entry, before), checksumType: null, patience.Token).ConfigureAwait(false);
    }

    /// <summary>Reads the file from front to end, once, while earlier parts are on their way.</summary>
    /// <returns>Null when the file became shorter.</returns>
    private async Task<IReadOnlyCollection<UploadedPart>?> SendAllPartsAsync(
        MirrorEntry entry, FileAttributesSnapshot attributes, string uploadId, CancellationToken cancellationToken)
    {
        long partSize = PartSize.For(attributes.Size);
        ConcurrentBag<UploadedPart> uploaded = [];
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using SemaphoreSlim slots = new(PartsInFlight);
        using SafeFileHandle file = MirrorFile.Open(entry.Path);
        List<Task> sending = [];
        bool isWhole = true;
        try
        {
            int count = PartSize.Count(attributes.Size, partSize);
            for (int number = 1; number <= count && isWhole; number++)
            {
                await slots.WaitAsync(failed.Token).ConfigureAwait(false);
                long offset = (number - 1) * partSize;
                int length = (int)Math.Min(partSize, attributes.Size - offset);
                MemoryBudget.Lease lease = await memory.AcquireAsync(length, failed.Token).ConfigureAwait(false);
                sending.Add(SendAsync(number, offset, length, lease));
            }
        }
        catch (OperationCanceledException) when (failed.IsCancellationRequested)
        {
            // Either the caller's wish or a part that failed; the tasks below tell which.
        }

        await Task.WhenAll(sending).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return isWhole ? uploaded : null;

        async Task SendAsync(int number, long offset, int length, MemoryBudget.Lease lease)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                if (MirrorFile.Read(file, buffer.AsSpan(0, length), offset) < length)
                {
                    isWhole = false;
                    return;
                }

                // The loop goes on with the next part; hashing and sending this one happens beside it.
                await Task.Yield();
                ObjectContent content = new(entry.RelativeKey, buffer, length);
                uploaded.Add(await bucket.Multipart.PutPartAsync(uploadId, number, content, failed.Token).ConfigureAwait(false));
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
                slots.Release();
            }
        }
    }

    private async Task AbortAsync(string relativeKey, string uploadId)
    {
        // The run's own token may be cancelled already, and parts left behind cost money.
        using CancellationTokenSource patience = new(AbortPatience);
        try
        {
            await bucket.Multipart.AbortAsync(relativeKey, uploadId, patience.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The failure that led here is the one to report; a lifecycle rule removes what could not be aborted.
        }
    }
}
