using System.Buffers;
using Amazon.Runtime;
using Amazon.S3;
using Microsoft.Win32.SafeHandles;
using RsyncS3Backup.Files;
using RsyncS3Backup.Mirror;
using RsyncS3Backup.ObjectStore;
using RsyncS3Backup.Recovery.Copies;
using RsyncS3Backup.Recovery.Fetching;
using RsyncS3Backup.State.Catalogs;
using RsyncS3Backup.Sync.Transfer;

namespace RsyncS3Backup.Recovery.Testing;

/// <summary>Compares the contents of one entry's copies: by checksums, or byte by byte with what S3 sends.</summary>
internal sealed class ContentTest(S3Copy copy, TestFacts facts, TestCounters counters)
{
    private const int BufferSize = 1024 * 1024;
    private const int Tries = 3;

    /// <summary>By checksums; S3 is asked only where the catalog and the listing do not tell.</summary>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    public async Task<EntryVerdict> ByChecksumsAsync(CopyPair pair, CancellationToken cancellationToken)
    {
        try
        {
            return await CompareChecksumsAsync(pair, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception) when (DriveFault.Is(exception))
        {
            if (IsOf(pair.Row, pair.Remote!))
                return OfUnreadable(pair, null, exception);
            return await HeadAsync(pair, cancellationToken).ConfigureAwait(false) is { } head
                ? OfUnreadable(pair, head, exception)
                : new(BackupDifferenceKind.MissingInS3, null, $"S3 does not have it any more, and the drive cannot read the file. {exception.Message}");
        }
    }

    private async Task<EntryVerdict> CompareChecksumsAsync(CopyPair pair, CancellationToken cancellationToken)
    {
        MirrorEntry local = pair.Local!;
        StoredObject remote = pair.Remote!;
        CatalogEntry? row = IsOf(pair.Row, remote) ? pair.Row : null;
        counters.ContentChecked();
        if (row is not null && local.ContentLength == row.Size)
        {
            return HasContent(local, Evidence(row), cancellationToken)
                ? EntryVerdict.Same
                : EntryVerdict.OfOtherContent(local, (row.ModifiedNanoseconds, row.ChangedNanoseconds), facts);
        }

        bool isSame = local.ContentLength == remote.Size
            && HasContent(local, remote, cancellationToken);
        if (isSame && pair.Row is null)
            return EntryVerdict.Same;
        if (await HeadAsync(pair, cancellationToken).ConfigureAwait(false) is not { } head)
            return new(BackupDifferenceKind.MissingInS3, BackupCopy.Local, "S3 had it a moment ago, and does not have it any more.");
        isSame = isSame || (local.ContentLength == head.Size
            && (HasContent(local, head, cancellationToken) || await HasPartsAsync(local, head, cancellationToken).ConfigureAwait(false)));
        return isSame ? OfMetadata(pair, head) : OfOther(pair, head);
    }

    /// <summary>Byte by byte. Without a mirror, against what S3 says of the object.</summary>
    /// <exception cref="FileNotFoundException">The file vanished.</exception>
    public async Task<EntryVerdict> ByDownloadAsync(CopyPair pair, CancellationToken cancellationToken)
    {
        counters.ContentChecked();
        long? partSize = null;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                (EntryVerdict verdict, StoredObject about) =
                    await DownloadAsync(pair, attempt, partSize, cancellationToken).ConfigureAwait(false);
                // What was damaged on the way comes whole the next time; then it is also compared with all that S3 knows.
                if (verdict.Kind != BackupDifferenceKind.S3Corrupted || attempt == Tries)
                    return verdict;
                if (ContentProof.IsOfParts(about))
                    partSize = await copy.Store.PartSizeAsync(Query(pair), 1, cancellationToken).ConfigureAwait(false);
            }
            catch (AmazonS3Exception exception) when (exception.StatusCode is System.Net.HttpStatusCode.NotFound)
            {
                return new(BackupDifferenceKind.MissingInS3, pair.Local is null ? null : BackupCopy.Local, "S3 lists the object, and does not have it.");
            }
            catch (Exception exception) when (
                exception is HttpRequestException or AmazonClientException or IOException { InnerException: not null } or TransferBrokenException
                && exception is not AmazonServiceException && attempt < Tries && !cancellationToken.IsCancellationRequested)
            {
                // The connection broke; the next try asks again.
            }
        }
    }

    private async Task<(EntryVerdict Verdict, StoredObject About)> DownloadAsync(
        CopyPair pair, int attempt, long? partSize, CancellationToken cancellationToken)
    {
        StoredObject remote = pair.Remote!;
        CatalogEntry? row = IsOf(pair.Row, remote) ? pair.Row : null;
        using ObjectBody body = await copy.Store.GetAsync(Query(pair), cancellationToken).ConfigureAwait(false);
        using ContentProof stored = Proof(body.About, attempt, partSize);
        using ContentProof? recorded = row?.Crc32 is null ? null : Proof(Evidence(row), attempt, partSize);
        IOException? fault = null;
        using LocalContent? local = pair.Local is { } entry ? TryOpen(entry, out fault) : null;
        byte[] theirs = ArrayPool<byte>.Shared.Rent(BufferSize);
        byte[] mine = ArrayPool<byte>.Shared.Rent(BufferSize);
        bool isSame = true;
        long length = 0;
        try
        {
            await using Stream stream =
                await BrokenTransfer.Catch(() => body.OpenAsync(cancellationToken).AsTask()).ConfigureAwait(false);
            for (int read; (read = await ReceiveAsync(stream).ConfigureAwait(false)) > 0; length += read)
            {
                ReadOnlySpan<byte> bytes = theirs.AsSpan(0, read);
                counters.Downloaded(read);
                stored.Append(bytes);
                recorded?.Append(bytes);
                // Whether S3's copy is whole counts all the more when the mirror's cannot be read.
                if (local is null || fault is not null || !TryRead(local, mine.AsSpan(0, read), length, out int own, out fault))
                    continue;
                counters.Read(own);
                isSame = isSame && own == read && bytes.SequenceEqual(mine.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(theirs);
            ArrayPool<byte>.Shared.Return(mine);
        }

        if (length < body.Length)
            throw new TransferBrokenException($"{length} of {body.Length} bytes came.");
        // That a tag of parts does not fit says nothing while nobody knows how large they were.
        bool isGuessed = attempt == Tries && partSize is null && body.About.Checksums.Count == 0 && ContentProof.IsOfParts(body.About);
        bool isComparable = !stored.IsEmpty;
        bool fits = isComparable && stored.Fits();
        bool isIntact = !isComparable || fits || isGuessed;
        bool isAsRecorded = recorded?.Fits() ?? true;
        if (!isIntact || !isAsRecorded)
        {
            bool isLocalGood = fault is null && pair.Local is { } file && IsAsStored(file, row, body.About, cancellationToken);
            EntryVerdict corrupted = new(
                BackupDifferenceKind.S3Corrupted, isLocalGood ? BackupCopy.Local : null,
                isIntact ? "S3 sends other bytes than were sent to it." : "S3 sends other bytes than its own checksum says.");
            return (corrupted, body.About);
        }

        if (fault is not null)
            return (OfUnreadable(pair, body.About, fault), body.About);
        if (pair.Local is not { } present)
        {
            if (!fits && recorded is null && length > 0)
                counters.NotCompared();
            return (EntryVerdict.Same, body.About);
        }

        bool isOfSameLength = present.ContentLength == length;
        return (isSame && isOfSameLength ? OfMetadata(pair, body.About) : OfOther(pair, body.About), body.About);

        Task<int> ReceiveAsync(Stream stream) =>
            BrokenTransfer.Catch(() => stream.ReadAsync(theirs.AsMemory(0, BufferSize), cancellationToken).AsTask());
    }

    // The first time what is cheap; then all that is known.
    private static ContentProof Proof(StoredObject stored, int attempt, long? partSize)
    {
        ContentProof cheap = ContentProof.Cheap(stored);
        if (attempt == 1 && !cheap.IsEmpty)
            return cheap;
        cheap.Dispose();
        return ContentProof.All(stored, partSize);
    }

    private static StoredObject Evidence(CatalogEntry row) =>
        new(row.RelativeKey, row.Size, row.ETag) { Checksums = row.Crc32 is { } crc32 ? [new("crc32", crc32)] : [] };

    private ObjectQuery Query(CopyPair pair) => new(copy.Key(pair.Remote!.RelativeKey)) { VersionId = pair.Remote.VersionId };

    // What can be known of the content from the recorded or stored checksum.
    private bool IsAsStored(MirrorEntry local, CatalogEntry? row, StoredObject about, CancellationToken cancellationToken) =>
        local.ContentLength == (row?.Size ?? about.Size) && HasContent(local, row is null ? about : Evidence(row), cancellationToken);

    private EntryVerdict OfOther(CopyPair pair, StoredObject about)
    {
        MirrorEntry local = pair.Local!;
        if (IsOf(pair.Row, pair.Remote!))
            return EntryVerdict.OfOtherContent(local, (pair.Row!.ModifiedNanoseconds, pair.Row.ChangedNanoseconds), facts);
        bool isUntouched = pair.Row is { IsOurs: true } row && row.Size == local.ContentLength
            && row.ModifiedNanoseconds == local.Attributes.ModifiedNanoseconds && row.ChangedNanoseconds == local.Attributes.ChangedNanoseconds;
        if (isUntouched)
            return new(BackupDifferenceKind.S3Corrupted, BackupCopy.Local, "S3 holds another object than was sent, and the file is as it was then.");
        bool isTold = ObjectMetadata.TryParse(about.Metadata, out StoredAttributes stored);
        (long, long)? sent = isTold && stored.ModifiedNanoseconds is { } modified ? (modified, 0) : null;
        return EntryVerdict.OfOtherContent(local, sent, facts);
    }

    private static EntryVerdict OfUnreadable(CopyPair pair, StoredObject? about, IOException fault)
    {
        (long, long)? sent = IsOf(pair.Row, pair.Remote!) ? (pair.Row!.Size, pair.Row.ModifiedNanoseconds)
            : about is not null && ObjectMetadata.TryParse(about.Metadata, out StoredAttributes stored) && stored.ModifiedNanoseconds is { } modified
                ? (about.Size, modified)
                : null;
        return EntryVerdict.OfUnreadable(pair.Local!, sent, fault.Message);
    }

    private static LocalContent? TryOpen(MirrorEntry entry, out IOException? fault)
    {
        fault = null;
        try
        {
            return new LocalContent(entry);
        }
        catch (IOException exception) when (DriveFault.Is(exception))
        {
            fault = exception;
            return null;
        }
    }

    private static bool TryRead(LocalContent local, Span<byte> buffer, long offset, out int read, out IOException? fault)
    {
        (read, fault) = (0, null);
        try
        {
            read = local.Read(buffer, offset);
            return true;
        }
        catch (IOException exception) when (DriveFault.Is(exception))
        {
            fault = exception;
            return false;
        }
    }

    private static EntryVerdict OfMetadata(CopyPair pair, StoredObject about)
    {
        // What an archived object still carries is old, and the catalog has what counts, which was compared already.
        if (IsOf(pair.Row, pair.Remote!) && pair.Row!.HasPendingAttributes)
            return EntryVerdict.Same;
        FileAttributesSnapshot local = pair.Local!.Attributes;
        bool isOurs = ObjectMetadata.TryParse(about.Metadata, out StoredAttributes stored);
        bool isSame = isOurs
            && (stored.ModifiedNanoseconds ?? local.ModifiedNanoseconds) == local.ModifiedNanoseconds
            && (local.LacksPermissions
                || ((stored.Mode is not { } mode || (mode & 0xFFF) == (local.Mode & 0xFFF))
                    && (stored.UserId ?? local.UserId) == local.UserId && (stored.GroupId ?? local.GroupId) == local.GroupId));
        if (isSame || (!isOurs && pair.Row is null))
            return EntryVerdict.Same;
        return new(
            BackupDifferenceKind.MetadataDiffers, pair.Row is null ? null : BackupCopy.Local,
            isOurs ? "The object carries another mode, owner or time than the file has." : "The object has lost the file's mode, owner and time.");
    }

    private Task<StoredObject?> HeadAsync(CopyPair pair, CancellationToken cancellationToken) =>
        copy.Store.HeadAsync(Query(pair), cancellationToken);

    /// <summary>Whether a file has the content of a row, of a listing or of an object.</summary>
    private bool HasContent(MirrorEntry local, StoredObject stored, CancellationToken cancellationToken)
    {
        if (local.ContentLength == 0)
            return stored.Size == 0;
        // Eight times as fast as an MD5, and recorded of everything that this module sent.
        using ContentProof cheap = ContentProof.Cheap(stored);
        if (ContentJudge.IsProven(cheap, sink => Feed(local, sink, cancellationToken)))
            return true;
        using ContentProof all = ContentProof.All(stored);
        return all.Count > cheap.Count && ContentJudge.IsProven(all, sink => Feed(local, sink, cancellationToken));
    }

    /// <summary>Whether it has it when S3 is asked how large the parts were.</summary>
    private async Task<bool> HasPartsAsync(MirrorEntry local, StoredObject about, CancellationToken cancellationToken)
    {
        if (!ContentProof.IsOfParts(about))
            return false;
        ObjectQuery query = new(copy.Key(about.RelativeKey)) { VersionId = about.VersionId };
        if (await copy.Store.PartSizeAsync(query, 1, cancellationToken).ConfigureAwait(false) is not { } partSize)
            return false;
        using ContentProof all = ContentProof.All(about, partSize);
        return ContentJudge.IsProven(all, sink => Feed(local, sink, cancellationToken));
    }

    private void Feed(MirrorEntry local, ContentSink sink, CancellationToken cancellationToken)
    {
        using LocalContent content = new(local);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long offset = 0;
            for (int read; (read = content.Read(buffer.AsSpan(0, BufferSize), offset)) > 0; offset += read)
            {
                cancellationToken.ThrowIfCancellationRequested();
                sink(buffer.AsSpan(0, read));
                counters.Read(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>True for a row that is about the object that the listing shows.</summary>
    private static bool IsOf(CatalogEntry? row, StoredObject remote) =>
        row is { IsOurs: true } && row.Size == remote.Size && row.ETag == remote.ETag && row.ModifiedNanoseconds != long.MinValue;

    /// <summary>What an entry's object should hold.</summary>
    private sealed class LocalContent : IDisposable
    {
        private readonly SafeFileHandle? file;
        private readonly byte[] target = [];

        public LocalContent(MirrorEntry entry)
        {
            if (entry.Kind == MirrorEntryKind.SymbolicLink)
                target = MirrorFile.LinkTarget(entry);
            else if (entry.Kind == MirrorEntryKind.File)
                file = MirrorFile.Open(entry);
        }

        public int Read(Span<byte> buffer, long offset)
        {
            if (file is not null)
                return MirrorFile.Read(file, buffer, offset);
            int count = (int)Math.Clamp(target.Length - offset, 0, buffer.Length);
            target.AsSpan((int)Math.Min(offset, target.Length), count).CopyTo(buffer);
            return count;
        }

        public void Dispose() => file?.Dispose();
    }
}
