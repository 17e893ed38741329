using System.IO.Pipelines;

namespace S3Server;

/// <summary>Where content goes when it is read.</summary>
internal interface IContentSink
{
    Span<byte> GetSpan(int size);

    ValueTask AdvanceAsync(int written, CancellationToken cancellationToken);
}

internal sealed class PipeSink(PipeWriter writer) : IContentSink
{
    public Span<byte> GetSpan(int size) => writer.GetSpan(size);

    public async ValueTask AdvanceAsync(int written, CancellationToken cancellationToken)
    {
        writer.Advance(written);
        await writer.FlushAsync(cancellationToken);
    }
}

/// <summary>Feeds stored content into a digest and the writer behind it, for copies.</summary>
internal sealed class DigestSink(BodyDigest digest) : IContentSink
{
    private byte[] buffer = [];

    public Span<byte> GetSpan(int size)
    {
        if (buffer.Length < size)
            buffer = GC.AllocateUninitializedArray<byte>(size);
        return buffer;
    }

    public ValueTask AdvanceAsync(int written, CancellationToken cancellationToken)
    {
        digest.Write(buffer.AsSpan(0, written));
        return ValueTask.CompletedTask;
    }
}

/// <summary>Sends an object's bytes slowly, changed, or only half of them.</summary>
internal sealed class FaultySink(S3Call call, FaultRule fault, long total) : IContentSink
{
    private byte[] buffer = [];
    private long sent;
    private bool ended;

    public Span<byte> GetSpan(int size)
    {
        if (buffer.Length < size)
            buffer = GC.AllocateUninitializedArray<byte>(size);
        return buffer;
    }

    public async ValueTask AdvanceAsync(int written, CancellationToken cancellationToken)
    {
        if (ended)
            return;
        var output = call.Response.Body;
        if (fault.Kind == FaultKind.CorruptBody && sent == 0)
            buffer[written / 2] ^= 0x40;
        if (fault is { Kind: FaultKind.Slow, BytesPerSecond: > 0 and var rate })
            await Task.Delay(TimeSpan.FromSeconds((double)written / rate), cancellationToken);
        if (fault.Kind == FaultKind.ConnectionDroppedMidBody && sent + written > total / 2)
        {
            await output.WriteAsync(buffer.AsMemory(0, (int)Math.Max(0, (total / 2) - sent)), cancellationToken);
            await output.FlushAsync(cancellationToken);
            ended = true;
            return;
        }
        await output.WriteAsync(buffer.AsMemory(0, written), cancellationToken);
        sent += written;
    }
}
