using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Amazon.S3;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.ObjectStore.Pacing;
using RsyncS3Backup.Recovery.Writing;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Fetching;

/// <summary>
/// Fetches a large object in parts at the same time, each to its place in the file. All are of one version: they ask for the entity tag, and
/// for the version where there are any. Which parts are there is written to a small file beside, so that a later restore goes on where a crash
/// ended this one; a part then counts only when the bytes on the disk have the checksum that was noted, and only for the same object.
/// </summary>
internal sealed class ObjectParts(
    IObjectStore store, TransferLimiter limiter, ObjectQuery query, StoredObject about, Action<long> onBytes, Action<long> onBytesKept) : IDisposable
{
    private const int PartsAtATime = 8;
    private const int TriesPerPart = 5;
    private const int BufferSize = 256 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly long partSize = PartSize.For(about.Size);
    private readonly SemaphoreSlim writing = new(1);
    private int isWritingBack;

    /// <summary>What is known of its content.</summary>
    public required StoredObject Evidence { get; init; }

    /// <summary>Whether what came is what S3 stored; known when it is written.</summary>
    public ContentFit Fit { get; private set; } = ContentFit.Unknown;

    /// <summary>Fetches what is missing into the temporary file, and checks the whole.</summary>
    /// <returns>The file, open.</returns>
    /// <exception cref="TransferBrokenException">Not all came, or it is not what S3 stored.</exception>
    /// <exception cref="ContentChangedException">The object is another one by now.</exception>
    public async Task<SafeFileHandle> WriteAsync(
        DestinationTree tree, EntryPath path, bool acceptsWrong, CancellationToken cancellationToken)
    {
        uint?[] known = new uint?[PartSize.Count(about.Size, partSize)];
        SafeFileHandle? file = null;
        SafeFileHandle? notes = null;
        try
        {
            using (DestinationFolder folder = tree.Open(path.Folder))
                (file, notes) = Open(folder, path, known, cancellationToken);
            await FetchAsync(file, notes, known, cancellationToken).ConfigureAwait(false);
            Fit = HasChecksum(known) ? ContentFit.Right : await JudgeAsync(file, cancellationToken).ConfigureAwait(false);
            if (Fit == ContentFit.Wrong && !acceptsWrong)
            {
                using DestinationFolder folder = tree.Open(path.Folder);
                folder.Remove(TemporaryName.PartsOf(path.Name));
                folder.Remove(TemporaryName.For(path.Name));
                WrongContent.Refuse(Fit);
            }

            return file;
        }
        catch
        {
            file?.Dispose();
            throw;
        }
        finally
        {
            notes?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => writing.Dispose();

    // Who it is, and which one: only for the very same object may a later restore go on.
    private string Identity()
    {
        string who = string.Join('\n', [
            store.Target.Endpoint, store.Target.Bucket, query.Key, query.VersionId, about.ETag,
            about.Size.ToString(CultureInfo.InvariantCulture), partSize.ToString(CultureInfo.InvariantCulture),
            about.LastModified?.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)]);
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(who)));
    }

    private (SafeFileHandle File, SafeFileHandle Notes) Open(
        DestinationFolder folder, EntryPath path, uint?[] known, CancellationToken cancellationToken)
    {
        string name = TemporaryName.For(path.Name);
        string notesName = TemporaryName.PartsOf(path.Name);
        SafeFileHandle? file = TryOpen(folder, name);
        SafeFileHandle? notes = file is null ? null : TryOpen(folder, notesName);
        if (file is not null && notes is not null && ReadNotes(notes, known))
        {
            KeepWhatIsRight(file, known, cancellationToken);
        }
        else
        {
            file?.Dispose();
            notes?.Dispose();
            file = folder.CreateTemporary(name);
            notes = folder.CreateTemporary(notesName);
        }

        // Written anew, without what a crash may have left half.
        StringBuilder text = new($"{Identity()}\n");
        for (int part = 0; part < known.Length; part++)
        {
            if (known[part] is { } crc32)
                text.Append(Line(part, crc32));
        }

        byte[] bytes = Encoding.ASCII.GetBytes(text.ToString());
        RandomAccess.SetLength(notes, 0);
        RandomAccess.Write(notes, bytes, 0);
        return (file, notes);
    }

    private static SafeFileHandle? TryOpen(DestinationFolder folder, string name)
    {
        try
        {
            return folder.TryResume(name);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Something that is no file of ours; making a new one says what is wrong.
            return null;
        }
    }

    private bool ReadNotes(SafeFileHandle notes, uint?[] known)
    {
        const int longest = 1024 * 1024;
        byte[] bytes = new byte[Math.Min(RandomAccess.GetLength(notes), longest)];
        string[] lines = Encoding.ASCII.GetString(bytes, 0, MirrorFile.Read(notes, bytes, 0)).Split('\n');
        if (lines[0] != Identity())
            return false;
        foreach (string line in lines.Skip(1))
        {
            string[] words = line.Split(' ');
            if (words.Length == 2
                && int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out int part) && part < known.Length
                && words[1].Length == 8 && uint.TryParse(words[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint crc32))
            {
                known[part] = crc32;
            }
        }

        return true;
    }

    // The note may have reached the disk, and the bytes not.
    private void KeepWhatIsRight(SafeFileHandle file, uint?[] known, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (int part = 0; part < known.Length; part++)
            {
                if (known[part] is not { } expected)
                    continue;
                (long first, long length) = Range(part);
                Crc32 crc32 = new();
                long done = 0;
                while (done < length)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - done)), first + done);
                    if (read == 0)
                        break;
                    crc32.Append(buffer.AsSpan(0, read));
                    done += read;
                }

                if (done == length && crc32.GetCurrentHashAsUInt32() == expected)
                    onBytesKept(length);
                else
                    known[part] = null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task FetchAsync(SafeFileHandle file, SafeFileHandle notes, uint?[] known, CancellationToken cancellationToken)
    {
        int[] missing = [.. Enumerable.Range(0, known.Length).Where(part => known[part] is null)];
        object writing = new();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = PartsAtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(missing, parallel, async (part, token) =>
        {
            uint crc32 = await FetchPartAsync(file, part, token).ConfigureAwait(false);
            lock (writing)
            {
                known[part] = crc32;
                RandomAccess.Write(notes, Encoding.ASCII.GetBytes(Line(part, crc32)), RandomAccess.GetLength(notes));
            }
        }).ConfigureAwait(false);
    }

    private async Task<uint> FetchPartAsync(SafeFileHandle file, int part, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using (await limiter.EnterAsync(TransferLane.Parts, cancellationToken).ConfigureAwait(false))
                    return await TryFetchPartAsync(file, part, cancellationToken).ConfigureAwait(false);
            }
            catch (TransferBrokenException) when (attempt < TriesPerPart)
            {
                await Task.Delay(FirstPause * (1 << attempt), cancellationToken).ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (exception.StatusCode == HttpStatusCode.PreconditionFailed)
            {
                throw new ContentChangedException("The object was replaced while it was fetched.");
            }
        }
    }

    private async Task<uint> TryFetchPartAsync(SafeFileHandle file, int part, CancellationToken cancellationToken)
    {
        (long first, long length) = Range(part);
        ObjectQuery ofPart = query with { ETag = about.ETag.Length > 0 ? about.ETag : null, Range = (first, first + length - 1) };
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using ObjectBody body = await BrokenTransfer
                .Catch(() => store.GetAsync(ofPart, cancellationToken), isAsking: true).ConfigureAwait(false);
            // For stores that ignore the condition.
            if (body.About.ETag != about.ETag || body.About.Size != about.Size)
                throw new ContentChangedException("The object was replaced while it was fetched.");
            Stream stream = await BrokenTransfer.Catch(() => body.OpenAsync(cancellationToken).AsTask()).ConfigureAwait(false);
            Crc32 crc32 = new();
            long done = 0;
            while (done < length)
            {
                // Whole buffers, one at a time: the kernel lets one writer at a file, and the others wait there with a processor each.
                int read = await FillAsync(stream, buffer.AsMemory(0, (int)Math.Min(BufferSize, length - done)), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    throw new TransferBrokenException($"{done} of {length} bytes of a part came.");
                crc32.Append(buffer.AsSpan(0, read));
                await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    RandomAccess.Write(file, buffer.AsSpan(0, read), first + done);
                }
                finally
                {
                    writing.Release();
                }

                done += read;
            }

            // The disk works while further parts come, instead of at the end when all is waited for.
            BeginWriteBack(file, first, length);
            return crc32.GetCurrentHashAsUInt32();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A disk that is busy makes it wait: not more than one thread a file.
    private void BeginWriteBack(SafeFileHandle file, long first, long length)
    {
        if (Interlocked.Exchange(ref isWritingBack, 1) != 0)
            return;
        UnixCalls.BeginWriteBack(file, first, length);
        Volatile.Write(ref isWritingBack, 0);
    }

    private async Task<int> FillAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            int read = await BrokenTransfer.Catch(() => stream.ReadAsync(buffer[filled..], cancellationToken).AsTask()).ConfigureAwait(false);
            if (read == 0)
                break;
            filled += read;
            onBytes(read);
        }

        return filled;
    }

    // A CRC32 of the whole comes of those of the parts, without reading anything again; and so does one of parts as these are.
    private bool HasChecksum(uint?[] known)
    {
        if (Evidence.ChecksumBy("crc32") is not { } expected)
            return false;
        uint whole = 0;
        Crc32 ofParts = new();
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        for (int part = 0; part < known.Length; part++)
        {
            whole = Crc32Combination.Combine(whole, known[part]!.Value, Range(part).Length);
            BinaryPrimitives.WriteUInt32BigEndian(bytes, known[part]!.Value);
            ofParts.Append(bytes);
        }

        return expected == ContentChecksum.Base64(whole) || expected == ContentChecksum.Base64(ofParts.GetCurrentHashAsUInt32());
    }

    private async Task<ContentFit> JudgeAsync(SafeFileHandle file, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using (ContentProof cheap = ContentProof.Cheap(Evidence))
            {
                if (ContentJudge.IsProven(cheap, Feed))
                    return ContentFit.Right;
            }

            return await ContentJudge.JudgeAsync(
                Evidence, Feed, number => store.PartSizeAsync(query, number, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        void Feed(ContentSink sink) => WrittenFile.Read(file, buffer, sink, cancellationToken);
    }

    private (long First, long Length) Range(int part) => (part * partSize, Math.Min(partSize, about.Size - (part * partSize)));

    private static string Line(int part, uint crc32) => string.Create(CultureInfo.InvariantCulture, $"{part} {crc32:x8}\n");
}
