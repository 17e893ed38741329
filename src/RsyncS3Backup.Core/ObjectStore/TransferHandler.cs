using System.Net;
using RsyncS3Backup.ObjectStore.Pacing;

namespace RsyncS3Backup.ObjectStore;

/// <summary>
/// Stands between every request and the network: notes what moves, keeps to the bandwidth limit, and ends a request on which nothing has
/// moved for too long, because one dead connection among living ones would otherwise hold its worker.
/// </summary>
internal sealed class TransferHandler(HttpMessageHandler inner, Traffic traffic, TransferLimits limits, TimeProvider clock) : DelegatingHandler(inner)
{
    // A body of this size fits into the socket's buffer, so its sending is no movement of its own.
    private const int WorthMetering = 64 * 1024;

    // A thousand keys of 1,024 bytes, each escaped to three, and what is said of them are 4 MiB. The reader of XML takes ten times as much memory.
    private const long LongestDocument = 32L * 1024 * 1024;
    private static readonly string[] Documents = ["list-type=", "versions", "uploads", "uploadId=", "versioning"];

    private const int FailuresBeforeGivingUp = 3;
    private static readonly TimeSpan ShortestTrial = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestTrial = TimeSpan.FromSeconds(9);

    private readonly BandwidthLimit? bandwidth = limits.Hours is { } hours ? new BandwidthLimit(() => hours.At(clock.GetUtcNow()), clock, limits.Shared)
        : limits.BytesPerSecond is { } most ? new BandwidthLimit(most, clock, limits.Shared)
        : limits.Shared;
    private readonly BandwidthLimit? receiving = limits.ReceivedBytesPerSecond is { } most ? new BandwidthLimit(most, clock) : null;
    private long firstFailure;
    private int failures;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(limits.RequestPatience);
        long length = request.Content?.Headers.ContentLength ?? 0;
        HttpContent? original = request.Content;
        if (original is not null && length > 0 && (bandwidth is not null || length > WorthMetering))
            request.Content = new MeteredContent(original, traffic, bandwidth, () => patience.CancelAfter(limits.RequestPatience));
        traffic.Started();
        try
        {
            HttpResponseMessage response = await base.SendAsync(request, patience.Token).ConfigureAwait(false);
            if (request.Content is not MeteredContent)
                traffic.Sent(length);
            traffic.Answered(response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests);
            if (response.Content.Headers.ContentLength != 0 && request.Method != HttpMethod.Head)
                response.Content = await WatchAsync(response.Content, IsForContent(request) ? long.MaxValue : LongestDocument, cancellationToken).ConfigureAwait(false);
            return response;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            traffic.Failed(isTimeout: true);
            // Of a kind that the SDK retries.
            throw new HttpRequestException(HttpRequestError.ConnectionError, inner: NothingMoved(limits.RequestPatience));
        }
        catch (Exception exception)
        {
            traffic.Failed(isTimeout: false);
            string endpoint = request.RequestUri!.GetLeftPart(UriPartial.Authority);
            if (traffic.Answers == 0 && S3Errors.IsAboutTls(exception))
                throw S3Errors.TlsRefused(endpoint, exception);
            if (!cancellationToken.IsCancellationRequested && IsHopeless())
                throw S3Errors.EndpointUnreachable(endpoint, exception);
            throw;
        }
        finally
        {
            traffic.Ended();
            // The SDK sends the same request again when it retries.
            request.Content = original;
        }
    }

    // The SDK's patience fits a store that was there a moment ago; an address where nobody ever answered deserves less of it.
    private bool IsHopeless()
    {
        if (traffic.Answers > 0)
            return false;
        long now = clock.GetTimestamp();
        Interlocked.CompareExchange(ref firstFailure, now, 0);
        TimeSpan elapsed = clock.GetElapsedTime(Interlocked.Read(ref firstFailure), now);
        int count = Interlocked.Increment(ref failures);
        return (count >= FailuresBeforeGivingUp && elapsed >= ShortestTrial) || elapsed >= LongestTrial;
    }

    private static IOException NothingMoved(TimeSpan patience) => new(
        $"Nothing moved for {HumanText.Duration(patience)}.", new TimeoutException());

    // What is listed has a parameter; what is fetched has none, or says which version or part.
    private static bool IsForContent(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get && !Array.Exists(Documents, name => request.RequestUri!.Query.Contains(name, StringComparison.Ordinal));

    private async Task<HttpContent> WatchAsync(HttpContent content, long longest, CancellationToken cancellationToken)
    {
        Stream body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        StreamContent watched = new(new WatchedStream(body, traffic, receiving, limits.RequestPatience, longest));
        foreach (KeyValuePair<string, System.Net.Http.Headers.HeaderStringValues> header in content.Headers.NonValidated)
            watched.Headers.TryAddWithoutValidation(header.Key, header.Value);
        return watched;
    }

    /// <summary>A body that is sent in slices.</summary>
    private sealed class MeteredContent : HttpContent
    {
        private readonly HttpContent inner;
        private readonly Traffic traffic;
        private readonly BandwidthLimit? bandwidth;
        private readonly Action onMoved;

        public MeteredContent(HttpContent inner, Traffic traffic, BandwidthLimit? bandwidth, Action onMoved)
        {
            this.inner = inner;
            this.traffic = traffic;
            this.bandwidth = bandwidth;
            this.onMoved = onMoved;
            foreach (KeyValuePair<string, System.Net.Http.Headers.HeaderStringValues> header in inner.Headers.NonValidated)
                Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            inner.CopyToAsync(new MeteredStream(stream, traffic, bandwidth, onMoved), context, cancellationToken);

        protected override bool TryComputeLength(out long length)
        {
            length = inner.Headers.ContentLength ?? 0;
            return inner.Headers.ContentLength is not null;
        }
    }

    private sealed class MeteredStream(Stream network, Traffic traffic, BandwidthLimit? bandwidth, Action onMoved) : OneWayStream
    {
        private readonly int slice = bandwidth?.Slice ?? WorthMetering;

        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (buffer.Length > 0)
            {
                ReadOnlyMemory<byte> next = buffer[..Math.Min(slice, buffer.Length)];
                if (bandwidth is not null)
                {
                    await bandwidth.WaitAsync(next.Length, cancellationToken, Waited).ConfigureAwait(false);
                    Waited();
                }

                await network.WriteAsync(next, cancellationToken).ConfigureAwait(false);
                traffic.Sent(next.Length);
                onMoved();
                buffer = buffer[next.Length..];
            }
        }

        // Having waited for the limit is no reason to give up.
        private void Waited()
        {
            onMoved();
            traffic.Touch();
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => network.FlushAsync(cancellationToken);
    }

    /// <summary>An answer's body: the request is under way until its end.</summary>
    private sealed class WatchedStream : OneWayStream
    {
        private readonly Stream network;
        private readonly Traffic traffic;
        private readonly BandwidthLimit? receiving;
        private readonly TimeSpan requestPatience;
        private readonly long longest;
        private long received;
        private int ended;

        public WatchedStream(Stream network, Traffic traffic, BandwidthLimit? receiving, TimeSpan requestPatience, long longest)
        {
            this.longest = longest;
            this.receiving = receiving;
            this.network = network;
            this.traffic = traffic;
            this.requestPatience = requestPatience;
            traffic.Started();
        }

        public override bool CanRead => true;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (receiving is not null && buffer.Length > receiving.Slice)
                buffer = buffer[..receiving.Slice];
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(requestPatience);
            try
            {
                int read = await network.ReadAsync(buffer, patience.Token).ConfigureAwait(false);
                traffic.Received(read);
                received += read;
                if (received > longest)
                    throw new IOException($"The answer is longer than {longest} bytes, which no answer of S3 is.");
                if (read == 0)
                    End();
                if (receiving is null || read == 0)
                    return read;
                patience.CancelAfter(Timeout.InfiniteTimeSpan);
                await receiving.WaitAsync(read, patience.Token).ConfigureAwait(false);
                // Having waited for the limit is no reason to give up.
                traffic.Touch();
                return read;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                traffic.Failed(isTimeout: true);
                throw NothingMoved(requestPatience);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        // The SDK reads some documents so; they are short.
        public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        protected override void Dispose(bool disposing)
        {
            End();
            network.Dispose();
            base.Dispose(disposing);
        }

        private void End()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
                traffic.Ended();
        }
    }

    private abstract class OneWayStream : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
