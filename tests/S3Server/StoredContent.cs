namespace S3Server;

/// <summary>
/// The bytes of an object or a part: immutable, shared by copies, and joined from parts without copying. Files are counted
/// references; the file goes when the last object that holds it does.
/// </summary>
internal sealed class StoredContent
{
    private readonly IReadOnlyList<Segment> segments;

    private StoredContent(IReadOnlyList<Segment> segments)
    {
        this.segments = segments;
        Length = segments.Sum(segment => segment.Length);
    }

    public static StoredContent Empty { get; } = new([]);

    public long Length { get; }

    public static StoredContent FromMemory(IReadOnlyList<ReadOnlyMemory<byte>> chunks) =>
        new(chunks.Select(chunk => new Segment(chunk, null, 0, chunk.Length)).ToArray());

    public static StoredContent FromMemory(ReadOnlyMemory<byte> chunk) => new([new Segment(chunk, null, 0, chunk.Length)]);

    /// <summary>Takes over the caller's reference to the file.</summary>
    public static StoredContent FromFile(SharedFile file, long length) => new([new Segment(default, file, 0, length)]);

    public static StoredContent Discarded(long length) => new([new Segment(default, null, 0, length)]);

    /// <summary>A content of its own over the same bytes: the parts stay the caller's to release.</summary>
    public static StoredContent Join(IEnumerable<StoredContent> parts)
    {
        var joined = new StoredContent(parts.SelectMany(part => part.segments).ToArray());
        joined.Hold();
        return joined;
    }

    /// <summary>A second holder of the same content, to be released on its own.</summary>
    public StoredContent Share()
    {
        Hold();
        return this;
    }

    public void Release()
    {
        foreach (var segment in segments)
            segment.File?.Release();
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        var position = 0;
        foreach (var segment in segments)
        {
            segment.Read(0, bytes.AsSpan(position, (int)segment.Length));
            position += (int)segment.Length;
        }
        return bytes;
    }

    /// <summary>Writes a range in blocks to a sink that may wait.</summary>
    public async ValueTask CopyToAsync(IContentSink sink, long offset, long count, CancellationToken cancellationToken)
    {
        foreach (var segment in segments)
        {
            if (count <= 0)
                return;
            if (offset >= segment.Length)
            {
                offset -= segment.Length;
                continue;
            }
            var take = Math.Min(count, segment.Length - offset);
            await segment.CopyToAsync(sink, offset, take, cancellationToken);
            count -= take;
            offset = 0;
        }
    }

    private void Hold()
    {
        foreach (var segment in segments)
            segment.File?.Hold();
    }

    private sealed record Segment(ReadOnlyMemory<byte> Bytes, SharedFile? File, long Offset, long Length)
    {
        private const int BlockSize = 64 * 1024;

        public void Read(long offset, Span<byte> destination)
        {
            if (File is not null)
                File.Read(Offset + offset, destination);
            else if (Bytes.Length == Length)
                Bytes.Span.Slice((int)offset, destination.Length).CopyTo(destination);
            else
                throw new S3Exception(501, "NotImplemented", "This server was started without keeping contents.");
        }

        public async ValueTask CopyToAsync(IContentSink sink, long offset, long count, CancellationToken cancellationToken)
        {
            while (count > 0)
            {
                var take = (int)Math.Min(count, BlockSize);
                Read(offset, sink.GetSpan(take)[..take]);
                await sink.AdvanceAsync(take, cancellationToken);
                offset += take;
                count -= take;
            }
        }
    }
}

/// <summary>A file that goes when its last holder releases it.</summary>
internal sealed class SharedFile(string path)
{
    private int holders = 1;

    public void Hold() => Interlocked.Increment(ref holders);

    public void Release()
    {
        if (Interlocked.Decrement(ref holders) == 0)
            File.Delete(path);
    }

    public void Read(long offset, Span<byte> destination)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(handle, destination, offset);
            if (read == 0)
                throw new EndOfStreamException($"{path} ends early");
            destination = destination[read..];
            offset += read;
        }
    }
}

/// <summary>Takes content in as it arrives. Ends in <see cref="Finish"/> or, when the request fails, in Dispose.</summary>
internal abstract class ContentWriter : IDisposable
{
    public abstract void Write(ReadOnlySpan<byte> data);

    public abstract StoredContent Finish();

    public virtual void Dispose()
    {
    }
}

/// <summary>Keeps content as plain arrays: one of the exact size for small objects, blocks of 1 MiB for large ones.</summary>
internal sealed class MemoryContentWriter(long expectedLength) : ContentWriter
{
    private const int BlockSize = 1024 * 1024;
    private readonly List<ReadOnlyMemory<byte>> full = [];
    private byte[]? block;
    private int used;
    private long remaining = expectedLength;

    public override void Write(ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            if (block is null)
            {
                block = GC.AllocateUninitializedArray<byte>((int)(remaining > 0 ? Math.Min(remaining, BlockSize) : BlockSize));
                used = 0;
            }
            var take = Math.Min(data.Length, block.Length - used);
            data[..take].CopyTo(block.AsSpan(used));
            used += take;
            remaining -= take;
            data = data[take..];
            if (used == block.Length)
            {
                full.Add(block);
                block = null;
            }
        }
    }

    public override StoredContent Finish()
    {
        if (block is not null)
            full.Add(used < block.Length / 2 ? block.AsSpan(0, used).ToArray() : block.AsMemory(0, used));
        return full.Count switch
        {
            0 => StoredContent.Empty,
            1 => StoredContent.FromMemory(full[0]),
            _ => StoredContent.FromMemory(full),
        };
    }
}

internal sealed class FileContentWriter(string path) : ContentWriter
{
    private readonly FileStream stream = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 128 * 1024);
    private bool finished;

    public override void Write(ReadOnlySpan<byte> data) => stream.Write(data);

    public override StoredContent Finish()
    {
        var length = stream.Length;
        stream.Dispose();
        finished = true;
        return StoredContent.FromFile(new SharedFile(path), length);
    }

    public override void Dispose()
    {
        stream.Dispose();
        if (!finished)
            File.Delete(path);
        base.Dispose();
    }
}

internal sealed class DiscardingContentWriter : ContentWriter
{
    private long length;

    public override void Write(ReadOnlySpan<byte> data) => length += data.Length;

    public override StoredContent Finish() => StoredContent.Discarded(length);
}
